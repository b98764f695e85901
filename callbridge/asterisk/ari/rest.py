"""ARI over HTTP: what AMI does not give. It only reads: a user with `read_only = yes` is enough.

Every answer is bounded in time and size, and everything raised is a PbxError.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import orjson

from callbridge.asterisk.ari import answers, door, wire
from callbridge.asterisk.ari.answers import AsteriskInfo, Channel, StoredRecording
from callbridge.asterisk.ari.settings import AriSettings
from callbridge.clock import Clock
from callbridge.errors import PbxUnreachable, ProtocolError, UnsafeValue

CHUNK_BYTES: Final = 64 * 1024

VARIABLE: Final = re.compile(r"\w{1,80}|(?:CALLERID|CDR|CHANNEL|CONNECTEDLINE|REDIRECTING)\([\w,-]{1,80}\)", re.ASCII)
"""Variables, and functions that only read the channel. SHELL(), FILE() or CURL() do things when they are read."""

_OK: Final = 200
_NOT_FOUND: Final = 404
_NO_SUCH_PATH: Final = "Resource not found"  # ARI's words for a path it has not, not for a thing it has not
_MAX_REFUSAL_BYTES: Final = 16 * 1024


@asynccontextmanager
async def open_rest(settings: AriSettings, clock: Clock) -> AsyncIterator["AriRest"]:
    """Open what asks one Asterisk. Connects with the first question, not before."""
    async with door.session(settings) as http:
        yield AriRest(http, settings, clock)


class AriRest:
    """Asks one Asterisk. Made by `open_rest`."""

    def __init__(self, http: aiohttp.ClientSession, settings: AriSettings, clock: Clock) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock

    async def ping(self) -> datetime | None:
        """Return Asterisk's own time, to compare clocks. Since Asterisk 16.2."""
        return wire.moment(answers.mapping(await self.get("asterisk", "ping")).get("timestamp"))

    async def asterisk_info(self) -> AsteriskInfo:
        return answers.info(await self.get("asterisk", "info"))

    async def module_runs(self, name: str) -> bool:
        """Tell whether Asterisk has loaded a module, as `res_stasis.so`. Since Asterisk 13.5."""
        answer = await self._find("asterisk", "modules", _part(name))
        return answer is not None and wire.text_of(answers.mapping(answer), "status") == "Running"

    async def channels(self) -> tuple[Channel, ...]:
        """Return every channel that is up. Ask rarely: polling under load has blocked Asterisk (asterisk#1928)."""
        return answers.channels(await self.get("channels"))

    async def variable(self, channel_id: str, name: str) -> str | None:
        """Return a channel's variable; None when the channel is gone or the variable not set.

        Raises UnsafeValue for a name that is neither a variable nor a harmless function.
        """
        if not VARIABLE.fullmatch(name):
            raise UnsafeValue("This is no channel variable, nor a function that may be read.")
        answer = await self._find("channels", _part(channel_id), "variable", query={"variable": name})
        return None if answer is None else wire.text_of(answers.mapping(answer), "value")

    async def stored_recording(self, name: str) -> StoredRecording | None:
        """Return what ARI knows of a finished recording (`sub/rec-1`, no suffix); None when it has none.

        MixMonitor's files under astspooldir/monitor are none of ARI's.
        """
        answer = await self._find("recordings", "stored", _part(name))
        return None if answer is None else answers.recording(answer)

    async def stored_recording_file(self, name: str) -> AsyncIterator[bytes]:
        """Yield the recording's bytes, at most CHUNK_BYTES at a time. Since Asterisk 14.

        Raises ActionFailed when there is none, and PbxUnreachable when it breaks off:
        what was yielded until then is not the whole file.
        """
        path = ("recordings", "stored", _part(name), "file")
        until = self._clock.monotonic() + self._settings.download_s
        response = await self._ask(path)
        try:
            while piece := await self._piece(response):
                yield piece
                if self._clock.monotonic() > until:
                    raise PbxUnreachable(f"A recording takes longer than {self._settings.download_s:g} s to fetch.")
        finally:
            response.close()

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON under `path`, whose parts are quoted already."""
        status, answer = await self._fetch(path, query)
        return _understood(status, answer, path)

    async def _find(self, *path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON under `path`; None when ARI knows no such thing."""
        status, answer = await self._fetch(path, query)
        if status == _NOT_FOUND and wire.reason(answer) not in {None, _NO_SUCH_PATH}:
            return None
        return _understood(status, answer, path)

    async def _fetch(self, path: tuple[str, ...], query: Mapping[str, str] | None) -> tuple[int, bytes]:
        async with door.deadline(self._settings), await self._get(path, query) as response:
            return response.status, await _whole(response, self._settings.max_answer_bytes)

    async def _ask(self, path: tuple[str, ...]) -> aiohttp.ClientResponse:
        """Return an answer that is still to be read, and must be closed."""
        async with door.deadline(self._settings):
            response = await self._get(path)
            if response.status == _OK:
                return response
            async with response:
                raise wire.refusal(response.status, await _whole(response, _MAX_REFUSAL_BYTES), _asked(path))

    async def _get(self, path: tuple[str, ...], query: Mapping[str, str] | None = None) -> aiohttp.ClientResponse:
        url = door.address(self._settings, *path).update_query(query or {})
        return await self._http.get(url, server_hostname=self._settings.server_name)

    async def _piece(self, response: aiohttp.ClientResponse) -> bytes:
        async with door.deadline(self._settings):
            return await response.content.read(CHUNK_BYTES)


async def _whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    pieces = bytearray()
    while piece := await response.content.read(CHUNK_BYTES):
        pieces += piece
        if len(pieces) > limit:
            raise ProtocolError(f"ARI answered with more than {limit} bytes.")
    return bytes(pieces)


def _understood(status: int, answer: bytes, path: tuple[str, ...]) -> Any:
    if status != _OK:
        raise wire.refusal(status, answer, _asked(path))
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"{wire.NOT_ARI} ({_asked(path)}: no JSON)") from error


def _asked(path: tuple[str, ...]) -> str:
    return "GET /" + "/".join(path)


def _part(text: str) -> str:
    """Quote one part of a path. Raises UnsafeValue for what would lead elsewhere.

    A slash is quoted too (recordings may lie in folders); dots cannot be, and URL
    libraries and proxies resolve `..` on the way.
    """
    if not text or not text.isprintable() or any(step in {"", ".", ".."} for step in text.split("/")):
        raise UnsafeValue("This name leads elsewhere: it is empty, or holds a control character, `.`, `..` or `//`.")
    return quote(text, safe="")
