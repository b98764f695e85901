"""Which scenes a test plays: those its parameters name, and those its body names."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import pytest

from tests.lab.record import SCENES

PROPERTY: Final = "scene"
"""Under it stands each scene in a test's report."""


@cache
def by_function(function: Any) -> frozenset[str]:
    """Return the scenes of all the tests that a test function becomes."""
    marks: Iterable[pytest.Mark] = getattr(function, "pytestmark", ())
    values = [mark.args[1] for mark in marks if mark.name == "parametrize"]
    return frozenset(_named([*values, *function.__code__.co_consts]))


def by_test(item: pytest.Item) -> frozenset[str]:
    """Return the scenes of one test. Of a function whose parameters name scenes, those of this one's parameters."""
    if not isinstance(item, pytest.Function):
        return frozenset()
    own = getattr(item, "callspec", None)
    return frozenset(_named(own.params.values() if own else ())) or by_function(item.function)


def _named(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield from [value] if value in SCENES else ()
        elif isinstance(value, Iterable) and not isinstance(value, bytes):
            yield from _named(value)
