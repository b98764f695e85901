"""The softphone's control port: JSON in netstrings (`12:{"event":...},`), as baresip 1.0 speaks it."""

import asyncio
import contextlib
import itertools
import json
from types import TracebackType
from typing import Any, Final, Self

WITHIN_S: Final = 30

Event = dict[str, Any]
"""As baresip tells it: `type` is CALL_INCOMING, CALL_ESTABLISHED, …; `param` its text; `id` the call's."""


class Control:
    """Commands are answered in turn; events wait in `events` until somebody asks."""

    def __init__(self, address: str, port: int = 4444) -> None:
        self._peer = (address, port)
        self._tokens = itertools.count(1)
        self._replies: dict[str, asyncio.Future[Event]] = {}
        self.events: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(WITHIN_S):
            self._reader, self._writer = await self._connect()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening], timeout=WITHIN_S)
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # the phone may be gone already
            await asyncio.wait_for(self._writer.wait_closed(), WITHIN_S)

    async def command(self, name: str, params: str = "") -> str:
        """Return what the softphone prints on it."""
        token = str(next(self._tokens))
        self._replies[token] = asyncio.get_running_loop().create_future()
        text = json.dumps({"command": name, "params": params, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))
        reply = await asyncio.wait_for(self._replies[token], WITHIN_S)
        assert reply["ok"], f"{name} {params}: {reply}"
        return str(reply["data"])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            try:
                return await asyncio.open_connection(*self._peer)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)  # nothing tells when its port opens: ask again

    async def _listen(self) -> None:
        while True:
            size = int((await self._reader.readuntil(b":"))[:-1])
            text = (await self._reader.readexactly(size + 1))[:-1]
            message = json.loads(text.decode(errors="replace"))  # a name Asterisk 16 cut inside a letter
            if "response" in message:
                self._replies.pop(message["token"]).set_result(message)
            else:
                self.events.put_nowait(message)
