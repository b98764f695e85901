"""Whom the directory is asked about: the number of whoever is outside, once for each call.

What the directory said of a number before its call began waits here for it. A
call whose number was not answered for begins as `pending`; what is waited for,
`Tracker.wanted` tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from callbridge.calls.call import Call, Direction, Party
from callbridge.calls.correlation import Key, Kind, kind_of
from callbridge.calls.customer import ASKED, NOBODY, Known, Match
from callbridge.calls.facts.channels import ChannelBorn
from callbridge.calls.facts.fact import Fact
from callbridge.calls.facts.gaps import Backfilled, ChannelSeen, StateRead
from callbridge.calls.frozen import replace
from callbridge.calls.numbers import WITHHELD, PbxProfile
from callbridge.calls.open_call import OpenCall

MOST_ANSWERS: Final = 1_000
"""Answers kept for calls that are still to begin."""


def outsider(call: Call) -> Party | None:
    """Return the side of a call that is outside; None of an internal one."""
    if call.direction is Direction.INTERNAL:
        return None
    return call.caller if call.direction is Direction.INBOUND else call.callee


def number_of(party: Party | None) -> str | None:
    """Return what somebody outside is known by: E.164, else as the PBX wrote it; None where it is withheld."""
    if party is None or party.extension is not None:
        return None
    if party.number is not None:
        return party.number
    return None if party.raw is None or party.raw.lower() in WITHHELD else party.raw


def asked_for(call: Call) -> str | None:
    """Return the number the directory is asked for; None where nobody can be known by it."""
    return number_of(outsider(call))


def expected_of(profile: PbxProfile, fact: Fact) -> Iterator[str]:
    """Yield the numbers the directory will most likely be asked for once channels that begin here have their calls."""
    if isinstance(fact, ChannelBorn):
        yield from _expected(profile, fact)
    elif isinstance(fact, StateRead):
        for seen in fact.channels:
            yield from _expected(profile, seen)
    elif isinstance(fact, Backfilled):
        yield from expected_of(profile, fact.fact)


def _expected(profile: PbxProfile, channel: ChannelBorn | ChannelSeen) -> Iterator[str]:
    if not channel.calling:
        return
    outside = kind_of(channel.name, profile.extension_of(channel.name, channel.number)) is Kind.TRUNK
    number = number_of(profile.outside(channel.number)) if outside else profile.dialled(channel.exten).number
    if number is not None:
        yield number


class Enquiries:
    """What is waited for, and what was answered before it was."""

    def __init__(self) -> None:
        self._answers: dict[Key, Known] = {}
        self._waiting: dict[Key, dict[str, None]] = {}

    @property
    def open(self) -> bool:
        """Whether anything is waited for."""
        return bool(self._waiting)

    def wanted(self) -> Mapping[Key, Sequence[str]]:
        """Return the numbers that are waited for, as (pbx, number), with the ids of the calls that do."""
        return {key: tuple(calls) for key, calls in self._waiting.items()}

    def look(self, work: OpenCall, profile: PbxProfile) -> None:
        """Have a call with whoever is outside now: as answered already, or pending. A person's choice stays.

        Whoever is to be made a customer is asked for once more, for that is told after the call's beginning.
        """
        number = asked_for(work.call)
        if number == work.asked or work.call.customer.by is not None:
            return
        self.forget(work)
        work.asked = number
        known = NOBODY
        if number is not None:
            known = self._answers.pop((work.call.pbx, number), ASKED)
            if known.match is Match.NONE and work.call.direction in profile.registers:
                known = ASKED
        work.call = replace(work.call, customer=known)
        self.await_answer(work)

    def await_answer(self, work: OpenCall) -> None:
        """Wait for the directory, where a call does."""
        if work.asked is not None and work.call.customer.match is Match.PENDING:
            self._waiting.setdefault((work.call.pbx, work.asked), {})[work.call.id] = None

    def forget(self, work: OpenCall) -> None:
        """Wait no longer for a call's sake."""
        key = (work.call.pbx, work.asked or "")
        self._waiting.get(key, {}).pop(work.call.id, None)
        if not self._waiting.get(key, {"": None}):
            del self._waiting[key]

    def answered(self, key: Key, known: Known) -> Sequence[str]:
        """Return the calls that waited for an answer; where none did, it is kept for one that is to begin."""
        calls = tuple(self._waiting.pop(key, ()))
        if not calls:
            self._answers.pop(key, None)
            self._answers[key] = known
            if len(self._answers) > MOST_ANSWERS:
                del self._answers[next(iter(self._answers))]
        return calls
