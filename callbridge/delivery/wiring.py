"""What the lines of all subscribers are connected to."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from callbridge.clock import Clock
from callbridge.delivery.pace import Pace
from callbridge.meters import Meters
from callbridge.ports import Attempt, Standing


@dataclass(slots=True)
class Wiring:
    """What a line is connected to."""

    clock: Clock
    pace: Pace
    """May be another at any time."""
    own: Collection[tuple[str, int]]
    settle: Callable[[Attempt], None]
    hurry: Callable[[], None]
    """Has results written that are waiting for more."""
    wake: Callable[[], None]
    """Asks for the database to be read."""
    enlist: Callable[[str, bool], Awaitable[Standing]]
    """`Store.enlist`."""
    disabled: Callable[[str, Standing], None]
    """Takes note that a subscriber was given up."""
    meters: Meters
