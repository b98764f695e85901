"""What stands around the pipeline: who is told before facts are applied, and who once their events are safe."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from callbridge.calls.events import Event
from callbridge.calls.facts import Fact
from callbridge.ports.commits import Told
from callbridge.ports.notices import Notice

Informed = Callable[[Sequence[Fact]], Awaitable[Sequence[Fact]]]
"""Puts before some facts what is known at once about those who call; never raises, and soon."""


async def uninformed(facts: Sequence[Fact]) -> Sequence[Fact]:
    """Stand in where there is no directory."""
    return facts


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where events go: how they are written, who wants them, whom to tell once they are safe."""

    render: Callable[[Event], bytes]
    route: Callable[[Event], tuple[str, ...]]
    committed: Callable[[Sequence[Told]], None]
    notify: Callable[[Event], Sequence[Notice]] = lambda _: ()
    """Whom to send an e-mail about it; never raises."""
    informed: Informed = uninformed
