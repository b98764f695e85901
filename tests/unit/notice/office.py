"""A worker that sends from a real database to a real server, and what the pipeline would commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from callbridge.calls.call import Party
from callbridge.calls.missed import MissedChanges, MissedRow, MissedState
from callbridge.notice.recipients import Recipient, notices
from callbridge.notice.settings import Mailing, Security, Server
from callbridge.notice.worker import Mailer, Pace
from callbridge.ports import Batch, NoticeFigures, Notices, Told
from callbridge.store import SqlStore
from tests.lab.mail_server import MailServer
from tests.unit.store.made import SetClock

from .made import ANA, HEAD, MARIA, minutes, missed

SOON_S = 20.0
PACE = Pace(look_s=(0.01, 0.05), rest_s=(0.02, 0.04), store_s=5.0)
LATER = Party("+34600111222", "600111222", "Luis")


def mailing(server: MailServer, *recipients: Recipient, **changes: Any) -> Mailing:
    way = Server("127.0.0.1", server.port, Security.NONE, timeout_s=2.0)
    to = {each.address: each for each in recipients or (ANA,)}
    return replace(Mailing(way, HEAD, to, minutes(30)), **changes)


class Office:
    """The worker, and the calls that are missed."""

    def __init__(self, store: SqlStore, clock: SetClock, mailer: Mailer, recipients: Sequence[Recipient]) -> None:
        self.store, self.clock, self.mailer = store, clock, mailer
        self.recipients = recipients
        self._calls = 0
        self._rows: dict[str, MissedRow] = {}

    async def misses(self, caller: Party = MARIA, pbx: str = "main") -> Batch:
        """Commit a missed call with its row and its notices, as the pipeline does; one row for each caller and PBX."""
        self._calls += 1
        row = self._row(caller, pbx)
        told = {"id": row.id, "count": row.count, "first_at": row.first_at}
        event = replace(missed(str(self._calls), caller, told, pbx=pbx), at=self.clock.now())
        assert event.call is not None
        batch = Batch(
            calls=[event.call],
            told=[Told(event, event.id.encode(), ())],
            missed=MissedChanges((replace(row, last_call=event.call.id),)),
            notices=notices(self.recipients, event, self.clock.now()),
        )
        await self.store.commit(batch)
        self.mailer.wake()
        return batch

    def _row(self, caller: Party, pbx: str) -> MissedRow:
        now = self.clock.now()
        key = f"{pbx} {caller.number}"
        old = self._rows.get(key)
        if old is not None and old.state is MissedState.OPEN:
            row = replace(old, last_at=now, count=old.count + 1)
        else:
            row = MissedRow(f"mis_{self._calls}", pbx, caller.number or key, caller, now, now, f"call_{self._calls}")
        self._rows[key] = row
        return row

    async def closes(self, state: MissedState, caller: Party = MARIA, pbx: str = "main") -> None:
        """Take a row off the list."""
        key = f"{pbx} {caller.number}"
        self._rows[key] = replace(self._rows[key], state=state, closed_at=self.clock.now())
        await self.store.commit(Batch(missed=MissedChanges((self._rows[key],))))

    def passes(self, count: float) -> None:
        """Let some minutes go by."""
        self.clock.passes(count * 60)
        self.mailer.wake()

    async def figures(self) -> NoticeFigures:
        return await self.store.notices.figures(["main"])

    async def sent(self, count: int) -> None:
        """Wait until so many mails were sent in all, and the worker knows it: only then may time go on."""

        async def known() -> bool:
            return self.mailer.record.sent == count

        await until(known)

    async def settled(self) -> None:
        """Wait until nothing waits."""

        async def nothing_waits() -> bool:
            return (await self.figures()).waiting == 0

        await until(nothing_waits)

    async def put_off(self) -> None:
        """Wait until what waits was looked at, and put off."""

        async def is_later() -> bool:
            figures = await self.figures()
            return figures.waiting > 0 and figures.next_at is not None and figures.next_at > self.clock.now()

        await until(is_later)


@asynccontextmanager
async def office(  # noqa: PLR0913 - what it is made of
    store: SqlStore,
    clock: SetClock,
    settings: Mailing | None,
    *,
    notices: Notices | None = None,
    pbxs: Sequence[str] = ("main",),
    pace: Pace = PACE,
) -> AsyncIterator[Office]:
    """Run a worker, and break it off as the daemon does."""
    mailer = Mailer(notices or store.notices, clock, pbxs, settings, pace)
    running = asyncio.create_task(mailer.run())
    recipients = () if settings is None else tuple(settings.recipients.values())
    try:
        yield Office(store, clock, mailer, recipients)
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON_S):
        while not await holds():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.01)
