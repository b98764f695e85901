import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbridge.calls.call import Side
from callbridge.calls.snapshot import CallMemory, build, plain, read, recall, remember
from tests.stories.story import Story, new_tracker

AT = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Shape:
    """One of everything a memory is made of."""

    at: datetime
    side: Side
    pair: tuple[str, int]
    maybe: float | None = None
    many: tuple[str, ...] = ()
    some: set[tuple[str, str]] = field(default_factory=set)
    named: dict[str, "Inner"] = field(default_factory=dict)


@dataclass(frozen=True)
class Inner:
    yes: bool = False


SHAPE = Shape(AT, Side.CALLER, ("a", 1), 0.5, ("x", "y"), {("b", "c"), ("a", "d")}, {"k": Inner(yes=True)})


def memory() -> dict[str, Any]:
    """What is written down of a call with about everything in it."""
    story = Story()
    maria = story.someone("912345678", name="Maria")
    maria.picks_up()
    maria.waits_in("sales")
    ana = story.someone("1001", name="Ana").is_called_through_local()
    ana.rings()
    ana.answers()
    ana.holds()
    written = plain(remember(story.tracker, story.call.id))
    assert isinstance(written, dict)
    return written


def test_what_is_built_is_what_was_written() -> None:
    assert build(Shape, json.loads(json.dumps(plain(SHAPE)))) == SHAPE


def test_a_memory_reads_back_equal() -> None:
    story = Story()
    story.someone("912345678").calls("210000000")
    written = remember(story.tracker, story.call.id)

    assert read(json.loads(json.dumps(plain(written)))) == written


def test_nothing_is_remembered_of_a_call_that_is_over() -> None:
    story = Story()
    story.someone("912345678").calls("210000000").hangs_up()

    assert remember(story.tracker, story.call.id) is None


def test_a_memory_is_plain_and_the_same_in_every_run() -> None:
    assert json.dumps(memory()) == json.dumps(memory())
    assert plain(SHAPE)["some"] == [["a", "d"], ["b", "c"]]


@pytest.mark.parametrize("version", [None, 0, 2, "1", [1]])
def test_a_memory_of_another_version_is_refused(version: object) -> None:
    with pytest.raises(ValueError, match="version"):
        read({**memory(), "version": version})


@pytest.mark.parametrize(
    "rubbish",
    [
        {"at": 5},
        {"at": "yesterday"},
        {"at": "2026-11-22T10:00:00"},  # no zone
        {"side": "left"},
        {"side": []},
        {"pair": ["a"]},
        {"pair": ["a", 1, 2]},
        {"pair": ["a", "1"]},
        {"pair": "ab"},
        {"pair": 7},
        {"maybe": "0.5"},
        {"maybe": True},
        {"many": "xy"},
        {"many": [1]},
        {"many": {"x": "y"}},
        {"some": [["a"]]},
        {"some": None},
        {"named": []},
        {"named": {"k": []}},
        {"named": {"k": {"yes": 1}}},
    ],
)
def test_what_does_not_fit_is_a_value_error(rubbish: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do, the type is the promise
        build(Shape, {**plain(SHAPE), **rubbish})


@pytest.mark.parametrize("missing", ["at", "side", "pair"])
def test_what_lacks_what_it_needs_is_a_value_error(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        build(Shape, {key: value for key, value in plain(SHAPE).items() if key != missing})


def test_what_has_a_default_may_be_missing_and_what_is_unknown_is_left() -> None:
    assert build(Shape, {"at": AT.isoformat(), "side": "pbx", "pair": ["a", 1], "new": 1}) == Shape(
        AT, Side.PBX, ("a", 1)
    )


@given(JSON)
def test_any_json_builds_a_memory_or_is_a_value_error(data: object) -> None:
    for shape in (Shape, CallMemory):
        with suppress(ValueError):
            build(shape, data)


@settings(max_examples=150)
@given(st.data())
def test_a_memory_garbled_anywhere_is_a_memory_or_a_value_error(data: st.DataObject) -> None:
    written = json.loads(MEMORY)
    place: Any = written
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        place[key] = data.draw(JSON)
    else:
        del place[key]
    tracker = new_tracker()
    try:
        recall(tracker, written)
    except ValueError:
        assert not tracker.board.open
        assert not tracker.board.graph.channels


@pytest.mark.parametrize("hollow", [{"legs": {}}, {"alive": []}, {"alive": [["main", "9.9"]]}])
def test_a_memory_of_no_whole_call_is_refused(hollow: Mapping[str, Any]) -> None:
    written = memory()
    written["call"].update(hollow)

    with pytest.raises(ValueError, match="legs or other channels"):
        recall(new_tracker(), written)


@pytest.mark.parametrize("written", [None, [], "x", 1, {}])
def test_what_is_no_memory_at_all_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="version"):
        recall(new_tracker(), written)


MEMORY = json.dumps(memory())
