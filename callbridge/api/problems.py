"""The one place where what went wrong becomes HTTP: problem documents, RFC 9457.

`KINDS` is the whole list; docs/api.md draws its table from it. Whoever answers a
request raises an error of ours, or `Refused` with the kind that fits.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

from callbridge.errors import CallbridgeError, Conflicting, NotThere, StoreUnavailable, TooMuch
from callbridge.logs import Action, logger

CONTENT_TYPE: Final = "application/problem+json"

log = logger()


class Kind(StrEnum):
    """What can go wrong; `type` in the document is `/problems/` and this word, which never changes its meaning."""

    NOT_JSON = "not-json"
    BAD_REQUEST = "bad-request"
    TOKEN_NEEDED = "token-needed"  # noqa: S105 - the name of a problem
    SCOPE_MISSING = "scope-missing"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    TOO_SLOW = "too-slow"
    CONFLICT = "conflict"
    KEY_IN_USE = "idempotency-key-in-use"
    OUTCOME_UNKNOWN = "outcome-unknown"
    EVENT_GONE = "event-gone"
    TOO_LARGE = "too-large"
    NO_SUCH_MEDIA = "unsupported-media-type"
    UNKNOWN_FIELD = "unknown-field"
    INVALID = "invalid-input"
    KEY_REUSED = "idempotency-key-reused"
    TOO_MUCH = "too-much"
    TOO_MANY = "too-many-requests"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class About:
    """`means` is for whoever gets it: what is wrong, and what to do."""

    status: HTTPStatus
    title: str
    means: str


KINDS: Final[Mapping[Kind, About]] = {
    Kind.NOT_JSON: About(HTTPStatus.BAD_REQUEST, "No JSON", "The body cannot be read as JSON in UTF-8."),
    Kind.BAD_REQUEST: About(HTTPStatus.BAD_REQUEST, "Bad request", "The request breaks the rules of HTTP."),
    Kind.TOKEN_NEEDED: About(
        HTTPStatus.UNAUTHORIZED,
        "A token is needed",
        "No token, or one that is unknown, expired or revoked; which is not told. Send `Authorization: Bearer cb_…`.",
    ),
    Kind.SCOPE_MISSING: About(
        HTTPStatus.FORBIDDEN, "The token lacks a scope", "`scope` names the one it lacks. Make a token that has it."
    ),
    Kind.NOT_FOUND: About(HTTPStatus.NOT_FOUND, "Not found", "There is no such path, or nothing of that name."),
    Kind.METHOD_NOT_ALLOWED: About(
        HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", "The header `Allow` names those there are."
    ),
    Kind.TOO_SLOW: About(HTTPStatus.REQUEST_TIMEOUT, "Too slow", "The body did not arrive in time. Send it again."),
    Kind.CONFLICT: About(
        HTTPStatus.CONFLICT, "Conflict", "It does not go together with what is there; `detail` says why."
    ),
    Kind.KEY_IN_USE: About(
        HTTPStatus.CONFLICT,
        "The first one still runs",
        "A request with the same `Idempotency-Key` is under way. Ask again after `Retry-After`.",
    ),
    Kind.OUTCOME_UNKNOWN: About(
        HTTPStatus.CONFLICT,
        "Nobody knows what became of the first one",
        "A request with the same `Idempotency-Key` was broken off, by a crash for example. See whether it was done; "
        "where it was not, send it with another key.",
    ),
    Kind.EVENT_GONE: About(
        HTTPStatus.GONE,
        "No such event is kept",
        "What came behind the event of this id cannot be told: it is kept no longer, or never was. Read what is true "
        "now (`/v1/calls`), and follow without `Last-Event-ID`, or with `since`.",
    ),
    Kind.TOO_LARGE: About(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large", "The body is longer than 64 KiB; of customers, than 1 MiB."
    ),
    Kind.NO_SUCH_MEDIA: About(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not sent as JSON", "Send the body as `Content-Type: application/json`."
    ),
    Kind.UNKNOWN_FIELD: About(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Unknown field",
        "`errors` names each field there is not, with the nearest one there is.",
    ),
    Kind.INVALID: About(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid input",
        "`errors` names each field that is wrong, and how. Nothing was done.",
    ),
    Kind.KEY_REUSED: About(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The key belongs to another request",
        "This `Idempotency-Key` came with another request before. A new request needs a new key.",
    ),
    Kind.TOO_MUCH: About(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Too much to look through",
        "To find this would take longer than one question may. Ask for a shorter period (`since`, `until`), or by "
        "fewer filters.",
    ),
    Kind.TOO_MANY: About(
        HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", "Ask again after `Retry-After` seconds. See Limits."
    ),
    Kind.INTERNAL: About(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "A mistake of ours; callbridge's log has it whole. Please report it.",
    ),
    Kind.UNAVAILABLE: About(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Unavailable",
        "The database does not answer now. Ask again after `Retry-After`, with the same `Idempotency-Key`.",
    ),
}

FROM_ERRORS: Final[Sequence[tuple[type[Exception], Kind]]] = (
    (NotThere, Kind.NOT_FOUND),
    (Conflicting, Kind.CONFLICT),
    (TooMuch, Kind.TOO_MUCH),
    (StoreUnavailable, Kind.UNAVAILABLE),
    (TimeoutError, Kind.UNAVAILABLE),
)
"""Which error of ours is which problem; the first that fits. Every other one is INTERNAL."""

TOLD: Final = (NotThere, Conflicting, TooMuch)
"""Errors whose text is for whoever asked; the others speak of the inside, to the log."""

FROM_HTTP: Final[Mapping[int, Kind]] = {
    404: Kind.NOT_FOUND,
    405: Kind.METHOD_NOT_ALLOWED,
    413: Kind.TOO_LARGE,
}
"""What aiohttp refuses by itself; everything else below 500 is BAD_REQUEST."""

UNAVAILABLE_S: Final = 5
SERVER_ERRORS: Final = 500


class FieldError(BaseModel):
    """One thing that is wrong in the input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(description="Where it stands: `events.0`; of the query string or the body.")
    message: str = Field(description="What is wrong with it, for people.")


class ProblemDocument(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Problem")

    type: str = Field(description="Which kind it is, a word that never changes its meaning.")
    title: str
    status: int
    detail: str | None = Field(default=None, description="What is wrong with this very request, for people.")
    errors: tuple[FieldError, ...] | None = Field(default=None, description="Each thing wrong in the input.")
    scope: str | None = Field(default=None, description="The scope the token lacks.")


class Refused(CallbridgeError):
    """A request that is answered with a problem; `detail` is read by whoever asked."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        scope: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or KINDS[kind].title)
        self.kind, self.detail, self.errors, self.scope = kind, detail, tuple(errors), scope
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        about = KINDS[self.kind]
        document = ProblemDocument(
            type=f"/problems/{self.kind}",
            title=about.title,
            status=about.status.value,
            detail=self.detail or None,
            errors=self.errors or None,
            scope=self.scope,
        )
        body = orjson.dumps(document.model_dump(exclude_none=True))
        return web.Response(status=about.status, body=body, content_type=CONTENT_TYPE, headers=self.headers)


def invalid(field: str, message: str) -> Refused:
    """Return the refusal of one field that only its handler could judge."""
    return Refused(Kind.INVALID, errors=(FieldError(field=field, message=message),))


def too_many(wait_s: float, detail: str = "") -> Refused:
    """Return the refusal of a request too many, with when to come back."""
    return Refused(Kind.TOO_MANY, detail, headers={"Retry-After": str(max(1, math.ceil(wait_s)))})


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a problem document; strangers hear of no more than its kind."""
    try:
        return await handler(request)
    except asyncio.CancelledError:
        raise
    except web.HTTPException as error:
        return _of_http(error).response()
    except Exception as error:  # a mistake of ours: logged whole, told as an internal error
        refused = refusal(error)
        if refused.kind is Kind.INTERNAL:
            log.exception("a request broke", action=Action.HTTP_FAILED, path=request.path)
        return refused.response()


def refusal(error: Exception) -> Refused:
    """Return how an error is told."""
    if isinstance(error, Refused):
        return error
    kind = next((kind for sort, kind in FROM_ERRORS if isinstance(error, sort)), Kind.INTERNAL)
    headers = {"Retry-After": str(UNAVAILABLE_S)} if kind is Kind.UNAVAILABLE else {}
    return Refused(kind, str(error) if isinstance(error, TOLD) else "", headers=headers)


def _of_http(error: web.HTTPException) -> Refused:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    kind = FROM_HTTP.get(error.status, Kind.INTERNAL if error.status >= SERVER_ERRORS else Kind.BAD_REQUEST)
    return Refused(kind, headers=headers)
