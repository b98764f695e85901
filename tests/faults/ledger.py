"""A CRM that keeps little of very many events: what came first, what came again, and whether it was the same."""

import asyncio
import base64
import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
from aiohttp import web
from standardwebhooks import Webhook

from tests.lab.daemon import Daemon

Kept = tuple[str, str | None, int | None, bytes]
"""An event of the database: its id, its call's, its sequence, its body."""
BODY_MOST: Final = 1 << 20


class Ledger:
    """`async with Ledger() as crm:` - listens on a free loopback port inside; `status` may be changed at any time."""

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
        self.status = 204
        self.retry_after_s = 2
        """Goes with a 503: else the third try comes after five minutes."""
        self.heeds_time = True
        self.seen: dict[str, bytes] = {}
        """A digest of each event's bytes, by its id."""
        self.sequences: defaultdict[str, list[int]] = defaultdict(list)
        """Of each call, in the order in which they first came."""
        self.open: set[str] = set()
        """Calls of which no end has come."""
        self.shown = 0.0
        """What the sender's clock showed last."""
        self.repeats = 0
        self.refused = 0
        self.changed: list[str] = []
        """Ids that came again with other bytes."""
        self._webhook = Webhook(self.secret)
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=BODY_MOST)
        application.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def until(self, condition: Callable[[], bool], within_s: float) -> None:
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(condition)

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._check(body, request)
        self.shown = float(request.headers["webhook-timestamp"])
        status = self.status
        if status < web.HTTPMultipleChoices.status_code:
            self._take(request.headers["webhook-id"], body)
        else:
            self.refused += 1
        async with self._news:
            self._news.notify_all()
        soon = {"Retry-After": str(self.retry_after_s)} if status == web.HTTPServiceUnavailable.status_code else None
        return web.Response(status=status, headers=soon)

    def _check(self, body: bytes, request: web.Request) -> None:
        """Verify the signature; whose clock is right is not asked where it is the clock that is tried."""
        if self.heeds_time:
            self._webhook.verify(body, dict(request.headers))
            return
        at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
        signed = self._webhook.sign(request.headers["webhook-id"], at, body.decode())
        assert signed in request.headers["webhook-signature"].split()

    def _take(self, event_id: str, body: bytes) -> None:
        digest = digest_of(body)
        if event_id in self.seen:
            self.repeats += 1
            if self.seen[event_id] != digest:
                self.changed.append(event_id)
            return
        self.seen[event_id] = digest
        data = orjson.loads(body)["data"]
        if "call" in data:
            call_id = data["call"]["id"]
            self.sequences[call_id].append(data["sequence"])
            self.open.add(call_id)
            if data["call"]["ended_at"] is not None:
                self.open.discard(call_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong between a database and what a CRM got of it: all empty where promises are kept."""

    undelivered: tuple[str, ...]
    uncommitted: tuple[str, ...]
    """Told, and in no database."""
    differing: tuple[str, ...]
    """Other bytes than those committed, or than the first time."""
    out_of_order: tuple[str, ...]
    """Calls that were not told as 1, 2, 3 …"""

    @property
    def clean(self) -> bool:
        return not (self.undelivered or self.uncommitted or self.differing or self.out_of_order)


def judge(kept: Iterable[Kept], crm: Ledger) -> Verdict:
    """Compare everything that was committed with everything that came."""
    committed = {event_id: digest_of(body) for event_id, _, _, body in kept}
    return Verdict(
        tuple(committed.keys() - crm.seen.keys()),
        tuple(crm.seen.keys() - committed.keys()),
        (*crm.changed, *(one for one, digest in crm.seen.items() if committed.get(one, digest) != digest)),
        tuple(call for call, told in crm.sequences.items() if told != list(range(1, len(told) + 1))),
    )


def kept_in(database: Path) -> list[Kept]:
    """Return all events of a SQLite file."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT id, call_id, sequence, body FROM events ORDER BY position").fetchall()


def asked(database: Path, question: str) -> list[tuple[object, ...]]:
    """Return the rows that answer a question to a SQLite file."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(question).fetchall()


def digest_of(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


async def all_is_told(daemon: Daemon, crm: Ledger, within_s: float) -> None:
    """Wait until the CRM has heard the end of every call, and then until nothing waits for it."""
    await crm.until(lambda: not crm.open, within_s)
    await daemon.until(all_told, f"everything to be told; laws broken: {laws_broken(daemon)}")


def hears(status: dict[str, Any]) -> bool:
    return bool(status["pbxs"][0]["ami"]["connected"])


def all_told(status: dict[str, Any]) -> bool:
    return bool(status["live_calls"] == 0 and all(one["backlog"] == 0 for one in status["subscribers"]))


def laws_broken(daemon: Daemon) -> list[str]:
    """Return what the log says of facts that could not be applied, in any of its lives."""
    return [line for line in daemon.log.splitlines() if "a fact was left out" in line]
