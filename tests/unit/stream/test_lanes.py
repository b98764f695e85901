"""Lanes of a worker, to whom the stream brings events, loses them, and brings them late: order holds all the same."""

import pytest

from callbridge.delivery.turns import Turn
from callbridge.stream.continuity import Continuity, Follows
from tests.unit.delivery.test_lanes import World


class Streamed(World):
    """The same world, with a stream between the commit and the lanes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.heard = Continuity()
        self.moves |= {self.lose: 0.5, self.swap: 0.3, self.repeat: 0.3, self.let_go: 0.1}

    def offer(self) -> None:
        if not self.life.unoffered:
            return
        row = self.life.unoffered.popleft()
        match self.heard.heard(row.lane, row.number):
            case Follows.ON:
                self.life.lanes.offer(Turn(row.lane, row.event_id, b""))
            case Follows.NOT:
                self.life.lanes.unsure(row.lane)
            case Follows.AGAIN:
                return

    def lose(self) -> None:
        if self.life.unoffered:
            self.life.unoffered.popleft()

    def swap(self) -> None:
        self.life.unoffered.rotate(1)

    def repeat(self) -> None:
        if self.life.unoffered:
            self.life.unoffered.append(self.life.unoffered[0])

    def let_go(self) -> None:
        """The lane is another worker's for a while: nothing is heard of it meanwhile."""
        self.heard = Continuity()
        self.life.lanes.let_go()

    def die(self) -> None:
        super().die()
        self.heard = Continuity()

    def come_to_rest(self) -> None:
        """A survey passes over a lane that is busy just then, so what was lost there is found by the next."""
        for _ in range(3):
            for _ in range(10 + len(self.rows)):
                for move in (self.offer, self.take, self.succeed, self.settle, self.read):
                    move()
            self.life.lanes.look_again(at_all=True)
        super().come_to_rest()


@pytest.mark.parametrize("seed", range(300))
def test_no_event_is_forgotten_or_overtakes_another_whatever_the_stream_does(seed: int) -> None:
    world = Streamed(seed)
    world.live(steps=400)
    world.come_to_rest()
