"""Recordings of a call: begun, silenced, over.

MixMonitor says where it writes before it says that it does, and neither in what
form: so the three are put together. Nothing is said of a recording that ends with
its channel; the channel's end is its end. What becomes of the file is told by
`recording_files`.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from posixpath import normpath
from typing import Final

from callbridge.calls.call import Call, Pause, Recording, RecordingState
from callbridge.calls.events import EventType
from callbridge.calls.facts import RecordingAsked, RecordingBegan, RecordingMuted, RecordingNamed, RecordingStopped
from callbridge.calls.open_call import OpenCall, RecordingPlan
from callbridge.calls.recording_files import await_file, put, tell, unmeasured, unsettled
from callbridge.calls.switchboard import Switchboard

GOING_ON: Final = frozenset({RecordingState.RECORDING, RecordingState.PAUSED})
BOTH: Final = frozenset({"read", "write"})
"""The two directions of a channel. One that is still heard is a recording that goes on."""


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


def closed(pauses: tuple[Pause, ...], at: datetime) -> tuple[Pause, ...]:
    """Return the pauses with the last one over."""
    if pauses and pauses[-1].ended_at is None:
        return (*pauses[:-1], replace(pauses[-1], ended_at=at))
    return pauses
