"""Where the demo's calls come from: real phones around a real Asterisk, or tapes of them."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final

from tests.demo.calls import FIRST_ROUND, Customer, PhoneCall, Tell, later_calls
from tests.demo.sample import Told
from tests.lab.ami_player import AmiPlayer, Tape
from tests.lab.asterisk import Asterisk
from tests.lab.daemon import Pbx
from tests.lab.program import Program
from tests.lab.room import Room
from tests.lab.scenes import SCENES, inbound, outbound, queues

TAPES: Final = Path(__file__).parents[1] / "tapes"


@dataclass(frozen=True)
class Act:
    """One call: `make` it, then the CRM must have been `told`."""

    make: Callable[[], Awaitable[None]]
    told: Sequence[Told]


@dataclass(frozen=True)
class Stage:
    pbx: Pbx
    first: Sequence[Act]
    later: Iterator[Act]
    """Without end."""
    has_ari: bool


class NoTapes(Exception):
    """The text says which is missing."""


@asynccontextmanager
async def with_phones(program: Program, tell: Tell) -> AsyncIterator[Stage]:
    async with Asterisk(program) as pbx:

        def act(call: PhoneCall, customer: Customer) -> Act:
            return Act(partial(_phone, pbx, call, customer, tell), call.told(customer))

        first = [act(*each) for each in FIRST_ROUND]
        yield Stage(pbx, first, (act(*each) for each in later_calls()), has_ari=True)


async def _phone(pbx: Asterisk, call: PhoneCall, customer: Customer, tell: Tell) -> None:
    async with Room(pbx) as room:
        await call.make(room, customer, tell)


@asynccontextmanager
async def with_tapes(tell: Tell, folder: Path = TAPES) -> AsyncIterator[Stage]:
    """Raise NoTapes when one is missing."""
    paths = {name: folder / f"{name}.tape" for name in RECORDED}
    if absent := [str(path) for path in paths.values() if not path.exists()]:
        raise NoTapes(f"there is no {', no '.join(absent)}")
    async with AmiPlayer(paths.values()) as pbx:
        acts = [
            Act(partial(_play, pbx, tape, tell), told) for tape, told in zip(pbx.tapes, RECORDED.values(), strict=True)
        ]
        yield Stage(pbx, acts, cycle(acts), has_ari=False)


async def _play(pbx: AmiPlayer, tape: Tape, tell: Tell) -> None:
    tell(f"(recorded) {inspect.getdoc(SCENES[tape.path.stem])}")
    await pbx.play(tape)


_MARIA: Final = ("Maria Silva", "+351912345678")
RECORDED: Final[dict[str, Sequence[Told]]] = {
    "01-answered-caller-hangs-up": (
        ("call.started", *_MARIA),
        ("call.ringing", *_MARIA),
        ("call.answered", *_MARIA, "agent Ana Costa"),
        ("call.ended", *_MARIA, "completed", "talked "),
    ),
    "02-caller-gives-up": (("call.started", *_MARIA), ("call.ended", "cancelled"), ("call.missed", *_MARIA, "rang ")),
    "06-queue-ringall-second-answers": (
        ("call.queued", *_MARIA, "queue sales"),
        ("call.answered", *_MARIA, "queue sales", "agent Bruno Reis", "waited "),
        ("call.ended", *_MARIA, "completed", "talked "),
    ),
    "11-outbound-answered": (
        ("call.started", "Ana Costa 1001", _MARIA[1]),
        ("call.answered", "Ana Costa 1001", _MARIA[1]),
        ("call.ended", "completed", "talked "),
    ),
}
"""A scene's tape, and what the CRM is told of it."""

_SCENES_OF: Final = (inbound, queues, outbound)
"""Imported because each fills SCENES, where the words for a tape stand."""
