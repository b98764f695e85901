"""Recordings of a call: begun, silenced, over, and what became of the file.

MixMonitor says where it writes before it says that it does, and neither in what
form: so the three are put together. Nothing is said of a recording that ends with
its channel; the channel's end is its end.

A recording that is over is told once its file was looked at, which is done
outside (`PbxProfile.measures`), and may be after the call's end: then the call is
kept in `Switchboard.settling` until it is settled. Where nobody looks, as in a
replay, it is told at once, with the length that the PBX's own times give.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from posixpath import normpath
from typing import Final

from callbridge.calls.call import Call, Pause, Recording, RecordingState
from callbridge.calls.events import EventType
from callbridge.calls.facts import (
    RecordingAsked,
    RecordingBegan,
    RecordingMeasured,
    RecordingMissing,
    RecordingMuted,
    RecordingNamed,
    RecordingStopped,
)
from callbridge.calls.open_call import OpenCall, RecordingPlan, seconds_between
from callbridge.calls.switchboard import Switchboard

SETTLE_S: Final = 60.0
"""How long whoever looks at the file may take; then the recording has failed."""

GOING_ON: Final = frozenset({RecordingState.RECORDING, RecordingState.PAUSED})
BOTH: Final = frozenset({"read", "write"})
"""The two directions of a channel. One that is still heard is a recording that goes on."""
NO_FOLDER: Final = "no_folder"
"""Why nobody could look: the folder is on another machine. Then the PBX's word must do."""
LATE: Final = "timeout"
NOTHING: Final = "nothing_recorded"
"""Why there is no file where none was to be: it records while bridged, and nobody ever was."""


@dataclass(frozen=True, slots=True)
class AwaitedFile:
    """A file somebody is to look at, and how long the PBX's times say it is; None where they do not."""

    pbx: str
    file: str
    expected_s: float | None


def awaited(board: Switchboard) -> dict[str, AwaitedFile]:
    """Return the files that are to be looked at, by the ids of their recordings."""
    works = (board.remembered(call_id) for call_id in dict.fromkeys(board.unsettled.values()))
    return {
        each.id: AwaitedFile(work.call.pbx, each.file, length_told(work.call, each))
        for work in works
        if work is not None
        for each in unsettled(work)
    }


def asked(board: Switchboard, fact: RecordingAsked) -> None:
    """Remember in which form the dialplan has a channel recorded."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None:
        work.recording_plans[fact.channel] = RecordingPlan(bridged_only=fact.bridged_only)


def named(board: Switchboard, fact: RecordingNamed) -> None:
    """Learn to which file a channel is recorded."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is not None:
        plan = work.recording_plans.get(fact.channel, RecordingPlan())
        put_together(board, work, fact.channel, replace(plan, path=fact.path))


def began(board: Switchboard, fact: RecordingBegan) -> None:
    """Note that a channel is recorded now."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is None:
        return board.odd("recording of no call")
    plan = work.recording_plans.get(fact.channel, RecordingPlan())
    if plan.path is None and any(
        each.channel == fact.channel and each.started_at == fact.at for each in recorded(work)
    ):
        return None  # said twice
    return put_together(board, work, fact.channel, replace(plan, began_at=fact.at))


def put_together(board: Switchboard, work: OpenCall, channel: str, plan: RecordingPlan) -> None:
    """Tell that a recording began, once both its file and its beginning are known."""
    work.recording_plans[channel] = plan
    board.touch(work)
    if plan.path is None or plan.began_at is None:
        return
    del work.recording_plans[channel]
    recording = Recording(
        id=recording_id(work.call, plan.path),
        channel=channel,
        path=plan.path,
        file=below(board.profile(work.call.pbx).recordings_dir, plan.path) or plan.path,
        state=RecordingState.RECORDING,
        started_at=plan.began_at,
        bridged_only=plan.bridged_only,
    )
    work.call = replace(work.call, recordings=(*work.call.recordings, recording))
    board.tell(work, EventType.RECORDING_STARTED, plan.began_at, recording=recording)


def recording_id(call: Call, path: str) -> str:
    """Return the id of a call's next recording to a file: made from both, so the same after a crash."""
    before = sum(each.path == path for each in call.recordings)
    seed = f"{call.id}\0{path}\0{before}".encode("utf-8", "replace")
    return f"rec_{hashlib.sha256(seed).hexdigest()[:32]}"


def below(folder: str, path: str) -> str | None:
    """Return `path` as it is below `folder`; None where it is not below it, or tries to get out."""
    root = normpath(folder) if folder else ""
    inside = path.removeprefix(f"{root.rstrip('/')}/")
    if not root or inside == path or not inside or "\0" in inside or ".." in inside.split("/"):
        return None
    return normpath(inside)


def muted(board: Switchboard, fact: RecordingMuted) -> None:
    """Tell a pause where both directions fall silent, and its end. Asterisk silences all recordings of a channel."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    which = BOTH if fact.direction == "both" else BOTH & {fact.direction}
    for each in of_channel(work, fact.channel):
        silent = frozenset(each.muted) | which if fact.muted else frozenset(each.muted) - which
        after = replace(each, muted=tuple(sorted(silent)))
        if work is not None:
            pause(board, work, after, fact.at)


def pause(board: Switchboard, work: OpenCall, recording: Recording, at: datetime) -> None:
    """Keep what is silent now, and tell it where that makes a difference."""
    silent = frozenset(recording.muted) == BOTH
    if silent is (recording.state is RecordingState.PAUSED):
        put(work, recording)
        board.touch(work)
    elif silent:
        paused = replace(recording, state=RecordingState.PAUSED, pauses=(*recording.pauses, Pause(at)))
        tell(board, work, paused, EventType.RECORDING_PAUSED, at)
    else:
        resumed = replace(recording, state=RecordingState.RECORDING, pauses=closed(recording.pauses, at))
        tell(board, work, resumed, EventType.RECORDING_RESUMED, at)


def stopped(board: Switchboard, fact: RecordingStopped) -> None:
    """End the newest recording of a channel: without a word on which, StopMixMonitor ends that one (Asterisk 22)."""
    work = board.call_of(board.channel(fact.pbx, fact.channel))
    if work is None or any(each.channel == fact.channel and each.stopped_at == fact.at for each in recorded(work)):
        return  # of no call, or said twice
    for each in of_channel(work, fact.channel)[-1:]:
        stop(board, work, each, fact.at)


def channel_gone(board: Switchboard, work: OpenCall, channel: str, at: datetime) -> None:
    """End what was recorded of a channel that is no more."""
    work.recording_plans.pop(channel, None)
    for each in of_channel(work, channel):
        stop(board, work, replace(each, end_unheard=work.interrupted), at)


def of_channel(work: OpenCall | None, channel: str) -> tuple[Recording, ...]:
    """Return the recordings of a channel that go on, the oldest first."""
    return tuple(each for each in recorded(work) if each.channel == channel and each.state in GOING_ON)


def recorded(work: OpenCall | None) -> tuple[Recording, ...]:
    """Return all recordings of a call."""
    return work.call.recordings if work is not None else ()


def stop(board: Switchboard, work: OpenCall, recording: Recording, at: datetime) -> None:
    """Close a recording; tell it now where nobody is going to look at its file."""
    over = replace(recording, state=RecordingState.STOPPED, stopped_at=at, pauses=closed(recording.pauses, at))
    put(work, over)
    board.touch(work)
    profile = board.profile(work.call.pbx)
    if profile.measures and below(profile.recordings_dir, recording.path) is not None:
        await_file(board, work, over, at)
    else:
        unmeasured(board, work, over, at)


def await_file(board: Switchboard, work: OpenCall, recording: Recording, now: datetime) -> None:
    """Have somebody look at the file of a recording that is over, within a time."""
    board.unsettled[recording.id] = work.call.id
    board.hold_back(work, now + timedelta(seconds=SETTLE_S), too_late, patient=True)


def too_late(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Give up files nobody could look at in time."""
    for each in unsettled(work):
        if each.stopped_at is None or each.stopped_at + timedelta(seconds=SETTLE_S) <= at:
            failed(board, work, each, LATE, at)
    if unsettled(work):
        board.hold_back(work, at + timedelta(seconds=SETTLE_S), too_late, patient=True)


def wait_anew(board: Switchboard, pbx: str, now: datetime) -> None:
    """Give files that were left over from before a gap their time from now on."""
    for recording_id_, call_id in board.unsettled.items():
        work = board.remembered(call_id)
        if work is not None and work.call.pbx == pbx and recording_id_:
            board.hold_back(work, now + timedelta(seconds=SETTLE_S), too_late, patient=True)


def unsettled(work: OpenCall) -> tuple[Recording, ...]:
    """Return the recordings of a call that are over, and whose file nobody has looked at yet."""
    return tuple(each for each in work.call.recordings if each.state is RecordingState.STOPPED)


def measured(board: Switchboard, fact: RecordingMeasured) -> None:
    """Tell a recording with what is on disk of it."""
    found = recording_of(board, fact.recording)
    if found is not None:
        work, recording = found
        ready = replace(recording, length_s=fact.length_s, size=fact.size, measured=fact.length_s is not None)
        if fact.length_s is None:
            ready = replace(ready, length_s=length_told(work.call, recording))
        settle(board, work, replace(ready, state=RecordingState.READY), EventType.RECORDING_READY, fact.at)


def missing(board: Switchboard, fact: RecordingMissing) -> None:
    """Tell a recording of which there is no file; by the PBX's word where there is no folder to look in."""
    found = recording_of(board, fact.recording)
    if found is None:
        return
    work, recording = found
    if fact.why == NO_FOLDER:
        unmeasured(board, work, recording, fact.at)
    else:
        nothing = fact.why == "missing" and length_told(work.call, recording) == 0.0
        failed(board, work, recording, NOTHING if nothing else fact.why, fact.at)


def recording_of(board: Switchboard, wanted: str) -> tuple[OpenCall, Recording] | None:
    """Return a recording whose file is awaited, with its call; None where it was settled before."""
    work = board.remembered(board.unsettled.get(wanted, ""))
    for each in unsettled(work) if work is not None else ():
        if work is not None and each.id == wanted:
            return work, each
    return None


def unmeasured(board: Switchboard, work: OpenCall, recording: Recording, at: datetime) -> None:
    """Tell a recording as ready by the PBX's word alone."""
    length_s = length_told(work.call, recording)
    ready = replace(recording, state=RecordingState.READY, length_s=length_s, measured=False)
    settle(board, work, ready, EventType.RECORDING_READY, at)


def failed(board: Switchboard, work: OpenCall, recording: Recording, why: str, at: datetime) -> None:
    """Tell that there is no recording after all."""
    settle(board, work, replace(recording, state=RecordingState.FAILED, reason=why), EventType.RECORDING_FAILED, at)


def settle(board: Switchboard, work: OpenCall, recording: Recording, kind: EventType, at: datetime) -> None:
    """Tell what became of a recording; a call that is over was kept for its recordings alone."""
    board.unsettled.pop(recording.id, None)
    tell(board, work, recording, kind, at)
    if work.call.id in board.settling and not unsettled(work):
        board.settled(work)


def linger(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Keep a call that is over as long as a file of it is awaited."""
    if unsettled(work):
        board.settling[work.call.id] = work
        board.hold_back(work, at + timedelta(seconds=SETTLE_S), too_late, patient=True)


def move(board: Switchboard, part: OpenCall, into: OpenCall) -> None:
    """Hand on the recordings that go on, or are not settled, of a call that becomes part of another."""
    going = tuple(each for each in part.call.recordings if each.state in {*GOING_ON, RecordingState.STOPPED})
    if not going and not part.recording_plans:
        return
    staying = tuple(each for each in part.call.recordings if each not in going)
    part.call = replace(part.call, recordings=staying)
    into.call = replace(into.call, recordings=(*into.call.recordings, *going))
    into.recording_plans.update(part.recording_plans)
    for each in unsettled(into):
        await_file(board, into, each, each.stopped_at or each.started_at)


def length_told(call: Call, recording: Recording) -> float | None:
    """Return how long a recording is by the PBX's times; None where its end was not heard.

    A pause is silence in the file, and part of its length. One that records while
    bridged begins with the first answer.
    """
    if recording.stopped_at is None or recording.end_unheard:
        return None
    began_at = recording.started_at
    if recording.bridged_only:
        if call.answered_at is None:
            return 0.0
        began_at = max(began_at, call.answered_at)
    return seconds_between(began_at, recording.stopped_at)


def closed(pauses: tuple[Pause, ...], at: datetime) -> tuple[Pause, ...]:
    """Return the pauses with the last one over."""
    if pauses and pauses[-1].ended_at is None:
        return (*pauses[:-1], replace(pauses[-1], ended_at=at))
    return pauses


def tell(board: Switchboard, work: OpenCall, recording: Recording, kind: EventType, at: datetime) -> None:
    """Put a recording as it is now into its call, and tell it."""
    put(work, recording)
    board.tell(work, kind, at, recording=recording)


def put(work: OpenCall, recording: Recording) -> None:
    """Put a recording as it is now into its call."""
    recordings = tuple(recording if each.id == recording.id else each for each in work.call.recordings)
    work.call = replace(work.call, recordings=recordings)
