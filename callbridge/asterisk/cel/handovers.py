"""CEL rows about calls that go elsewhere: transferred, picked up, parked and fetched."""

from collections.abc import Iterator
from typing import Final

from callbridge.asterisk.cel.row import CelRow, text
from callbridge.asterisk.cel.walk import Seen, Walk
from callbridge.calls import facts as f

GAVE_UP: Final = "ParkedCallGiveUp"


def sent_on(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Somebody sent whoever they talked with to another number."""
    seen.handed_on = True
    yield f.BlindTransferred(walk.pbx, row.at, row.channel, text(row, "extension"))


def handed_over(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Somebody left two calls, and the others are one from now on."""
    second = text(row, "channel2_uniqueid")
    if second is not None:
        seen.handed_on = True
        yield f.AttendedTransferred(walk.pbx, row.at, row.channel, second)


def picked_up(walk: Walk, _: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Somebody took the call for which this phone rings."""
    picker = text(row, "pickup_channel_uniqueid")
    if picker is not None:
        yield f.CallPickedUp(walk.pbx, row.at, picker, row.channel)


def parked(walk: Walk, _: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The channel waits in a car park."""
    yield f.CallParked(walk.pbx, row.at, row.channel, slot_of(walk, row), text(row, "parker_dial_string"))


def unparked(walk: Walk, _: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The channel is out of the car park; one that hung up there says so by its end."""
    if text(row, "reason") != GAVE_UP:
        retriever = walk.named(text(row, "retriever"))
        who = retriever.channel if retriever is not None else None
        yield f.CallUnparked(walk.pbx, row.at, row.channel, slot_of(walk, row), who)


def slot_of(walk: Walk, row: CelRow) -> str:
    """Return where a channel is parked: only who fetches it names the slot; of others CEL knows the car park."""
    return walk.fates.slots.get(row.channel) or text(row, "parking_lot") or ""
