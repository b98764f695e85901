"""The OpenAPI 3.1 document, made of the same resources that are served and the same models that check their input."""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from callbridge import __version__
from callbridge.api import idempotency
from callbridge.api.problems import CONTENT_TYPE, KINDS, Kind, ProblemDocument
from callbridge.api.resources import JSON, ROOT, Resource
from callbridge.api.scopes import Scope

REF: Final = "#/components/schemas/{model}"
ALWAYS: Final = (
    Kind.TOO_SLOW,
    Kind.TOO_MANY,
    Kind.INTERNAL,
    Kind.UNAVAILABLE,
    Kind.INVALID,
    Kind.UNKNOWN_FIELD,
    Kind.BAD_REQUEST,
)
WITH_BODY: Final = (Kind.NOT_JSON, Kind.TOO_LARGE, Kind.NO_SUCH_MEDIA)
WITH_KEY: Final = (Kind.KEY_IN_USE, Kind.OUTCOME_UNKNOWN, Kind.KEY_REUSED)
CHALLENGED: Final = (Kind.TOKEN_NEEDED, Kind.SCOPE_MISSING)

Mode = Literal["validation", "serialization"]
Schema = dict[str, Any]
Refs = dict[tuple[type[BaseModel], Mode], Schema]


class Document(BaseModel):
    """An OpenAPI document."""

    openapi: str


def document(resources: Iterable[Resource]) -> Schema:
    """Return the document of what HTTP serves: what is the control socket's alone is left out."""
    served = [each for each in resources if not each.local_only]
    refs, schemas = _schemas(served)
    paths: dict[str, Schema] = {}
    for each in served:
        paths.setdefault(f"{ROOT}{each.path}", {})[each.method.lower()] = _operation(each, refs, schemas)
    inlined = {model.__name__ for each in served for model in (each.path_model, each.query_model) if model}
    return {
        "openapi": "3.1.0",
        "info": {"title": "callbridge", "version": __version__, "summary": SUMMARY, "license": LICENSE},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(schemas.items()) if name not in inlined},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": SCOPES}},
        },
    }


SUMMARY: Final = "What really happens to every call on an Asterisk PBX."
LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
SCOPES: Final = f"`callbridge token create` makes one. Scopes: {', '.join(Scope)}."


def _schemas(resources: Iterable[Resource]) -> tuple[Refs, dict[str, Schema]]:
    """Return the reference to each model, and all schemas by their names."""
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(ProblemDocument, "serialization"): None}
    for each in resources:
        wanted |= {
            (model, "validation"): None for model in (each.path_model, each.query_model, each.body_model) if model
        }
        if each.answer is not None:
            wanted[each.answer, "serialization"] = None
    refs, whole = models_json_schema(list(wanted), by_alias=True, ref_template=REF)
    return cast("Refs", refs), whole.get("$defs", {})


def _operation(resource: Resource, refs: Refs, schemas: dict[str, Schema]) -> Schema:
    found: Schema = {
        "operationId": re.sub(r"[^a-z]+", "_", f"{resource.method} {resource.path}".lower()).strip("_"),
        "summary": resource.does,
        "tags": [re.split("[/.]", resource.path)[1]],
        "parameters": list(_parameters(resource, refs, schemas)),
        "security": [{"token": []}] if resource.scope else [{"token": []}, {}],
        "responses": _responses(resource, refs),
    }
    if resource.scope:
        found["description"] = f"Scope: `{resource.scope}`."
    if resource.body_model is not None:
        content = {JSON: {"schema": refs[resource.body_model, "validation"]}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _parameters(resource: Resource, refs: Refs, schemas: dict[str, Schema]) -> Iterator[Schema]:
    for place, model in (("path", resource.path_model), ("query", resource.query_model)):
        if model is not None:
            whole = schemas[refs[model, "validation"]["$ref"].rpartition("/")[2]]
            yield from _of_model(place, whole)
    for name, description in resource.headers.items():
        yield {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
    if resource.takes_key:
        schema = {"type": "string", "pattern": idempotency.PATTERN, "maxLength": 255}
        yield {"name": idempotency.HEADER, "in": "header", "description": "See docs/api.md.", "schema": schema}


def _of_model(place: str, whole: Schema) -> Iterator[Schema]:
    for name, schema in whole.get("properties", {}).items():
        plain = _without_null({key: value for key, value in schema.items() if key not in {"title", "description"}})
        found = {"name": name, "in": place, "schema": plain, "required": name in whole.get("required", ())}
        if "description" in schema:
            found["description"] = schema["description"]
        yield found


def _without_null(schema: Schema) -> Schema:
    """A parameter is there, or it is not; null it never is."""
    kinds: Sequence[Schema] = schema.get("anyOf", ())
    others = [kind for kind in kinds if kind.get("type") != "null"]
    if len(others) != 1 or len(others) == len(kinds):
        return schema
    return {**{key: value for key, value in schema.items() if key not in {"anyOf", "default"}}, **others[0]}


def _responses(resource: Resource, refs: Refs) -> Schema:
    done: Schema = {"description": HTTPStatus(resource.status).phrase}
    if resource.answer is None and not resource.streams:
        return {"204": {"description": "Done."}} | _problems(resource)
    schema = refs[resource.answer, "serialization"] if resource.answer else {"type": "string"}
    done["content"] = {resource.produces: {"schema": schema}}
    if resource.takes_key:
        described = "`true` where this answer was given before."
        done["headers"] = {idempotency.REPLAYED: {"description": described, "schema": {"type": "string"}}}
    made = {str(int(HTTPStatus.CREATED)): {**done, "description": "It was not there before."}} if resource.makes else {}
    return {str(int(resource.status)): done} | made | _problems(resource)


def _problems(resource: Resource) -> Schema:
    kinds = {*ALWAYS, *resource.problems, Kind.TOKEN_NEEDED}
    kinds |= {Kind.SCOPE_MISSING} if resource.scope else set()
    kinds |= {Kind.NOT_FOUND} if resource.path_model else set()
    kinds |= set(WITH_BODY) if resource.body_model else set()
    kinds |= set(WITH_KEY) if resource.takes_key else set()
    by_status: dict[int, list[Kind]] = {}
    for kind in KINDS:
        if kind in kinds:
            by_status.setdefault(KINDS[kind].status, []).append(kind)
    return {str(int(status)): _problem(kinds) for status, kinds in sorted(by_status.items())}


def _problem(kinds: Sequence[Kind]) -> Schema:
    schema = {"$ref": REF.format(model=ProblemDocument.__name__)}
    found: Schema = {
        "description": "; ".join(KINDS[kind].title for kind in kinds) + ".",
        "content": {CONTENT_TYPE: {"schema": schema}},
    }
    if set(kinds) & {Kind.TOO_MANY, Kind.UNAVAILABLE}:
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    if set(kinds) & set(CHALLENGED):
        found["headers"] = {"WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}}}
    return found
