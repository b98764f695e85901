"""What `/v1` serves, and behind which door: each noun's resources, with what they need of the rest."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from aiohttp import web

from callbridge.api import agents, call_export, calls, missed, missed_export, tokens
from callbridge.api.described import described
from callbridge.api.doors import Bearer, ControlSocket
from callbridge.api.exports import Exports, Zones
from callbridge.api.idempotency import Idempotency
from callbridge.api.resources import Resource
from callbridge.api.serving import routes
from callbridge.api.tokens import TokenKeeper
from callbridge.clock import Clock
from callbridge.config import Http
from callbridge.store import SqlStore

Routes = tuple[web.RouteDef, ...]
NO_ZONES: Final[Zones] = {}


class Served(NamedTuple):
    """What is served on `[http] listen`, what on the control socket, and who lets in outside."""

    outside: Routes
    inside: Routes
    bearer: Bearer


def resources(store: SqlStore, keeper: TokenKeeper, zones: Zones) -> tuple[Resource, ...]:
    """Return what needs the database alone: one line a noun."""
    exports = Exports(zones)
    return (
        *call_export.resources(store.call_log, exports),
        *agents.resources(store.call_log),
        *calls.resources(store.call_log),
        *missed_export.resources(store.missed, exports),
        *missed.resources(store.missed),
        *tokens.resources(keeper),
    )


def served(store: SqlStore, http: Http, clock: Clock, more: Iterable[Resource] = (), zones: Zones = NO_ZONES) -> Served:
    """Return the routes of HTTP and of the control socket.

    `more` are the resources of what lives in the daemon, `zones` where each PBX stands: UTC, where it is not said.
    """
    keeper = TokenKeeper(store.tokens, clock)
    once = Idempotency(store.kept_answers, clock)
    all_of_it = described((*resources(store, keeper, zones), *more))
    bearer = Bearer(keeper, clock.monotonic, **rates(http))
    outside = [each for each in all_of_it if not each.local_only]
    return Served(routes(outside, bearer, once), routes(all_of_it, ControlSocket(), once), bearer)


def rates(http: Http) -> dict[str, Any]:
    """Return how often one may ask, as `Bearer` wants to be told."""
    return {
        "per_s": http.requests_per_s,
        "burst": http.requests_burst,
        "failures_per_minute": http.failures_per_minute,
    }
