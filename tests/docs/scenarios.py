"""docs/scenarios.md: each call that must be told right, what is told of it, and where that is shown."""

import importlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from tests.docs.readme import ROOT
from tests.docs.rows import BY_TESTS, ROWS
from tests.lab.plays import by_function
from tests.lab.record import PBXS, SCENES

MISSING: Final = "**missing**"
TESTS: Final = ROOT / "tests"
TAPES: Final = TESTS / "tapes"
LIVE: Final = ("live", "faults")
"""Folders of tests that play scenes on a real Asterisk."""


def scenarios() -> str:
    """Return what is counted, and a table a row."""
    return "\n\n".join([_counted(), *(part for number in ROWS for part in _row(number))])


def gaps() -> dict[int, set[str]]:
    """Return what is missing, by row: names of scenes without a live test or a tape, `live` or `alone` of the rest."""
    found = {number: {scene for scene in _scenes(number) if not _complete(scene)} for number in ROWS}
    for number, shown in BY_TESTS.items():
        found[number] |= {kind for kind in ("live", "alone") if not getattr(shown, kind)}
    for number in ROWS:
        if not _scenes(number) and number not in BY_TESTS:
            found[number] = {"scene"}
    return {number: missing for number, missing in found.items() if missing}


def _complete(scene: str) -> bool:
    return scene in _players() and _tape(scene).exists()


def _counted() -> str:
    played, taped = (sum(map(has, SCENES)) for has in (_players().__contains__, lambda scene: _tape(scene).exists()))
    tapes = len(list(TAPES.glob("*.tape")))
    scenes = f"{len(SCENES)} scenes: {played} with a live test, {taped} with a tape."
    return f"{scenes} With those of older PBXs there are {tapes} tapes."


def _row(number: int) -> Iterator[str]:
    yield f"## {number}. {ROWS[number]}"
    if scenes := _scenes(number):
        yield _table(("scene", "situation", "told", "live test", "tape"), map(_scene, scenes))
    if number in BY_TESTS:
        shown = BY_TESTS[number]
        yield _table(
            ("shown", "by"), [("live", _functions(shown.live)), ("on tapes and stories", _functions(shown.alone))]
        )
    elif not scenes:
        yield MISSING


def _scene(scene: str) -> Sequence[str]:
    return (f"`{scene}`", _situation(scene), _told(scene), _live(scene), _tapes(scene))


def _scenes(number: int) -> list[str]:
    return sorted(scene for scene in SCENES if scene.startswith(f"{number:02}-"))


def _situation(scene: str) -> str:
    return (inspect.getdoc(SCENES[scene]) or "").replace("\n", " ").replace("|", "\\|")


def _told(scene: str) -> str:
    """The types of events, a call a line; the calls in the order in which they began."""
    if not _tape(scene).exists():
        return MISSING
    calls: dict[str, list[str]] = {}
    for line in _tape(scene).with_suffix(".events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if call := event["data"].get("call"):
            calls.setdefault(call["id"], []).append(event["type"].removeprefix("call."))
    return "<br>".join(" ".join(told) for told in calls.values())


def _live(scene: str) -> str:
    """One test by name; of others how many."""
    tests = _players().get(scene, [])
    if not tests:
        return MISSING
    others = f", and {len(tests) - 1} more" if len(tests) > 1 else ""
    return _functions(tests[:1]) + others


def _tapes(scene: str) -> str:
    """Links, that of Asterisk 22 first."""
    tapes = [(on or "22", _tape(scene, on)) for on in PBXS if _tape(scene, on).exists()]
    links = ", ".join(f"[{on}](../{tape.relative_to(ROOT)})" for on, tape in tapes)
    return links if _tape(scene).exists() else f"{MISSING} {links}".rstrip()


def _tape(scene: str, on: str = "") -> Path:
    return TAPES / f"{scene}{'.' if on else ''}{on}.tape"


@cache
def _players() -> Mapping[str, list[str]]:
    """Return the live tests of each scene; those that only play one among others come last."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, function in _live_tests():
        played = by_function(function)
        for scene in played:
            found.setdefault(scene, []).append((name.partition("::")[0] not in FIRST, name))
    return {scene: [name for _, name in sorted(tests)] for scene, tests in found.items()}


FIRST: Final = ("live/test_calls", "live/test_transfers", "live/test_recordings")
"""Where scenes are told of for their own sake."""


def _live_tests() -> Iterator[tuple[str, object]]:
    for folder in LIVE:
        for path in sorted((TESTS / folder).glob("test_*.py")):
            module = importlib.import_module(f"tests.{folder}.{path.stem}")
            yield from (
                (f"{folder}/{path.stem}::{name}", function)
                for name, function in vars(module).items()
                if name.startswith("test_") and inspect.isfunction(function) and function.__module__ == module.__name__
            )


def _functions(names: Sequence[str]) -> str:
    return "<br>".join(_function(name) for name in names) or MISSING


def _function(name: str) -> str:
    file, _, function = name.partition("::")
    folder, _, module = file.partition("/")
    assert hasattr(importlib.import_module(f"tests.{folder}.{module}"), function), f"there is no test {name}"
    return f"[{function.replace('_', ' ').removeprefix('test ')}](../tests/{file}.py)"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
