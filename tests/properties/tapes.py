"""The tapes of `tests.tapes` as facts, and what is told of them, compared with some patience."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from callbridge.calls import facts as f
from callbridge.calls.events import Event
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import as_json, render
from tests.tapes.test_pairs import SOME_TAPES, facts_of, told, tracker, whole

__all__ = ["SOME_TAPES", "differences", "facts_of", "rendered", "said", "told", "tracker", "whole"]

PATIENCE_S: Final = 0.05
"""How much times and seconds may differ where two threads overtook one another."""
FAR: Final = timedelta(minutes=1)


def said(facts: Sequence[f.Fact]) -> tuple[Tracker, list[Event]]:
    """Tell a new tracker everything, and let time pass afterwards for what is held back."""
    listener = tracker()
    return listener, told(listener, (*facts, f.TimePassed(facts[-1].pbx, facts[-1].at + FAR)))


def rendered(events: Iterable[Event]) -> list[bytes]:
    return [render(event) for event in events]


def digests() -> str:
    """Return a line for each tape: its name, and a digest of all bytes that are told of it."""
    told_of = ((name, b"".join(rendered(whole(name)))) for name in SOME_TAPES)
    return "\n".join(f"{name} {hashlib.sha256(body).hexdigest()}" for name, body in told_of)


def by_call(events: Iterable[Event]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        body = as_json(event)
        for leg in body["data"]["call"]["legs"] if event.call is not None and not event.call.over else ():
            leg["state"] = leg["hangup_cause"] = None
        found.setdefault(event.call.id if event.call else "", []).append(body)
    return found


def differences(one: Iterable[Event], other: Iterable[Event]) -> list[str]:
    """Return in words what is told of each call otherwise, but for times that lie a moment apart.

    Nor does it count what a leg did in that moment, as long as the call goes on.
    """
    return unlike(by_call(one), by_call(other))


def unlike(one: Any, other: Any) -> list[str]:
    """Return in words in what two JSON values differ, but for times that lie a moment apart."""
    return list(_unlike("", one, other))


def _unlike(where: str, one: Any, other: Any) -> Iterable[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            yield from _unlike(f"{where}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _unlike(f"{where}[{place}]", left, right)
    elif one != other and not _near(one, other):
        yield f"{where}: {_brief(one)} became {_brief(other)}"


def _brief(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [each.get("type", each) for each in value]
    return value


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= PATIENCE_S
    if isinstance(one, str) and isinstance(other, str) and one.endswith("Z") and other.endswith("Z"):
        try:
            return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()) <= PATIENCE_S
        except ValueError:
            return False
    return False
