"""Sending what waits: read from the database, handed in at the mail server, settled in the database.

At least once: a mail is marked as sent after the server has taken it. Nothing else waits for
mails; while the server is away they wait in the database.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callbridge.clock import Clock
from callbridge.errors import MailUnavailable, StoreError
from callbridge.logs import Action, logger
from callbridge.notice import message
from callbridge.notice.message import Letter
from callbridge.notice.recipients import Recipient
from callbridge.notice.schedule import Plan, again_at, plan
from callbridge.notice.sending import Outcome, Session, session
from callbridge.notice.settings import Mailing
from callbridge.ports import NoticeFigures, NoticeResult, Notices, WaitingNotice

UNWANTED: Final = "nobody of this address is to be told any more"
LATE: Final = "it could not be sent for too long"

log = logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Bounds and waits. The defaults are for production."""

    page: int = 500
    """Notices of one recipient that are looked at together."""
    store_s: float = 30.0
    look_s: tuple[float, float] = (1.0, 60.0)
    """How soon at the earliest, and how late at the latest, the database is looked into again."""
    rest_s: tuple[float, float] = (5.0, 300.0)
    """First and longest wait before a mail server is tried again that could not be used."""
    keep: timedelta = timedelta(days=7)
    """How long it is remembered what was sent: longer than any caller may be kept from being told of again."""
    forget_s: float = 600.0
    forget_most: int = 1000


@dataclass(slots=True)
class Record:
    """How it goes, since the start."""

    figures: NoticeFigures = field(default_factory=NoticeFigures)
    sent: int = 0
    """Mails."""
    given_up: int = 0
    """Notices."""
    last_error: str | None = None
    """Of the last mail; None where it was taken."""
    unreachable: str | None = None
    """Why the mail server is left alone for a while; None where it is not."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail, and the notices it is for."""

    letter: Letter
    notices: Sequence[WaitingNotice]
    plan: Plan


class Mailer:
    """`run` until cancelled; `wake` when something was committed; `go_by` another configuration at any time."""

    def __init__(
        self, store: Notices, clock: Clock, pbxs: Sequence[str], mailing: Mailing | None, pace: Pace | None = None
    ) -> None:
        """`mailing` None sends nothing; what waits stays, until it is too old."""
        self._store, self._clock, self._pbxs = store, clock, tuple(pbxs)
        self.mailing = mailing
        self._pace = pace or Pace()
        self._news = asyncio.Event()
        self._rest_s = 0.0
        self._rests_until = 0.0
        self._forgets_at = 0.0
        self.record = Record()

    def wake(self) -> None:
        """Look whether there is something to send."""
        self._news.set()

    def go_by(self, mailing: Mailing | None) -> None:
        """Go on as another configuration says, at once: it may be what was wrong."""
        self.mailing = mailing
        self._rested()
        self.wake()

    async def run(self) -> None:
        """Send what is due, again and again."""
        while True:
            self._news.clear()
            try:
                if self.mailing is not None and self._clock.monotonic() >= self._rests_until:
                    await self._round(self.mailing)
                await self._look()
            except (StoreError, TimeoutError) as error:
                log.warning("notices wait", action=Action.NOTICE_STORE_FAILED, error=_said(error))
                await asyncio.sleep(self._pace.look_s[0])
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._news.wait()

    # --- when

    def _until_next(self) -> float:
        """Return for how long there is nothing to do, unless there are news."""
        least, most = self._pace.look_s
        next_at = self.record.figures.next_at
        due_s = most if next_at is None else (next_at - self._clock.now()).total_seconds()
        rests_s = self._rests_until - self._clock.monotonic()
        return min(most, max(least, due_s, rests_s))

    def _rested(self) -> None:
        self._rest_s = self._rests_until = 0.0
        self.record.unreachable = None

    def _rests(self, error: str) -> None:
        """Leave the server alone for a while."""
        first, longest = self._pace.rest_s
        self._rest_s = min(max(first, self._rest_s * 2), longest)
        self._rests_until = self._clock.monotonic() + self._rest_s
        self.record.last_error = self.record.unreachable = error
        log.warning("mails wait", action=Action.NOTICE_UNREACHABLE, error=error, again_in_s=self._rest_s)

    async def _look(self) -> None:
        """See how it stands, and forget what is old."""
        if self._clock.monotonic() >= self._forgets_at:
            self._forgets_at = self._clock.monotonic() + self._pace.forget_s
            async with asyncio.timeout(self._pace.store_s):
                await self._store.forget(self._clock.now() - self._pace.keep, self._pace.forget_most)
        async with asyncio.timeout(self._pace.store_s):
            self.record.figures = await self._store.figures(self._pbxs)

    # --- what

    async def _round(self, mailing: Mailing) -> None:
        """Send everything that is due, over one connection; it is made when there is something to send."""
        async with asyncio.timeout(self._pace.store_s):
            due = list(await self._store.due(self._pbxs, self._clock.now()))
        while due:
            address = due.pop()
            ready = await self._ready(mailing, address)
            if ready is None:
                continue
            try:
                async with session(mailing.server) as opened:
                    await self._sent(opened, mailing, ready, due)
            except MailUnavailable as error:
                return self._rests(str(error))
            if self._rests_until:
                return None
        return None

    async def _sent(self, opened: Session, mailing: Mailing, first: Ready, due: list[str]) -> None:
        """Send one mail after the other, until there are no more or the connection is lost."""
        ready: Ready | None = first
        while ready is not None:
            outcome = await opened.send(ready.letter)
            if outcome.lost:
                self._rests(outcome.error or "")
            else:
                self._rested()
            await self._settle(self._results(ready, outcome))
            _break_off()
            if outcome.lost:
                return
            address = ready.letter.recipient
            ready = None if outcome.error else await self._ready(mailing, address)
            while ready is None and due:
                ready = await self._ready(mailing, due.pop())

    async def _ready(self, mailing: Mailing, address: str) -> Ready | None:
        """Return what is to be sent to somebody now, and write down what is not."""
        recipient = mailing.recipients.get(address)
        now = self._clock.now()
        async with asyncio.timeout(self._pace.store_s):
            waiting = await self._store.waiting(self._pbxs, address, self._pace.page)
            told = await self._store.sent_since(address, now - mailing.again_after)
        if recipient is None:
            await self._give_up(address, waiting, UNWANTED)
            return None
        planned = plan(waiting, told, mailing.again_after, recipient.digest, now)
        await self._give_up(address, planned.late, LATE)
        await self._settle(
            [NoticeResult(each.number, each.tries) for each in planned.moot]
            + [NoticeResult(each.number, each.tries, next_at=at) for each, at in planned.later]
        )
        return _written(mailing, recipient, planned, now)

    def _results(self, ready: Ready, outcome: Outcome) -> Sequence[NoticeResult]:
        """Return how the notices of a mail stand after it, and say so."""
        now, to = self._clock.now(), ready.letter.recipient
        self.record.last_error = outcome.error
        if outcome.error is None:
            self.record.sent += 1
            log.info("sent", action=Action.NOTICE_SENT, recipient=to, calls=len(ready.notices))
            return [NoticeResult(each.number, each.tries + 1, sent_at=now) for each in ready.notices]
        jitter = self._clock.jitter()
        results = [
            NoticeResult(
                each.number,
                each.tries + 1,
                next_at=self._next_try(each, ready.plan, jitter, final=outcome.final),
                error=outcome.error,
            )
            for each in ready.notices
        ]
        self._tell_failed(to, outcome.error, results)
        return results

    def _next_try(self, notice: WaitingNotice, planned: Plan, jitter: float, *, final: bool) -> datetime | None:
        if final:
            return None
        return again_at(notice.tries + 1, planned.since[notice.number], self._clock.now(), jitter)

    def _tell_failed(self, to: str, error: str, results: Sequence[NoticeResult]) -> None:
        given_up = sum(each.next_at is None for each in results)
        times = [each.next_at for each in results if each.next_at is not None]
        self.record.given_up += given_up
        if given_up:
            log.warning("not sent", action=Action.NOTICE_GIVEN_UP, recipient=to, calls=given_up, error=error)
        if times:
            log.warning("not taken", action=Action.NOTICE_FAILED, recipient=to, error=error, next_at=min(times))

    async def _give_up(self, address: str, notices: Sequence[WaitingNotice], why: str) -> None:
        if notices:
            self.record.given_up += len(notices)
            log.warning("not sent", action=Action.NOTICE_GIVEN_UP, recipient=address, calls=len(notices), error=why)
            await self._settle([NoticeResult(each.number, each.tries, error=why) for each in notices])

    async def _settle(self, results: Sequence[NoticeResult]) -> None:
        """Write it down, however long that takes: a mail that was taken must not be sent again."""
        while results:
            try:
                async with asyncio.timeout(self._pace.store_s):
                    return await self._store.settle(results)
            except (StoreError, TimeoutError) as error:
                log.warning("not written down yet", action=Action.NOTICE_STORE_FAILED, error=_said(error))
                _break_off()
            await asyncio.sleep(self._pace.look_s[0])
        return None


def _written(mailing: Mailing, recipient: Recipient, planned: Plan, now: datetime) -> Ready | None:
    """Return the mail; each row stands in it once, however often its caller tried meanwhile."""
    if not planned.send:
        return None
    matters = {each.matter.row: each.matter for each in planned.send if each.matter is not None}
    letter = message.about(tuple(matters.values()), recipient, mailing.head, planned.send[0].event, now)
    return Ready(letter, planned.send, planned)


def _break_off() -> None:
    """End a task that was cancelled at the very moment in which the mail server answered.

    asyncio.wait_for of Python 3.11, by which the library waits, takes the answer then and forgets the rest.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _said(error: Exception) -> str:
    """Return what the database said; a deadline that passed says nothing by itself."""
    return str(error) or "no answer in time"
