"""E-mails about missed calls in the daemon: whom the configuration names, and the worker that sends."""

from collections.abc import Mapping, Sequence
from datetime import timedelta, tzinfo

from pydantic import SecretStr

from callbridge.api.status import NoticeStatus
from callbridge.app import build
from callbridge.calls.events import Event, EventType
from callbridge.clock import Clock
from callbridge.config import Config, Notice, NoticeTo
from callbridge.filters import EventFilter
from callbridge.notice.recipients import Recipient, notices
from callbridge.notice.settings import Letterhead, Mailing, Security, Server
from callbridge.notice.words import Language
from callbridge.notice.worker import Mailer
from callbridge.ports import Notice as Wanted
from callbridge.ports import Told
from callbridge.store import SqlStore


class Notices:
    """`notify` before a commit, `committed` after it, and `run` all the while; the configuration may change."""

    def __init__(self, config: Config, store: SqlStore, clock: Clock) -> None:
        self._clock = clock
        self._zones = build.zones(config.pbx)
        self._mailer = Mailer(store.notices, clock, [pbx.id for pbx in config.pbx], mailing(config.notice, self._zones))

    def notify(self, event: Event) -> Sequence[Wanted]:
        """Return what is to be sent about an event; to be written with its commit."""
        wanted = self._mailer.mailing
        return () if wanted is None else notices(wanted.recipients.values(), event, self._clock.now())

    def committed(self, told: Sequence[Told]) -> None:
        """Send what has just been committed. Never blocks, never raises."""
        if any(one.event.type is EventType.CALL_MISSED for one in told):
            self._mailer.wake()

    async def run(self) -> None:
        """Send until cancelled."""
        await self._mailer.run()

    def replace(self, notice: Notice) -> None:
        """Go on as another `[notice]` says; what waits for whoever it does not name any more is given up."""
        self._mailer.go_by(mailing(notice, self._zones))

    @property
    def status(self) -> NoticeStatus | None:
        """How it stands; None where no mail is sent."""
        if self._mailer.mailing is None:
            return None
        record, now = self._mailer.record, self._clock.now()
        oldest = record.figures.oldest_at
        return NoticeStatus(
            recipients=len(self._mailer.mailing.recipients),
            waiting=record.figures.waiting,
            oldest_s=None if oldest is None else max(0.0, (now - oldest).total_seconds()),
            sent=record.sent,
            given_up=record.given_up,
            last_error=record.last_error,
            unreachable=record.unreachable,
        )


def mailing(notice: Notice, zones: Mapping[str, tzinfo]) -> Mailing | None:
    """Return what the worker is told; None where no mail is sent."""
    if notice.smtp_host is None or notice.from_address is None:
        return None
    language = Language(notice.language)
    return Mailing(
        server(notice, notice.smtp_host),
        Letterhead(notice.from_address, notice.from_name, language, notice.row_url, zones),
        {each.address: recipient(each) for each in notice.to if each.enabled},
        timedelta(minutes=notice.again_after_minutes),
    )


def server(notice: Notice, host: str) -> Server:
    """Return the way to the mail server."""
    password = None if notice.password is None else SecretStr(notice.password.reveal())
    security = Security(notice.security)
    return Server(host, notice.port, security, notice.username, password, notice.tls_ca, notice.timeout_s)


def recipient(to: NoticeTo) -> Recipient:
    """Return somebody who is told."""
    wanted = EventFilter(pbxs=to.pbxs, queues=to.queues)
    digest = None if to.digest_minutes is None else timedelta(minutes=to.digest_minutes)
    return Recipient(to.address, to.name, to.agent, wanted, digest)
