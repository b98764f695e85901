"""What becomes of each channel of a log: read once before the log is told, for CEL says late what must be known early.

CEL has no ringing, no reason for leaving a queue, and names who hung up only
when all is over. So a first reading gathers how each channel ends; the second
one (`from_cel`) tells what happened in order, knowing that.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from callbridge.asterisk.cel.row import CelRow

DIALLED: Final = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""The application of a channel that the PBX itself dials."""

APPS: Final = frozenset({"Dial", "Queue", "VoiceMail"})
"""Applications that are followed; cel.conf must have them in apps=."""

OVER: Final = frozenset({"APP_END", "HANGUP", "CHAN_END", "LINKEDID_END"})
"""Rows after which a channel is in no application, whatever name they still carry."""

RANG: Final = frozenset({0, 16, 18, 19, 26, 127})
"""Q.850 causes of a phone that was called in vain and said nothing against it: taken back, timed out …"""
RANG_S: Final = 2.0
"""A phone that takes longer than this to refuse has rung before."""

FORWARD_S: Final = 0.5
"""A phone that is hung up this soon after its Dial was forwarded has sent it on. app_dial may do so
before the channel knows why: then its cause is 0 instead of 23 (one in sixty, 22.10.1)."""

AT_THE_DOOR_S: Final = 1.0
"""A queue left sooner, for which no phone was called, let nobody in. A log of whole seconds knows no better."""
TIMED_OUT_S: Final = 1.0
"""How much earlier than its time-out a wait may seem to end, by rounding."""

FIRST: Final = frozenset({"CHAN_START", "APP_START"})
"""Rows with which something begins; a channel that is met in any other was there before the log began."""

WHOLE_SECOND_S: Final = 1.0

ABANDONED: Final = "ABANDONED"
BY_A_KEY: Final = ""

QUEUESTATUS: Final = "QUEUESTATUS"
"""A user event of this name, made in the dialplan behind Queue(), says what CEL itself does not."""


@dataclass(slots=True)
class Visit:
    """One stay in a queue.

    `word` is why it was left: QUEUESTATUS, or "" by a key; None while it goes on, or where it was answered.
    """

    queue: str
    began_at: datetime
    context: str
    timeout_s: float | None
    since_before: bool = False
    """It began before the log does."""
    answered: bool = False
    left_at: datetime | None = None
    word: str | None = None

    @property
    def let_in(self) -> bool:
        """Whether the caller waited at all."""
        return self.word not in {"JOINEMPTY", "FULL", "JOINUNAVAIL"}


@dataclass(slots=True)
class Life:
    """One channel, from the first row to the last."""

    born_at: datetime
    first_app: str | None = None
    up_at: datetime | None = None
    goes_to: str | None = None
    """Where a channel the PBX placed went once it was up."""
    ended_at: datetime | None = None
    cause: int | None = None
    gives_up: bool = False
    """Whether it hung up while others were called for it."""
    sends_on: bool = False
    """Whether it was hung up because it had sent the call to another."""
    visits: list[Visit] = field(default_factory=list)

    @property
    def rang(self) -> bool:
        """Whether a phone that was called rang, as far as its end tells; False while it goes on."""
        if self.up_at is not None:
            return True
        if self.ended_at is None:
            return False
        in_vain = self.cause in RANG and not self.sends_on
        return in_vain or (self.ended_at - self.born_at).total_seconds() > RANG_S


class Fates:
    """All channels of a log, by uniqueid: `read` each row in order, then ask."""

    def __init__(self) -> None:
        self.lives: dict[str, Life] = {}
        self.blur_s = WHOLE_SECOND_S
        """How much later than its time a row may be: a log of whole seconds cuts the rest off."""
        self._apps: dict[str, tuple[str, str]] = {}
        self._leaving: dict[str, Visit] = {}
        self._last_child: dict[str, datetime] = {}
        self._forwarded: dict[str, datetime] = {}
        self._bridges: dict[str, str] = {}
        self.bridged: dict[str, str] = {}
        """The bridges in which channels were before the log began."""
        self._met: dict[str, tuple[str, str]] = {}
        self._fetching: dict[str, str] = {}
        self.dials: dict[tuple[str, str], str] = {}
        """The arguments of the last Dial of a channel at an extension."""
        self.slots: dict[str, str] = {}
        """Of channels that were fetched out of a car park: their slot there."""

    def read(self, row: CelRow) -> None:
        """Take in one row."""
        if row.at.microsecond:
            self.blur_s = 0.0
        if row.event == "CHAN_START" and row.channel != row.linkedid:
            self._last_child[row.linkedid] = row.at
        fresh = row.channel not in self.lives and row.event not in FIRST
        life = self.lives.setdefault(row.channel, Life(row.at))
        self._meet(row)
        self._learn(row, life)
        self._settle(row, life)
        self._follow(row, life, fresh=fresh)

    def visit(self, channel: str, number: int) -> Visit | None:
        """Return a channel's stay in its `number`th queue."""
        life = self.lives.get(channel)
        return life.visits[number] if life is not None and number < len(life.visits) else None

    def asked_by(self, channel: str) -> str | None:
        """Return the name of the phone that came out of a talk into the first bridge of a Local channel.

        None where none did: then that channel is no way to ask somebody.
        """
        bridge = self._bridges.get(channel, "")
        asking, name = self._met.get(bridge, ("", None))
        before = self.bridged.get(asking) or self._bridges.get(asking)
        return name if before != bridge else None

    def _meet(self, row: CelRow) -> None:
        """Remember who meets whom, and where: in a bridge, by a Dial, or at a car park."""
        bridge = row.extra.get("bridge_id")
        if isinstance(bridge, str) and row.event == "BRIDGE_EXIT" and row.channel not in self._bridges:
            self.bridged.setdefault(row.channel, bridge)
        if isinstance(bridge, str) and row.event == "BRIDGE_ENTER":
            self._bridges.setdefault(row.channel, bridge)
            if not row.name.startswith("Local/"):
                self._met.setdefault(bridge, (row.channel, row.name))
        if row.app == "Dial":
            self.dials[row.channel, row.exten] = row.data
        if row.app == "ParkedCall":
            self._fetching[row.name] = row.data.rpartition(",")[2]
        if row.event == "PARK_END":
            self.slots[row.channel] = self._fetching.get(str(row.extra.get("retriever")), "")

    def _learn(self, row: CelRow, life: Life) -> None:
        if life.first_app is None and row.app:
            life.first_app = row.app
        if row.event == "ANSWER":
            life.up_at = life.up_at or row.at
        elif life.up_at is not None and life.goes_to is None and row.event not in OVER:
            life.goes_to = row.exten
        if row.event == "FORWARD":
            self._forwarded[row.linkedid] = row.at
        if row.event == "HANGUP":
            sent_on_at = self._forwarded.get(row.linkedid, life.born_at)
            life.sends_on = sent_on_at > life.born_at and (row.at - sent_on_at).total_seconds() < FORWARD_S
            life.ended_at, life.cause = row.at, cause_of(row)
            life.gives_up = source_of(row) == row.name and row.extra.get("dialstatus") == "CANCEL"

    def _settle(self, row: CelRow, life: Life) -> None:
        """Know why a queue was left by what the channel did next."""
        visit = self._leaving.pop(row.channel, None)
        if visit is not None:
            visit.word = self._word(row, visit)
        if row.event == "BRIDGE_ENTER" and life.visits and life.visits[-1].left_at is None:
            life.visits[-1].answered = True

    def _follow(self, row: CelRow, life: Life, *, fresh: bool) -> None:
        """Follow the channel into queues and out of them; `fresh` is one of which the log tells the rest only."""
        before, now = self._apps.get(row.channel), app_of(row)
        if now == before:
            return
        if before is not None and before[0] == "Queue" and life.visits:
            self._leaves(row, life.visits[-1], settled=row.event != "APP_END")
        if now is not None and now[0] == "Queue":
            life.visits.append(Visit(queue_of(now[1]), row.at, row.context, timeout_of(now[1]), fresh))
        if now is None:
            self._apps.pop(row.channel, None)
        else:
            self._apps[row.channel] = now

    def _leaves(self, row: CelRow, visit: Visit, *, settled: bool) -> None:
        visit.left_at = row.at
        if visit.answered:
            return
        if settled:
            visit.word = self._word(row, visit)
        else:
            self._leaving[row.channel] = visit

    def _word(self, row: CelRow, visit: Visit) -> str:
        """Return why a caller left, from the row that follows the leaving."""
        if row.event == "HANGUP" and source_of(row) == row.name:
            return ABANDONED
        said = queuestatus(row)
        if said is not None:
            return said
        stayed = (visit.left_at or row.at) - visit.began_at
        child = self._last_child.get(row.linkedid)
        if not visit.since_before and stayed.total_seconds() < AT_THE_DOOR_S and (not child or child < visit.began_at):
            return "JOINEMPTY"
        long = visit.since_before or stayed.total_seconds() >= (visit.timeout_s or 0.0) - TIMED_OUT_S
        if visit.timeout_s is not None and long:
            return "TIMEOUT"
        return BY_A_KEY if row.context != visit.context else "LEAVEEMPTY"


def app_of(row: CelRow) -> tuple[str, str] | None:
    """Return the application a channel is in after a row, with its arguments; None for those that are not followed."""
    return (row.app, row.data) if row.app in APPS and row.event not in OVER else None


def queue_of(data: str) -> str:
    """Return the queue's name in Queue's arguments."""
    return data.partition(",")[0]


def timeout_of(data: str) -> float | None:
    """Return the seconds Queue may keep a caller: its fifth argument, None where there is none."""
    given = data.split(",")[4:5]
    return float(given[0]) if given and given[0].isdecimal() and len(given[0]) < 10 else None  # noqa: PLR2004 - digits


def cause_of(row: CelRow) -> int | None:
    """Return the Q.850 cause of a HANGUP."""
    cause = row.extra.get("hangupcause")
    return cause if isinstance(cause, int) and 0 <= cause < 1000 else None  # noqa: PLR2004 - Asterisk has some beyond 127


def source_of(row: CelRow) -> str:
    """Return the name of the channel that hung up; "" or a word such as `dialplan/builtin` where none did."""
    source = row.extra.get("hangupsource")
    return source if isinstance(source, str) else ""


def queuestatus(row: CelRow) -> str | None:
    """Return what a user event says of a queue's exit."""
    if QUEUESTATUS not in {row.event, row.user_event}:
        return None
    said = row.extra.get("extra")
    return said if isinstance(said, str) else None
