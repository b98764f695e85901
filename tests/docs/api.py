"""What docs/api.md draws: the paths, the scopes, the problems."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pydantic import BaseModel

import callbridge.api
from callbridge.api.described import described
from callbridge.api.problems import KINDS
from callbridge.api.resources import ROOT, Resource
from callbridge.api.scopes import Scope

ALLOWS: Final = {Scope.ADMIN: "everything"}
VERBS: Final = {"read": "reading", "write": "changing"}


def paths() -> str:
    rows = [
        [
            f"`{each.method} {ROOT}{each.path}`",
            each.does,
            "the control socket alone" if each.local_only else f"`{each.scope}`" if each.scope else "any",
        ]
        for each in described(declared())
    ]
    return _table(["path", "what it does", "scope"], rows)


def declared() -> Iterator[Resource]:
    """Yield every noun's resources; to be declared they need nothing of what they will ask."""
    for each in pkgutil.iter_modules(callbridge.api.__path__, "callbridge.api."):
        declare = getattr(importlib.import_module(each.name), "resources", None)
        if callable(declare):
            yield from declare(None)


def scopes() -> str:
    rows = [[f"`{scope}`", ALLOWS.get(scope) or _allowed(scope)] for scope in Scope]
    return _table(["scope", "allows"], rows)


def _allowed(scope: Scope) -> str:
    noun, _, verb = scope.partition(":")
    return f"{VERBS[verb]} `/v1/{noun}`"


def filters(model: type[BaseModel]) -> str:
    """Return what a list can be searched by."""
    rows = [[f"`{name}`", field.description or ""] for name, field in model.model_fields.items()]
    return _table(["filter", "finds"], rows)


def problems() -> str:
    rows = [[f"`/problems/{kind}`", str(int(about.status)), about.means] for kind, about in KINDS.items()]
    return _table(["`type`", "status", "what is wrong, and what to do"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
