"""`callbridge status`: how the running daemon is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from callbridge.api.status import (
    AmiStatus,
    AriStatus,
    DatabaseStatus,
    NoticeStatus,
    PbxStatus,
    SourceStatus,
    Status,
    StreamStatus,
    SubscriberStatus,
)
from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console
from callbridge.directory.own import OWN

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
    """Return the whole answer as one panel for 62 letters or more, red when something is not as it should be."""
    healthy = not status.degraded
    restart = clean(", ".join(status.config.needs_restart))
    return Panel(
        Group(
            *(Text(f"✗ {clean(why)}", "red") for why in status.degraded),
            *([Text("healthy", "bold green")] if healthy else []),
            *([Text(f"! changed, but waits for a restart: {restart}", "yellow")] if restart else []),
            Text(_going_on(status)),
            Text(),
            _pbxs(status.pbxs),
            Text(),
            _subscribers(status.subscribers, by_workers=status.stream is not None),
            *_errors(status),
            *_oddities(status.oddities),
            _database(status.database),
            *_stream(status.stream),
            *_sources(status.sources),
            *_notice(status.notice),
            *([Text(f"HTTP: {clean(status.http)}")] if status.http else []),
        ),
        title=f"callbridge {clean(status.version)}, up since {_when(status.started_at)}",
        border_style="green" if healthy else "red",
        box=box.ROUNDED,
    )


def _going_on(status: Status) -> str:
    missed = f", {_count(status.missed, 'missed caller')} to call back" if status.missed else ""
    return f"{_count(status.live_calls, 'live call')}, {_count(status.agents, 'agent')}{missed}"


def _pbxs(pbxs: Sequence[PbxStatus]) -> RenderableType:
    table = _table("PBX", "link", "state", "since", "queue", "most", "odd")
    for pbx in pbxs:
        ami, ari = pbx.ami, pbx.ari
        depths = (str(ami.queue_depth), str(ami.queue_max_seen))
        table.add_row(clean(pbx.id), "AMI", _up(ami.connected), _when(ami.since, "never"), *depths, str(ami.oddities))
        if ari:
            table.add_row("", "ARI", _up(ari.connected), _when(ari.since, "never"), "", "", str(ari.oddities))
    return Group(table, *(Text(_summary(pbx), "dim") for pbx in pbxs))


def _summary(pbx: PbxStatus) -> str:
    version = f"Asterisk {pbx.ami.asterisk}" if pbx.ami.asterisk else "Asterisk of an unknown version"
    gap = f"{_when(pbx.last_gap.from_)} → {_when(pbx.last_gap.to)}" if pbx.last_gap else "none"
    return clean(f"{pbx.id}: {version}, {_count(pbx.live_calls, 'live call')}, last gap: {gap}")


def _subscribers(subscribers: Sequence[SubscriberStatus], *, by_workers: bool) -> RenderableType:
    if not subscribers:
        return Text("no subscribers: nobody is told")
    table = _table("subscriber", "state", "backlog", "oldest", "delivered", "given up")
    for each in subscribers:
        table.add_row(
            clean(each.name),
            _sent(each),
            str(each.backlog),
            "none" if each.oldest_s is None else _span(each.oldest_s),
            "by workers" if by_workers else str(each.delivered),
            str(each.given_up),
        )
    return table


def _sent(subscriber: SubscriberStatus) -> Text:
    if subscriber.disabled:
        return Text("disabled", "bold red")
    return Text("paused", "yellow") if subscriber.paused else Text("on", "green")


def _errors(status: Status) -> Iterator[Text]:
    """Yield each last error that no sentence above has told already: most are over by now."""
    told = [(f"{pbx.id} {name}", link.last_error) for pbx in status.pbxs for name, link in _links(pbx)]
    told += [(each.name, each.last_error) for each in status.subscribers]
    told += [(f"the directory's {each.name}", each.last_error) for each in status.sources]
    for who, error in told:
        if error and not any(error in why for why in status.degraded):
            yield Text(clean(f"last error of {who}: {error}"), "dim")


def _oddities(oddities: Mapping[str, int]) -> Iterator[Text]:
    """Yield what was said of calls that made no sense, the most frequent first."""
    often = sorted(oddities.items(), key=lambda pair: (-pair[1], pair[0]))
    if often:
        yield Text(clean(f"odd: {', '.join(f'{what} ({count})' for what, count in often)}"), "dim")


def _links(pbx: PbxStatus) -> Iterator[tuple[str, AmiStatus | AriStatus]]:
    yield "AMI", pbx.ami
    if pbx.ari is not None:
        yield "ARI", pbx.ari


def _database(database: DatabaseStatus) -> Text:
    state = "works" if database.ok else "does not work"
    return Text("\n" + clean(f"database: {state}, schema {database.schema_ or 'unknown'}, {database.url}"))


def _stream(stream: StreamStatus | None) -> Iterator[RenderableType]:
    """Yield who delivers, where the daemon does not, and how events come there."""
    if stream is None:
        return
    state = "connected" if stream.connected else "away"
    server = f"NATS {stream.server}" if stream.server else "NATS"
    yield Text(clean(f"stream: {state}, {server}, {stream.published} published, {stream.waiting} waiting"))
    if not stream.workers:
        yield Text("no workers: nothing is delivered", "red")
        return
    table = _table("worker", "shards", "seen")
    for each in stream.workers:
        table.add_row(clean(each.name), str(each.shards), f"{_span(each.seen_s)} ago")
    yield table


def _sources(sources: Sequence[SourceStatus]) -> Iterator[Text]:
    """Yield how often CRMs were asked whose number it is; our own customers say nothing by that."""
    for each in sources:
        if each.name != OWN:
            asked = f"asked {each.asked} times, {each.failed} of them in vain"
            yield Text(clean(f"directory: {each.name} {asked}{', left alone for now' if each.resting else ''}"))


def _notice(notice: NoticeStatus | None) -> Iterator[Text]:
    if notice is None:
        return
    to = _count(notice.recipients, "recipient")
    yield Text(f"e-mails: {to}, {notice.sent} sent, {notice.waiting} waiting, {notice.given_up} given up")
    if notice.last_error and not notice.unreachable:
        yield Text(clean(f"last error of e-mails: {notice.last_error}"), "dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != columns[0], min_width=4)
    return table


def _up(connected: bool) -> Text:  # noqa: FBT001 - it is the state itself
    return Text("up", "green") if connected else Text("down", "bold red")


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
