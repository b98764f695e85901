"""What is known of each channel at one place of a log: who is who, who dials, who is in which bridge.

CEL does not say who dials whom. It says under which Linkedid a channel was
made, and which application each channel is in; the rest is found here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from callbridge.asterisk.cel.fates import DIALLED, FIRST, Fates, Life, Visit, app_of
from callbridge.asterisk.cel.row import CelRow

NOBODYS_EXTEN: Final = frozenset({"", "s"})

ENDING_S: Final = 0.1
"""Music that stops so long before its hearer or its cause ends stops because of that."""

LOCAL: Final = "Local/"


@dataclass(slots=True)
class Seen:
    """One channel as it is at this place of the log."""

    channel: str
    name: str
    linkedid: str
    dialled: bool = False
    by: str | None = None
    """Who dials it."""
    asked_by: str | None = None
    """The name of the phone that asks somebody through it."""
    exten: str = ""
    app: tuple[str, str] | None = None
    app_exten: str = ""
    """The extension at which it came to its application."""
    slot: str = ""
    """Where it is parked."""
    called: int = 0
    """How many channels were dialled for its application."""
    visits: int = 0
    """How many queues it came to."""
    up: bool = False
    bridge: str | None = None
    """The one in which it hears others."""
    handed_on: bool = False
    """It left its calls to others: that it hangs up then ends none of them."""
    over: bool = False


class Walk:
    """One way through a log, row by row. Channels that began before it are taken as they come."""

    def __init__(self, pbx: str, fates: Fates) -> None:
        self.pbx = pbx
        self.fates = fates
        self.holding: dict[str, str] = {}
        """A channel that hears music in a bridge → the channel that put it on hold."""
        self._seen: dict[str, Seen] = {}
        self._named: dict[str, Seen] = {}

    def meet(self, row: CelRow) -> tuple[Seen, str | None]:
        """Return the channel of a row, and the name it had before where that was another."""
        seen = self._seen.get(row.channel) or self._first_seen(row)
        before = seen.name if seen.name != row.name else None
        if before is not None and self._named.get(before) is seen:
            del self._named[before]
        seen.name, seen.linkedid, seen.exten = row.name, row.linkedid, row.exten
        self._named[row.name] = seen
        return seen, before

    def _first_seen(self, row: CelRow) -> Seen:
        """Return a channel as it is when the log first names it; one that was there before is where it was."""
        seen = self._seen[row.channel] = Seen(row.channel, row.name, row.linkedid)
        if row.event not in FIRST:
            seen.bridge, seen.app = self.fates.bridged.get(row.channel), app_of(row)
            seen.app_exten = row.exten
            seen.called, seen.visits = 1, int(seen.app is not None and seen.app[0] == "Queue")
        return seen

    def forget(self, seen: Seen) -> None:
        """Drop a channel that is no more."""
        self._seen.pop(seen.channel, None)
        if self._named.get(seen.name) is seen:
            del self._named[seen.name]

    def named(self, name: str | None) -> Seen | None:
        """Return the channel of that name."""
        return self._named.get(name or "")

    def life(self, row: CelRow) -> Life:
        """Return what becomes of the channel of a row."""
        return self.fates.lives.get(row.channel) or Life(row.at)

    def visit(self, seen: Seen) -> Visit | None:
        """Return the stay in the queue a channel came to last."""
        return self.fates.visit(seen.channel, seen.visits - 1)

    def ends_by(self, channel: str, at: datetime) -> bool:
        """Tell whether a channel ends at a time, give or take a moment."""
        life = self.fates.lives.get(channel)
        return life is not None and life.ended_at is not None and (life.ended_at - at).total_seconds() < ENDING_S

    def calls_somebody(self, channel: str) -> bool:
        """Tell whether a phone that `channel` dials is neither up nor gone, as far as the log was walked."""
        return any(each.by == channel and not each.up and not each.over for each in self._seen.values())

    def moved(self, seen: Seen, row: CelRow) -> tuple[str | None, str | None]:
        """Return which application a channel left, and which it entered, with this row.

        Every row names the application: two of one name, as `Queue` after `Queue`, have no other row between them.
        """
        before, now = seen.app, app_of(row)
        if now == before:
            return None, None
        seen.app, seen.app_exten = now, row.exten
        return before and before[0], now and now[0]

    def dialler(self, seen: Seen, row: CelRow) -> str | None:
        """Find out who dials the channel that begins with this row; None where the PBX itself does.

        Whoever dials since before the log begins has no row yet: then it is the
        channel the Linkedid is named after.
        """
        if row.channel == row.linkedid:
            return None
        found = self._dialling(row)
        seen.by = found[-1].channel if found else row.linkedid
        if found:
            found[-1].called += 1
        return seen.by

    def arguments_of(self, channel: str | None) -> str:
        """Return the arguments of the application a channel is in."""
        seen = self._seen.get(channel or "")
        return self._arguments(seen) if seen is not None else ""

    def _arguments(self, seen: Seen) -> str:
        """Of a channel that was handed on, CEL says the Dial again that it was in before, until somebody answers."""
        if seen.app is None:
            return ""
        handed_on = seen.app[0] == "Dial" and seen.exten != seen.app_exten
        return self.fates.dials.get((seen.channel, seen.exten), seen.app[1]) if handed_on else seen.app[1]

    def ends_next(self, by: str, at: datetime) -> str | None:
        """Return which of those a channel dials in vain ends now; None where none does."""
        lives = self.fates.lives
        called = [each.channel for each in self._seen.values() if each.by == by and not each.up and not each.over]
        ending = [each for each in called if self.ends_by(each, at) and lives[each].up_at is None]
        return min(ending, key=lambda each: lives[each].ended_at or at, default=None)

    def _dialling(self, row: CelRow) -> list[Seen]:
        """Return those who may be dialling a channel, the likeliest last: whoever names its device, else who dials."""
        free = [each for each in self._seen.values() if each.linkedid == row.linkedid and dials(each, row)]
        device = row.name.rpartition("-")[0].removesuffix(";1")
        return [each for each in free if device in self._arguments(each)] or free

    def asks(self, seen: Seen, row: CelRow) -> bool:
        """Tell whether a Local channel is made to ask somebody: nobody dials it, and the phone that asks meets it."""
        if not row.name.startswith(LOCAL) or self._dialling(row):
            return False
        seen.asked_by = self.fates.asked_by(row.channel)
        return seen.asked_by is not None

    def other_half(self, row: CelRow) -> Seen | None:
        """Return the ;1 of a Local channel whose ;2 this is."""
        if not row.name.startswith(LOCAL) or not row.name.endswith(";2"):
            return None
        return self._named.get(f"{row.name.removesuffix(';2')};1")

    def only_other(self, seen: Seen) -> str | None:
        """Return who alone hears a channel; None where nobody does, or several."""
        if seen.bridge is None:
            return None
        here = {each.channel for each in self._seen.values() if each.bridge == seen.bridge}
        unseen = {
            each for each, bridge in self.fates.bridged.items() if bridge == seen.bridge and each not in self._seen
        }
        others = (here | unseen) - {seen.channel}
        return others.pop() if len(others) == 1 else None


def dials(seen: Seen, row: CelRow) -> bool:
    """Tell whether a channel may be dialling another: it is in an application that does, and in no talk."""
    return seen.app is not None and seen.channel != row.channel and seen.bridge is None


def is_placed(row: CelRow, life: Life) -> bool:
    """Tell whether a channel of its own Linkedid is one the PBX places, not one that calls."""
    if life.first_app is not None:
        return life.first_app in DIALLED
    return row.exten in NOBODYS_EXTEN
