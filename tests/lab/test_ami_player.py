"""The player of tapes, heard through callbridge's own link: a set of calls anew each time."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from callbridge.asterisk import resync
from callbridge.asterisk.ami.link import AmiLink, LinkUp, Received
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.settings import AmiSettings, Login
from callbridge.asterisk.from_ami import FILTERS
from callbridge.calls.facts import StateRead
from callbridge.clock import SystemClock
from callbridge.errors import LoginRefused
from tests.lab.ami_player import AmiPlayer, Tape
from tests.lab.asterisk import SECRET

TAPE = Path(__file__).parents[1] / "tapes/06-queue-ringall-second-answers.tape"
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
WITHIN_S = 10.0


@asynccontextmanager
async def heard_by(player: AmiPlayer, *, filters: tuple[str, ...] = (), secret: str = SECRET) -> AsyncIterator[AmiLink]:
    login = Login("callbridge", SecretStr(secret), filters=filters)
    link = AmiLink(AmiSettings(player.ip, login, player.port), SystemClock())
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        await link.stop()
        await asyncio.wait_for(running, WITHIN_S)


async def up(link: AmiLink) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not any(isinstance(item, LinkUp) for item in await link.take(1)):
            pass


async def heard(link: AmiLink, hangups: int) -> list[Message]:
    """Everything up to the last of some hangups."""
    told: list[Message] = []
    async with asyncio.timeout(WITHIN_S):
        while sum(one.name == "Hangup" for one in told) < hangups:
            told += [item.message for item in await link.take(100) if isinstance(item, Received)]
    return told


def hangups_of(tape: Tape) -> int:
    return sum(line.raw.startswith(b"Event: Hangup\r\n") for line in tape.again(NOW, 1))


async def test_the_daemons_questions_are_answered_with_nothing_going_on() -> None:
    async with AmiPlayer([TAPE]) as player, heard_by(player, filters=FILTERS) as link:
        await up(link)
        facts = await resync.read_state(
            await resync.ask_state("main", lambda action, *more: link.send(action, more, timeout_s=WITHIN_S), NOW),
            lambda action, *more: link.send_list(action, more, timeout_s=WITHIN_S),
        )
        assert link.status.filters_refused == ()
    (state,) = [fact for fact in facts if isinstance(fact, StateRead)]
    assert not state.channels


async def test_a_wrong_secret_is_refused() -> None:
    async with AmiPlayer([TAPE]) as player, heard_by(player, secret=SECRET + "?") as link, asyncio.timeout(WITHIN_S):
        while link.status.last_error is None:  # noqa: ASYNC110 - a status tells nobody when it changes
            await asyncio.sleep(0.01)
    assert isinstance(link.status.last_error, LoginRefused)


async def test_two_plays_at_once_share_no_channel_and_no_bridge() -> None:
    async with AmiPlayer([TAPE], pace=1000) as player, heard_by(player) as link:
        await up(link)
        (tape,) = player.tapes
        async with asyncio.TaskGroup() as group:
            group.create_task(player.play(tape))
            group.create_task(player.play(tape))
        told = await heard(link, 2 * hangups_of(tape))
    for key, once in {"Uniqueid": 3, "Channel": 3}.items():
        assert len({one[key] for one in told if one.name == "Newchannel"}) == 2 * once, key
    entered = [one["BridgeUniqueid"] for one in told if one.name == "BridgeEnter"]
    assert len(entered) == 2 * len(set(entered)) == 4


async def test_filters_keep_away_what_matches_none() -> None:
    async with AmiPlayer([TAPE], pace=1000) as player, heard_by(player, filters=("Event: Hangup",)) as link:
        await up(link)
        await link.send("Ping", (), timeout_s=WITHIN_S)  # answered after the filters
        (tape,) = player.tapes
        await player.play(tape)
        told = await heard(link, hangups_of(tape))
    assert {one.name for one in told} == {"FullyBooted", "Hangup", "HangupRequest"}


def test_a_tape_happens_now_and_at_the_pace_asked_for() -> None:
    tape = Tape(TAPE)
    lines = list(tape.again(NOW, 1, pace=2.0))
    times = [float(found[1]) for line in lines if (found := re.search(rb"Timestamp: (.*)\r", line.raw))]

    assert len(lines) == len(tape)
    assert times[0] == pytest.approx(NOW.timestamp(), abs=0.1)
    assert times[-1] - times[0] == pytest.approx(tape.lasts_s / 2, abs=0.1)
    assert lines[-1].after_s == pytest.approx(tape.lasts_s / 2)
    births = {int(found) for line in lines for found in re.findall(rb"\nUniqueid: (\d+)\.", line.raw)}
    assert births
    assert all(abs(birth - NOW.timestamp()) <= tape.lasts_s + 1 for birth in births)


def test_each_play_has_as_many_channels_and_none_of_the_others() -> None:
    tape = Tape(TAPE)
    first, second = ({line.raw for line in tape.again(NOW, number) if b"Newchannel" in line.raw} for number in (1, 2))
    ids = [{re.findall(rb"\nUniqueid: (.*)\r", raw)[0] for raw in told} for told in (first, second)]

    assert len(ids[0]) == len(ids[1]) == len(first)
    assert ids[0].isdisjoint(ids[1])
