"""`callbridge status`: how the running daemon is."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from callbridge.api.status import AmiStatus, AriStatus, DatabaseStatus, PbxStatus, Status, SubscriberStatus
from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console

commands = typer.Typer()


@commands.command(epilog=example("callbridge status", "callbridge status --json | jq .degraded"))
def status(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
    """Ask the running daemon how it is: exit status 0 healthy, 1 degraded, 3 not running."""
    answer = _daemon.status(config)
    if as_json:
        typer.echo(answer)
    understood = _daemon.understood(answer)
    if not as_json:
        console().print(picture(understood), soft_wrap=False)
    if understood.degraded:
        raise typer.Exit(1)


def picture(status: Status) -> RenderableType:
    """Return the whole answer as one panel, red when something is not as it should be."""
    healthy = not status.degraded
    return Panel(
        Group(
            *(Text(f"✗ {clean(why)}", "red") for why in status.degraded),
            *([Text("healthy", "bold green")] if healthy else []),
            Text(f"{_count(status.live_calls, 'live call')}, {_count(status.agents, 'agent')}"),
            _pbxs(status.pbxs),
            _subscribers(status.subscribers),
            _database(status.database),
        ),
        title=f"callbridge {clean(status.version)}, up since {_when(status.started_at)}",
        border_style="green" if healthy else "red",
        box=box.ROUNDED,
    )


def _pbxs(pbxs: Sequence[PbxStatus]) -> RenderableType:
    table = _table("PBX", "link", "state", "since", "queue", "most", "odd", "last error")
    for pbx in pbxs:
        ami, ari = pbx.ami, pbx.ari
        figures = (str(ami.queue_depth), str(ami.queue_max_seen), str(ami.oddities))
        table.add_row(
            clean(pbx.id), "AMI", _up(ami.connected), _when(ami.since, "never"), *figures, _error(ami.last_error)
        )
        if ari:
            figures = ("", "", str(ari.oddities))
            table.add_row("", "ARI", _up(ari.connected), _when(ari.since, "never"), *figures, _error(ari.last_error))
    return Group(table, *(Text(f" {_summary(pbx)}") for pbx in pbxs))


def _link(link: AmiStatus | AriStatus, depth: str, most: str) -> tuple[RenderableType, ...]:
    state = _up(link.connected), _when(link.since, "never")
    return *state, depth, most, str(link.oddities), _error(link.last_error)


def _summary(pbx: PbxStatus) -> str:
    version = f"Asterisk {pbx.ami.asterisk}" if pbx.ami.asterisk else "Asterisk of an unknown version"
    gap = f"{_when(pbx.last_gap.from_)} → {_when(pbx.last_gap.to)}" if pbx.last_gap else "none"
    return clean(f"{pbx.id}: {version}, {_count(pbx.live_calls, 'live call')}, last gap: {gap}")


def _subscribers(subscribers: Iterable[SubscriberStatus]) -> Table:
    table = _table("subscriber", "state", "backlog", "oldest", "delivered", "last error")
    for each in subscribers:
        table.add_row(
            clean(each.name),
            Text("paused", "yellow") if each.paused else Text("on", "green"),
            str(each.backlog),
            "none" if each.oldest_s is None else _span(each.oldest_s),
            str(each.delivered),
            _error(each.last_error),
        )
    return table


def _database(database: DatabaseStatus) -> Table:
    table = _table("database", "state", "schema", "last error")
    state = Text("ok", "green") if database.ok else Text("down", "bold red")
    table.add_row(clean(database.url), state, clean(database.schema_ or "unknown"), _error(database.last_error))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "since")
    return table


def _up(connected: bool) -> Text:  # noqa: FBT001 - it is the state itself
    return Text("up", "green") if connected else Text("down", "bold red")


def _error(*errors: str | None) -> Text:
    return Text("\n".join(clean(error) for error in errors if error) or "none", "dim" if not any(errors) else "red")


def _when(moment: datetime | None, otherwise: str = "now") -> str:
    """Return the host's local time; `otherwise` where there is none."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else otherwise


def _span(seconds: float) -> str:
    """Return `42 s`, `7 min`, `3.5 h`."""
    minute, hour = 60, 3600
    if seconds < minute:
        return f"{seconds:.0f} s"
    return f"{seconds / minute:.0f} min" if seconds < hour else f"{seconds / hour:.1f} h"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
