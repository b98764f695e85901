"""How the daemon is, for `callbridge status` and the health checks."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from callbridge import __version__
from callbridge.api.status import (
    AmiStatus,
    AriStatus,
    DatabaseStatus,
    Gap,
    PbxStatus,
    Status,
    SubscriberStatus,
)
from callbridge.app.hearing import Hearing
from callbridge.asterisk.ari.link import LinkState
from callbridge.calls.tracker import Tracker
from callbridge.delivery.worker import Status as DeliveryStatus


def pbx_status(hearing: Hearing, tracker: Tracker) -> PbxStatus:
    """Return how one PBX's links are."""
    gap = hearing.gap
    return PbxStatus(
        id=hearing.pbx,
        ami=ami_status(hearing),
        ari=ari_status(hearing),
        last_gap=None if gap is None else Gap.model_validate({"from": gap.began, "to": gap.ended}),
        live_calls=sum(work.call.pbx == hearing.pbx for work in tracker.board.open.values()),
    )


def ami_status(hearing: Hearing) -> AmiStatus:
    """Return how the AMI link is."""
    ami = hearing.ami.status
    return AmiStatus(
        connected=hearing.connected,
        since=ami.since,
        last_error=str(ami.last_error) if ami.last_error is not None else hearing.resync_error,
        queue_depth=ami.backlog,
        queue_max_seen=ami.backlog_high_water,
        oddities=sum(ami.oddities.values()),
        asterisk=ami.pbx_version,
    )


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
        paused=delivery.paused is not None,
    )


def whole(
    started_at: datetime,
    tracker: Tracker,
    hearings: Sequence[Hearing],
    subscribers: Sequence[SubscriberStatus],
    database: DatabaseStatus,
) -> Status:
    """Return how everything is, and what of it is not as it should be."""
    pbxs = tuple(pbx_status(each, tracker) for each in hearings)
    return Status(
        version=__version__,
        started_at=started_at,
        degraded=tuple(degraded(pbxs, hearings, subscribers, database)),
        pbxs=pbxs,
        live_calls=tracker.live_calls,
        agents=tracker.board.roster.known,
        subscribers=tuple(subscribers),
        database=database,
    )


def degraded(
    pbxs: Iterable[PbxStatus],
    hearings: Iterable[Hearing],
    subscribers: Iterable[SubscriberStatus],
    database: DatabaseStatus,
) -> Iterator[str]:
    """Yield what is not as it should be, a sentence each."""
    for pbx, hearing in zip(pbxs, hearings, strict=True):
        if not pbx.ami.connected:
            yield f"PBX {pbx.id} is not heard: {pbx.ami.last_error or 'connecting'}"
        elif hearing.resync_error is not None:
            yield f"The state of PBX {pbx.id} could not be read: {hearing.resync_error}"
        if pbx.ari is not None and not pbx.ari.connected:
            yield f"ARI of PBX {pbx.id} is not connected: {pbx.ari.last_error or 'connecting'}"
    for each in subscribers:
        if each.last_error is not None and each.backlog:
            yield f"Subscriber {each.name} does not take its {each.backlog} events: {each.last_error}"
    if not database.ok:
        yield f"The database does not work: {database.last_error}"
