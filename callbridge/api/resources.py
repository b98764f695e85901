"""What a resource of `/v1` is: declared once, it becomes route, check of the input, and part of the OpenAPI document.

The handler's own parameters say what it takes, each by its name and its type:

- `path`: a model of what stands in braces in the path
- `query`: a model of the query string; a field that is a tuple may be given several times
- `body`: a model of the JSON body
- `caller`: who asks (`Caller`)
- `request`: aiohttp's own, for a handler that answers with a stream

It returns a model, or plain data for orjson, or either as `Made` (201), or None (204), or a
StreamResponse it has made itself. It raises `Refused`, or any error of `callbridge.errors`.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from callbridge.api.problems import Kind
from callbridge.api.scopes import Caller, Scope

ROOT: Final = "/v1"
JSON: Final = "application/json"

MAX_BODY_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Made:
    """The answer of a resource that `makes`: what it was asked to change was not there before."""

    answer: BaseModel | Mapping[str, Any]


Answer = BaseModel | Mapping[str, Any] | web.StreamResponse | Made | None
Handler = Callable[..., Awaitable[Answer]]


class Input(BaseModel):
    """What the models of path, query and body share: unknown fields are refused, and text is no number."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, allow_inf_nan=False, populate_by_name=False
    )


class Output(BaseModel):
    """What the models of answers share."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True)


@dataclass(frozen=True, slots=True)
class Resource:
    """One method of one path.

    `shown_once` names the fields of the answer that hold a secret: they are null in the
    answer that is kept for the same `Idempotency-Key`. `headers` are those the handler reads
    from the request by itself, with their description.
    """

    method: str
    path: str
    """Below `/v1`, such as `/calls/{id}`."""
    handler: Handler
    scope: Scope | None
    """None: any token will do, and none is needed on this host."""
    does: str
    """In a line: what it is for."""
    answer: type[BaseModel] | None = None
    status: HTTPStatus = HTTPStatus.OK
    makes: bool = False
    """Whether it may make what is not there, and answers with 201 then."""
    produces: str = JSON
    most_bytes: int = MAX_BODY_BYTES
    """Of the body."""
    problems: tuple[Kind, ...] = ()
    """Those besides what every resource may answer."""
    shown_once: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    local_only: bool = False
    """Whether it is served on the control socket alone."""
    parts: Mapping[str, Any] = field(init=False)
    """The handler's parameters with their types."""

    def __post_init__(self) -> None:
        hints = get_type_hints(self.handler)
        parts = {name: hints[name] for name in inspect.signature(self.handler).parameters}
        for name, kind in parts.items():
            if not _fits(name, kind):
                raise TypeError(f"{self.method} {self.path}: its handler cannot take {name}: {kind}")
        object.__setattr__(self, "parts", parts)

    @property
    def path_model(self) -> type[BaseModel] | None:
        return self.parts.get("path")

    @property
    def query_model(self) -> type[BaseModel] | None:
        return self.parts.get("query")

    @property
    def body_model(self) -> type[BaseModel] | None:
        return self.parts.get("body")

    @property
    def takes_key(self) -> bool:
        """Whether an `Idempotency-Key` counts: a POST makes something happen."""
        return self.method == "POST"

    @property
    def streams(self) -> bool:
        """Whether the handler answers as long as it likes."""
        return self.produces != JSON


def _fits(name: str, kind: Any) -> bool:
    if name in {"path", "query", "body"}:
        return isinstance(kind, type) and issubclass(kind, Input)
    return (name, kind) in {("caller", Caller), ("request", web.Request)}
