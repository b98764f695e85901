"""How the daemon is, for `callbridge status` and the health checks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callbridge import __version__
from callbridge.api.health import Health
from callbridge.api.status import (
    AmiStatus,
    AriStatus,
    ConfigStatus,
    DatabaseStatus,
    Gap,
    NoticeStatus,
    PbxStatus,
    SourceStatus,
    Status,
    StreamStatus,
    SubscriberStatus,
)
from callbridge.app.hearing import Hearing
from callbridge.asterisk.ari.link import LinkState
from callbridge.calls.tracker import Tracker
from callbridge.delivery.statuses import Status as DeliveryStatus
from callbridge.directory.source import SourceHealth
from callbridge.ports import Halt

DEAF: Final = "give our user read = system,call,agent,dialplan in manager.conf, and look at its eventfilter"
UNTOLD: Final = "`callbridge check` tries it; `callbridge audit` lists what is untold"
LATE_S: Final = 5.0
"""A subscriber that failed once and took the event at the next try is no trouble."""


def pbx_status(hearing: Hearing, tracker: Tracker) -> PbxStatus:
    """Return how one PBX's links are."""
    gap = hearing.gap
    return PbxStatus(
        id=hearing.pbx,
        ami=ami_status(hearing),
        ari=ari_status(hearing),
        last_gap=None if gap is None else Gap.model_validate({"from": gap.began, "to": gap.ended}),
        live_calls=sum(work.call.pbx == hearing.pbx for work in tracker.board.open.values()),
        cel_error=None if hearing.backfill is None else hearing.backfill.error,
    )


def ami_status(hearing: Hearing) -> AmiStatus:
    """Return how the AMI link is."""
    ami = hearing.ami.status
    return AmiStatus(
        connected=hearing.connected,
        since=ami.since if hearing.connected else _away_since(hearing),
        last_error=str(ami.last_error) if ami.last_error is not None else hearing.resync_error,
        queue_depth=ami.backlog,
        queue_max_seen=ami.backlog_high_water,
        oddities=sum(ami.oddities.values()),
        asterisk=ami.pbx_version,
    )


def _away_since(hearing: Hearing) -> datetime:
    """Return when it was heard last: between two tries the link's own state changes all the time."""
    return hearing.since if hearing.gap is None else hearing.gap.began


def ari_status(hearing: Hearing) -> AriStatus | None:
    """Return how the ARI link is, None where there is none."""
    if hearing.ari is None:
        return None
    ari = hearing.ari.status
    connected = ari.state is LinkState.UP
    return AriStatus(
        connected=connected,
        since=ari.since,
        last_error=None if connected else ari.last_error,
        oddities=sum(ari.oddities.values()),
    )


def subscriber_status(delivery: DeliveryStatus, now: datetime) -> SubscriberStatus:
    """Return how far behind a subscriber is."""
    oldest = delivery.oldest_at
    return SubscriberStatus(
        name=delivery.name,
        backlog=delivery.waiting,
        oldest_s=None if oldest is None else max(0.0, (now - oldest).total_seconds()),
        last_error=delivery.last_error,
        delivered=delivery.delivered,
        given_up=delivery.dead,
        paused=delivery.paused is not None,
        paused_why=delivery.paused,
        paused_at=delivery.standing.halted_at,
        disabled=delivery.standing.halted is Halt.DISABLED,
    )


def source_status(source: SourceHealth) -> SourceStatus:
    """Return how a source of the directory does."""
    return SourceStatus(
        name=source.name,
        asked=source.asked,
        failed=source.failed,
        resting=source.resting,
        last_error=source.last_error,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is to be told of."""

    started_at: datetime
    tracker: Tracker
    hearings: Sequence[Hearing]
    subscribers: Sequence[SubscriberStatus]
    database: DatabaseStatus
    http: str | None
    config: ConfigStatus
    streams: int = 0
    stream: StreamStatus | None = None
    notice: NoticeStatus | None = None
    sources: Sequence[SourceHealth] = ()


def whole(parts: Parts) -> Status:
    """Return how everything is, and what of it is not as it should be."""
    pbxs = tuple(pbx_status(each, parts.tracker) for each in parts.hearings)
    return Status(
        version=__version__,
        started_at=parts.started_at,
        degraded=tuple(degraded(parts, pbxs)),
        pbxs=pbxs,
        live_calls=parts.tracker.live_calls,
        missed=len(parts.tracker.board.missed),
        oddities=dict(parts.tracker.board.oddities),
        agents=parts.tracker.board.roster.known,
        subscribers=tuple(parts.subscribers),
        database=parts.database,
        http=parts.http,
        config=parts.config,
        streams=parts.streams,
        stream=parts.stream,
        notice=parts.notice,
        sources=tuple(map(source_status, parts.sources)),
    )


def degraded(parts: Parts, pbxs: Iterable[PbxStatus]) -> Iterator[str]:
    """Yield what is not as it should be, a sentence each."""
    for pbx, hearing in zip(pbxs, parts.hearings, strict=True):
        yield from _pbx_troubles(pbx, hearing)
    for each in parts.subscribers:
        yield from _subscriber_troubles(each)
    if not parts.database.ok:
        yield f"The database does not work, so nothing is told: {parts.database.last_error}"
    if parts.stream is not None:
        yield from _stream_troubles(parts.stream)
    if parts.notice is not None and parts.notice.waiting and parts.notice.unreachable:
        yield f"E-mails about missed calls wait: {parts.notice.unreachable}"
    for source in parts.sources:
        if source.resting:
            yield f"The directory's source {source.name} does not answer: {source.last_error}"
    if parts.config.refused:
        yield f"The configuration was changed, but not taken: {'; '.join(parts.config.refused)}"


def _stream_troubles(stream: StreamStatus) -> Iterator[str]:
    if stream.undelivered:
        yield "Nothing is delivered, for there is no worker. Start one: callbridge dispatch"
    if not stream.connected:
        yield f"The stream is away, so events come later, from the database: {stream.last_error}"


def _pbx_troubles(pbx: PbxStatus, hearing: Hearing) -> Iterator[str]:
    if not pbx.ami.connected:
        yield f"PBX {pbx.id} is not heard: {pbx.ami.last_error or 'connecting'}"
    elif hearing.resync_error is not None:
        yield f"The state of PBX {pbx.id} could not be read: {hearing.resync_error}"
    elif hearing.deaf:
        yield f"PBX {pbx.id} has calls and tells of none: {DEAF}"
    if pbx.cel_error is not None:
        yield f"What PBX {pbx.id} did in the last gap is not told, for its CEL cannot be read: {pbx.cel_error} {UNTOLD}"
    if pbx.ari is not None and not pbx.ari.connected:
        yield f"ARI of PBX {pbx.id} is not connected: {pbx.ari.last_error or 'connecting'}"


def _subscriber_troubles(subscriber: SubscriberStatus) -> Iterator[str]:
    if subscriber.paused:
        why = halted(subscriber.paused_why, subscriber.paused_at, disabled=subscriber.disabled)
        yield f"Subscriber {subscriber.name} is {why}. {resuming(subscriber.name, disabled=subscriber.disabled)}"
    elif subscriber.last_error is not None and (subscriber.oldest_s or 0.0) > LATE_S:
        events = "1 event" if subscriber.backlog == 1 else f"{subscriber.backlog} events"
        yield f"Subscriber {subscriber.name} is behind by {events}: {subscriber.last_error}"


def halted(why: str | None, at: datetime | None, *, disabled: bool) -> str:
    """Return since when nothing is sent to a subscriber, and why: `disabled since 2026-11-22 10:00 UTC: …`."""
    since = "" if at is None else f" since {at:%Y-%m-%d %H:%M} UTC"
    return f"{'disabled' if disabled else 'paused'}{since}: {why or 'nobody said why'}"


def resuming(name: str, *, disabled: bool) -> str:
    """Return what to do about it."""
    when = "Its events wait; once it works" if disabled else "Its events wait; to go on"
    return f"{when}: callbridge webhook resume {name}"


def health(parts: Parts, *, alive: bool) -> Health:
    """Return the same in words that strangers may read: no address, no error."""
    deaf = [f"pbx {each.pbx}" for each in parts.hearings if not each.connected or each.resync_error or each.deaf]
    return Health(alive, (*deaf, *([] if parts.database.ok else ["database"])))


def one_line(parts: Parts) -> str:
    """Return the whole as `systemctl status` shows it."""
    troubles = tuple(degraded(parts, [pbx_status(each, parts.tracker) for each in parts.hearings]))
    return "; ".join(troubles) or f"hearing {', '.join(each.pbx for each in parts.hearings)}"
