"""What a transfer must be told as: the customer's call, and the one in which somebody was asked."""

from dataclasses import dataclass, field
from typing import Any, Final

ANA: Final = {"extension": "1001", "name": "Ana Costa"}
BRUNO: Final = {"extension": "1002", "name": "Bruno Reis"}
CARLA: Final = {"extension": "1003", "name": "Carla Nunes"}
EVA: Final = {"extension": "201", "name": "Eva Pinto"}


@dataclass(frozen=True)
class Handed:
    """One `call.transferred`; parties by extension, else by number as the PBX wrote it."""

    kind: str
    by: str
    to: str


@dataclass(frozen=True)
class Telling:
    """What a scene must be told as. Types are without `call.`, and without `started` and `ended` around them."""

    heard: str
    """Of the customer's call."""
    handed: tuple[Handed, ...] = ()
    last: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """Within EARLY_S and LATE_S."""
    asked: str | None = None
    """Of the call in which somebody was asked; None where there is none."""
    asked_last: dict[str, Any] = field(default_factory=dict)
    merged: bool = False


def completed(**more: Any) -> dict[str, Any]:
    return {"state": "completed", "reason": None, "direction": "inbound", "missed": None, "merged_into": None} | more


def talk(**more: Any) -> dict[str, Any]:
    return {"state": "completed", "reason": None, "direction": "internal", "missed": None} | more
