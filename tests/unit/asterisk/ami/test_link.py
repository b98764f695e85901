"""The link against a PBX that misbehaves: half-open, refusing, junk, floods, cuts."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from callbridge.asterisk.ami.link import AmiLink, LinkDown, LinkItem, LinkState, LinkUp, Received
from callbridge.asterisk.ami.settings import AmiSettings, AmiTls, Backoff, Login, Patience
from callbridge.clock import SystemClock
from callbridge.errors import ActionFailed, ActionTimeout, LoginRefused, PbxUnreachable, ProtocolError, UnsafeValue
from tests.unit.asterisk.ami.scripted_pbx import EVENT, ScriptedPbx, scripted_pbx

SECRET = "s3cr3t-of-the-pbx"  # noqa: S105 - it opens nothing


def settings(pbx: ScriptedPbx, **changes: object) -> AmiSettings:
    """Make every wait short: a test has no time."""
    quick = AmiSettings(
        host="127.0.0.1",
        port=pbx.port,
        login=Login("callbridge", SecretStr(SECRET)),
        patience=Patience(connect_s=2, ping_interval_s=0.1, ping_deadline_s=0.1, logoff_s=0.5),
        backoff=Backoff(first_s=0.01, longest_s=0.02, refused_s=0.3),
    )
    return replace(quick, **changes)  # type: ignore[arg-type]  # each test names fields that exist


@asynccontextmanager
async def running(link: AmiLink) -> AsyncIterator[AmiLink]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        yield link
        async with asyncio.timeout(5):
            await link.stop()
            await task


async def first(link: AmiLink, count: int) -> list[LinkItem]:
    """Take the next `count` items."""
    items: list[LinkItem] = []
    async with asyncio.timeout(5):
        while len(items) < count:
            items += await link.take(count - len(items))
    return items


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the link's status is read, as an admin reads it
            await asyncio.sleep(0.005)


def link_to(pbx: ScriptedPbx, **changes: object) -> AmiLink:
    return AmiLink(settings(pbx, **changes), SystemClock())


async def test_one_ordered_stream_comes_out() -> None:
    async with scripted_pbx() as pbx:
        pbx.after_login = b"".join(b"Event: Newexten\r\nPriority: %d\r\n\r\n" % n for n in range(500))
        async with running(link_to(pbx)) as link:
            up, *news = await first(link, 501)
            assert isinstance(up, LinkUp)
            assert up.banner == "Asterisk Call Manager/11.0.0"
            priorities = [item.message["Priority"] for item in news if isinstance(item, Received)]
            assert priorities == [str(n) for n in range(500)]
            assert link.status.state is LinkState.UP
            assert link.status.events_received == 501
            assert link.status.backlog == 0
            assert link.status.backlog_high_water > 0


async def test_a_batch_is_never_larger_than_asked() -> None:
    async with scripted_pbx() as pbx:
        pbx.after_login = EVENT * 10
        async with running(link_to(pbx)) as link:
            await until(lambda: link.status.backlog == 11)
            assert [len(await link.take(4)) for _ in range(3)] == [4, 4, 3]


async def test_answers_come_to_whoever_asked() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        pbx.refuses = {"Hangup"}
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(link.send("Ping", timeout_s=2)) for _ in range(20)]
        assert len({task.result().message.action_id for task in asked}) == 20
        with pytest.raises(ActionFailed):
            await link.send("Hangup", timeout_s=2)


async def test_a_list_comes_back_whole() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        pbx.mute = {"Status"}
        answer = asyncio.create_task(link.send_list("Status", timeout_s=2))
        (asked,) = await pbx.until(1, "Status")
        mine = f"ActionID: {asked.action_id}\r\n"
        for head in ("Response: Success", "Event: Status", "Event: Status", "Event: StatusComplete"):
            pbx.says(f"{head}\r\n{mine}\r\n".encode())
        assert len((await answer).items) == 2


async def test_an_action_without_answer_fails_at_its_deadline_though_the_link_lives() -> None:
    async with scripted_pbx() as pbx:
        patient = Patience(connect_s=2, ping_interval_s=60, ping_deadline_s=60)
        async with running(link_to(pbx, patience=patient)) as link:
            await first(link, 1)
            pbx.mute = {"Originate"}
            with pytest.raises(ActionTimeout):
                await link.send("Originate", timeout_s=0.05)
            assert link.status.state is LinkState.UP


async def test_an_action_expires_even_while_events_pour_in() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        pbx.mute = {"Originate"}

        async def pour() -> None:
            while True:
                pbx.says(EVENT * 100)
                await asyncio.sleep(0)

        pouring = asyncio.create_task(pour())
        async with asyncio.timeout(5):
            with pytest.raises(ActionTimeout):
                await link.send("Originate", timeout_s=0.05)
        pouring.cancel()


async def test_a_cut_link_fails_the_action_and_never_repeats_it() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        pbx.mute = {"Originate"}
        answer = asyncio.create_task(link.send("Originate", [("Async", "true")], timeout_s=60))
        await pbx.until(1, "Originate")
        pbx.hangs_up()
        with pytest.raises(ActionTimeout):
            await answer
        down, up = await first(link, 2)
        assert isinstance(down, LinkDown)
        assert isinstance(up, LinkUp)
        await link.send("Ping", timeout_s=2)  # whatever was to be repeated would have come before
        assert len(pbx.asked("Originate")) == 1


async def test_what_an_old_session_did_answers_nothing_in_the_new_one() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        ids = set()
        for _ in range(2):
            await first(link, 1)
            ids.add((await link.send("Ping", timeout_s=2)).message.action_id)
            pbx.hangs_up()
            assert isinstance((await first(link, 1))[0], LinkDown)
        assert len(ids) == 2


async def test_nothing_is_sent_while_the_link_is_down() -> None:
    async with scripted_pbx() as pbx:
        link = link_to(pbx)
        with pytest.raises(PbxUnreachable):
            await link.send("Ping", timeout_s=1)


async def test_an_unsafe_value_never_reaches_the_wire() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        with pytest.raises(UnsafeValue):
            await link.send("Originate", [("Variable", "a=b\r\nAction: Originate")], timeout_s=1)
        await link.send("Ping", timeout_s=1)
        assert pbx.asked("Originate") == []


async def test_a_half_open_link_is_found_by_its_silence() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await first(link, 1)
        pbx.mute = {"Ping"}  # the socket stays open, and nothing comes
        (down,) = await first(link, 1)
        assert isinstance(down, LinkDown)
        assert "no Ping" in str(down.reason)
        pbx.mute = set()
        assert isinstance((await first(link, 1))[0], LinkUp)


@pytest.mark.patient
async def test_a_live_but_silent_link_is_kept() -> None:
    async with scripted_pbx() as pbx, running(link_to(pbx)) as link:
        await pbx.until(4, "Ping")
        assert len(pbx.connections) == 1
        assert link.status.state is LinkState.UP


@pytest.mark.patient
async def test_a_refused_log_in_is_an_alarm_and_not_hammered() -> None:
    async with scripted_pbx() as pbx:
        pbx.refuses = {"Login"}
        with capture_logs() as lines:
            async with running(link_to(pbx)) as link:
                await until(lambda: link.status.state is LinkState.REFUSED)
                refused = link.status.last_error
                assert isinstance(refused, LoginRefused)
                began = SystemClock().monotonic()
                await pbx.until(2, "Login")
                assert SystemClock().monotonic() - began >= 0.29
                pbx.refuses = set()
                assert isinstance((await first(link, 1))[0], LinkUp)
                assert link.status.last_error is None
        assert {line["action"] for line in lines} >= {"ami.refused", "ami.connected"}
        assert SECRET not in repr(lines) + repr(settings(pbx))


@pytest.mark.parametrize("junk", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"x" * 1000])
async def test_a_peer_that_is_no_pbx_is_let_go_at_once(junk: bytes) -> None:
    async with scripted_pbx() as pbx:
        pbx.banner = junk
        async with running(link_to(pbx)) as link:
            await pbx.until_connected(2)
            assert isinstance(link.status.last_error, ProtocolError)
            assert link.status.connects == 0
        assert pbx.heard == [] or {m.name for m in pbx.heard} == {"Reset"}


async def test_a_peer_that_never_says_its_banner_is_let_go_at_the_deadline() -> None:
    async with scripted_pbx() as pbx:
        pbx.banner = b""
        patience = Patience(connect_s=0.05, ping_interval_s=1, ping_deadline_s=1)
        async with running(link_to(pbx, patience=patience)) as link:
            await pbx.until_connected(2)
            assert "No log-in within 0.05 s" in str(link.status.last_error)


async def test_a_cut_in_the_middle_of_a_message_tells_no_half_message() -> None:
    still = Patience(connect_s=2, ping_interval_s=60, ping_deadline_s=60)
    async with scripted_pbx() as pbx, running(link_to(pbx, patience=still)) as link:
        await first(link, 1)
        await link.send("Ping", timeout_s=2)  # all is answered: nothing comes between the halves
        pbx.says(EVENT + b"Event: Hangup\r\nChan")
        await first(link, 1)
        pbx.hangs_up()
        down, up = await first(link, 2)
        assert (type(down), type(up)) == (LinkDown, LinkUp)
        await link.send("Ping", timeout_s=2)
        pbx.says(b"nel: x\r\n\r\n" + EVENT)
        (received,) = await first(link, 1)
        assert isinstance(received, Received)
        assert received.message.name == "Newstate"
        assert link.status.oddities == {"nameless": 1}


async def test_a_full_backlog_drops_the_link_and_tells_the_gap() -> None:
    async with scripted_pbx() as pbx:
        pbx.after_login = EVENT * 500
        async with running(link_to(pbx, max_backlog=100)) as link:
            await until(lambda: link.status.overflows == 1 and link.status.state is LinkState.WAITING)
            pbx.after_login = b""
            held = await first(link, 101)
            assert [type(item) for item in held] == [LinkUp] + [Received] * 99 + [LinkDown]
            assert isinstance((await first(link, 1))[0], LinkUp)
            assert link.status.backlog_high_water == 101
            assert link.status.overflows == 1


async def test_the_link_does_not_come_back_before_there_is_room() -> None:
    async with scripted_pbx() as pbx:
        pbx.after_login = EVENT * 500
        async with running(link_to(pbx, max_backlog=100)) as link:
            await until(lambda: link.status.overflows == 1)
            await asyncio.sleep(0.2)  # ten times the longest wait between two tries
            assert len(pbx.connections) == 1
            await first(link, 60)
            await pbx.until_connected(2)


async def test_filters_refused_are_known_to_the_status() -> None:
    async with scripted_pbx() as pbx:
        pbx.refuses = {"Filter"}
        login = Login("callbridge", SecretStr(SECRET), filters=("!Event: VarSet",))
        async with running(link_to(pbx, login=login)) as link:
            await until(lambda: link.status.filters_refused == ("!Event: VarSet",))
            assert link.status.state is LinkState.UP


async def test_stopping_says_goodbye() -> None:
    async with scripted_pbx() as pbx:
        async with running(link_to(pbx)) as link:
            await first(link, 1)
        assert len(pbx.asked("Logoff")) == 1
        assert link.status.state is LinkState.STOPPED


@pytest.mark.patient
async def test_stopping_does_not_wait_for_a_deaf_pbx() -> None:
    async with scripted_pbx() as pbx:
        pbx.mute = {"Logoff"}
        async with asyncio.timeout(3), running(link_to(pbx)) as link:
            await first(link, 1)
        assert link.status.state is LinkState.STOPPED


@pytest.mark.parametrize("banner", [b"", b"Asterisk Call Manager/11.0.0\r\n"])
async def test_stopping_cuts_short_a_log_in(banner: bytes) -> None:
    async with scripted_pbx() as pbx:
        pbx.banner, pbx.mute = banner, {"Challenge"}
        async with asyncio.timeout(1), running(link_to(pbx, patience=Patience(connect_s=60))):
            await pbx.until_connected(1)


async def test_stopping_cuts_short_the_wait_between_tries() -> None:
    async with scripted_pbx() as pbx:
        pbx.refuses = {"Login"}
        async with asyncio.timeout(1), running(link_to(pbx, backoff=Backoff(refused_s=60))) as link:
            await until(lambda: link.status.state is LinkState.REFUSED)


async def test_a_cancelled_link_leaves_no_action_waiting() -> None:
    async with scripted_pbx() as pbx:
        link = link_to(pbx)
        task = asyncio.create_task(link.run())
        await first(link, 1)
        pbx.mute = {"Originate"}
        answer = asyncio.create_task(link.send("Originate", timeout_s=60))
        await pbx.until(1, "Originate")
        task.cancel()
        with pytest.raises(ActionTimeout):
            await answer
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nothing_listening_says_what_to_do() -> None:
    async with scripted_pbx() as gone:
        pass
    async with running(link_to(gone)) as link:
        await until(lambda: link.status.last_error is not None)
        assert "Is Asterisk up" in str(link.status.last_error)


def test_tries_come_slower_and_spread_out() -> None:
    backoff = Backoff(first_s=0.5, longest_s=30)
    assert [backoff.delay_s(attempt, jitter=0.99999) for attempt in (1, 2, 3, 7, 500)] == pytest.approx(
        [0.5, 1, 2, 30, 30], rel=1e-4
    )
    assert backoff.delay_s(3, jitter=0) == 1


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for pbx.example that vouches for itself, with its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "pbx.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=pbx.example"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:pbx.example", "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
async def tls_pbx(certificate: Path) -> AsyncIterator[ScriptedPbx]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with scripted_pbx(context) as pbx:
        yield pbx


@pytest.mark.parametrize("tls", [AmiTls(server_name="pbx.example"), AmiTls(verify=False)])
async def test_tls_works(tls_pbx: ScriptedPbx, certificate: Path, tls: AmiTls) -> None:
    tls = replace(tls, ca_file=certificate if tls.verify else None)
    async with running(link_to(tls_pbx, tls=tls)) as link:
        assert isinstance((await first(link, 1))[0], LinkUp)
        await link.send("Ping", timeout_s=2)


@pytest.mark.parametrize(
    ("tls", "says"),
    [
        (AmiTls(server_name="pbx.example"), "not to be trusted"),
        (AmiTls(ca_file=Path("pbx.pem")), "not to be trusted"),  # vouched for, but named otherwise
        (AmiTls(ca_file=Path("missing.pem")), "No such file"),
    ],
)
async def test_a_certificate_that_proves_nothing_lets_nothing_through(
    tls_pbx: ScriptedPbx, certificate: Path, tls: AmiTls, says: str
) -> None:
    tls = replace(tls, ca_file=certificate.parent / tls.ca_file if tls.ca_file else None)
    async with running(link_to(tls_pbx, tls=tls)) as link:
        await until(lambda: link.status.last_error is not None)
        assert says in str(link.status.last_error)
    assert tls_pbx.asked("Login") == []


async def test_a_port_without_tls_is_told(tls_pbx: ScriptedPbx) -> None:
    async with scripted_pbx() as plain, running(link_to(plain, tls=AmiTls())) as link:
        await until(lambda: link.status.last_error is not None)
        assert "speaks no TLS" in str(link.status.last_error)


@pytest.mark.parametrize(
    ("host", "tls", "private"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("192.0.2.1", None, False),
        ("pbx.example", None, False),
        ("pbx.example", AmiTls(), True),
        ("127.0.0.1", AmiTls(verify=False), False),
    ],
)
def test_the_secret_may_go_in_plain_only_where_nobody_listens_in(
    host: str, tls: AmiTls | None, *, private: bool
) -> None:
    login = Login("callbridge", SecretStr(SECRET))
    assert AmiSettings(host=host, login=login, tls=tls).wire_is_private is private
