"""`callbridge missed`: who was not answered yet, as a table, by the day of their last try."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.text import Text

from callbridge.calls.customer import Match
from callbridge.calls.missed import MissedState, MissedStatus
from callbridge.cli import _daemon, _listing
from callbridge.cli._listing import (
    SHOWN,
    Agent,
    AsCsv,
    Item,
    Limit,
    Number,
    Pbx,
    Place,
    Queue,
    Since,
    Until,
    customer,
    words,
)
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean

commands = typer.Typer()

STYLES: Final[Mapping[str, str]] = {
    MissedState.OPEN: "bold red",
    MissedState.RECOVERED: "green",
    MissedState.HIDDEN: "dim",
    MissedState.EXPIRED: "dim",
}
TRIED: Final = "yellow"
"""Still on the list, and somebody has tried to reach them."""
COLUMNS: Final = ("last try", "caller", "tries", "queues", "rang", "customer", "outcome", "now", "first try")

Statuses = Annotated[
    list[str],
    typer.Option("--status", help=f"Several: {', '.join(MissedStatus)}.", callback=words("--status", MissedStatus)),
]


@commands.command(
    epilog=example(
        "callbridge missed", "callbridge missed --queue sales --since 24h", "callbridge missed --all --csv > missed.csv"
    )
)
def missed(  # noqa: PLR0913 - typer's way: an option each
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    since: Since = "",
    until: Until = "",
    number: Number = "",
    queue: Queue = "",
    agent: Agent = "",
    pbx: Pbx = "",
    status: Statuses = [],  # noqa: B006 - typer's way, and nobody changes it
    everything: Annotated[bool, typer.Option("--all", help="Those that left the list, too.")] = False,
    hidden: Annotated[bool, typer.Option("--hidden", help="Those that a person took off the list.")] = False,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List callers nobody answered yet, the latest first. The daemon must be running."""
    place = Place(config)
    query = _listing.given(place, since, until, number, queue=queue, agent=agent, pbx=pbx)
    query += [("status", each) for each in status]
    query += [("state", each) for each in (MissedState if everything else [MissedState.HIDDEN] if hidden else ())]
    if as_csv:
        _listing.tell_csv(config, "/missed.csv", query, limit)
        return
    found = _daemon.items(config, "/missed", query, limit or SHOWN)
    if as_json:
        _listing.tell_json(found)
    elif found:
        _listing.tell_days(found, lambda row: _last(row, place), COLUMNS, lambda row: _row(row, place))
    else:
        typer.echo("No such callers." if query else "Nobody waits to be called back.", err=True)


def _last(row: Item, place: Place) -> datetime:
    return _listing.wall(row["last_at"], place.zone(row["pbx"]))


def _row(row: Item, place: Place) -> Sequence[Text]:
    tried = row["state"] == MissedState.OPEN and row["status"] != MissedStatus.NOT_TRIED
    return (
        Text(f"{_last(row, place):%H:%M:%S}", "dim"),
        Text(_listing.party(row)),
        Text(str(row["count"])),
        Text(clean(", ".join(row["queues"])), "magenta"),
        Text(clean(", ".join(who["name"] or who["extension"] or who["number"] or "" for who in row["rung"]))),
        Text(customer(row["customer"] or {"match": Match.NONE, "name": None, "id": None})),
        Text(outcome(row), TRIED if tried else STYLES.get(row["state"], "")),
        Text(_now(row), "bold blue"),
        Text(f"{_listing.wall(row['first_at'], place.zone(row['pbx'])):%Y-%m-%d %H:%M}" if row["count"] > 1 else ""),
    )


def outcome(row: Item) -> str:
    """Return how it stands: `not tried`, `recovered: called back in 4:05`, `hidden by ana`."""
    status = row["status"].replace("_", " ")
    if row["state"] == MissedState.RECOVERED:
        took = f" in {_listing.span(row['recovery_s'])}" if row["recovery_s"] is not None else ""
        return f"recovered: {status}{took}"
    by = f" by {clean(row['closed_by'])}" if row["closed_by"] else ""
    return status if row["state"] == MissedState.OPEN else f"{row['state']}{by}: {status}"


def _now(row: Item) -> str:
    """Return who calls them back at this moment: nobody else should."""
    people = [clean(each["name"] or each["extension"] or "somebody") for each in row["callbacks"]]
    return f"{', '.join(people)} is calling" if people else ""
