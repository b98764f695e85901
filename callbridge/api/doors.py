"""The two doors to `/v1`: HTTP with bearer tokens, and the control socket, where only the owner can knock."""

from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import web

from callbridge.api.limits import Buckets, address_of, neighbourhood
from callbridge.api.problems import Kind, Refused, too_many
from callbridge.api.resources import Resource
from callbridge.api.scopes import OWNER, Caller
from callbridge.api.tokens import TokenKeeper
from callbridge.logs import Action, logger

log = logger()

CHALLENGE: Final = 'Bearer realm="callbridge"'
STRANGER: Final = Caller("", "somebody on this host", frozenset())
PASSED_ON: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Headers of a proxy. They can open nothing: whoever invents one is taken for a stranger."""
FAILED_TOO_OFTEN: Final = "Too many wrong tokens came from this address."


class Door(Protocol):
    """Who may come in."""

    async def caller(self, request: web.Request, resource: Resource) -> Caller:
        """Return who asks, and may. Raises Refused."""


class ControlSocket:
    """Whoever can open the socket is its owner."""

    async def caller(self, request: web.Request, resource: Resource) -> Caller:  # noqa: ARG002 - the owner may everything
        return OWNER


class Bearer:
    """A token with the scope, and not too often.

    An address whose tokens were wrong too often is heard no more, but for tokens that
    were good before: behind one proxy the same address has friends and strangers.
    """

    def __init__(
        self, keeper: TokenKeeper, monotonic: Callable[[], float], *, per_s: float, burst: int, failures_per_minute: int
    ) -> None:
        self._keeper = keeper
        self._requests = Buckets(per_s, burst, monotonic)
        self._failures = Buckets(failures_per_minute / 60, failures_per_minute, monotonic)

    def limit(self, *, per_s: float, burst: int, failures_per_minute: int) -> None:
        """Let in as often as these say from now on."""
        self._requests.change(per_s, burst)
        self._failures.change(failures_per_minute / 60, failures_per_minute)

    async def caller(self, request: web.Request, resource: Resource) -> Caller:
        secret = _secret_in(request)
        if secret is None and resource.scope is None and from_here(request):
            return STRANGER
        caller = await self._known(secret, neighbourhood(request.remote))
        if wait := self._requests.take(caller.id):
            raise too_many(wait)
        if resource.scope is not None and not caller.may(resource.scope):
            raise _lacks(resource)
        return caller

    async def _known(self, secret: str | None, address: str) -> Caller:
        if secret is None:
            raise Refused(Kind.TOKEN_NEEDED, headers={"WWW-Authenticate": CHALLENGE})
        if (wait := self._failures.wait(address)) and not self._keeper.was_good(secret):
            raise too_many(wait, FAILED_TOO_OFTEN)
        found = await self._keeper.caller(secret)
        if found is None:
            self._failures.take(address)
            if self._failures.wait(address):
                log.warning("too many wrong tokens", action=Action.API_REFUSED, address=address)
            raise Refused(Kind.TOKEN_NEEDED, headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})
        return found


def _lacks(resource: Resource) -> Refused:
    scope = str(resource.scope)
    challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
    detail = f"This token lacks the scope {scope}."
    return Refused(Kind.SCOPE_MISSING, detail, scope=scope, headers={"WWW-Authenticate": challenge})


def _secret_in(request: web.Request) -> str | None:
    """Return the token sent; None where there is none. RFC 6750: in the header alone, for URLs end up in logs."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def from_here(request: web.Request) -> bool:
    """Tell whether whoever asks is on this host, and not only a proxy on it that passes on what others ask."""
    if any(header in request.headers for header in PASSED_ON):
        return False
    address = address_of(request.remote)
    return address is not None and address.is_loopback
