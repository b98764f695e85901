"""Holding what was told against what the PBX's own log says, call by call.

The log is read as a backfill reads it and played through the same laws, in a
tracker of its own: so whatever differs was not heard, heard wrong, or never written down.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from callbridge import store
from callbridge.app import build
from callbridge.app.cel import open_log
from callbridge.asterisk.cel.fates import Fates
from callbridge.asterisk.from_cel import CelReading
from callbridge.calls.call import Call
from callbridge.calls.facts import TimePassed
from callbridge.calls.tracker import Tracker
from callbridge.config import Audited, Cel, Config, Difference, Pbx, Span
from callbridge.errors import CelUnreadable
from callbridge.store import ToldCall

SLACK_S: Final = 60.0
"""How much earlier or later the call log may have a call that the PBX's log has: beyond it they are two."""


async def audit(config: Config, span: Span, audited: Audited) -> AsyncIterator[Difference]:
    """Yield what differs, call by call. Raises CelUnreadable where no PBX has a log that can be read."""
    logged = [(pbx, pbx.cel) for pbx in config.pbx if pbx.cel is not None]
    if not logged:
        raise CelUnreadable(f"No PBX in {config.path} has a table [pbx.cel]. Say there where Asterisk keeps its CEL.")
    for pbx, cel in logged:
        log = await calls_in(pbx, cel, span, audited)
        slack = timedelta(seconds=SLACK_S)
        told = await store.told_calls(config.database.url.reveal(), pbx.id, span.since - slack, span.until + slack)
        for difference in compared(pbx.id, log, {each.id: each for each in told}, span):
            audited.differences += 1
            yield difference
        audited.calls += len(log)


async def calls_in(pbx: Pbx, cel: Cel, span: Span, audited: Audited) -> Mapping[str, Call]:
    """Return the calls of the log that began in the span, as they ended; what goes on is as it is at the log's end."""
    tracker, calls, fates = Tracker(build.profiles([pbx])), dict[str, Call](), Fates()
    async with open_log(pbx, cel) as log:
        async with aclosing(log.pages(span.since)) as pages:
            async for rows in pages:
                for row in rows:
                    fates.read(row)
        reading = CelReading(pbx.id, fates)
        async with aclosing(log.pages(span.since)) as pages:
            async for rows in pages:
                for fact in (fact for row in rows for fact in reading.facts_from(row)):
                    calls.update((event.call.id, event.call) for event in tracker.apply(fact) if event.call)
                tracker.take_changes()
        audited.rubbish += log.rubbish
    while (at := tracker.next_telling(pbx.id)) is not None:
        calls.update((event.call.id, event.call) for event in tracker.apply(TimePassed(pbx.id, at)) if event.call)
    return {call.id: call for call in calls.values() if span.since <= call.started_at <= span.until}


def compared(pbx: str, log: Mapping[str, Call], told: Mapping[str, ToldCall], span: Span) -> Iterator[Difference]:
    """Yield what differs, in the order in which the calls began."""
    for call in sorted(log.values(), key=lambda one: (one.started_at, one.id)):
        found = told.get(call.id)
        yield from untold(pbx, call) if found is None else differing(pbx, call, found, span.tolerance_s)
    for each in told.values():
        if each.id not in log and span.since <= each.started_at <= span.until:
            what = f"told as {each.state}, but the PBX's log has no such call: was the log rotated away, or cut?"
            yield Difference(
                pbx, each.id, "not_in_log", each.started_at, each.from_raw, each.to_raw, each.state, None, what
            )


def untold(pbx: str, call: Call) -> Iterator[Difference]:
    """Yield that a call was never told."""
    how = f"answered, {call.talk_s or 0:.0f} s" if call.answered_at else str(call.state)
    what = f"never told: the PBX's log has it as {how}. Was callbridge, or its link to the PBX, down?"
    yield difference(pbx, call, "missing", None, str(call.state), what)


def differing(pbx: str, call: Call, told: ToldCall, tolerance_s: float) -> Iterator[Difference]:
    """Yield how a call was told otherwise; of one that was told as something else altogether, that alone."""
    if call.over and told.ended_at is None:
        yield difference(
            pbx, call, "never_ended", None, call.ended_at, "told as going on, but by the PBX's log it is over"
        )
    elif (told.answered_at is None) is not (call.answered_at is None):
        words = "told as answered, by the PBX's log nobody answered"
        if call.answered_at is not None:
            words = f"told as {told.state}, by the PBX's log it was answered"
        yield difference(pbx, call, "outcome", told.state, str(call.state), words)
    else:
        yield from times(pbx, call, told, tolerance_s)


def times(pbx: str, call: Call, told: ToldCall, tolerance_s: float) -> Iterator[Difference]:
    """Yield which times and seconds differ by more than may be."""
    pairs = (("started", told.started_at, call.started_at), ("answered", told.answered_at, call.answered_at))
    for name, ours, theirs in (*pairs, ("ended", told.ended_at, call.ended_at)):
        if ours is not None and theirs is not None and abs((ours - theirs).total_seconds()) > tolerance_s:
            apart = abs((ours - theirs).total_seconds())
            yield difference(pbx, call, f"{name}_at", ours, theirs, f"told as {name} {apart:.1f} s off the PBX's log")
    if call.over and told.talk_s is not None and abs(told.talk_s - (call.talk_s or 0.0)) > tolerance_s:
        words = f"told with {told.talk_s:.1f} s of talk, by the PBX's log it is {call.talk_s or 0.0:.1f} s"
        yield difference(pbx, call, "talk_s", told.talk_s, call.talk_s, words)


def difference(pbx: str, call: Call, kind: str, told: object, logged: object, words: str) -> Difference:  # noqa: PLR0913, PLR0917 - what a difference is
    return Difference(pbx, call.id, kind, call.started_at, call.caller.raw, call.callee.raw, told, logged, words)
