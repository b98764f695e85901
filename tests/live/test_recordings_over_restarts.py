"""Recordings of a PBX or a daemon that is killed, or is not there yet."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.room import Room
from tests.lab.scenes.talks import maria_talks_to_ana
from tests.live.recorded import on_disk, recordings_told, sequences_have_no_holes

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


async def test_a_pbx_that_is_killed_leaves_what_it_had_recorded(own_pbx: Asterisk, crm: Crm) -> None:
    crm.forget()
    async with Daemon(own_pbx, crm), Room(own_pbx) as room:
        await maria_talks_to_ana(room)
        await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File="killed.wav")
        await room.talk(3)  # Asterisk writes 32 KB at a time: two seconds
        await own_pbx.kill()
        await own_pbx.start()
        ended = await crm.hears("call.ended")
        ready = await crm.hears("recording.ready")

    assert ended.call["reason"] == "interrupted"
    recording = ready.data["recording"]
    assert recording["measured"]
    assert recording["size"] == (own_pbx.home / "spool/monitor/killed.wav").stat().st_size
    assert recording["length_s"] == pytest.approx(2.05, abs=0.01)  # what it had not written is lost


async def test_a_daemon_that_is_killed_while_it_records_tells_the_rest_and_nothing_twice(
    own_pbx: Asterisk, crm: Crm
) -> None:
    crm.forget()
    async with Daemon(own_pbx, crm) as daemon, Room(own_pbx) as room:
        maria, ana = await maria_talks_to_ana(room)
        await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File="on.wav")
        started = await crm.hears("recording.started")
        await daemon.kill()
        await daemon.start()
        await room.talk(1)
        await maria.hangup()
        await ana.closed()
        ready = await crm.hears("recording.ready")
        length_s, size = on_disk(own_pbx, "on.wav")

    assert ready.data["recording"]["id"] == started.data["recording"]["id"]
    assert (ready.data["recording"]["size"], ready.data["recording"]["length_s"]) == (
        size,
        pytest.approx(length_s, abs=0.001),
    )
    assert [one.type for one in recordings_told(crm)] == ["recording.started", "recording.ready"]
    sequences_have_no_holes(crm)


async def test_a_recording_that_ran_before_the_daemon_did_is_told_and_began_nobody_knows_when(
    own_pbx: Asterisk, crm: Crm
) -> None:
    """Of the two that are found one is over: its file tells."""
    crm.forget()
    async with Room(own_pbx) as room:
        maria, ana = await maria_talks_to_ana(room)
        channels = {endpoint: await room.channel_of(endpoint) for endpoint in ("trunk", "1001")}
        for endpoint, channel in channels.items():
            await room.action("MixMonitor", Channel=channel, File=f"found-{endpoint}.wav")
        await room.talk(1)
        await room.action("StopMixMonitor", Channel=channels["1001"])
        async with Daemon(own_pbx, crm):
            over = (await crm.hears("recording.ready")).data["recording"]
            assert [one.type for one in recordings_told(crm)] == [
                "recording.started",
                "recording.started",
                "recording.ready",
            ]
            await room.talk(1)
            await maria.hangup()
            await ana.closed()
            going = (await crm.hears("recording.ready", count=2)).data["recording"]

    assert [one["file"] for one in (over, going)] == ["found-1001.wav", "found-trunk.wav"]
    for one in (over, going):
        assert (one["started_at"], one["measured"]) == (None, True)
        assert one["length_s"] == pytest.approx(on_disk(own_pbx, one["file"])[0], abs=0.001)
    assert (over["stopped_at"], going["stopped_at"] is None) == (None, False)
    assert over["length_s"] < going["length_s"] - 0.5
    sequences_have_no_holes(crm)


async def test_a_file_is_looked_at_by_the_next_life_where_this_one_ends_before(own_pbx: Asterisk, crm: Crm) -> None:
    """The call is over and told; the daemon is killed before it has looked at the file."""
    crm.forget()
    async with Daemon(own_pbx, crm) as daemon, Room(own_pbx) as room:
        maria, ana = await maria_talks_to_ana(room)
        await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File="late.wav")
        await room.talk(1)
        await maria.hangup()
        await ana.closed()
        await crm.hears("call.ended")
        await daemon.kill()
        assert "recording.ready" not in [one.type for one in crm.taken]
        await daemon.start()
        ready = await crm.hears("recording.ready")
        length_s, _ = on_disk(own_pbx, "late.wav")

    assert ready.data["recording"]["length_s"] == pytest.approx(length_s, abs=0.001)
    assert ready.call["state"] == "completed"
    sequences_have_no_holes(crm)
