"""A room in which something happens between the steps of a scene: a daemon is killed, a link is cut."""

from collections.abc import Awaitable, Callable

from tests.lab.asterisk import Asterisk
from tests.lab.phones import Phone, Place
from tests.lab.room import Room
from tests.lab.scenes import Scene

Between = Callable[[int], Awaitable[None]]
"""Told the number of the step that comes next: 1 is the first thing anybody does."""


class SteppingPhone(Phone):
    """Waits before whatever it is told to do."""

    before: Callable[[], Awaitable[None]]

    async def _does(self, verb: str, params: str = "") -> None:
        await self.before()
        await super()._does(verb, params)


class SteppingRoom(Room):
    """`between` is awaited before each thing that somebody does on a phone."""

    def __init__(self, pbx: Asterisk, between: Between) -> None:
        super().__init__(pbx)
        self.steps = 0
        self._between = between

    async def _phone(self, number: str, name: str, host: int) -> Phone:
        place = Place(self._address(host), self.pbx.ip, self._folder(), self._note)
        phone = SteppingPhone(number, name, place)
        phone.before = self._before
        return await self._stack.enter_async_context(phone)

    async def _before(self) -> None:
        self.steps += 1
        await self._between(self.steps)


async def steps_of(scene: Scene, pbx: Asterisk) -> int:
    """Play a scene once, and count its steps."""

    async def nothing(_: int) -> None:
        """Let it go on."""

    async with SteppingRoom(pbx, nothing) as room:
        await scene(room)
        return room.steps
