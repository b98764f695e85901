"""The command line beside a real Asterisk, as an admin uses it."""

import asyncio
import json
import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from callbridge.app import hearing as hearings
from callbridge.app.build import ami_settings
from callbridge.asterisk.ami.link import AmiLink
from callbridge.clock import SystemClock
from callbridge.config import load
from tests.lab.asterisk import AMI_PORT, HTTP_PORT, SECRET, Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import ARI, PBX, WEBHOOK, Daemon, command
from tests.lab.processes import PASSING, start
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = pytest.mark.live

WITHIN_S: Final = 30
MARK: Final = "; made by the tests of the command line"

TAPE: Final = Path(__file__).parents[1] / "tapes" / "06-queue-ringall-second-answers.tape"

USERS: Final = f"""
{MARK}
[mute]
secret = {SECRET}
read = system
write = system,reporting
[blind]
secret = {SECRET}
read = call,agent,dialplan
write = reporting
[guest]
secret = {SECRET}
[stranger]
secret = {SECRET}
deny = 0.0.0.0/0.0.0.0
permit = 203.0.113.7/255.255.255.255
read = all
"""


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


async def ran(*words: object, environ: dict[str, str] | None = None) -> Ended:
    def run() -> subprocess.CompletedProcess[str]:
        line = command(*map(str, words))
        env = os.environ | (environ or {})
        return subprocess.run(line, capture_output=True, text=True, timeout=WITHIN_S, check=False, env=env)

    done = await asyncio.to_thread(run)
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


@pytest.fixture
async def users(pbx: Asterisk) -> None:
    """AMI users as admins make them by mistake."""
    file = pbx.home / "etc/manager.conf"
    text = await asyncio.to_thread(file.read_text)
    if MARK not in text:
        await asyncio.to_thread(file.write_text, text + USERS)
        async with pbx.tap() as tap:
            await tap.action("Command", Command="manager reload")


@pytest.fixture
def config(pbx: Asterisk, crm: Crm, tmp_path: Path) -> Path:
    """What a daemon beside this PBX would have."""
    text = f'data_dir = "{tmp_path}"\n[http]\nlisten = "127.0.0.1:0"\n' + (PBX + ARI).format(
        id="main", host=pbx.ip, ami_port=AMI_PORT, http_port=HTTP_PORT, recordings=pbx.home
    )
    for name, secret in (("pbx.secret", SECRET), ("crm.secret", crm.secret), ("wrong.secret", "wrong-and-never-told")):
        file = tmp_path / name
        file.touch(mode=0o600)
        file.write_text(secret)
    path = tmp_path / "callbridge.toml"
    path.write_text(text + WEBHOOK.format(name="crm", url=crm.url))
    return path


def changed(config: Path, old: str, new: str) -> Path:
    """Change the first of what stands there."""
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))
    return config


def as_user(config: Path, name: str) -> Path:
    return changed(config, 'username = "callbridge"', f'username = "{name}"')


def problems(checked: Ended) -> dict[str, str]:
    """Return each problem and warning without its place, with what to do about it."""
    found = re.findall(r"^[✗!] \S+: (.*)\n  → (.*)$", checked.out, re.MULTILINE)
    return dict(found)


async def test_check_finds_nothing_wrong_where_nothing_is(config: Path) -> None:
    checked = await ran("check", "--config", config)

    assert (checked.status, checked.err) == (0, "")
    assert checked.out.endswith("No problems.\n")
    assert problems(checked) == {}
    assert "PBX main: our user may hear all that is needed" in checked.out


@pytest.mark.usefixtures("users")
async def test_check_sees_what_a_user_may_not_hear(config: Path) -> None:
    checked = await ran("check", "--config", as_user(config, "mute"))

    assert checked.status == 1
    assert set(problems(checked)) == {
        f"PBX main: our user may not hear events of class {name}" for name in ("call", "agent", "dialplan")
    }
    assert "Add call to read= of user mute in its manager.conf: else no call is told at all." in checked.out


async def test_check_warns_of_the_module_that_makes_ari_hang(config: Path, pbx: Asterisk) -> None:
    module = "res_stasis_device_state.so"
    async with pbx.tap() as tap:
        await tap.action("ModuleLoad", Module=module, LoadType="load")
        try:
            checked = await ran("check", "--config", config)
        finally:
            await tap.action("ModuleLoad", Module=module, LoadType="unload")

    assert checked.status == 0
    assert f"for {module} is loaded (asterisk#2170)" in checked.out
    assert f"Put noload = {module} into its modules.conf" in checked.out


@pytest.mark.usefixtures("users")
async def test_check_says_what_it_cannot_see(config: Path) -> None:
    """A user without `system` in write= is the least that works: no problem, but nothing that could be looked up."""
    checked = await ran("check", "--config", as_user(config, "blind"))

    assert checked.status == 0
    assert "what user blind may hear (read= in its manager.conf) cannot be seen from here" in checked.out
    assert "eventfilter = Event: (AgentCalled|" in checked.out


@pytest.mark.usefixtures("users")
async def test_check_tells_a_missing_right_to_ask_with_its_name(config: Path) -> None:
    checked = await ran("check", "--config", as_user(config, "guest"))

    assert checked.status == 1
    advice = problems(checked)["PBX main: it refuses to answer CoreStatus, CoreShowChannels, ExtensionStateList"]
    assert advice.startswith("Add reporting to write= of user guest in its manager.conf")


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(("what", "new"), [('"callbridge"', '"stranger"'), ('"pbx.secret"', '"wrong.secret"')])
async def test_a_refused_log_in_is_an_alarm_and_is_not_hammered(config: Path, what: str, new: str) -> None:
    """An address the ACL refuses looks like a wrong secret: Asterisk does not say which."""
    changed(config, what, new)
    checked = await ran("check", "--config", config)
    assert any("compare username and secret" in each and "permit=" in each for each in problems(checked).values())

    log = config.with_name("log")
    child = start(*command("run", "--config", str(config)), log=log)
    try:
        await until_logged(log, "ami.refused")
        told = await ran("status", "--config", config)
    finally:
        await child.stop(WITHIN_S)
    refused = [line for line in map(json.loads, log.read_text().splitlines()) if line["action"] == "ami.refused"]

    assert [(line["level"], line["pbx"], line["attempt"]) for line in refused] == [("error", "main", 1)]
    assert refused[0]["next_try_s"] >= 60
    assert told.status == 1
    assert "The PBX refuses to log in" in told.out


async def until_logged(log: Path, action: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while f'"action":"{action}"' not in await asyncio.to_thread(log.read_text):  # noqa: ASYNC110 - a file is silent
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("what", "new", "told"),
    [
        ('password_file = "pbx.secret"', 'password_file = "wrong.secret"', "ARI refuses our user name or password"),
        ("/ari", "/asterisk/ari", "There is no ARI at this address"),
        (f":{HTTP_PORT}/", ":1/", "cannot be reached: nothing listens there"),
        (f":{HTTP_PORT}/", f":{AMI_PORT}/", "what answers there speaks no HTTP"),
    ],
)
async def test_check_tells_why_ari_does_not_work(config: Path, what: str, new: str, told: str) -> None:
    checked = await ran("check", "--config", changed(config, what, new))

    assert checked.status == 1
    assert [told in each for each in problems(checked)] == [True]


@pytest.mark.usefixtures("users")
async def test_a_pbx_that_tells_of_no_call_is_noticed_when_one_is_made(
    config: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearings, "DOUBT_S", 0.2)
    clock = SystemClock()

    async def hear(_: object) -> None:
        await asyncio.sleep(0)

    settings = load(as_user(config, "mute"), environ={}).pbx[0].ami
    deaf = hearings.Hearing("main", AmiLink(ami_settings(settings), clock), None, hear, clock)
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
        running = group.create_task(deaf.run())
        while deaf._deafness._calls is None:  # noqa: ASYNC110 - the first look; it has no event
            await asyncio.sleep(0.02)
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        while not deaf.deaf:  # noqa: ASYNC110 - it has no event either
            await asyncio.sleep(0.02)
        running.cancel()


@pytest.mark.parametrize(
    "scene", ["01-answered-callee-hangs-up", "06-queue-ringall-second-answers", "27-two-calls-at-once"]
)
async def test_a_tape_replays_to_the_bytes_the_daemon_told(pbx: Asterisk, room: Room, crm: Crm, scene: str) -> None:
    async with Daemon(pbx, crm) as daemon:
        tape = daemon.home / "x.tape"
        recorder = start(*command("record", str(tape), "--config", str(daemon.config)), log=daemon.home / "record.log")
        async with asyncio.timeout(WITHIN_S):
            while not (tape.exists() and "FullyBooted" in tape.read_text()):  # noqa: ASYNC110 - a file is silent
                await asyncio.sleep(0.02)
        await SCENES[scene](room)
        await pbx.settle()
        await daemon.until(
            lambda status: not status["live_calls"] and not status["subscribers"][0]["backlog"], "the end"
        )
        await until_quiet(tape)
        await recorder.stop(WITHIN_S)
        replayed = await ran("replay", tape, "--pbx-config", daemon.config)

        assert (recorder.returncode, replayed.status, replayed.err) == (0, 0, "")
        assert tape.stat().st_mode & 0o077 == 0
        assert by_call(replayed.out.encode().splitlines()) == by_call(
            [one.body for one in crm.taken if one.type.startswith("call.")]
        )


async def until_quiet(file: Path) -> None:
    """Wait until half a second brought nothing new."""
    size, before = 0, -1
    async with asyncio.timeout(WITHIN_S):
        while size != before:
            before, size = size, (await asyncio.to_thread(file.stat)).st_size
            await asyncio.sleep(0.5)


def by_call(bodies: list[bytes]) -> dict[str, list[bytes]]:
    """The order between calls is nobody's promise."""
    calls: dict[str, list[bytes]] = {}
    for body in bodies:
        calls.setdefault(json.loads(body)["data"]["call"]["id"], []).append(body)
    return calls


async def test_a_raw_capture_replays_with_either_line_end(
    pbx: Asterisk, room: Room, config: Path, tmp_path: Path
) -> None:
    capture = tmp_path / "capture.ami"
    async with pbx.tap(capture) as tap:
        await SCENES["02-caller-gives-up"](room)
        await tap.quiet()
    bare = tmp_path / "bare.ami"
    bare.write_bytes(capture.read_bytes().replace(b"\r\n", b"\n"))
    first, second = (
        await ran("replay", capture, "--pbx-config", config),
        await ran("replay", bare, "--pbx-config", config),
    )

    kinds = [json.loads(line)["type"] for line in first.out.splitlines()]
    assert kinds == ["call.started", "call.ringing", "call.ended", "call.missed"]
    assert (first.status, first.err) == (0, "")
    assert second == first


async def test_a_damaged_tape_tells_what_came_before_and_where_it_ends(config: Path, tmp_path: Path) -> None:
    whole = TAPE.read_bytes()
    cut = tmp_path / "cut.tape"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    before, after = await ran("replay", TAPE, "--pbx-config", config), await ran("replay", cut, "--pbx-config", config)

    lines = whole[: len(whole) * 2 // 3].count(b"\n") + 1
    assert after.status == 1
    assert after.out
    assert before.out.startswith(after.out)
    assert after.err.startswith(f"callbridge: line {lines}: ")


@pytest.fixture
def alone(config: Path) -> Path:
    """What is known of the PBX, without the way to it."""
    file = config.with_name("pbx.toml")
    file.write_text("[[pbx]]" + config.read_text().partition("[[pbx]]")[2].partition("[pbx.ami]")[0])
    return file


async def test_a_replay_needs_to_know_the_pbx_and_no_more(config: Path, alone: Path) -> None:
    """A whole configuration, or its [[pbx]] table alone; without either, numbers stay as they were dialled."""
    full, part = await ran("replay", TAPE, "--pbx-config", config), await ran("replay", TAPE, "--pbx-config", alone)
    bare = await ran("replay", TAPE)

    assert (full.status, full.err) == (0, "")
    assert part == full
    assert (bare.status, bare.err) == (0, "")
    first = json.loads(bare.out.splitlines()[0])["data"]["call"]
    assert (first["from"]["raw"], first["from"]["number"]) == ("912345678", None)


async def test_a_reader_that_has_seen_enough_is_no_error_worth_a_word() -> None:
    line = f"{command('replay')[0]} replay {TAPE} | head -1"
    child = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(WITHIN_S):
        out, err = await child.communicate()

    assert out.count(b"\n") == 1
    assert err == b""


async def test_tail_follows_what_is_asked_for_into_a_pipe(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm) as daemon:
        words = ("tail", "--type", "call.*ed", "--json", "--config", str(daemon.config))
        tail = await asyncio.create_subprocess_exec(
            *PASSING, *command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert tail.stdout is not None
        assert tail.stderr is not None
        first = asyncio.create_task(tail.stdout.readline())
        async with asyncio.timeout(WITHIN_S):
            while not first.done():  # it may not follow yet when the first call is made
                await SCENES["02-caller-gives-up"](room)
                await asyncio.wait([first], timeout=1)
        called = {one.call["id"] for one in crm.of_type("call.started")}
        await crm.until(lambda: called <= {one.call["id"] for one in crm.of_type("call.ended")}, "the end of each call")
        await daemon.stop()
        async with asyncio.timeout(WITHIN_S):
            rest, told = await tail.stdout.read(), await tail.stderr.read()
            status = await tail.wait()

    seen = {json.loads(line)["type"] for line in (await first, *rest.splitlines())}
    assert seen <= {"call.started", "call.ended", "call.missed"}
    assert {"call.ended", "call.missed"} & seen
    assert (status, told) == (0, b"The daemon stopped.\n")


async def test_no_secret_is_in_any_log_tape_status_or_check(pbx: Asterisk, room: Room, crm: Crm) -> None:
    crm.answer = lambda _: 500  # what goes wrong is told with more words
    async with Daemon(pbx, crm, more='[log]\nlevel = "debug"\n') as daemon:
        tape = daemon.home / "x.tape"
        recorder = start(*command("record", str(tape), "--config", str(daemon.config)), log=daemon.home / "record.log")
        await SCENES["01-answered-caller-hangs-up"](room)
        asked = [
            await ran(*words, "--config", daemon.config)
            for words in (("status",), ("status", "--json"), ("check",), ("db", "check"), ("run",))
        ]
        await recorder.stop(WITHIN_S)
        await daemon.stop()
        files = [daemon.log, tape.read_text(), (daemon.home / "record.log").read_text()]
        texts = [*files, *(each.out + each.err for each in asked)]

    assert all(texts)
    for secret in (SECRET, crm.secret, crm.secret.removeprefix("whsec_")):
        assert not [text for text in texts if secret in text]


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        yield listening


async def test_systemd_is_told_the_truth_as_links_come_and_go(
    own_pbx: Asterisk, crm: Crm, systemd: socket.socket
) -> None:
    told = list[str]()

    async def hears(text: str) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not any(text in each for each in told):
                told.append((await asyncio.get_running_loop().sock_recv(systemd, 4096)).decode())

    async with Daemon(own_pbx, crm) as daemon:
        await hears("READY=1")
        await hears("STATUS=hearing main")
        assert not any("hearing main" in each for each in told[: told.index("READY=1")])
        told.clear()
        await own_pbx.kill()
        await hears("STATUS=PBX main is not heard: ")
        told.clear()
        await hears("WATCHDOG=1")
        await own_pbx.start()
        await hears("STATUS=hearing main")
        assert await daemon.stop() == 0
        await hears("STOPPING=1")
