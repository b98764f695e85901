"""The AMI link on a real Asterisk: what it answers, what it filters, how it goes and comes back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr

from callbridge.asterisk.ami.link import AmiLink, LinkDown, LinkItem, LinkState, LinkUp, Received
from callbridge.asterisk.ami.settings import AmiSettings, Backoff, Login, Patience
from callbridge.clock import SystemClock
from callbridge.errors import ActionFailed, LoginRefused
from tests.lab.asterisk import AMI_PORT, SECRET, Asterisk

pytestmark = pytest.mark.live

WITHIN_S = 30.0


class Ear:
    """A link that runs, and all it told so far."""

    def __init__(self, link: AmiLink) -> None:
        self.link = link
        self.items: list[LinkItem] = []

    async def hears(self, wanted: Callable[[LinkItem], bool]) -> LinkItem:
        """Return the next item that is wanted; what comes before it is kept too."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                (item,) = await self.link.take(1)
                self.items.append(item)
                if wanted(item):
                    return item

    async def hears_event(self, name: str) -> Received:
        item = await self.hears(lambda item: isinstance(item, Received) and item.message.event == name)
        assert isinstance(item, Received)
        return item

    def names(self) -> set[str]:
        return {item.message.name for item in self.items if isinstance(item, Received)}


def settings(
    pbx: Asterisk, user: str = "callbridge", secret: str = SECRET, filters: tuple[str, ...] = ()
) -> AmiSettings:
    return AmiSettings(
        host=pbx.ip,
        port=AMI_PORT,
        login=Login(user, SecretStr(secret), filters=filters),
        backoff=Backoff(first_s=0.1, longest_s=0.5),
    )


@asynccontextmanager
async def listening(settings: AmiSettings) -> AsyncIterator[Ear]:
    link = AmiLink(settings, SystemClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        yield Ear(link)
        async with asyncio.timeout(WITHIN_S):
            await link.stop()
            await task


async def rings_itself(ear: Ear, *variables: str) -> None:
    """Have the PBX make a call of its own, without any phone."""
    headers = [("Channel", "Local/s@conference"), ("Application", "NoOp"), ("Async", "true")]
    await ear.link.send("Originate", [*headers, *(("Variable", variable) for variable in variables)], timeout_s=5)


async def test_log_in_tells_the_pbx_and_its_version(pbx: Asterisk) -> None:
    async with listening(settings(pbx)) as ear:
        up = await ear.hears(lambda _: True)
        assert isinstance(up, LinkUp)
        assert up.banner.startswith("Asterisk Call Manager/")
        await ear.hears_event("FullyBooted")
        await ear.link.send("Ping", timeout_s=5)
        version = ear.link.status.pbx_version or ""
        assert int(version.partition(".")[0]) >= 18
        assert "." in version  # its own word, not the banner's
        assert ear.link.status.oddities == {}


async def test_a_wrong_secret_is_refused(pbx: Asterisk) -> None:
    async with listening(settings(pbx, secret=SECRET[1:])) as ear, asyncio.timeout(WITHIN_S):
        while ear.link.status.state is not LinkState.REFUSED:  # noqa: ASYNC110 - the status is read, as an admin reads it
            await asyncio.sleep(0.02)
        assert isinstance(ear.link.status.last_error, LoginRefused)


async def test_lists_answers_and_refusals_come_to_whoever_asked(pbx: Asterisk) -> None:
    async with listening(settings(pbx, user="driver")) as ear:
        await ear.hears_event("FullyBooted")
        async with asyncio.TaskGroup() as group:
            endpoints = group.create_task(ear.link.send_list("PJSIPShowEndpoints", timeout_s=5))
            channels = group.create_task(ear.link.send_list("CoreShowChannels", timeout_s=5))
            uptime = group.create_task(ear.link.send("Command", [("Command", "core show uptime")], timeout_s=5))
        assert {item.name for item in endpoints.result().items} == {"EndpointList"}
        assert channels.result().complete is not None
        assert any("System uptime" in line for line in uptime.result().message.output)
        with pytest.raises(ActionFailed, match="No such channel"):
            await ear.link.send("Hangup", [("Channel", "PJSIP/nobody-1")], timeout_s=5)
        with pytest.raises(ActionFailed, match="No such command"):
            await ear.link.send("Command", [("Command", "no such thing")], timeout_s=5)


async def test_the_answer_that_ends_on_a_bare_lf_does_not_harm_the_next(pbx: Asterisk) -> None:
    async with listening(settings(pbx)) as ear:
        await ear.hears_event("FullyBooted")
        with pytest.raises(ActionFailed):
            await ear.link.send("CoreShowChannelMap", [("Channel", "nobody")], timeout_s=5)
        await ear.link.send("Ping", timeout_s=5)
        assert ear.link.status.oddities == {}


async def test_a_value_comes_back_exactly_as_it_was_sent(pbx: Asterisk) -> None:
    value = "  Иван: <x>  "
    async with listening(settings(pbx, user="driver")) as ear:
        await ear.hears_event("FullyBooted")
        await rings_itself(ear, f"CALLBRIDGE_A={value}")
        heard = await ear.hears(
            lambda item: isinstance(item, Received) and item.message.get("Variable") == "CALLBRIDGE_A"
        )
        assert isinstance(heard, Received)
        assert heard.message["Value"] == value


async def test_the_longest_line_is_read_by_the_real_thing(pbx: Asterisk) -> None:
    async with listening(settings(pbx)) as ear:
        await ear.hears_event("FullyBooted")
        filler = "x" * (1024 - len("Filler: \r\n"))
        await ear.link.send("Ping", [("Filler", filler)] + [("More", "x")] * 125, timeout_s=5)
        await ear.link.send("Ping", timeout_s=5)
        assert ear.link.status.late_answers == 0  # a line cut in two would be answered twice


async def test_the_server_filters_what_was_asked(pbx: Asterisk) -> None:
    async with listening(settings(pbx, user="driver", filters=("!Event: VarSet", "!Event: Newexten"))) as ear:
        await ear.hears_event("FullyBooted")
        await ear.link.send("Ping", timeout_s=5)  # filters are set: actions are worked off in order
        await rings_itself(ear, "CALLBRIDGE_A=1")
        await ear.hears_event("Hangup")
        assert ear.link.status.filters_refused == ()
        assert "Newchannel" in ear.names()
        assert not {"VarSet", "Newexten"} & ear.names()


async def test_a_frozen_pbx_is_noticed_and_found_again(own_pbx: Asterisk) -> None:
    impatient = Patience(ping_interval_s=0.5, ping_deadline_s=0.5)
    async with listening(replace(settings(own_pbx), patience=impatient)) as ear:
        await ear.hears_event("FullyBooted")
        os.kill(own_pbx.pid, signal.SIGSTOP)
        try:
            down = await ear.hears(lambda item: isinstance(item, LinkDown))
        finally:
            os.kill(own_pbx.pid, signal.SIGCONT)
        assert isinstance(down, LinkDown)
        assert "answers no Ping" in str(down.reason), own_pbx.log_tail()
        await ear.hears(lambda item: isinstance(item, LinkUp))


async def test_a_killed_pbx_is_noticed_and_its_successor_found(own_pbx: Asterisk) -> None:
    async with listening(settings(own_pbx)) as ear:
        await ear.hears_event("FullyBooted")
        await own_pbx.kill()
        await ear.hears(lambda item: isinstance(item, LinkDown))
        await own_pbx.start()
        await ear.hears(lambda item: isinstance(item, LinkUp))
        await ear.hears_event("FullyBooted")
        assert ear.link.status.connects == 2


async def test_a_pipeline_that_does_not_take_makes_a_gap_and_not_a_lost_session(pbx: Asterisk) -> None:
    crowded = replace(settings(pbx, user="driver"), max_backlog=60)
    async with listening(settings(pbx, user="driver")) as caller, listening(crowded) as ear:
        await caller.hears_event("FullyBooted")
        await ear.hears_event("FullyBooted")
        for _ in range(10):
            await rings_itself(caller, "CALLBRIDGE_A=1")
        await ear.hears(lambda item: isinstance(item, LinkDown))
        assert ear.link.status.overflows == 1
        await ear.hears(lambda item: isinstance(item, LinkUp))
