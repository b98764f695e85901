"""The connection to NATS: made again and again, by our own loop, so that whoever uses it starts anew with each.

Rejected: nats-py's own reconnecting. Its consumers may stay silent after one (nats-server#4736,
#5839), and what was being published is neither refused nor acknowledged.
"""

import asyncio
import importlib.util
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from callbridge.clock import Clock
from callbridge.errors import StreamUnavailable
from callbridge.logs import Action, logger
from callbridge.stream.settings import KEPT_FOR, KNOWN_FOR, StreamSettings

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

CONNECT_S: Final = 5.0
ASK_S: Final = 5.0
"""For an answer of JetStream."""
PING_S: Final = 5
"""Two that are not answered end the connection: a half-open one is found within 15 s."""
CLOSE_S: Final = 2.0
END_S: Final = 0.2
"""For what was cancelled; then it is cancelled again."""
END_TRIES: Final = 25
REST_S: Final = (0.2, 0.5, 1.0, 2.0)
"""Pauses between tries to connect, the last one for ever."""

log = logger()

Result = TypeVar("Result")

Part = Callable[["Session"], Awaitable[None]]
"""Works with one session until it is cancelled, for the session is over."""


@dataclass(slots=True)
class StreamState:
    """How the connection is."""

    connected: bool = False
    since: datetime | None = None
    server: str | None = None
    """Its version."""
    last_error: str | None = "Not connected yet."


class Session:
    """One connection, from its making to its end."""

    def __init__(self, client: "Client", settings: StreamSettings) -> None:
        self.client = client
        self.settings = settings
        self.stream: JetStreamContext = client.jetstream(timeout=ASK_S)

    @property
    def max_payload(self) -> int:
        return int(self.client.max_payload)

    async def make_stream(self) -> None:
        """Make the stream where there is none; one that an admin made otherwise stays as it is."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - an extra

        wanted = self.settings
        try:
            await self.stream.stream_info(wanted.name)
        except NotFoundError:
            await self.stream.add_stream(
                name=wanted.name,
                subjects=[wanted.subjects],
                storage="file",
                discard="old",
                max_age=KEPT_FOR.total_seconds(),
                max_bytes=wanted.max_bytes,
                duplicate_window=KNOWN_FOR.total_seconds(),
                num_replicas=wanted.replicas,
            )


class StreamLink:
    """Keeps a connection; `run` until cancelled."""

    def __init__(self, settings: StreamSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.state = StreamState()

    async def run(self, parts: Sequence[Part]) -> None:
        """Have every part work with each connection, one after the other."""
        failures = 0
        while True:
            try:
                async with connected(self._settings) as (session, over):
                    failures = 0
                    self._up(session)
                    await _until(over, parts, session)
                self._down("The connection was closed.")
            except StreamUnavailable as error:
                self._down(str(error))
            await asyncio.sleep(REST_S[min(failures, len(REST_S) - 1)])
            failures += 1

    def _up(self, session: Session) -> None:
        version = str(session.client.connected_server_version)
        self.state = StreamState(True, self._clock.now(), version_in(version), None)
        log.info("the stream is connected", action=Action.STREAM_CONNECTED, server=self.state.server)

    def _down(self, error: str) -> None:
        if self.state.connected or self.state.last_error != error:
            log.warning("events wait in the database", action=Action.STREAM_LOST, error=error)
        since = self._clock.now() if self.state.connected or self.state.since is None else self.state.since
        self.state = StreamState(False, since, self.state.server, error)


def version_in(shown: str) -> str:
    """Return `2.9.10` for `<nats server v2.9.10>`, as nats-py has it."""
    return shown.rpartition("v")[2].rstrip(">") or shown


@asynccontextmanager
async def connected(settings: StreamSettings) -> AsyncIterator[tuple[Session, asyncio.Event]]:
    """Connect, with the stream there; the event is set once the connection is lost. Raises StreamUnavailable."""
    if importlib.util.find_spec("nats") is None:
        raise StreamUnavailable("[stream] needs the package nats-py: install callbridge[nats].")
    with _translated(settings.url):
        over = asyncio.Event()
        client = await _apart(_connected(settings, over))
        try:
            session = Session(client, settings)
            async with asyncio.timeout(ASK_S * 2):
                await _apart(session.make_stream())
            yield session, over
        finally:
            await _close(client)


async def _connected(settings: StreamSettings, over: asyncio.Event) -> "Client":
    from nats.aio.client import Client  # noqa: PLC0415 - an extra
    from nats.errors import NoServersError  # noqa: PLC0415 - an extra

    client = Client()
    errors: list[Exception] = []

    async def closed() -> None:
        over.set()

    async def failed(error: Exception) -> None:
        """Note why a try failed; what is said later is raised where it happens."""
        if not client.is_connected:
            errors.append(error)

    try:
        async with asyncio.timeout(CONNECT_S * 2):
            await client.connect(
                settings.url,
                name="callbridge",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # so often each server is tried before it raises, whatever stands above
                reconnect_time_wait=0,
                connect_timeout=int(CONNECT_S),
                ping_interval=PING_S,
                max_outstanding_pings=2,
                closed_cb=closed,
                disconnected_cb=closed,
                error_cb=failed,
                **_ways_in(settings),
            )
    except NoServersError:
        await _close(client)
        if errors:
            raise errors[-1] from None
        raise
    except BaseException:
        await _close(client)
        raise
    return client


def _ways_in(settings: StreamSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.user is not None and settings.password is not None:
        found |= {"user": settings.user, "password": settings.password.get_secret_value()}
    if settings.token is not None:
        found["token"] = settings.token.get_secret_value()
    if settings.credentials is not None:
        if importlib.util.find_spec("nkeys") is None:
            raise StreamUnavailable("[stream] credentials_file needs the package nkeys: install it beside callbridge.")
        found["user_credentials"] = str(settings.credentials)
    if settings.url.startswith("tls:"):
        found["tls"] = ssl.create_default_context(cafile=settings.tls_ca and str(settings.tls_ca))
    return found


async def _close(client: "Client") -> None:
    with suppress(Exception):  # it is given up, whatever its library says
        async with asyncio.timeout(CLOSE_S):
            await client.close()


async def _until(over: asyncio.Event, parts: Sequence[Part], session: Session) -> None:
    """Have the parts work until the connection is over, or one of them cannot go on."""
    working = [asyncio.ensure_future(part(session)) for part in parts]
    ending = asyncio.ensure_future(over.wait())
    try:
        done, _ = await asyncio.wait((*working, ending), return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        await end((*working, ending))


async def _apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Do something of nats-py's in a task of its own, so that to cancel us cancels us."""
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait({doing})
        return doing.result()
    finally:
        await end((doing,))


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until they are over. nats-py 2.16 swallows it where it waits for its buffer (`_flush_pending`)."""
    left = {each for each in tasks if not each.done()}
    for _ in range(END_TRIES):
        for each in left:
            each.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=END_S)
    for each in left:
        log.warning("a part of the old connection goes on", action=Action.STREAM_STALLED, part=each.get_name())
    for each in tasks:
        if each.done() and not each.cancelled():
            each.exception()  # seen: whoever waits for it was told


class _translated:  # noqa: N801 - used like a function
    """Turn what nats-py raises into StreamUnavailable."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, StreamUnavailable) and is_of_nats(error):
            raise StreamUnavailable(said(self._url, error)) from error


def is_of_nats(error: Exception) -> bool:
    """Tell whether an error is one of the connection's, not a mistake of ours."""
    from nats.errors import Error  # noqa: PLC0415 - an extra

    return isinstance(error, Error | OSError | TimeoutError)


def said(url: str, error: Exception) -> str:
    """Return in words what is wrong, and what to do."""
    words = str(error).removeprefix("nats: ").strip("'\" ") or type(error).__name__
    kind = next((name for name in (each.__name__ for each in type(error).__mro__) if name in SAID), "")
    sign = next((sign for sign in SIGNS if sign in words.lower()), "")
    return (SIGNS.get(sign) or SAID.get(kind) or "NATS at {url} cannot be used now: {words}.").format(
        url=url, words=words
    )


SIGNS: Final = {
    "authorization": "NATS at {url} refuses us: {words}. Look at user, token or credentials_file.",
    "no servers": "NATS at {url} cannot be reached. Does nats-server run, and is the address right?",
}
SAID: Final = {
    "ServiceUnavailableError": "NATS at {url} has no JetStream. Start it with -js, or jetstream {{}} in its file.",
    "NoRespondersError": "NATS at {url} has no JetStream. Start it with -js, or jetstream {{}} in its file.",
    "SSLError": "NATS at {url} cannot be trusted, or speaks no TLS: {words}. Look at tls_ca.",
    "ConnectionRefusedError": "Nothing listens at {url}. Does nats-server run, and is the port right?",
    "TimeoutError": "NATS at {url} does not answer in time. Does it run, with JetStream on (-js)?",
}
"""By what the error says, and by its class."""
