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


def forwarded(walk: Walk, _: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A phone sends this caller on (SIP 302): the one whose end follows at once."""
    where, phone = text(row, "forward"), walk.ends_next(row.channel, row.at)
    if where is not None and phone is not None:
        number = where.partition("@")[0].rpartition("/")[2]
        yield f.DialEnded(walk.pbx, row.at, phone, row.channel, "CANCEL", number or None)


def parked(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The channel waits in a car park: only who fetches it names the slot; of others CEL knows the car park."""
    seen.slot = walk.fates.slots.get(row.channel) or text(row, "parking_lot") or ""
    yield f.CallParked(walk.pbx, row.at, row.channel, seen.slot, text(row, "parker_dial_string"))


def unparked(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The channel is out of the car park; one that hung up there says so by its end."""
    if text(row, "reason") != GAVE_UP:
        retriever = walk.named(text(row, "retriever"))
        who = retriever.channel if retriever is not None else None
        yield f.CallUnparked(walk.pbx, row.at, row.channel, seen.slot or walk.fates.slots.get(row.channel, ""), who)
