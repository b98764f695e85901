"""`callbridge calls`: the call log as a table, by day, coloured by what came of each call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from callbridge.calls.call import CallState, Direction, Reason
from callbridge.calls.customer import Match
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
    words,
)
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean

commands = typer.Typer()

STYLES: Final[Mapping[str, str]] = {
    CallState.STARTED: "blue",
    CallState.QUEUED: "blue",
    CallState.RINGING: "blue",
    CallState.ANSWERED: "bold blue",
    CallState.COMPLETED: "green",
    CallState.CANCELLED: "yellow",
    CallState.NO_ANSWER: "yellow",
    CallState.BUSY: "yellow",
    CallState.FAILED: "magenta",
}
"""By state; a missed call is red whatever its state."""
MISSED: Final = "bold red"
ARROWS: Final[Mapping[str, str]] = {
    Direction.INBOUND: "in",
    Direction.OUTBOUND_MANUAL: "out",
    Direction.OUTBOUND_AUTO: "auto",
    Direction.INTERNAL: "internal",
}
COLUMNS: Final = ("time", "", "from", "to", "queue", "agent", "customer", "outcome", "wait", "talk", "protocol")

States = Annotated[
    list[str],
    typer.Option("--state", "-s", help=f"Several: {', '.join(CallState)}.", callback=words("--state", CallState)),
]
Directions = Annotated[
    list[str],
    typer.Option("--direction", help=f"Several: {', '.join(Direction)}.", callback=words("--direction", Direction)),
]
Reasons = Annotated[
    list[str], typer.Option("--reason", help=f"Several: {', '.join(Reason)}.", callback=words("--reason", Reason))
]
Matches = Annotated[
    list[str], typer.Option("--match", help=f"Several: {', '.join(Match)}.", callback=words("--match", Match))
]


@commands.command(
    epilog=example(
        "callbridge calls --since 2h",
        "callbridge calls --missed --queue sales --since 2026-11-20",
        "callbridge calls --number '+351 912 345 678' --csv > calls.csv",
    )
)
def calls(  # noqa: PLR0913 - typer's way: an option each
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    since: Since = "",
    until: Until = "",
    number: Number = "",
    queue: Queue = "",
    agent: Agent = "",
    customer: Annotated[str, typer.Option("--customer", metavar="ID", help="A customer's id.")] = "",
    pbx: Pbx = "",
    protocol: Annotated[str, typer.Option("--protocol", help="A protocol number.")] = "",
    did: Annotated[str, typer.Option("--did", metavar="NUMBER", help="Calls to this number.")] = "",
    state: States = [],  # noqa: B006 - typer's way, and nobody changes it
    direction: Directions = [],  # noqa: B006 - as above
    reason: Reasons = [],  # noqa: B006 - as above
    match: Matches = [],  # noqa: B006 - as above
    missed: Annotated[bool | None, typer.Option("--missed/--not-missed", help="Missed calls, or all others.")] = None,
    min_talk_s: Annotated[float | None, typer.Option("--min-talk-s", min=0.001, help="One talked so long.")] = None,
    min_wait_s: Annotated[float | None, typer.Option("--min-wait-s", min=0.001, help="They waited so long.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List calls, the newest first, those that go on included. The daemon must be running."""
    place = Place(config)
    names: dict[str, str] = {"queue": queue, "agent": agent, "customer": customer, "pbx": pbx, "protocol": protocol}
    query = _listing.given(place, since, until, number, **names, did=did)
    lists = {"state": state, "direction": direction, "reason": reason, "match": match}
    query += [(name, value) for name, values in lists.items() for value in values]
    figures = {
        "min_talk_s": min_talk_s,
        "min_wait_s": min_wait_s,
        "missed": None if missed is None else str(missed).lower(),
    }
    query += [(name, value) for name, value in figures.items() if value is not None]
    if as_csv:
        _listing.tell_csv(config, "/calls.csv", query, limit)
        return
    found = _daemon.items(config, "/calls", query, limit or SHOWN)
    if as_json:
        _listing.tell_json(found)
    elif found:
        _listing.tell_days(found, lambda call: _began(call, place), COLUMNS, lambda call: _row(call, place))
    else:
        typer.echo("No such calls." if query else "No calls yet.", err=True)


def _began(call: Item, place: Place) -> datetime:
    return _listing.wall(call["started_at"], place.zone(call["pbx"]))


def _row(call: Item, place: Place) -> Sequence[Text]:
    style = MISSED if call["missed"] else STYLES.get(call["state"], "")
    return (
        Text(f"{_began(call, place):%H:%M:%S}", "dim"),
        Text(ARROWS.get(call["direction"], ""), "dim"),
        Text(_listing.party(call["from"])),
        Text(_listing.party(call["to"])),
        Text(clean(call["queue"] or ""), "magenta"),
        Text(_agent(call["agent"])),
        Text(_listing.customer(call["customer"])),
        Text(outcome(call), style),
        Text(_listing.span(call["wait_s"])),
        Text(_listing.span(call["talk_s"])),
        Text(call["protocol"], "dim"),
    )


def outcome(call: Item) -> str:
    """Return what came of it: `completed`, `missed: abandoned`."""
    state = "missed" if call["missed"] else call["state"].replace("_", " ")
    return f"{state}: {call['reason'].replace('_', ' ')}" if call["reason"] else state


def _agent(agent: Mapping[str, Any] | None) -> str:
    return clean(agent["name"] or agent["extension"]) if agent else ""
