"""What the others are told when a subscriber was given up."""

import hashlib
from typing import Final

from callbridge.calls.events import Event, EventType
from callbridge.delivery.payload import render
from callbridge.ports import Standing, Told

NO_PBX: Final = ""


def event(name: str, standing: Standing) -> Event:
    """Return `webhook.disabled`; its id comes from the subscriber and the moment, so telling it again is no other."""
    at = standing.halted_at
    if at is None:
        raise ValueError(standing)
    seed = f"{name}\0{EventType.WEBHOOK_DISABLED}\0{at.isoformat()}".encode()
    # Not what the subscriber answered: it is nobody else's.
    details = {
        "name": name,
        "reason": standing.why,
        "failing_since": standing.failing_since,
        "tries": standing.failures,
    }
    id_ = f"evt_{hashlib.sha256(seed).hexdigest()[:32]}"
    return Event(id_, EventType.WEBHOOK_DISABLED, at, NO_PBX, None, {"webhook": details})


def told(one: Event, names: tuple[str, ...]) -> Told:
    """Return the event with its bytes."""
    return Told(one, render(one), names)
