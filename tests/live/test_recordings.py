"""Recordings as a CRM hears of them, held against what lies on disk."""

import wave
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon
from tests.lab.record import SCENES
from tests.lab.room import Room
from tests.lab.scenes.talks import maria_talks_to_ana
from tests.live.recorded import on_disk, recordings_told, sequences_have_no_holes

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def daemon(pbx: Asterisk, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm) as daemon:
        yield daemon


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    """In the loop the CRM listens in."""
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


RECORDED: Final[dict[str, tuple[str, list[float]]]] = {
    "26-recorded-by-dialplan": ("started ready", [2]),
    "26-recorded-by-command": ("started paused resumed ready", [3]),
    "26-recorded-half-silenced": ("started paused resumed ready", [2]),
    "26-recorded-paused-until-the-end": ("started paused ready", [2]),
    "26-recorded-by-queue": ("started ready", [2]),
    "26-recorded-by-feature-code": ("started ready", [1.5]),
    "26-recorded-three-times": ("started started started ready ready ready", [2, 2, 1]),
    "26-recorded-one-after-the-other": ("started ready started ready", [1, 0.5]),
    "26-recorded-across-a-transfer": ("started ready", [2.1]),
    "26-recorded-in-vain": ("started ready", [2]),
}
"""Scene: what is told of its recordings, and how long each is."""


@pytest.mark.parametrize("scene", RECORDED)
async def test_a_recording_is_told_as_it_lies_on_disk(
    scene: str, pbx: Asterisk, room: Room, daemon: Daemon, crm: Crm
) -> None:
    crm.forget()
    kinds, lengths = RECORDED[scene]
    await SCENES[scene](room)
    ready = await crm.hears("recording.ready", count=len(lengths))
    await crm.hears("call.ended")

    assert [one.type.partition(".")[2] for one in recordings_told(crm)] == kinds.split()
    last = max(crm.taken, key=lambda one: one.data.get("sequence", 0)).call["recordings"]
    assert [one["state"] for one in last] == ["ready"] * len(lengths)
    for one, length_s in zip(last, lengths, strict=True):
        disk_s, size = on_disk(pbx, one["file"])
        assert one["measured"], one
        assert (one["length_s"], one["size"]) == (pytest.approx(disk_s, abs=0.001), size)
        assert one["length_s"] == pytest.approx(length_s, abs=1 + room.slack_s)  # a starved phone says less
    assert ready.data["recording"] in last
    sequences_have_no_holes(crm)


MERGED: Final[dict[str, tuple[int, int]]] = {
    "26-recorded-while-asking": (2, 1),
    "26-recorded-while-asking-by-feature-code": (2, 0),
}
"""Scene: how many recordings the call that goes on has in the end, and how many what was asked keeps."""


@pytest.mark.parametrize("scene", MERGED)
async def test_of_two_calls_that_are_merged_each_recording_is_told_once_as_it_lies_on_disk(
    scene: str, pbx: Asterisk, room: Room, daemon: Daemon, crm: Crm
) -> None:
    crm.forget()
    await SCENES[scene](room)
    await crm.hears("recording.ready", count=sum(MERGED[scene]))
    await crm.hears("call.ended", count=2)

    last = {one.call["id"]: one.call for one in sorted(of_calls(crm), key=lambda one: one.data["sequence"])}
    asked = next(call for call in last.values() if call["merged_into"])
    goes_on = last[asked["merged_into"]]
    assert (len(goes_on["recordings"]), len(asked["recordings"])) == MERGED[scene]
    for one in (*goes_on["recordings"], *asked["recordings"]):
        assert (one["state"], one["measured"]) == ("ready", True)
        assert (one["length_s"], one["size"]) == (pytest.approx(on_disk(pbx, one["file"])[0], abs=0.001), one["size"])
        assert one["length_s"] == pytest.approx(told_length(one), abs=0.5 + room.slack_s)
    ids = sorted(one.data["recording"]["id"] for one in crm.of_type("recording.ready"))
    assert ids == sorted(one.data["recording"]["id"] for one in crm.of_type("recording.started"))
    assert len(set(ids)) == len(ids)


def of_calls(crm: Crm) -> list[Delivery]:
    return [one for one in crm.taken if "call" in one.data]


def told_length(recording: dict[str, Any]) -> float:
    """Seconds by the times that were told."""
    began, ended = (datetime.fromisoformat(recording[key]) for key in ("started_at", "stopped_at"))
    return (ended - began).total_seconds()


@pytest.mark.parametrize("form", ["wav", "alaw"])
async def test_of_three_recordings_of_a_channel_the_one_that_is_stopped_is_the_one_that_was_named(
    form: str, pbx: Asterisk, room: Room, daemon: Daemon, crm: Crm
) -> None:
    """The PBX says that one was stopped, and not which; a wav file says that it is closed, an alaw file lies still."""
    crm.forget()
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("trunk")
    files = {each: f"named/{form}.{each}" for each in ("wav", "alaw", "sln")}
    for each, file in files.items():
        await room.action("MixMonitor", Channel=channel, File=file, Options=f"i(ID_{each})")
    named = (await room.action("Getvar", Channel=channel, Variable=f"ID_{form}"))["Value"]
    await room.talk(1)
    await room.action("StopMixMonitor", Channel=channel, MixMonitorID=named)
    stopped = (await crm.hears("recording.ready")).data["recording"]
    assert stopped["file"] == files[form]
    await maria.hangup()
    await ana.closed()
    last = await crm.hears("recording.ready", count=3)

    for one in last.call["recordings"]:
        assert one["length_s"] == pytest.approx(on_disk(pbx, one["file"])[0], abs=0.001)
        assert one["length_s"] == pytest.approx(told_length(one), abs=0.5 + room.slack_s)
    assert stopped["length_s"] == pytest.approx(1, abs=0.5 + room.slack_s)
    sequences_have_no_holes(crm)


async def test_a_file_that_cannot_be_made_is_a_recording_that_failed(room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    await SCENES["26-recorded-file-missing"](room)
    failed = await crm.hears("recording.failed")

    assert (failed.data["recording"]["state"], failed.data["recording"]["reason"]) == ("failed", "missing")
    assert failed.data["recording"]["file"] == "taken/missing.wav"
    sequences_have_no_holes(crm)


async def test_where_nobody_was_to_be_recorded_there_is_nothing(room: Room, daemon: Daemon, crm: Crm) -> None:
    """It records while bridged, and nobody answers: Asterisk makes no file, or one without sound."""
    crm.forget()
    await SCENES["26-recorded-unanswered"](room)
    await crm.until(lambda: any(one.type in {"recording.ready", "recording.failed"} for one in crm.taken), "its end")

    (told,) = [one for one in crm.taken if one.type in {"recording.ready", "recording.failed"}]
    assert (told.type, told.data["recording"]["length_s"]) == ("recording.ready", 0.0)
    assert told.call["missed"] is not None


async def test_a_file_elsewhere_is_told_by_the_pbxs_word(pbx: Asterisk, room: Room, daemon: Daemon, crm: Crm) -> None:
    crm.forget()
    await SCENES["26-recorded-elsewhere"](room)
    ready = (await crm.hears("recording.ready")).data["recording"]

    assert ready["file"] == str(pbx.home / "spool/elsewhere.wav")
    assert (ready["measured"], ready["size"]) == (False, None)
    with wave.open(ready["file"]) as sound:
        assert ready["length_s"] == pytest.approx(sound.getnframes() / sound.getframerate(), abs=0.5)


async def test_a_file_behind_a_link_is_never_read(
    tmp_path: Path, pbx: Asterisk, room: Room, daemon: Daemon, crm: Crm
) -> None:
    crm.forget()
    (pbx.home / "spool/monitor/linked").symlink_to(tmp_path)
    maria, ana = await maria_talks_to_ana(room)
    await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File="linked/out.wav")
    await room.talk(1)
    await maria.hangup()
    await ana.closed()
    failed = (await crm.hears("recording.failed")).data["recording"]

    assert (tmp_path / "out.wav").exists()
    assert (failed["reason"], failed["length_s"], failed["size"]) == ("missing", None, None)
