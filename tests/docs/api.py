"""What docs/api.md draws: the paths, the scopes, the problems."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, Final, cast

from callbridge.api import events
from callbridge.api.described import described
from callbridge.api.problems import KINDS
from callbridge.api.resources import ROOT
from callbridge.api.scopes import Scope
from callbridge.app.served import resources

ALLOWS: Final = {Scope.ADMIN: "everything"}
VERBS: Final = {"read": "reading", "write": "changing"}


def paths() -> str:
    nobody = cast("Any", SimpleNamespace(call_log=None))  # what is declared needs nothing of what it will ask
    rows = [
        [
            f"`{each.method} {ROOT}{each.path}`",
            each.does,
            "the control socket alone" if each.local_only else f"`{each.scope}`" if each.scope else "any",
        ]
        for each in described((*resources(nobody, nobody), *events.resources(nobody)))
    ]
    return _table(["path", "what it does", "scope"], rows)


def scopes() -> str:
    rows = [[f"`{scope}`", ALLOWS.get(scope) or _allowed(scope)] for scope in Scope]
    return _table(["scope", "allows"], rows)


def _allowed(scope: Scope) -> str:
    noun, _, verb = scope.partition(":")
    return f"{VERBS[verb]} `/v1/{noun}`"


def problems() -> str:
    rows = [[f"`/problems/{kind}`", str(int(about.status)), about.means] for kind, about in KINDS.items()]
    return _table(["`type`", "status", "what is wrong, and what to do"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
