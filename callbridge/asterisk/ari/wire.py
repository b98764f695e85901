"""JSON text from ARI ⇄ messages: no socket, no clock, no waiting.

`read` never raises: what is no ARI event comes back as an `Oddity`, for the
link to count and go on. Nothing is kept between two calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from callbridge.errors import ActionFailed, LoginRefused, PbxError, PbxUnreachable, ProtocolError

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""A ChannelVarset with Asterisk's longest value stays under 64 KiB; the rest is no event of a phone call."""

MAX_EXCERPT: Final = 200
"""Characters of nonsense kept, to show to an admin."""

_UNAUTHORIZED: Final = 401  # an unknown name or a wrong password
_FORBIDDEN: Final = 403  # the user's ACL ("Access denied by ACL"), or a file that cannot be opened
_SERVER_ERROR: Final = 500

NOT_ARI: Final = (
    "There is no ARI at this address. Set enabled=yes in ari.conf and http.conf, and check the path (/ari)."
)


class OddityKind(StrEnum):
    TOO_LONG = "too_long"
    NO_JSON = "no_json"
    NO_OBJECT = "no_object"
    NO_TYPE = "no_type"


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that is no event. `excerpt` is the beginning of it, printable."""

    kind: OddityKind
    excerpt: str


@dataclass(frozen=True, slots=True)
class Message:
    """One ARI event.

    `text` is exactly what came (bytes that are no UTF-8 as U+FFFD), for tapes.
    A field is None when the event has none of that sort or it makes no sense;
    `body` still has what was sent. `Dial` has `peer` and `caller` instead of `channel`.
    """

    type: str
    application: str | None
    timestamp: datetime | None
    """When Asterisk says it happened: aware, UTC, milliseconds."""
    channel_id: str | None
    channel_name: str | None
    body: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)


def read(data: bytes, limit: int = MAX_MESSAGE_BYTES) -> Message | Oddity:
    """Return the event in one websocket text frame, or what is odd about it.

    Bytes, not str: a name that Asterisk cut inside a letter must not cost the
    event, and a strict decoder would close the websocket for it.
    """
    if len(data) > limit:
        return _oddity(OddityKind.TOO_LONG, data)
    text = data.decode("utf-8", "replace")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _oddity(OddityKind.NO_JSON, data)
    if not isinstance(body, dict):
        return _oddity(OddityKind.NO_OBJECT, data)
    type_ = text_of(body, "type")
    if not type_:
        return _oddity(OddityKind.NO_TYPE, data)
    channel = mapping_of(body, "channel")
    return Message(
        type=type_,
        application=text_of(body, "application"),
        timestamp=moment(body.get("timestamp")),
        channel_id=text_of(channel, "id"),
        channel_name=text_of(channel, "name"),
        body=body,
        text=text,
    )


def text_of(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) else None


def mapping_of(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under `key`; an empty one when there is none."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def moment(value: object) -> datetime | None:
    """Read `2026-11-22T12:47:03.203+0000` as UTC. None without a zone: a guess would be hours wrong."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def refusal(status: int, answer: bytes, asked: str) -> PbxError:
    """Return the error that an HTTP answer of ARI stands for.

    `asked` says what was wanted, without secrets: `GET /asterisk/info`.
    """
    said = reason(answer)
    if status == _UNAUTHORIZED or (status == _FORBIDDEN and (said is None or "ACL" in said)):
        return LoginRefused(
            "ARI refuses our user name or password, or the user's ACL refuses our address. "
            "Check the user's section in ari.conf, then `module reload res_ari.so`."
        )
    if said is not None:
        return ActionFailed(f"ARI refused {asked}: {said} (HTTP {status}).")
    if status >= _SERVER_ERROR:
        return PbxUnreachable(f"Asterisk's HTTP server cannot serve {asked} now (HTTP {status}).")
    return ProtocolError(f"{NOT_ARI} ({asked}: HTTP {status})")


def reason(answer: bytes) -> str | None:
    """Return ARI's own words (`{"message": …}`), bounded; None when this is not ARI speaking."""
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    said = text_of(body, "message") or text_of(body, "error") if isinstance(body, dict) else None
    return _printable(said) if said else None


def _oddity(kind: OddityKind, data: bytes) -> Oddity:
    return Oddity(kind, _printable(data[: MAX_EXCERPT * 4].decode("utf-8", "replace")))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_EXCERPT])
