"""Subscribers made, changed and removed while the real daemon runs, beside a PBX that plays tapes."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon, command

from .test_api import TAPES, run

NEXT = "whsec_" + base64.b64encode(b"another secret of thirty-two byte").decode()


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPES / "01-answered-caller-hangs-up.tape"], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def other() -> AsyncIterator[Crm]:
    """The receiver of a subscriber that is not in the file."""
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def daemon(pbx: AmiPlayer, crm: Crm) -> AsyncIterator[Daemon]:
    async with Daemon(pbx, crm, ari=False) as daemon:
        yield daemon


async def webhook(daemon: Daemon, *words: str) -> str:
    """What `callbridge webhook …` prints."""
    done = await run(*command("webhook", *words, "--config", str(daemon.config)))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def shown(daemon: Daemon, name: str, *more: str) -> Any:
    return json.loads(await webhook(daemon, "show", name, *more, "--json"))


async def added(daemon: Daemon, other: Crm, *more: str) -> None:
    """Have `other` told too."""
    other.secret = await webhook(daemon, "add", "other", other.url, "--allow-private", *more)


async def ended(pbx: AmiPlayer, *crms: Crm) -> None:
    """Have a call come and go, and wait until each has heard of its end."""
    before = [len(crm.of_type("call.ended")) for crm in crms]
    await pbx.play_all()
    await asyncio.gather(
        *(crm.hears("call.ended", count + 1) for crm, count in zip(crms, before, strict=True)),
    )


async def test_a_subscriber_added_while_the_daemon_runs_gets_the_next_event_and_none_before(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await ended(pbx, crm)
    await added(daemon, other)
    await ended(pbx, crm, other)

    assert other.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert other.heard == crm.heard[4:]


async def test_a_subscriber_made_by_the_command_line_outlives_a_kill(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other, "--events", "call.ended")
    await daemon.kill()
    await daemon.start()
    await ended(pbx, crm, other)

    assert other.heard == ["call.ended"]


async def test_a_pause_outlives_a_kill_and_what_waited_comes_in_order(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other)
    await webhook(daemon, "pause", "other")
    await ended(pbx, crm)
    await daemon.kill()
    await daemon.start()
    await ended(pbx, crm)
    assert other.deliveries == []
    assert (await shown(daemon, "other"))["state"] == "paused"

    await webhook(daemon, "resume", "other")
    await other.hears("call.ended", 2)

    for call in {one.call["id"] for one in other.taken if "call" in one.data}:
        told = [one.data["sequence"] for one in other.taken if "call" in one.data and one.call["id"] == call]
        assert told == [1, 2, 3, 4]


async def test_after_a_rotation_both_secrets_verify(pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon) -> None:
    await added(daemon, other)
    former = other.secret
    latter = await webhook(daemon, "rotate", "other")
    assert latter != former
    await ended(pbx, crm, other)  # the CRM verifies with the former
    other.secret = latter
    await ended(pbx, crm, other)

    assert (await shown(daemon, "other"))["old_secret_until"] is not None


async def test_after_a_rotation_without_mercy_the_former_secret_is_worth_nothing(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other)
    other.secret = await webhook(daemon, "rotate", "other", "--keep-old-hours", "0")
    await ended(pbx, crm, other)

    assert (await shown(daemon, "other"))["old_secret_until"] is None


async def test_a_removed_subscriber_is_told_nothing_more_and_leaves_nothing(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other)
    await webhook(daemon, "pause", "other")
    await ended(pbx, crm)
    await webhook(daemon, "remove", "other")
    await added(daemon, other)
    await ended(pbx, crm, other)

    assert other.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]
    assert [each["name"] for each in json.loads(await webhook(daemon, "list", "--json"))] == ["crm", "other"]


async def test_a_subscriber_of_the_file_is_paused_and_not_removed(pbx: AmiPlayer, crm: Crm, daemon: Daemon) -> None:
    refused = await run(*command("webhook", "remove", "crm", "--config", str(daemon.config)))
    assert refused.returncode == 1
    assert "stands in the configuration file" in refused.stderr
    await webhook(daemon, "pause", "crm")
    await webhook(daemon, "resume", "crm")
    await ended(pbx, crm)


async def test_each_try_is_kept_with_its_answer_and_no_secret(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other, "--header", "X-Api-Key: t0ps3cret-t0ps3cret", "--events", "call.*")
    await ended(pbx, crm, other)
    async with asyncio.timeout(20):
        while len((told := await shown(daemon, "other"))["deliveries"]) < 4:
            pass  # each look takes its time

    assert [(each["status"], each["attempt"]) for each in told["deliveries"]] == [(204, 1)] * 4
    assert told["deliveries"][0]["type"] == "call.ended"
    assert told["headers"] == {"X-Api-Key": "•••"}
    assert "t0ps3cret" not in daemon.log
    assert other.secret not in daemon.log + json.dumps(told)


async def test_a_dead_letter_is_replayed_with_the_same_id_and_bytes(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    await added(daemon, other, "--events", "call.ended")
    other.answer = lambda _: 410
    await pbx.play_all()
    await other.until(lambda: bool(other.deliveries), "the try that is refused")
    await crm.hears("webhook.disabled")
    gone = await shown(daemon, "other", "--dead")
    assert gone["state"] == "disabled"
    assert [each["type"] for each in gone["dead_letters"]] == ["call.ended"]

    other.answer = lambda _: 204
    await webhook(daemon, "resume", "other")
    assert await webhook(daemon, "replay", "other", "--all") == "1 sent again."
    await other.hears("call.ended")

    assert len({(one.id, one.body) for one in other.deliveries}) == 1


async def test_ed25519_signs_and_the_public_key_verifies(pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon) -> None:
    public = await webhook(daemon, "add", "pair", other.url, "--allow-private", "--ed25519", "--events", "call.ended")
    assert public.startswith("whpk_")
    assert "whsk_" not in json.dumps(await shown(daemon, "pair"))


async def test_a_reload_adds_and_removes_subscribers_of_the_file(
    pbx: AmiPlayer, crm: Crm, other: Crm, daemon: Daemon
) -> None:
    whole = daemon.config.read_text()
    (daemon.home / "next.secret").write_text(NEXT)
    other.secret = NEXT
    more = f'[[webhook]]\nname = "next"\nurl = "{other.url}"\nsecret_file = "next.secret"\nallow_private = true\n'
    daemon.config.write_text(whole + more)
    await reloaded(daemon, ["crm", "next"])
    await ended(pbx, crm, other)
    daemon.config.write_text(whole)
    await reloaded(daemon, ["crm"])
    await ended(pbx, crm)

    assert other.heard == ["call.started", "call.ringing", "call.answered", "call.ended"]


async def reloaded(daemon: Daemon, names: list[str]) -> None:
    """Have the file read again, and wait until these are told."""
    os.kill(daemon.pid, signal.SIGHUP)
    async with asyncio.timeout(20):
        while [each["name"] for each in json.loads(await webhook(daemon, "list", "--json"))] != names:
            pass  # each look takes its time
