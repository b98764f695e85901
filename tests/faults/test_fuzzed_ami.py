"""Millions of damaged AMI frames on the way from the socket to the event: nothing is raised, nothing piles up."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import orjson
import pytest
from pydantic import SecretStr

from callbridge.app import build
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.session import AmiSession, Closed, State
from callbridge.asterisk.ami.settings import Login, Patience
from callbridge.asterisk.from_ami import facts_from
from callbridge.calls import facts as f
from callbridge.calls import snapshot
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render
from callbridge.errors import PbxUnreachable
from tests.bench.growth import rss_mb
from tests.bench.whole_way import PBX
from tests.effort import often

from .figures import Figures
from .fuzzing import Fuzz, pieces

pytestmark = pytest.mark.faults

SEED: Final = 20261122
FRAMES: Final = often("FRAMES", 20_000, 10_000_000)
A_LINK: Final = 10_000
"""Frames until the link is lost: what the PBX says then is all that is still true."""
MOST_GROWN_MB: Final = 64.0
"""From a fifth of all frames to the last. One call that stays for ever in a link is more."""
BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"


class Fuzzed:
    """Everything a frame passes, put together as the daemon does, but for sockets and the database."""

    def __init__(self) -> None:
        self.tracker = Tracker(build.profiles([PBX]))
        self.fuzz = Fuzz(SEED)
        self.counts: Counter[str] = Counter()
        self._choice = random.Random(SEED)  # noqa: S311 - where to cut
        self._now = 0.0

    def link(self, frames: int) -> None:
        """Live one link, from the log-in to its loss."""
        session = self._logged_in()
        self._apply(f.LinkUp(PBX.id, self.fuzz.at))
        asked = f.StateAsked(PBX.id, self.fuzz.at)
        self._apply(asked)
        self._hear(session, self.fuzz.frames(frames // 10))
        self._apply(f.StateRead(PBX.id, asked.at))
        self._hear(session, self.fuzz.frames(frames - frames // 10))
        session.connection_lost(PbxUnreachable("The PBX is gone."))
        self.counts.update(session.oddities.counts)
        self._apply(f.LinkDown(PBX.id, self.fuzz.at))
        self.fuzz.forget()
        self._written()

    def end(self) -> None:
        """Have everything end: the PBX is asked once more, and has no call."""
        self._apply(f.LinkUp(PBX.id, self.fuzz.at))
        self._apply(f.StateAsked(PBX.id, self.fuzz.at))
        self._apply(f.StateRead(PBX.id, self.fuzz.at))
        self._apply(f.TimePassed(PBX.id, self.fuzz.at + timedelta(days=1)))

    def _logged_in(self) -> AmiSession:
        login = Login("callbridge", SecretStr("secret"))
        session = AmiSession(login, Patience(), plain_allowed=True, id_prefix="fuzz", now=self._now)
        session.receive_data(BANNER, self._now)
        session.receive_data(b"Response: Success\r\nActionID: fuzz-1\r\nChallenge: 1\r\n\r\n", self._now)
        session.receive_data(b"Response: Success\r\nActionID: fuzz-2\r\n\r\n", self._now)
        assert session.state is State.LOGGED_IN
        return session

    def _hear(self, session: AmiSession, frames: Iterator[bytes]) -> None:
        for piece in pieces(frames, self._choice):
            self._now += 0.1
            session.act("CoreShowChannels", deadline=self._now + 1, as_list=True)
            for told in (*session.receive_data(piece, self._now), *session.tick(self._now)):
                assert not isinstance(told, Closed), told
                if isinstance(told, Message):
                    self.counts["messages"] += 1
                    for fact in facts_from(PBX.id, told, self.fuzz.at):
                        self._apply(fact)
            session.data_to_send()
            self._written()

    def _apply(self, fact: f.Fact) -> None:
        self.counts["facts"] += 1
        for event in self.tracker.apply(fact):
            self.counts["events"] += 1
            orjson.loads(render(event))

    def _written(self) -> None:
        """Do what a commit does of what changed."""
        changes = self.tracker.take_changes()
        for call in changes.calls:
            if self.tracker.remembers(call):
                orjson.dumps(snapshot.remember(self.tracker, call.id), default=sorted)


def test_no_frame_is_raised_about_and_none_piles_up(figures: Figures) -> None:
    fuzzed = Fuzzed()
    begun = time.perf_counter()
    links = -(-FRAMES // A_LINK)
    grown: list[float] = []
    most_live = 0
    for link in range(links):
        fuzzed.link(min(A_LINK, FRAMES - link * A_LINK))
        most_live = max(most_live, fuzzed.tracker.live_calls)
        if link >= links // 5:
            grown.append(rss_mb(os.getpid()))
    took_s = time.perf_counter() - begun
    fuzzed.end()

    figures.say(
        "fuzzed AMI",
        f"{FRAMES:,} frames in {took_s:.0f} s; {fuzzed.counts['facts']:,} facts, {fuzzed.counts['events']:,} events, "
        f"{fuzzed.tracker.board.oddities.total():,} oddities of calls; at most {most_live} calls open at a link's end; "
        f"memory {grown[0]:.0f} MB after a fifth, {grown[-1]:.0f} MB at the end, {max(grown):.0f} MB at most",
    )
    assert fuzzed.counts["facts"] > FRAMES / 10
    assert fuzzed.tracker.live_calls == 0
    assert not fuzzed.tracker.board.graph.channels
    assert max(grown) - grown[0] < MOST_GROWN_MB
