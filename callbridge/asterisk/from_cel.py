"""CEL rows as facts, the same facts as AMI's: one table, each row an event's name and how it reads.

    fates = Fates();  for row in log: fates.read(row)
    reading = CelReading("main", fates)
    for row in log: facts = reading.facts_from(row)

What CEL does not say is taken from what follows (`cel/fates`): who was dialled by
whom from the Linkedid and the dialplan's application, ringing from how a phone's call ended.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callbridge.asterisk.cel import fates
from callbridge.asterisk.cel.fates import Fates, Life
from callbridge.asterisk.cel.row import CelRow
from callbridge.asterisk.from_ami import QUOTED_PAIR
from callbridge.calls import facts as f

NOBODYS_EXTEN: Final = frozenset({"", "s"})

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

ENDING_S: Final = 0.1
"""Music that stops so long before its hearer or its cause ends stops because of that."""


@dataclass(slots=True)
class Seen:
    """One channel as it is at this place of the log."""

    channel: str
    name: str
    linkedid: str
    dialled: bool = False
    app: tuple[str, str] | None = None
    called: int = 0
    """How many channels were dialled for its application."""
    visits: int = 0
    up: bool = False
    over: bool = False
    by: str | None = None
    """Who dials it."""
    bridge: str | None = None


class CelReading:
    """One walk through a log. Channels that began before it are taken as they come."""

    def __init__(self, pbx: str, fates: Fates) -> None:
        self.pbx = pbx
        self._fates = fates
        self._seen: dict[str, Seen] = {}
        self._named: dict[str, Seen] = {}
        self._holding: dict[str, str] = {}
        """A channel that hears music in a bridge → the channel that put it on hold."""

    def facts_from(self, row: CelRow) -> Iterator[f.Fact]:
        """Yield what a row tells, in order."""
        seen = self._seen.get(row.channel)
        if seen is None:
            seen = self._seen[row.channel] = Seen(row.channel, row.name, row.linkedid)
        elif seen.name != row.name:
            yield f.ChannelRenamed(self.pbx, row.at, row.channel, row.name)
            self._named.pop(seen.name, None)
        seen.name, seen.linkedid = row.name, row.linkedid
        self._named[row.name] = seen
        reading = FROM_CEL.get(row.event)
        before = list(self._moved(seen, row))
        if row.event in LAST:
            yield from self._source(row)
        yield from before
        if reading is not None:
            yield from reading(self, seen, row)

    # ── channels ──

    def started(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """A channel is there: it calls, or is called by somebody."""
        life = self._fates.lives.get(row.channel) or Life(row.at)
        seen.dialled = row.channel != row.linkedid or is_placed(row, life)
        name = row.caller_name and name_of(row)
        yield f.ChannelBorn(
            self.pbx, row.at, row.channel, row.name, row.linkedid, not seen.dialled, row.number, name, row.exten or None
        )
        half = self._other_half(row)
        if half is not None:
            yield f.LocalJoined(self.pbx, row.at, half, row.channel)
        elif seen.dialled:
            yield self._dialled(seen, row)
        if seen.dialled and life.rang:
            yield f.ChannelRang(self.pbx, row.at, row.channel)

    def answered(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """A channel is up."""
        yield f.ChannelUp(self.pbx, row.at, row.channel)
        if seen.dialled and not seen.up:
            yield f.DialEnded(self.pbx, row.at, row.channel, None, "ANSWER")
        seen.up = True

    def ended(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """A channel is no more."""
        seen.over = True
        cause = fates.cause_of(row)
        if seen.dialled and not seen.up:
            yield from self._given_up(seen, row)
            yield f.DialEnded(self.pbx, row.at, row.channel, None, STATUSES.get(cause or 0, "NOANSWER"))
        status = row.extra.get("dialstatus")
        if isinstance(status, str) and status not in {"", "ANSWER"}:
            yield f.DialFailed(self.pbx, row.at, row.channel, status)
        yield f.ChannelGone(self.pbx, row.at, row.channel, cause)

    def _given_up(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """Say that whoever dials hung up: a phone may stop ringing some rows before its caller's end."""
        life = self._fates.lives.get(seen.by or "")
        if seen.by is not None and life is not None and life.gives_up and self._ends_by(seen.by, row.at):
            yield f.HangupAsked(self.pbx, row.at, seen.by)

    def forgotten(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """Forget a channel; where HANGUP is not in cel.conf's events= this is its end."""
        self._seen.pop(row.channel, None)
        if self._named.get(seen.name) is seen:
            del self._named[seen.name]
        if not seen.over:
            yield f.ChannelGone(self.pbx, row.at, row.channel)

    def _source(self, row: CelRow) -> Iterator[f.Fact]:
        """Say who hung up, before anything comes of it."""
        source = self._named.get(fates.source_of(row))
        if source is not None:
            yield f.HangupAsked(self.pbx, row.at, source.channel)

    # ── dialling ──

    def _dialled(self, seen: Seen, row: CelRow) -> f.Fact:
        source = seen.by = None if row.channel == row.linkedid else self._dialler(row)
        if source is not None and source in self._seen:
            self._seen[source].called += 1
        app = self._seen[source].app if source in self._seen else None
        return f.DialBegan(self.pbx, row.at, row.channel, source, dial_string(row.name, app[1]) if app else None)

    def _dialler(self, row: CelRow) -> str:
        """Return who dials the channel of a CHAN_START: whose Dial names its device, else who dials at all.

        Whoever dials since before the log begins has no row yet: then it is the
        channel the Linkedid is named after.
        """
        dialling = [
            each
            for each in self._seen.values()
            if each.linkedid == row.linkedid and each.app is not None and each.channel != row.channel
        ]
        device = row.name.rpartition("-")[0].removesuffix(";1")
        named = [each for each in dialling if each.app is not None and device in each.app[1]]
        free = [each for each in dialling if each.bridge is None]
        found = named or free or dialling
        return found[-1].channel if found else row.linkedid

    def _other_half(self, row: CelRow) -> str | None:
        """Return the ;1 of a Local channel whose ;2 this is."""
        if not row.name.startswith("Local/") or not row.name.endswith(";2"):
            return None
        half = self._named.get(f"{row.name.removesuffix(';2')};1")
        return half.channel if half is not None else None

    # ── what joins ──

    def entered(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """A channel came into a bridge."""
        bridge = row.extra.get("bridge_id")
        if isinstance(bridge, str):
            holding = row.extra.get("bridge_technology") == "holding_bridge"
            seen.bridge = None if holding else bridge
            yield f.BridgeEntered(self.pbx, row.at, row.channel, bridge, holding)

    def left(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """A channel left a bridge."""
        bridge = row.extra.get("bridge_id")
        if isinstance(bridge, str):
            seen.bridge = None
            yield f.BridgeLeft(self.pbx, row.at, row.channel, bridge)

    def music_began(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """Somebody in a bridge hears music: the other side put them on hold."""
        if row.user_event != "MOH_STREAM_BEGIN" or seen.bridge is None:
            return
        others = [one for one in self._seen.values() if one.bridge == seen.bridge and one is not seen]
        if len(others) == 1:
            self._holding[row.channel] = others[0].channel
            yield f.ChannelHeld(self.pbx, row.at, others[0].channel)

    def music_ended(self, _: Seen, row: CelRow) -> Iterator[f.Fact]:
        """The music is over, and with it the hold, unless it is the call that is over."""
        holder = self._holding.pop(row.channel, None)
        if holder is not None and not any(self._ends_by(each, row.at) for each in (row.channel, holder)):
            yield f.ChannelResumed(self.pbx, row.at, holder)

    def _ends_by(self, channel: str, at: datetime) -> bool:
        """Tell whether a channel ends at a time, give or take a moment."""
        life = self._fates.lives.get(channel)
        return life is not None and life.ended_at is not None and (life.ended_at - at).total_seconds() < ENDING_S

    # ── applications ──

    def _moved(self, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
        """Tell which applications a channel left and entered: two of one name follow each other without a row."""
        before, now = seen.app, fates.app_of(row)
        if now == before:
            return
        seen.app = now
        if before is not None:
            yield from LEFT.get(before[0], _nothing)(self, seen, row.at)
        if now is not None:
            seen.called = 0
            yield from ENTERED[now[0]](self, seen, row.at)

    def queue_entered(self, seen: Seen, at: datetime) -> Iterator[f.Fact]:
        """A caller comes to a queue, which may not let them in."""
        visit = self._fates.visit(seen.channel, seen.visits)
        seen.visits += 1
        if visit is not None:
            yield f.QueueTried(self.pbx, at, seen.channel, visit.queue)
            if visit.let_in:
                yield f.QueueJoined(self.pbx, at, seen.channel, visit.queue)

    def queue_left(self, seen: Seen, at: datetime) -> Iterator[f.Fact]:
        """A caller left a queue; one that was answered there says nothing."""
        visit = self._fates.visit(seen.channel, seen.visits - 1)
        if visit is None or visit.word is None:
            return
        if visit.word == "ABANDONED":
            yield f.HangupAsked(self.pbx, at, seen.channel)
            yield f.QueueAbandoned(self.pbx, at, seen.channel, visit.queue)
        if visit.let_in:
            yield f.QueueLeft(self.pbx, at, seen.channel, visit.queue)
        if visit.word not in {"", "ABANDONED"}:
            yield f.QueueEnded(self.pbx, at, seen.channel, visit.word)

    def dial_entered(self, seen: Seen, at: datetime) -> Iterator[f.Fact]:
        """The dialplan dials."""
        if seen.app is not None and seen.bridge is None:
            yield f.DialTried(self.pbx, at, seen.channel, seen.app[1].partition(",")[0].count("&") + 1)

    def dial_left(self, seen: Seen, at: datetime) -> Iterator[f.Fact]:
        """A Dial is over; where no phone was even called, nobody else can tell."""
        if not seen.called:
            yield f.DialFailed(self.pbx, at, seen.channel, UNDIALLED)

    def voicemail_entered(self, seen: Seen, at: datetime) -> Iterator[f.Fact]:
        """The caller is asked to leave a message."""
        yield f.VoicemailBegan(self.pbx, at, seen.channel)


def _nothing(_: CelReading, __: Seen, ___: datetime) -> Iterator[f.Fact]:
    yield from ()


def is_placed(row: CelRow, life: Life) -> bool:
    """Tell whether a channel of its own Linkedid is one the PBX places, not one that calls."""
    if life.first_app is not None:
        return life.first_app in fates.DIALLED
    return row.exten in NOBODYS_EXTEN


def name_of(row: CelRow) -> str | None:
    r"""Return a caller's name as the caller wrote it: PJSIP hands on the `\"` of SIP's quoted strings."""
    name = row.caller_name
    return QUOTED_PAIR.sub(r"\1", name) if name and row.name.startswith("PJSIP/") else name


def dial_string(name: str, data: str) -> str | None:
    """Return what was dialled to reach the channel `name`, out of Dial's arguments; None where they do not say."""
    technology, _, rest = name.partition("/")
    device = rest.rpartition("-")[0]
    wanted = [each.partition("/")[2] for each in data.partition(",")[0].split("&") if each.startswith(f"{technology}/")]
    return next((each for each in wanted if device in each), None)


FROM_CEL: Final[Mapping[str, Callable[[CelReading, Seen, CelRow], Iterator[f.Fact]]]] = {
    "CHAN_START": CelReading.started,
    "ANSWER": CelReading.answered,
    "HANGUP": CelReading.ended,
    "CHAN_END": CelReading.forgotten,
    "BRIDGE_ENTER": CelReading.entered,
    "BRIDGE_EXIT": CelReading.left,
    "STREAM_BEGIN": CelReading.music_began,
    "STREAM_END": CelReading.music_ended,
}
"""Event → facts. APP_START, APP_END and the applications all rows carry are read by `ENTERED` and `LEFT`."""

LAST: Final = frozenset({"HANGUP"})

ENTERED: Final[Mapping[str, Callable[[CelReading, Seen, datetime], Iterator[f.Fact]]]] = {
    "Dial": CelReading.dial_entered,
    "Queue": CelReading.queue_entered,
    "VoiceMail": CelReading.voicemail_entered,
}
LEFT: Final[Mapping[str, Callable[[CelReading, Seen, datetime], Iterator[f.Fact]]]] = {
    "Dial": CelReading.dial_left,
    "Queue": CelReading.queue_left,
}
