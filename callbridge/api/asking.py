"""From a request to what its handler takes: checked by the resource's models, every mistake named at once."""

import asyncio
import difflib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, get_args, get_origin

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from callbridge.api.problems import FieldError, Kind, Refused
from callbridge.api.resources import Resource

BODY_S: Final = 10.0
"""How long the body may take to arrive."""


async def body_of(request: web.Request, most_bytes: int) -> bytes:
    """Return the whole body. Raises Refused where it takes too long; aiohttp refuses one too large."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.clone(client_max_size=most_bytes).read()
    except TimeoutError:
        raise Refused(Kind.TOO_SLOW) from None


def understood(resource: Resource, request: web.Request, body: bytes) -> Mapping[str, BaseModel]:
    """Return path, query and body as the handler takes them. Raises Refused."""
    found: dict[str, BaseModel] = {}
    mistakes: list[ErrorDetails] = []
    unknown: list[FieldError] = []
    if (path := resource.path_model) is not None:
        found["path"] = _path(path, request.match_info)
    if (query := resource.query_model) is not None:
        found |= _noted("query", query, lambda: _query(query, request), mistakes, unknown)
    elif request.query:
        unknown += [_unknown(name, ()) for name in dict.fromkeys(request.query)]
    if (model := resource.body_model) is not None:
        found |= _noted("body", model, lambda: _body(model, request, body), mistakes, unknown)
    elif body:
        raise Refused(Kind.INVALID, "This takes no body.")
    _refuse(mistakes, unknown)
    return found


def mistakes_in(model: type[BaseModel], error: ValidationError) -> tuple[FieldError, ...]:
    """Return what is wrong with something inside a body that was checked on its own."""
    found: list[ErrorDetails] = []
    unknown: list[FieldError] = []
    _sort(model, error, found, unknown)
    return (*unknown, *(FieldError(field=_dotted(detail), message=_message(detail)) for detail in found))


def _noted(
    name: str,
    model: type[BaseModel],
    read: Callable[[], BaseModel],
    mistakes: list[ErrorDetails],
    unknown: list[FieldError],
) -> dict[str, BaseModel]:
    try:
        return {name: read()}
    except ValidationError as error:
        _sort(model, error, mistakes, unknown)
        return {}


def _sort(
    model: type[BaseModel], error: ValidationError, mistakes: list[ErrorDetails], unknown: list[FieldError]
) -> None:
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "extra_forbidden":
            unknown.append(_unknown(_dotted(detail), _known(model, detail["loc"])))
        else:
            mistakes.append(detail)


def _refuse(mistakes: list[ErrorDetails], unknown: list[FieldError]) -> None:
    wrong = [FieldError(field=_dotted(detail), message=_message(detail)) for detail in mistakes]
    if wrong:
        raise Refused(Kind.INVALID, errors=(*unknown, *wrong))
    if unknown:
        raise Refused(Kind.UNKNOWN_FIELD, errors=unknown)


def _path(model: type[BaseModel], found: Mapping[str, str]) -> BaseModel:
    """Return what stands in the path: what cannot be a name or id is the name of nothing."""
    try:
        if any(map(_unkeepable, found.values())):
            raise Refused(Kind.NOT_FOUND)
        return model.model_validate(dict(found), strict=False)
    except ValidationError:
        raise Refused(Kind.NOT_FOUND) from None


def _query(model: type[BaseModel], request: web.Request) -> BaseModel:
    given: dict[str, Any] = {}
    for name in dict.fromkeys(request.query):
        values = request.query.getall(name)
        if any(map(_unkeepable, (name, *values))):
            raise Refused(Kind.INVALID, errors=(_unfit("a query parameter"),))
        given[name] = values if _is_list(model, name) else values[0]
        if len(values) > 1 and not _is_list(model, name):
            raise Refused(Kind.INVALID, errors=(FieldError(field=name, message="may be given once only"),))
    return model.model_validate(given, strict=False)  # all is text here: "50" is a number


def _body(model: type[BaseModel], request: web.Request, body: bytes) -> BaseModel:
    if request.content_type != "application/json":
        raise Refused(Kind.NO_SUCH_MEDIA)
    try:
        plain = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(Kind.NOT_JSON, str(error)) from None
    if any("\0" in text for text in _texts(plain)):
        raise Refused(Kind.INVALID, errors=(_unfit("the body"),))
    return model.model_validate_json(body)  # read twice: from JSON, strict takes a time as text and a list as a tuple


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)


def _unkeepable(text: str) -> bool:
    """Whether a text holds what no database keeps: NUL, or half a surrogate pair."""
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _unfit(where: str) -> FieldError:
    return FieldError(field="", message=f"{where} holds a NUL, or letters that are no Unicode")


def _is_list(model: type[BaseModel], name: str) -> bool:
    field = next((each for key, each in model.model_fields.items() if name == (each.alias or key)), None)
    return field is not None and any(get_origin(kind) is tuple for kind in _kinds(field.annotation))


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    if isinstance(annotation, types.UnionType):
        yield from get_args(annotation)


def _known(model: type[BaseModel], where: tuple[int | str, ...]) -> Iterable[str]:
    """Return the fields there are where an unknown one stands."""
    for step in where[:-1]:
        field = model.model_fields.get(str(step))
        inner = [each for kind in _kinds(field.annotation) for each in (kind, *get_args(kind))] if field else []
        model = next((each for each in inner if isinstance(each, type) and issubclass(each, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown(name: str, known: Iterable[str]) -> FieldError:
    near = difflib.get_close_matches(name.rpartition(".")[2].lower(), list(known), n=1, cutoff=0.6)
    there = ", ".join(known)
    hint = f'; did you mean "{near[0]}"?' if near else f"; there are {there}" if there else ""
    return FieldError(field=name, message=f"is unknown{hint}")


def _dotted(detail: ErrorDetails) -> str:
    return ".".join(str(step) for step in detail["loc"])


def _message(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Value error, ")
