"""CEL rows as facts, the same facts as AMI's: one table, each row an event's name and how it reads.

    fates = Fates()
    for row in log: fates.read(row)         # what becomes of each channel
    reading = CelReading("main", fates)
    for row in log: facts = reading.facts_from(row)

What CEL does not say is taken from what follows (`cel/fates`) or from what the
channels are in (`cel/walk`): ringing from how a phone's call ended, who hung up
from the row that ends it, why a queue was left from what the caller did next.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from callbridge.asterisk.cel import applications, bridges, channels, handovers
from callbridge.asterisk.cel.fates import Fates
from callbridge.asterisk.cel.row import CelRow
from callbridge.asterisk.cel.walk import Seen, Walk
from callbridge.calls import facts as f

Reading = Callable[[Walk, Seen, CelRow], Iterator[f.Fact]]
Move = Callable[[Walk, Seen, datetime], Iterator[f.Fact]]


class CelReading:
    """One walk through a log."""

    def __init__(self, pbx: str, fates: Fates) -> None:
        self._walk = Walk(pbx, fates)

    def facts_from(self, row: CelRow) -> Iterator[f.Fact]:
        """Yield what a row tells, in order."""
        walk = self._walk
        seen, renamed = walk.meet(row)
        if renamed is not None:
            yield f.ChannelRenamed(walk.pbx, row.at, row.channel, row.name)
        left, entered = walk.moved(seen, row)
        if row.event == "HANGUP":
            yield from channels.who_hung_up(walk, row)
        if left in LEFT:
            yield from LEFT[left](walk, seen, row.at)
        if entered in ENTERED:
            yield from ENTERED[entered](walk, seen, row.at)
        if row.event in FROM_CEL:
            yield from FROM_CEL[row.event](walk, seen, row)


FROM_CEL: Final[Mapping[str, Reading]] = {
    "CHAN_START": channels.started,
    "ANSWER": channels.answered,
    "BRIDGE_ENTER": bridges.entered,
    "BRIDGE_EXIT": bridges.left,
    "STREAM_BEGIN": bridges.music_began,
    "STREAM_END": bridges.music_ended,
    "BLINDTRANSFER": handovers.sent_on,
    "ATTENDEDTRANSFER": handovers.handed_over,
    "PICKUP": handovers.picked_up,
    "FORWARD": handovers.forwarded,
    "PARK_START": handovers.parked,
    "PARK_END": handovers.unparked,
    "HANGUP": channels.ended,
    "CHAN_END": channels.forgotten,
}
"""Event → facts. APP_START and APP_END are read by `ENTERED` and `LEFT`, for all rows carry the application."""

ENTERED: Final[Mapping[str | None, Move]] = {
    "Dial": applications.dial_entered,
    "Queue": applications.queue_entered,
    "VoiceMail": applications.voicemail_entered,
}
LEFT: Final[Mapping[str | None, Move]] = {
    "Dial": applications.dial_left,
    "Queue": applications.queue_left,
}
