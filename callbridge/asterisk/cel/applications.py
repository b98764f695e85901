"""What a channel's coming to an application of the dialplan tells, and its leaving: Dial, Queue, VoiceMail."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from callbridge.asterisk.cel import fates
from callbridge.asterisk.cel.walk import Seen, Walk
from callbridge.calls import facts as f

UNDIALLED: Final = "CHANUNAVAIL"
"""What came of a Dial that called no phone at all: there was none to call."""


def queue_entered(walk: Walk, seen: Seen, at: datetime) -> Iterator[f.Fact]:
    """A caller comes to a queue, which may not let them in."""
    seen.visits += 1
    seen.called = 0
    visit = walk.visit(seen)
    if visit is not None:
        yield f.QueueTried(walk.pbx, at, seen.channel, visit.queue)
        if visit.let_in:
            yield f.QueueJoined(walk.pbx, at, seen.channel, visit.queue)


def queue_left(walk: Walk, seen: Seen, at: datetime) -> Iterator[f.Fact]:
    """A caller left a queue; one that was answered there says nothing."""
    visit = walk.visit(seen)
    if visit is None or visit.word is None:
        return
    if visit.word == fates.ABANDONED:
        yield f.HangupAsked(walk.pbx, at, seen.channel)
        yield f.QueueAbandoned(walk.pbx, at, seen.channel, visit.queue)
    if visit.let_in:
        yield f.QueueLeft(walk.pbx, at, seen.channel, visit.queue)
    if visit.word not in {fates.BY_A_KEY, fates.ABANDONED}:
        yield f.QueueEnded(walk.pbx, at, seen.channel, visit.word)


def dial_entered(walk: Walk, seen: Seen, at: datetime) -> Iterator[f.Fact]:
    """The dialplan dials."""
    seen.called = 0
    if seen.app is not None and seen.bridge is None:
        yield f.DialTried(walk.pbx, at, seen.channel, seen.app[1].partition(",")[0].count("&") + 1)


def dial_left(walk: Walk, seen: Seen, at: datetime) -> Iterator[f.Fact]:
    """A Dial is over; where no phone was even called, nobody else can tell."""
    if not seen.called:
        yield f.DialFailed(walk.pbx, at, seen.channel, UNDIALLED)


def voicemail_entered(walk: Walk, seen: Seen, at: datetime) -> Iterator[f.Fact]:
    """The caller is asked to leave a message."""
    yield f.VoicemailBegan(walk.pbx, at, seen.channel)
