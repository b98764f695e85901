"""README.md's configuration, word for word, on a real Asterisk: it is enough, and nothing of it is too much."""

import asyncio
import base64
import re
import subprocess
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import pytest
import pytest_asyncio

from tests.docs.readme import filled, snippet
from tests.lab.ami_tap import AmiTap
from tests.lab.asterisk import HTTP_PORT, SECRET, Asterisk
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import Daemon, command
from tests.lab.program import Program
from tests.lab.record import SCENES
from tests.lab.room import Room
from tests.live.test_transfers import TOLD, by_call, handed, is_told

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]

CHECK_WITHIN_S: Final = 60
CLASSES: Final = ("call", "agent", "dialplan")

OTHERS: Final = f"""
[driver]
secret = {SECRET}
read = all
write = all

[everything]
secret = {SECRET}
read = all
write = reporting
"""
"""Users of the tests: one drives, one hears all there is."""


class ReadmePbx(Asterisk):
    """Asterisk as README.md has it configured, with users beside it that lack one class each."""

    def _furnish(self) -> None:
        super()._furnish()
        etc, here = self.home / "etc", {"bindaddr = 127.0.0.1": f"bindaddr = {self.ip}"}
        manager = filled(snippet("/etc/asterisk/manager.conf"), {"secret = CHANGE-ME": f"secret = {SECRET}", **here})
        user = manager[manager.index("[callbridge]") :]
        (etc / "manager.conf").write_text(manager + OTHERS + "".join(map(_without, CLASSES, [user] * len(CLASSES))))
        (etc / "http.conf").write_text(filled(snippet("/etc/asterisk/http.conf"), here))
        password = {"password = CHANGE-ME-TOO": f"password = {SECRET}"}
        (etc / "ari.conf").write_text(filled(snippet("/etc/asterisk/ari.conf"), password))


def _without(name: str, user: str) -> str:
    """The README's user under the name `no-call`, `no-agent` …, without that class."""
    read = re.search(r"^read = (.+)$", user, re.MULTILINE)
    assert read is not None
    rest = ",".join(each for each in read[1].split(",") if each != name)
    return "\n" + user.replace("[callbridge]", f"[no-{name}]").replace(read[0], f"read = {rest}")


class ReadmeDaemon(Daemon):
    """The daemon on README.md's callbridge.toml; only addresses and the PBX's passwords are the lab's."""

    def _write(self) -> None:
        whsec = base64.b64decode(self._crm.secret.removeprefix("whsec_"))
        assert 24 <= len(whsec) <= 64
        text = filled(
            snippet("/etc/callbridge/callbridge.toml"),
            {
                "[pbx.ami]": f'[pbx.ami]\nhost = "{self._pbx.ip}"',
                "[pbx.ari]": f'[pbx.ari]\nurl = "http://{self._pbx.ip}:{HTTP_PORT}/ari"',
                'url = "https://crm.example/hooks/calls"': f'url = "{self._crm.url}"\nallow_private = true',
            },
        )
        self.config.write_text(f'data_dir = "{self.home}"\n{text}[http]\nlisten = "127.0.0.1:0"\n')
        for name, secret in (("ami", SECRET), ("ari", SECRET), ("crm", self._crm.secret)):
            file = self.home / f"{name}.secret"
            file.write_text(secret + "\n")
            file.chmod(0o600)


class AllHearingDaemon(ReadmeDaemon):
    """The same, by a user who is sent everything."""

    def _write(self) -> None:
        super()._write()
        text = self.config.read_text()
        ari = text[text.index("[pbx.ari]") : text.index("[[webhook]]")]  # one name in ARI is for one daemon
        user = filled(text.replace(ari, ""), {'username = "callbridge"': 'username = "everything"'})
        self.config.write_text(user)


class NoDialplanDaemon(ReadmeDaemon):
    """The same, by a user who may not hear what the dialplan does."""

    def _write(self) -> None:
        super()._write()
        text = self.config.read_text()
        ari = text[text.index("[pbx.ari]") : text.index("[[webhook]]")]
        user = filled(text.replace(ari, ""), {'username = "callbridge"': 'username = "no-dialplan"'})
        self.config.write_text(user)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx(program: Program) -> AsyncIterator[Asterisk]:
    async with ReadmePbx(program) as pbx:
        yield pbx


@pytest_asyncio.fixture(loop_scope="session")
async def room(pbx: Asterisk) -> AsyncIterator[Room]:
    async with Room(pbx) as room:
        yield room
    await pbx.settle()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def least(pbx: Asterisk) -> AsyncIterator[tuple[Crm, Daemon]]:
    async with Crm() as crm, ReadmeDaemon(pbx, crm) as daemon:
        yield crm, daemon


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def most(pbx: Asterisk) -> AsyncIterator[Crm]:
    async with Crm() as crm, AllHearingDaemon(pbx, crm):
        yield crm


@pytest.mark.parametrize(
    "scene",
    [
        "01-answered-caller-hangs-up",
        "03-offline-unregistered",
        "06-queue-ringall-second-answers",
        "07-queue-timeout",
        "07-queue-empty-at-the-door",
        "07-queue-key",
        "09-queue-local-optimised",
        "11-outbound-answered",
        "15-hold-by-callee",
        "24-voicemail",
    ],
)
async def test_who_may_hear_least_is_told_the_same_as_who_hears_all(
    scene: str, room: Room, least: tuple[Crm, Daemon], most: Crm
) -> None:
    crm, _ = least
    crm.forget()
    most.forget()
    await SCENES[scene](room)
    await _both_hear_the_end(crm, most)

    assert {one.id: one.body for one in _calls(crm)} == {one.id: one.body for one in _calls(most)}
    assert [one.call["oddities"] for one in _calls(crm)] == [0] * len(_calls(crm))


async def _both_hear_the_end(crm: Crm, most: Crm) -> None:
    """The last event of an inbound call without an answer is the miss."""
    for one in (crm, most):
        end = await one.hears("call.ended")
        if end.call["direction"] == "inbound" and end.call["answered_at"] is None:
            await one.hears("call.missed")


def _calls(crm: Crm) -> list[Delivery]:
    return [one for one in crm.taken if one.type.startswith("call.")]


@pytest.mark.parametrize("scene", ["17-attended-by-feature-code", "18-blonde-by-feature-code"])
@pytest.mark.parametrize("daemon", [ReadmeDaemon, NoDialplanDaemon])
async def test_a_consultation_by_feature_code_is_a_call_of_its_own_also_without_the_dialplans_words(
    daemon: type[Daemon], scene: str, pbx: Asterisk, room: Room
) -> None:
    async with Crm() as crm, daemon(pbx, crm):
        await SCENES[scene](room)
        await crm.hears("call.ended", count=2)

    first, asked = by_call(crm.taken).values()
    telling = TOLD[scene]
    call = is_told(first, telling.heard, telling.last)
    assert [handed(one) for one in first if one.type == "call.transferred"] == list(telling.handed)
    assert is_told(asked, telling.asked or "", telling.asked_last)["merged_into"] == call["id"]


async def test_a_daemon_that_starts_during_a_call_learns_of_it(room: Room, least: tuple[Crm, Daemon]) -> None:
    crm, daemon = least
    await daemon.stop()
    crm.forget()
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()

    await daemon.start()
    connected = await crm.hears("pbx.connected")
    await ana.answer()
    await crm.hears("call.answered")
    await ana.hangup()

    assert connected.data["gap"]["adopted"] == 1
    assert (await crm.hears("call.ended")).call["state"] == "completed"


async def test_check_finds_nothing_to_complain_of(least: tuple[Crm, Daemon]) -> None:
    _, daemon = least
    done = await asyncio.to_thread(
        subprocess.run,
        command("check", "--config", str(daemon.config)),
        capture_output=True,
        text=True,
        timeout=CHECK_WITHIN_S,
        check=False,
    )

    assert "✗" not in done.stdout, done.stdout
    assert "it sends events nobody needs" not in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("lacking", "unheard"),
    [
        ("call", {"Newchannel", "Newstate", "DialBegin", "DialEnd", "Hangup"}),
        ("agent", {"QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "AgentCalled"}),
        ("dialplan", {"VarSet", "Newexten"}),
    ],
)
async def test_without_one_of_its_classes_the_user_hears_less(
    lacking: str, unheard: set[str], pbx: Asterisk, room: Room
) -> None:
    async with pbx.tap() as all_hearing, pbx.tap(user="callbridge") as least, pbx.tap(user=f"no-{lacking}") as less:
        await SCENES["07-queue-timeout"](room)
        await all_hearing.quiet()
        for tap in (least, less):
            await tap.action("Ping")

        assert _events(least) - _events(less) >= unheard


def _events(tap: AmiTap) -> set[str]:
    return {message["Event"] for message in tap.messages if "Event" in message}


@pytest.mark.parametrize(
    "action",
    [
        {"name": "Originate", "Channel": "Local/s@conference", "Application": "NoOp", "Async": "true"},
        {"name": "Hangup", "Channel": "PJSIP/none"},
        {"name": "Redirect", "Channel": "PJSIP/none", "Context": "internal", "Exten": "1001", "Priority": "1"},
        {"name": "Setvar", "Variable": "GLOBAL(x)", "Value": "1"},
        {"name": "Command", "Command": "core stop now"},
        {"name": "QueuePause", "Interface": "PJSIP/1001", "Paused": "true"},
        {"name": "GetConfig", "Filename": "manager.conf"},
        {"name": "DBPut", "Family": "a", "Key": "b", "Val": "c"},
        {"name": "PJSIPShowAuths"},
    ],
    ids=lambda action: action["name"],
)
async def test_the_manager_user_may_neither_dial_nor_command_nor_configure(
    action: dict[str, str], pbx: Asterisk
) -> None:
    async with pbx.tap(user="callbridge") as tap:
        with pytest.raises(AssertionError, match="Permission denied"):
            await tap.action(**action)


@pytest.mark.parametrize(("verb", "path", "status"), [("GET", "channels", 200), ("POST", "channels", 403)])
async def test_the_ari_user_reads_and_does_not_write(verb: str, path: str, status: int, pbx: Asterisk) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth("callbridge", SECRET)}
    url = f"http://{pbx.ip}:{HTTP_PORT}/ari/{path}?endpoint=Local/s@conference"
    async with asyncio.timeout(CHECK_WITHIN_S), aiohttp.request(verb, url, headers=headers) as answer:
        assert answer.status == status
