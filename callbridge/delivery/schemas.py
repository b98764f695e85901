"""What is told, for machines: a JSON Schema for each event, and one AsyncAPI document for all of them.

    event_schema(EventType.CALL_ANSWERED)    # the body of that webhook
    asyncapi()                               # every message, with its headers

Receivers must let pass what they do not know: a later callbridge tells more. So both
leave that open; only `closed=True`, for our own tests, does not.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, cast

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from typing_extensions import TypedDict

from callbridge import __version__
from callbridge.calls.events import EventType
from callbridge.delivery import shapes

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TOLD: Final = tuple(shapes.BESIDES)
"""Every event there is a schema of: all that are told."""

_OF_PBX: Final = "pbx."
_SEQUENCE: Final = Annotated[int, Field(ge=1, description="1, 2, 3 … of this call, without holes")]
_MODE: Final[JsonSchemaMode] = "serialization"


HEADERS: Final[Mapping[str, str]] = {
    "webhook-id": "the event's id: the same at every try",
    "webhook-timestamp": "when this try was made: seconds since 1970",
    "webhook-signature": "`v1,` and base64, one for each secret, with a blank between",
}
"""Of every try, as the Standard Webhooks specification has them."""


class _Untitled(GenerateJsonSchema):
    """Without a title for each key that only repeats the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        return False


def event_schema(kind: EventType, *, closed: bool = False) -> Schema:
    """Return the schema of one event's body, with all it needs in `$defs`. Raises KeyError for what is not told yet."""
    schema = TypeAdapter(_body(kind, closed=closed)).json_schema(mode=_MODE, schema_generator=_Untitled)
    return {"$schema": DIALECT, **schema, "title": kind.value}


def asyncapi() -> Schema:
    """Return the AsyncAPI 3.0 document of what callbridge sends to a subscriber."""
    parts = [(kind, _MODE, TypeAdapter(_body(kind))) for kind in TOLD]
    bodies, shared = TypeAdapter.json_schemas(
        parts, ref_template="#/components/schemas/{model}", schema_generator=_Untitled
    )
    messages = {kind.value: _message(kind, bodies[kind, _MODE]) for kind in TOLD}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "callbridge webhooks",
            "version": __version__,
            "description": "What happens to the calls of an Asterisk, told to a CRM. Signed to the letter of the "
            "Standard Webhooks specification; one call's events come in the order of their `sequence`.",
        },
        "defaultContentType": "application/json",
        "channels": {"webhook": {"address": None, "messages": _references("#/components/messages/", TOLD)}},
        "operations": {
            "tell": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhook"},
                "messages": list(_references("#/channels/webhook/messages/", TOLD).values()),
            }
        },
        "components": {"messages": messages, "schemas": shared.get("$defs", {})},
    }


def _references(where: str, kinds: Iterable[EventType]) -> dict[str, Schema]:
    return {kind.value: {"$ref": f"{where}{kind.value}"} for kind in kinds}


def _message(kind: EventType, body: Schema) -> Schema:
    headers = {name: {"type": "string", "description": means} for name, means in HEADERS.items()}
    return {
        "name": kind.value,
        "headers": {"type": "object", "properties": headers, "required": list(HEADERS)},
        "payload": body,
    }


def _body(kind: EventType, *, closed: bool = False) -> Any:
    """Return the type of one event's body."""
    name = "".join(word.capitalize() for word in kind.replace("_", ".").split("."))
    data = _dict(f"{name}Data", _data(kind))
    body = _dict(name, {"type": Literal[kind.value], "timestamp": shapes.Stamp, "data": data})
    if closed:
        body.__pydantic_config__ = ConfigDict(extra="forbid")
    return body


def _data(kind: EventType) -> dict[str, Any]:
    """Return what stands in `data`, in its order."""
    if kind is EventType.WEBHOOK_DISABLED:
        return {"pbx": None, **shapes.BESIDES[kind]}
    if kind.startswith(_OF_PBX):
        return {"pbx": str, **shapes.BESIDES[kind]}
    changed = shapes.CHANGED if kind is EventType.CALL_UPDATED else {}
    return {
        "pbx": str,
        "sequence": _SEQUENCE,
        **shapes.BESIDES[kind],
        **{word: NotRequired[shape] for word, shape in changed.items()},
        "call": shapes.Call,
        "backfilled": NotRequired[Literal[True]],
    }


def _dict(name: str, keys: Mapping[str, Any]) -> Any:
    """Return a TypedDict of these keys: made here, for no type checker to see."""
    return cast("Any", TypedDict)(name, dict(keys))
