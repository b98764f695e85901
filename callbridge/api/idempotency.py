"""`Idempotency-Key`: a POST that is sent twice is done once, also across a restart of the daemon.

The key is written before the handler begins, the answer when it has ended. So a
key without an answer is one that runs, here and now, or one whose outcome nobody
knows: the daemon was killed in between. That one is never simply done again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import orjson
from aiohttp import web

from callbridge.api.problems import Kind, Refused, refusal
from callbridge.api.scopes import Caller
from callbridge.clock import Clock
from callbridge.errors import StoreError, StoreUnavailable
from callbridge.logs import Action, logger
from callbridge.ports import Kept, KeptAnswer, KeptAnswers

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
SHAPE: Final = re.compile(r"[\x21-\x7e]{1,255}")
PATTERN: Final = r"^[!-~]{1,255}$"
KEPT_FOR: Final = timedelta(hours=24)
RUNNING_S: Final = 1
MOST_LOOSE: Final = 1_000
NOTHING_DONE: Final = frozenset(
    {
        *(Kind.NOT_JSON, Kind.NO_SUCH_MEDIA, Kind.UNKNOWN_FIELD, Kind.INVALID, Kind.NOT_FOUND),
        *(Kind.TOO_MANY, Kind.UNAVAILABLE),
    }
)
"""After these the same key may try again, with a better request."""

log = logger()

Key = tuple[str, str]
"""(who asks, the key): nobody meets the keys of others."""


class Idempotency:
    """Does what has a key once, and tells its answer again."""

    def __init__(self, kept: KeptAnswers, clock: Clock) -> None:
        self._kept, self._clock = kept, clock
        self._running: set[Key] = set()
        self._loose: set[Key] = set()
        """Keys of requests that came to nothing, which the database could not be told."""

    async def once(
        self,
        request: web.Request,
        caller: Caller,
        body: bytes,
        handle: Callable[[], Awaitable[web.StreamResponse]],
        shown_once: frozenset[str],
    ) -> web.StreamResponse:
        """Return the answer of `handle`, or the one it gave before. Raises Refused, and what `handle` raises."""
        written = request.headers.get(HEADER)
        if written is None:
            return await handle()
        if not SHAPE.fullmatch(written):
            raise Refused(Kind.INVALID, f"{HEADER} must be 1 to 255 letters of ASCII, without spaces.")
        key = (caller.id, written)
        if key in self._running:
            raise Refused(Kind.KEY_IN_USE, headers={"Retry-After": str(RUNNING_S)})
        self._running.add(key)
        try:
            before = await self._begun(key, _fingerprint(request, body))
            return before or await self._done(key, handle, shown_once)
        finally:
            self._running.discard(key)

    async def _begun(self, key: Key, fingerprint: str) -> web.Response | None:
        """Return the answer given before; None where there was none. Raises Refused."""
        now = self._clock.now()
        if key in self._loose:
            await self._kept.forget(*key)
            self._loose.discard(key)
        kept = await self._kept.begin(*key, Kept(fingerprint, now), now - KEPT_FOR)
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise Refused(Kind.KEY_REUSED)
        if kept.answer is None:
            raise Refused(Kind.OUTCOME_UNKNOWN)
        return _told_again(kept.answer)

    async def _done(
        self, key: Key, handle: Callable[[], Awaitable[web.StreamResponse]], shown_once: frozenset[str]
    ) -> web.StreamResponse:
        try:
            answer = await handle()
        except Exception as error:  # raised again: what is answered must be kept, whatever went wrong
            refused = refusal(error)
            if refused.kind in NOTHING_DONE:
                await self._forget(key)
            else:
                await self._keep(key, refused.response(), frozenset())
            raise
        if isinstance(answer, web.Response):
            await self._keep(key, answer, shown_once)
        return answer

    async def _keep(self, key: Key, answer: web.Response, shown_once: frozenset[str]) -> None:
        """Write the answer; where that cannot be, its outcome is unknown to whoever asks again."""
        body = answer.body if isinstance(answer.body, bytes) else b""
        kept = KeptAnswer(answer.status, answer.content_type if body else "", _without(body, shown_once))
        try:
            await self._kept.keep(*key, kept)
        except StoreUnavailable as error:
            log.warning("an answer could not be kept", action=Action.STORE_UNAVAILABLE, error=str(error))

    async def _forget(self, key: Key) -> None:
        """Let the same key try again."""
        try:
            await self._kept.forget(*key)
        except StoreError:
            if len(self._loose) < MOST_LOOSE:
                self._loose.add(key)


def _fingerprint(request: web.Request, body: bytes) -> str:
    """Return what tells one request from another."""
    line = f"{request.method} {request.raw_path}\n".encode("utf-8", "replace")
    return hashlib.sha256(line + body).hexdigest()


def _without(body: bytes, shown_once: frozenset[str]) -> bytes:
    """Return an answer without its secrets: at rest there is none."""
    if not shown_once:
        return body
    plain = orjson.loads(body)
    return orjson.dumps(plain | dict.fromkeys(shown_once & plain.keys()))


def _told_again(answer: KeptAnswer) -> web.Response:
    headers = {REPLAYED: "true", "Cache-Control": "no-store"}
    return web.Response(
        status=answer.status, body=answer.body or None, content_type=answer.content_type or None, headers=headers
    )
