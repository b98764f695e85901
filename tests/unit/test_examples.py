"""The receivers of docs/examples, each in its own language, with what the daemon really sends."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from callbridge.calls.events import EventType
from callbridge.clock import SystemClock
from callbridge.delivery.payload import render
from callbridge.delivery.samples import sample
from callbridge.delivery.signature import Signer

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples"
SECRET: Final = "whsec_dGhpcnR5LXR3byBieXRlcyBmb3Igb25lIHB1cnBvc2U="  # noqa: S105 - of these tests alone
OTHER: Final = "whsec_YW5vdGhlciBzZWNyZXQsIHdoaWNoIG5vYm9keSBrbm93cw=="
CLOCK: Final = SystemClock()
STARTS_S: Final = 20.0
ANSWERS_S: Final = 10.0

SAMPLE_CRM: Final = (sys.executable, "sample_crm.py", "--secret-file", "$SECRET", "--listen")
COMMANDS: Final[dict[str, Callable[[int], Sequence[str]]]] = {
    "python": lambda port: (
        sys.executable,
        "sample_crm.py",
        "--secret-file",
        "$SECRET",
        "--listen",
        f"127.0.0.1:{port}",
    ),
    "node": lambda port: ("node", "receiver.mjs", str(port)),
    "php": lambda port: ("php", "-S", f"127.0.0.1:{port}", "receiver.php"),
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """An example that runs."""

    url: str
    said: Path

    async def take(self, event_id: str, body: bytes, signer: Signer, at: datetime | None = None) -> int:
        """POST an event as the daemon does; return the status that is answered."""
        headers = signer.headers(event_id, body, at or CLOCK.now())
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWERS_S)) as session,
            session.post(self.url, data=body, headers=headers) as answer,
        ):
            return answer.status

    def lines(self, beginning: str) -> int:
        """Return how many lines it wrote with these words in them."""
        return self.said.read_text(encoding="utf-8").count(beginning)


@asynccontextmanager
async def running(command: Sequence[str], port: int, folder: Path) -> AsyncIterator[Receiver]:
    secret, said = folder / "crm.secret", folder / "said"
    secret.write_text(SECRET + "\n", encoding="ascii")
    whole = [str(secret) if word == "$SECRET" else word for word in command]
    environment = {**os.environ, "CALLBRIDGE_SECRET_FILE": str(secret), "CALLBRIDGE_KEPT": str(folder / "kept")}
    with said.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *whole, cwd=EXAMPLES, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            await listening(port, process)
            yield Receiver(f"http://127.0.0.1:{port}/", said)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(STARTS_S):
        while True:
            assert process.returncode is None, f"it ended with {process.returncode}"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(params=sorted(COMMANDS))
async def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Receiver]:
    port = free_port()
    command = COMMANDS[request.param](port)
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    async with running(command, port, tmp_path) as example:
        yield example


def body_of(kind: EventType) -> bytes:
    return render(sample(kind, "main", CLOCK.now()))


async def test_what_is_delivered_twice_is_taken_once(receiver: Receiver) -> None:
    body = body_of(EventType.CALL_ANSWERED)

    assert [await receiver.take("evt_1", body, Signer(SECRET)) for _ in range(2)] == [204, 204]
    assert await receiver.take("evt_2", body_of(EventType.PBX_DISCONNECTED), Signer(SECRET)) == 204
    assert receiver.lines("call.answered ") == 1
    assert receiver.lines("Maria Silva") == 1
    assert receiver.lines("pbx.disconnected ") == 1


async def test_what_is_not_ours_is_refused(receiver: Receiver) -> None:
    body = body_of(EventType.CALL_ENDED)
    late = CLOCK.now() - timedelta(minutes=6)

    assert await receiver.take("evt_1", body, Signer(OTHER)) == 401
    assert await receiver.take("evt_2", body, Signer(SECRET), late) == 401
    assert receiver.lines("call.ended") == 0


async def test_while_the_secret_is_changed_either_is_enough(receiver: Receiver) -> None:
    body = body_of(EventType.CALL_ENDED)

    assert await receiver.take("evt_1", body, Signer(OTHER, SECRET)) == 204
    assert await receiver.take("evt_2", body, Signer(SECRET, OTHER)) == 204
