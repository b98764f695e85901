"""ARI on a real Asterisk with real phones."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callbridge.asterisk.ari.answers import Channel, StoredRecording
from callbridge.asterisk.ari.link import AriLink, LinkState
from callbridge.asterisk.ari.rest import AriRest, open_rest
from callbridge.asterisk.ari.settings import AriSettings
from callbridge.asterisk.ari.stream import Item, LinkDown, LinkUp, Received
from callbridge.asterisk.ari.wire import Message
from callbridge.clock import SystemClock
from callbridge.errors import ActionFailed, LoginRefused
from tests.lab.asterisk import HTTP_PORT, SECRET, Asterisk
from tests.lab.room import Room

pytestmark = pytest.mark.live

WITHIN_S = 30.0


@pytest.fixture
def pbx(own_pbx: Asterisk) -> Asterisk:
    """Fresh for each test: Asterisk's HTTP has once stopped answering for good after links that came and went."""
    return own_pbx


def settings(pbx: Asterisk, **changes: Any) -> AriSettings:
    quick: dict[str, Any] = {"heartbeat_s": 10.0, "retry_first_s": 0.05, "retry_most_s": 0.2, "refused_s": 60}
    usual = {"url": f"http://{pbx.ip}:{HTTP_PORT}/ari", "username": "callbridge", "password": SECRET}
    return AriSettings(**{**usual, **quick, **changes})


class Ear:
    """What the link told so far, to wait by."""

    def __init__(self, link: AriLink) -> None:
        self.link = link
        self.items: list[Item] = []

    @property
    def messages(self) -> list[Message]:
        return [item.message for item in self.items if isinstance(item, Received)]

    async def hears(self, wanted: Callable[[Item], bool]) -> Item:
        """Return the next item that is wanted; what comes before it is kept too."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                (item,) = await self.link.take(1)
                self.items.append(item)
                if wanted(item):
                    return item

    async def goes_up(self) -> None:
        await self.hears(lambda item: isinstance(item, LinkUp))

    async def goes_down(self) -> str:
        down = await self.hears(lambda item: isinstance(item, LinkDown))
        assert isinstance(down, LinkDown)
        return str(down.reason)

    async def event(self, type_: str, channel: str = "") -> Message:
        item = await self.hears(
            lambda item: (
                isinstance(item, Received)
                and item.message.type == type_
                and (item.message.channel_name or "").startswith(channel)
            )
        )
        assert isinstance(item, Received)
        return item.message


@asynccontextmanager
async def listening(asked: AriSettings) -> AsyncIterator[Ear]:
    link = AriLink(asked, SystemClock())
    running = asyncio.create_task(link.run())
    try:
        yield Ear(link)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110 - the condition lies in the code under test, which has no event to offer
            await asyncio.sleep(0.01)


async def both_ring(rest: AriRest) -> dict[str, Channel]:
    """Return the caller's and the phone's channel: the phone may know that it rings before the PBX does."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            up = {channel.name.split("-")[0]: channel for channel in await rest.channels()}
            if {name: channel.state for name, channel in up.items()} == {
                "PJSIP/trunk": "Ring",
                "PJSIP/1001": "Ringing",
            }:
                return up
            await asyncio.sleep(0.02)


async def all_is_quiet(rest: AriRest) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await rest.channels():  # noqa: ASYNC110 - the PBX is asked; it tells nobody that all is over
            await asyncio.sleep(0.02)


async def test_a_real_call_is_heard_from_its_first_ring_to_its_end(pbx: Asterisk, room: Room) -> None:
    async with listening(settings(pbx)) as ear:
        await ear.goes_up()
        agent = await room.phone("1001")
        customer = await room.customer(name="Иван Петров")

        await customer.dial("210000000")
        await agent.rings()
        await agent.answer()
        await customer.established()
        await room.talk(0.3)
        await customer.hangup()
        trunk = await ear.event("ChannelDestroyed", "PJSIP/trunk")

    told = [(m.type, (m.channel_name or "").split("-")[0]) for m in ear.messages]
    for wanted in (
        ("ChannelCreated", "PJSIP/trunk"),
        ("ChannelCreated", "PJSIP/1001"),
        ("ChannelStateChange", "PJSIP/1001"),
        ("ChannelEnteredBridge", "PJSIP/1001"),
        ("ChannelEnteredBridge", "PJSIP/trunk"),
        ("ChannelLeftBridge", "PJSIP/trunk"),
    ):
        assert wanted in told
    dials = [m.body["dialstatus"] for m in ear.messages if m.type == "Dial"]
    assert dials == ["", "RINGING", "ANSWER"]
    assert trunk.body["channel"]["caller"]["name"] == "Иван Петров"
    created = next(m for m in ear.messages if m.type == "ChannelCreated")
    assert (created.channel_id, created.channel_name) == (trunk.channel_id, trunk.channel_name)
    assert not ear.link.status.oddities

    for item in ear.items:
        if isinstance(item, Received):
            assert item.message.application == "callbridge"
            assert item.message.timestamp is not None
            assert abs(item.at - item.message.timestamp) < timedelta(seconds=2)


async def test_a_quiet_pbx_answers_pings_and_the_link_stays(pbx: Asterisk) -> None:
    async with listening(settings(pbx, heartbeat_s=1.0)) as ear:  # a loaded machine has half a second to answer
        await ear.goes_up()
        await asyncio.sleep(3.5)  # three heartbeats: that nothing happens is the point

        assert ear.link.status.state is LinkState.UP
        assert ear.link.status.connects == 1


async def test_a_pbx_that_hangs_is_found_dead_and_heard_again_when_it_goes_on(own_pbx: Asterisk) -> None:
    async with listening(settings(own_pbx, heartbeat_s=1.0, connect_s=2.0)) as ear:
        await ear.goes_up()
        os.kill(own_pbx._child._process.pid, signal.SIGSTOP)
        try:
            why = await ear.goes_down()
        finally:
            os.kill(own_pbx._child._process.pid, signal.SIGCONT)

        assert "no answer to a ping" in why
        await ear.goes_up()


async def test_a_restart_is_told_as_a_gap_and_shown_by_a_new_start_time(own_pbx: Asterisk) -> None:
    async with open_rest(settings(own_pbx), SystemClock()) as rest, listening(settings(own_pbx)) as ear:
        await ear.goes_up()
        before = await rest.asterisk_info()

        await own_pbx.stop()
        assert await ear.goes_down()
        await until(lambda: ear.link.status.state is LinkState.WAITING)
        await own_pbx.start()
        await ear.goes_up()

        after = await rest.asterisk_info()
        assert before.started_at is not None
        assert after.started_at is not None
        assert after.started_at > before.started_at
        assert after.version == before.version != ""


async def test_ari_that_is_not_loaded_is_told_so_and_found_when_it_is(own_pbx: Asterisk) -> None:
    async with Room(own_pbx) as room:
        await room.action("ModuleLoad", Module="res_ari_events.so", LoadType="unload")
        async with listening(settings(own_pbx)) as ear:
            await until(lambda: ear.link.status.last_error is not None)
            assert "ari.conf" in (ear.link.status.last_error or "")

            await room.action("ModuleLoad", Module="res_ari_events.so", LoadType="load")
            await ear.goes_up()


async def test_a_wrong_password_is_an_alarm(pbx: Asterisk) -> None:
    wrong = settings(pbx, password="wrong")  # noqa: S106 - of no use to anybody
    async with listening(wrong) as ear, open_rest(wrong, SystemClock()) as rest:
        await until(lambda: ear.link.status.state is LinkState.REFUSED)
        with pytest.raises(LoginRefused):
            await rest.ping()


async def test_a_second_program_with_our_name_is_an_alarm_for_the_first(pbx: Asterisk) -> None:
    async with listening(settings(pbx)) as first:
        await first.goes_up()
        async with listening(settings(pbx)) as second:
            await second.goes_up()
            why = await first.goes_down()
            await until(lambda: first.link.status.state is LinkState.REFUSED)

            assert "ari.app" in why
            assert second.link.status.state is LinkState.UP


async def test_a_user_who_may_only_read_is_enough(own_pbx: Asterisk) -> None:
    users = own_pbx.home / "etc/ari.conf"
    users.write_text(
        users.read_text() + "\n[reader]\ntype = user\nread_only = yes\npassword = only-reads\n"
        "[locked]\ntype = user\npassword = only-reads\ndeny = 0.0.0.0/0.0.0.0\n"
    )
    async with Room(own_pbx) as room:
        await room.action("Command", Command="module reload res_ari.so")
    reader = settings(own_pbx, username="reader", password="only-reads")  # noqa: S106 - of the lab's own Asterisk
    locked = settings(own_pbx, username="locked", password="only-reads")  # noqa: S106 - of the lab's own Asterisk

    async with listening(reader) as ear, listening(locked) as shut, open_rest(reader, SystemClock()) as rest:
        await ear.goes_up()
        assert await rest.ping() is not None
        assert await rest.channels() == ()
        await until(lambda: shut.link.status.state is LinkState.REFUSED)


async def test_variables_of_a_live_channel_are_read_and_of_a_dead_one_are_none(pbx: Asterisk, room: Room) -> None:
    async with open_rest(settings(pbx), SystemClock()) as rest:
        agent, customer = await room.phone("1001"), await room.customer()
        await customer.dial("210000000")
        await agent.rings()
        up = await both_ring(rest)
        trunk = up["PJSIP/trunk"]
        await room.action("Setvar", Channel=trunk.name, Variable="TOPIC", Value="orçamento")

        assert await rest.variable(trunk.id, "TOPIC") == "orçamento"
        assert await rest.variable(trunk.id, "CALLERID(num)") == trunk.caller_number == "912345678"
        assert await rest.variable(trunk.id, "NOTHING_OF_THE_SORT") is None

        await customer.hangup()
        await customer.closed()
        await all_is_quiet(rest)
        assert await rest.variable(trunk.id, "TOPIC") is None


async def test_a_recorded_call_is_fetched_byte_for_byte_where_ari_sees_it(pbx: Asterisk, room: Room) -> None:
    seen = pbx.home / "spool/recording/calls/one two.wav"
    unseen = pbx.home / "spool/monitor/three.wav"
    async with open_rest(settings(pbx), SystemClock()) as rest:
        agent, customer = await room.phone("1001"), await room.customer()
        await customer.dial("210000000")
        await agent.rings()
        await agent.answer()
        await customer.established()
        trunk = next(c.name for c in await rest.channels() if c.name.startswith("PJSIP/trunk"))
        assert await rest.stored_recording("calls/one two") is None
        for file in (seen, unseen):
            await room.action("MixMonitor", Channel=trunk, File=str(file))
        await room.talk(1.0)
        await room.action("StopMixMonitor", Channel=trunk)
        await customer.hangup()
        await all_is_quiet(rest)

        assert unseen.stat().st_size > 8000
        assert await rest.stored_recording("calls/one two") == StoredRecording("calls/one two", "wav")
        pieces = [piece async for piece in rest.stored_recording_file("calls/one two")]
        assert b"".join(pieces) == seen.read_bytes()
        assert sum(map(len, pieces)) > 8000  # half a second of speech, at least

        assert await rest.stored_recording("three") is None
        with pytest.raises(ActionFailed):
            await anext(rest.stored_recording_file("three"))


async def test_a_pbx_without_http_is_told_as_unreachable(pbx: Asterisk, tmp_path: Path) -> None:
    async with listening(settings(pbx, url=f"http://{pbx.ip}:{HTTP_PORT + 1}/ari")) as ear:
        await until(lambda: ear.link.status.state is LinkState.WAITING)

        assert "cannot be reached" in (ear.link.status.last_error or "")
