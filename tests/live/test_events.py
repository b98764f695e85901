"""`/v1/events` of the real daemon, beside a PBX that plays tapes: over stops, kills and tokens that are taken back."""

import asyncio
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import HTTP, Daemon, command
from tests.lab.stream import Reader, Sent, reading
from tests.live.test_api import PLAYED, TAPES, address_of, certificate, new_token, run

WITHIN_S: Final = 30.0


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPES / f"{name}.tape" for name in PLAYED], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, ari=False) as daemon:
        yield daemon


@asynccontextmanager
async def following(
    daemon: Daemon, token: str, after: str | None = None, kinds: Sequence[str] = ("call.*",)
) -> AsyncIterator[Reader]:
    async with (
        aiohttp.ClientSession(await address_of(daemon)) as session,
        reading(session, token, after=after, type=list(kinds)) as reader,
    ):
        yield reader


async def test_a_reader_gets_what_subscribers_get_byte_for_byte(pbx: AmiPlayer, crm: Crm, daemon: Daemon) -> None:
    async with following(daemon, await new_token(daemon, "events:read")) as reader:
        await pbx.play_all()
        await crm.hears("call.ended", len(PLAYED))
        count = len([one for one in crm.taken if one.type.startswith("call.")])
        got = [await reader.next() for _ in range(count)]

    assert {(one.id, one.type, one.body) for one in got if one} == {
        (one.id, one.type, one.body) for one in crm.taken if one.type.startswith("call.")
    }


async def test_over_kills_and_stops_a_reader_that_comes_again_misses_nothing_and_gets_nothing_twice(
    pbx: AmiPlayer, crm: Crm, daemon: Daemon
) -> None:
    token = await new_token(daemon, "events:read")
    got: list[Sent] = []
    last = "evt_0"
    playing = asyncio.create_task(play_for_ever(pbx))
    for end in (daemon.kill, daemon.stop, daemon.kill):
        async with following(daemon, token, last) as reader:
            with suppress(aiohttp.ClientError):
                for _ in range(12):
                    await reader.next()
                reading_on = asyncio.create_task(to_the_end(reader))
                await end()
                await reading_on
            got += reader.sent
            last = reader.last_id
        await daemon.start()
    playing.cancel()
    await crm.until(lambda: {one.id for one in got} <= {one.id for one in crm.taken}, "all that readers had")
    told = [one for one in crm.taken if one.type.startswith("call.")]
    async with following(daemon, token, last) as reader:
        while not {one.id for one in told} <= {one.id for one in (*got, *reader.sent)}:
            await reader.next()
    got += reader.sent

    ids = [one.id for one in got]
    assert len(ids) == len(set(ids)) >= 36
    assert {one.id: one.body for one in told}.items() <= {one.id: one.body for one in got}.items()


async def play_for_ever(pbx: AmiPlayer) -> None:
    while True:
        for tape in pbx.tapes:
            await pbx.play(tape)


async def to_the_end(reader: Reader) -> None:
    with suppress(aiohttp.ClientError):
        while await reader.next():
            pass


async def test_at_a_stop_streams_end_cleanly_within_two_seconds(daemon: Daemon) -> None:
    token = await new_token(daemon, "events:read")
    async with following(daemon, token) as one, following(daemon, token) as other:
        began = time.perf_counter()
        stopping = asyncio.create_task(daemon.stop())
        assert await one.rest() == await other.rest() == []
        assert time.perf_counter() - began < 2
        assert await stopping == 0


async def test_a_revoked_token_hears_nothing_more(pbx: AmiPlayer, daemon: Daemon) -> None:
    async with following(daemon, await new_token(daemon, "events:read")) as reader:
        revoked = await run(*command("token", "revoke", "test", "--config", str(daemon.config)))
        assert revoked.returncode == 0, revoked.stderr
        async with asyncio.timeout(WITHIN_S):
            assert await reader.rest() == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
async def test_events_are_followed_over_tls_too(pbx: AmiPlayer, crm: Crm, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cadata=certificate(tmp_path).read_text())
    files = f'tls_cert_file = "{tmp_path}/http.pem"\ntls_key_file = "{tmp_path}/http.key"\n'
    async with Daemon(pbx, crm, more=HTTP + files, ari=False) as daemon:
        token = await new_token(daemon, "events:read")
        connector = aiohttp.TCPConnector(ssl=trusted)
        async with (
            aiohttp.ClientSession(await address_of(daemon, "https"), connector=connector) as session,
            reading(session, token, type="call.*") as reader,
        ):
            await pbx.play_all()
            first = await reader.next()
            assert first is not None
            assert first.type == "call.started"
