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

from callbridge.asterisk.cel import fates
from callbridge.asterisk.cel.fates import Fates
from callbridge.asterisk.cel.row import CelRow
from callbridge.asterisk.cel.walk import Seen, Walk, is_placed
from callbridge.asterisk.from_ami import QUOTED_PAIR
from callbridge.calls import facts as f

Reading = Callable[[Walk, Seen, CelRow], Iterator[f.Fact]]
Move = Callable[[Walk, Seen, datetime], Iterator[f.Fact]]

STATUSES: Final[Mapping[int, str]] = {
    3: "CHANUNAVAIL",
    17: "BUSY",
    18: "NOANSWER",
    19: "NOANSWER",
    20: "CHANUNAVAIL",
    26: "CANCEL",
    34: "CONGESTION",
    38: "CONGESTION",
    41: "CONGESTION",
    42: "CONGESTION",
    44: "CONGESTION",
    127: "CANCEL",
}
"""Cause of a called phone's end → the dial status AMI would give; NOANSWER for any other."""

UNDIALLED: Final = "CHANUNAVAIL"
"""What came of a Dial that called no phone at all: there was none to call."""

GAVE_UP: Final = "ParkedCallGiveUp"


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
            yield from who_hung_up(walk, row)
        if left in LEFT:
            yield from LEFT[left](walk, seen, row.at)
        if entered in ENTERED:
            yield from ENTERED[entered](walk, seen, row.at)
        if row.event in FROM_CEL:
            yield from FROM_CEL[row.event](walk, seen, row)


# ── channels ──────────────────────────────────────────────────────────────────


def started(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is there: it calls, or is called by somebody."""
    life = walk.life(row)
    seen.dialled = row.channel != row.linkedid or is_placed(row, life)
    shown = (row.number, name_of(row), row.exten or None)
    yield f.ChannelBorn(walk.pbx, row.at, row.channel, row.name, row.linkedid, not seen.dialled, *shown)
    half = walk.other_half(row)
    if half is not None:
        yield from paired(walk, half, row)
    elif seen.dialled and not walk.asks(seen, row):
        source = walk.dialler(seen, row)
        dialled = dial_string(row.name, walk.arguments_of(source))
        yield f.DialBegan(walk.pbx, row.at, row.channel, source, dialled)
    if seen.dialled and life.rang:
        yield f.ChannelRang(walk.pbx, row.at, row.channel)


def paired(walk: Walk, half: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A Local channel is whole; one that is made to ask somebody says so of both halves."""
    if half.asked_by is not None:
        yield f.ConsultationBegan(walk.pbx, row.at, half.channel, half.asked_by)
        yield f.ConsultationBegan(walk.pbx, row.at, row.channel, half.asked_by)
    yield f.LocalJoined(walk.pbx, row.at, half.channel, row.channel)


def answered(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is up."""
    yield f.ChannelUp(walk.pbx, row.at, row.channel)
    if seen.dialled and not seen.up:
        yield f.DialEnded(walk.pbx, row.at, row.channel, seen.by, "ANSWER")
    seen.up = True


def who_hung_up(walk: Walk, row: CelRow) -> Iterator[f.Fact]:
    """Say who hung up, before anything comes of it."""
    source = walk.named(fates.source_of(row))
    if source is not None and not source.handed_on and not is_refused(walk, source, row):
        yield f.HangupAsked(walk.pbx, row.at, source.channel)


def ended(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is no more."""
    seen.over = True
    cause = fates.cause_of(row)
    if seen.dialled and not seen.up:
        yield from given_up(walk, seen, row)
        yield f.DialEnded(walk.pbx, row.at, row.channel, seen.by, STATUSES.get(cause or 0, "NOANSWER"))
    status = text(row, "dialstatus")
    if status not in {None, "ANSWER"}:
        yield f.DialFailed(walk.pbx, row.at, row.channel, status or "")
    yield f.ChannelGone(walk.pbx, row.at, row.channel, cause)


def given_up(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Say that whoever dials hung up: a phone may stop ringing some rows before its caller's end."""
    life = walk.fates.lives.get(seen.by or "")
    if seen.by is not None and life is not None and life.gives_up and walk.ends_by(seen.by, row.at):
        yield f.HangupAsked(walk.pbx, row.at, seen.by)


def forgotten(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Forget a channel; where HANGUP is not in cel.conf's events= this is its end."""
    walk.forget(seen)
    if not seen.over:
        yield f.ChannelGone(walk.pbx, row.at, row.channel)


# ── what joins channels ───────────────────────────────────────────────────────


def entered(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel came into a bridge."""
    bridge = text(row, "bridge_id")
    if bridge is not None:
        holding = row.extra.get("bridge_technology") == "holding_bridge"
        seen.bridge = None if holding else bridge
        yield f.BridgeEntered(walk.pbx, row.at, row.channel, bridge, holding, row.app == "ConfBridge")


def left(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel left a bridge."""
    bridge = text(row, "bridge_id")
    if bridge is not None:
        seen.bridge = None
        yield f.BridgeLeft(walk.pbx, row.at, row.channel, bridge)


def music_began(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Somebody in a talk hears music: the other side put them on hold."""
    holder = walk.only_other(seen)
    if row.user_event == "MOH_STREAM_BEGIN" and holder is not None:
        walk.holding[row.channel] = holder
        yield f.ChannelHeld(walk.pbx, row.at, holder)


def music_ended(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """The music is over, and with it the hold, unless it is the call that is over."""
    holder = walk.holding.pop(row.channel, walk.only_other(seen))
    music = row.user_event == "MOH_STREAM_END"
    if music and holder is not None and not any(walk.ends_by(each, row.at) for each in (row.channel, holder)):
        yield f.ChannelResumed(walk.pbx, row.at, holder)


def is_refused(walk: Walk, source: Seen, row: CelRow) -> bool:
    """Tell whether a caller who seems to hang up was refused: their Dial failed, and was not taken back.

    The phones it called are taken down by threads of their own, under load after their caller (22.10).
    """
    failed = text(row, "dialstatus") not in {None, "CANCEL", "ANSWER"}
    return source.channel == row.channel and failed and walk.calls_somebody(source.channel)


# ── calls that go elsewhere ───────────────────────────────────────────────────


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


# ── applications ──────────────────────────────────────────────────────────────


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


# ── texts ─────────────────────────────────────────────────────────────────────


def name_of(row: CelRow) -> str | None:
    r"""Return a caller's name as the caller wrote it: PJSIP hands on the `\"` of SIP's quoted strings."""
    name = row.caller_name
    return QUOTED_PAIR.sub(r"\1", name) if name and row.name.startswith("PJSIP/") else name


def text(row: CelRow, key: str) -> str | None:
    """Return what CEL says beside an event, None where it does not."""
    said = row.extra.get(key)
    return said if isinstance(said, str) and said else None


def dial_string(name: str, arguments: str) -> str | None:
    """Return what was dialled to reach the channel `name`, out of Dial's arguments; None where they do not say."""
    technology, _, rest = name.partition("/")
    device = rest.rpartition("-")[0]
    devices = [each.partition("/") for each in arguments.partition(",")[0].split("&")]
    return next((where for kind, _, where in devices if kind == technology and device in where), None)


FROM_CEL: Final[Mapping[str, Reading]] = {
    "CHAN_START": started,
    "ANSWER": answered,
    "BRIDGE_ENTER": entered,
    "BRIDGE_EXIT": left,
    "STREAM_BEGIN": music_began,
    "STREAM_END": music_ended,
    "BLINDTRANSFER": sent_on,
    "ATTENDEDTRANSFER": handed_over,
    "PICKUP": picked_up,
    "PARK_START": parked,
    "PARK_END": unparked,
    "HANGUP": ended,
    "CHAN_END": forgotten,
}
"""Event → facts. APP_START and APP_END are read by `ENTERED` and `LEFT`, for all rows carry the application."""

ENTERED: Final[Mapping[str | None, Move]] = {
    "Dial": dial_entered,
    "Queue": queue_entered,
    "VoiceMail": voicemail_entered,
}
LEFT: Final[Mapping[str | None, Move]] = {
    "Dial": dial_left,
    "Queue": queue_left,
}
