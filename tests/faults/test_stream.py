"""Several daemons on one PostgreSQL, workers that deliver, NATS between them: whatever dies, nothing is lost.

Real daemons hear PBXs made of tapes; a real PostgreSQL, a real nats-server, real workers.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import pytest

from callbridge.config import CONTROL_SOCKET
from callbridge.ports import SHARDS
from tests.effort import often
from tests.lab.daemon import Daemon
from tests.lab.nats import NatsServer, NoNats
from tests.lab.postgres import NoPostgres, PostgresServer
from tests.lab.worker import Worker

from .busy_pbx import BusyPbx
from .figures import Figures
from .ledger import Ledger, all_told, judge, laws_broken
from .test_database_under_load import kept_in_postgres

pytestmark = [pytest.mark.faults, pytest.mark.postgres]

EVERY_S: Final = 0.1
NATS_KILLS: Final = often("NATS_KILLS", 2, 20)
OVER_S: Final = 90.0
HALF: Final = SHARDS // 2
CRASHES: Final = often("CRASHES", 1, 10)
DAEMON_KILLS: Final = often("DAEMON_KILLS", 2, 20)
WORKER_KILLS: Final = often("WORKER_KILLS", 1, 10)
TAKEN_OVER_S: Final = 10.0
"""A lease, a beat, and what a machine with other work may take besides."""


@dataclass
class Site:
    """Daemons with calls going on, and workers."""

    url: str
    nats: NatsServer
    crm: Ledger
    pbxs: list[BusyPbx]
    daemons: list[Daemon]
    workers: list[Worker]
    load: list[asyncio.Task[None]]

    async def is_at_work(self, more: int = 20) -> float:
        """Wait until the CRM has heard more; return how long that took."""
        loop = asyncio.get_running_loop()
        begins, seen = loop.time(), len(self.crm.seen)
        await self.crm.until(lambda: len(self.crm.seen) >= seen + more, OVER_S)
        return loop.time() - begins

    async def comes_to_rest(self) -> None:
        for pbx in self.pbxs:
            pbx.rest()
        await asyncio.wait_for(asyncio.gather(*self.load), OVER_S)
        await self.crm.until(lambda: not self.crm.open, OVER_S)
        for daemon in self.daemons:
            await daemon.until(all_told, f"everything to be told; laws broken: {laws_broken(daemon)}")
            assert not laws_broken(daemon)

    async def clean(self) -> int:
        """See that every promise is kept; return how many events there were."""
        kept = await kept_in_postgres(self.url)
        assert judge(kept, self.crm).clean, judge(kept, self.crm)
        return len(kept)


@asynccontextmanager
async def a_site(server: PostgresServer, name: str, *, daemons: int = 1, workers: int = 1) -> AsyncIterator[Site]:
    url = server.create_database(name)
    try:
        async with AsyncExitStack() as stack:
            try:
                nats = await stack.enter_async_context(NatsServer())
            except NoNats as missing:
                pytest.skip(str(missing))
            crm = await stack.enter_async_context(Ledger())
            site = Site(url, nats, crm, [], [], [], [])
            for number in range(daemons):
                pbx = await stack.enter_async_context(BusyPbx(pace=4.0))
                more = f'[stream]\nurl = "{nats.url}"\n'
                daemon = Daemon(pbx, crm, ari=False, database=url, more=more, name=f"pbx{number}")
                site.pbxs.append(pbx)
                site.daemons.append(await stack.enter_async_context(daemon))
            for _ in range(workers):
                site.workers.append(await stack.enter_async_context(Worker(url, nats.url, crm)))
            for pbx in site.pbxs:
                site.load.append(asyncio.create_task(pbx.work(EVERY_S)))
            try:
                await site.is_at_work()
                yield site
            finally:
                for load in site.load:
                    load.cancel()
    finally:
        server.drop_database(name)


def stream_of(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = status["stream"]
    return found


async def test_two_daemons_and_a_worker_tell_every_call_once_and_in_order(
    postgres_server: PostgresServer, figures: Figures
) -> None:
    async with a_site(postgres_server, "two_daemons", daemons=2) as site:
        await site.is_at_work(100)
        await site.daemons[0].until(lambda status: stream_of(status)["workers"], "the daemon to see the worker")
        status = await site.daemons[0].status() or {}
        await site.comes_to_rest()
        events = await site.clean()

    assert status["degraded"] == []
    assert stream_of(status)["connected"]
    assert [one["shards"] for one in stream_of(status)["workers"]] == [64]
    assert site.crm.repeats == 0
    figures.say("two daemons, one worker", f"{events} events, each told once")


async def test_nats_killed_again_and_again_loses_nothing(postgres_server: PostgresServer, figures: Figures) -> None:
    """Every other time it has lost everything, too; and workers go on without it."""
    choice = random.Random(20261122)  # noqa: S311 - when to kill it
    async with a_site(postgres_server, "nats_killed", workers=2) as site:
        without, after = [], []
        for number in range(NATS_KILLS):
            await asyncio.sleep(choice.uniform(0.2, 1.5))
            await site.nats.kill()
            without.append(await site.is_at_work())
            if number % 2:
                site.nats.forget()
            await site.nats.start()
            after.append(await site.is_at_work())
        await site.comes_to_rest()
        events = await site.clean()
    figures.say(
        "NATS killed",
        f"{NATS_KILLS} times, {NATS_KILLS // 2} of them with its store gone: {events} events, none lost, "
        f"{site.crm.repeats} told twice; 20 more told within {max(without):.1f} s while it was away",
    )


async def test_a_worker_that_is_killed_hands_its_shards_over_within_seconds(
    postgres_server: PostgresServer, figures: Figures
) -> None:
    loop = asyncio.get_running_loop()
    async with a_site(postgres_server, "worker_killed", workers=2) as site:
        one, other = site.workers
        over_s, back_s = [], []
        for _ in range(WORKER_KILLS):
            await other.until(lambda: one.shards == other.shards == HALF, "the shards to be shared")
            await site.is_at_work(10)
            begins = loop.time()
            await one.kill()
            await other.until(lambda: other.shards == SHARDS, "the other to have everything")
            over_s.append(loop.time() - begins)
            await site.is_at_work()
            begins = loop.time()
            await one.start()
            await other.until(lambda: one.shards == other.shards == HALF, "the shards to be shared again")
            back_s.append(loop.time() - begins)
        await site.comes_to_rest()
        events = await site.clean()
    figures.say(
        "worker killed",
        f"{WORKER_KILLS} times: {events} events, none lost, {site.crm.repeats} told twice; the other has its shards "
        f"after {max(over_s):.1f} s at the latest; shared again {max(back_s):.1f} s after its start",
    )
    assert max(over_s) < TAKEN_OVER_S


async def test_a_worker_that_is_stopped_tells_nothing_twice(postgres_server: PostgresServer) -> None:
    async with a_site(postgres_server, "worker_stopped", workers=2) as site:
        one, other = site.workers
        await other.until(lambda: one.shards == other.shards == HALF, "the shards to be shared")
        assert await one.stop() == 0
        await other.until(lambda: other.shards == SHARDS, "the other to have everything")
        await site.is_at_work()
        await site.comes_to_rest()
        await site.clean()

    assert site.crm.repeats == 0


async def test_a_daemon_that_is_killed_loses_nothing(postgres_server: PostgresServer, figures: Figures) -> None:
    choice = random.Random(20261123)  # noqa: S311 - when to kill it
    async with a_site(postgres_server, "daemon_killed", daemons=2) as site:
        for number in range(DAEMON_KILLS):
            daemon = site.daemons[number % 2]
            await asyncio.sleep(choice.uniform(0.2, 1.5))
            await daemon.kill()
            await site.is_at_work(10)  # of the other's calls
            await daemon.start()
        await site.is_at_work()
        await site.comes_to_rest()
        events = await site.clean()
    figures.say(
        "daemon of two killed", f"{DAEMON_KILLS} times: {events} events, none lost, {site.crm.repeats} told twice"
    )


async def test_who_follows_one_daemon_hears_of_every_event_of_all_and_of_each_once(
    postgres_server: PostgresServer,
) -> None:
    async with a_site(postgres_server, "followed", daemons=2) as site:
        came: list[str] = []
        following = asyncio.create_task(follow(site.daemons[0], came))
        try:
            await site.is_at_work(100)
            await site.comes_to_rest()
            kept = await kept_in_postgres(site.url)
            async with asyncio.timeout(OVER_S):
                while len(came) < 2 or came[-1] != kept[-1][0]:
                    assert not following.done(), following.result()
                    await asyncio.sleep(0.05)
        finally:
            following.cancel()

    first, *rest = came  # the greeting: the place where it began
    ids = [event_id for event_id, *_ in kept]
    assert rest == ids[ids.index(first) + 1 :]
    assert len(rest) > 50


async def follow(daemon: Daemon, came: list[str]) -> None:
    """Note the ids that `/v1/events` sends, the greeting's first."""
    connector = aiohttp.UnixConnector(str(daemon.home / CONTROL_SOCKET))
    async with (
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(sock_read=OVER_S)) as session,
        session.get("http://callbridge/v1/events") as answer,
    ):
        assert answer.status == 200, await answer.text()
        async for line in answer.content:
            if line.startswith(b"id: "):
                came.append(line[4:].strip().decode())  # noqa: PERF401 - whoever waits looks at it meanwhile


async def test_a_postgres_that_is_stopped_hard_under_all_of_them_loses_nothing(figures: Figures) -> None:
    try:
        server = PostgresServer()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    back_s = []
    with server:
        async with a_site(server, "stopped_hard", daemons=2, workers=2) as site:
            for _ in range(CRASHES):
                await asyncio.to_thread(server.crash)
                await asyncio.to_thread(server.start)
                back_s.append(await site.is_at_work())
            await site.comes_to_rest()
            events = await site.clean()
    figures.say(
        "PostgreSQL stopped hard under two daemons and two workers",
        f"{CRASHES} times: {events} events, none lost, {site.crm.repeats} told twice; "
        f"20 more told within {max(back_s):.1f} s of its start",
    )


async def test_a_worker_that_was_frozen_past_its_leases_overtakes_nothing(
    postgres_server: PostgresServer, figures: Figures
) -> None:
    async with a_site(postgres_server, "worker_frozen", workers=2) as site:
        one, other = site.workers
        await other.until(lambda: one.shards == other.shards == HALF, "the shards to be shared")
        with one.frozen():
            await other.until(lambda: other.shards == SHARDS, "the other to have everything")
            site.crm.status = 503  # what is tried now comes later, by whoever has the lane then
            await site.crm.until(lambda: site.crm.refused >= 10, OVER_S)
        site.crm.status = 204
        await other.until(lambda: one.shards == other.shards == HALF, "the shards to be shared again")
        await site.is_at_work()
        await site.comes_to_rest()
        events = await site.clean()
    figures.say("worker frozen", f"{events} events, none lost, {site.crm.repeats} told twice, none out of order")
