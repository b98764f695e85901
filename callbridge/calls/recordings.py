"""Recordings of a call: begun, silenced, over.

MixMonitor says where it writes before it says that it does, and neither in what
form: so the three are put together. Nothing is said of a recording that ends with
its channel; the channel's end is its end. What becomes of the file is told by
`recording_files`.
"""

import hashlib
from datetime import datetime
from posixpath import normpath
from typing import Final

from callbridge.calls.call import Call, Pause, Recording, RecordingState
from callbridge.calls.correlation import Channel
from callbridge.calls.events import EventType
from callbridge.calls.facts import (
    RecordingAsked,
    RecordingBegan,
    RecordingGoesOn,
    RecordingMuted,
    RecordingNamed,
    RecordingStopped,
)
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall, RecordingPlan
from callbridge.calls.recording_files import GOING_ON, await_file, put, recording_of, tell, unmeasured, unsettled
from callbridge.calls.switchboard import Switchboard

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
        each.channel == fact.channel and each.started_at == fact.at for each in work.call.recordings
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
        start_unheard=plan.unheard,
        doubtful=plan.unheard and is_looked_at(board, work, plan.path),
    )
    work.call = replace(work.call, recordings=(*work.call.recordings, recording))
    board.tell(work, EventType.RECORDING_STARTED, plan.began_at, recording=recording)
    if recording.doubtful:
        board.unsettled[recording.id] = work.call.id


def found(board: Switchboard, channel: Channel, path: str, at: datetime) -> None:
    """Take in a recording that began unheard: the PBX says to which file, not since when.

    Nor does it say whether that is over: the variable that names the file stays. The file may tell.
    """
    work = board.call_of(channel)
    uniqueid = channel.key[1]
    if work is None or any(each.channel == uniqueid and each.path == path for each in known(board, work)):
        return
    plan = work.recording_plans.get(uniqueid, RecordingPlan())
    unheard = plan.began_at is None
    put_together(board, work, uniqueid, replace(plan, path=path, began_at=plan.began_at or at, unheard=unheard))


def known(board: Switchboard, work: OpenCall) -> tuple[Recording, ...]:
    """Return the recordings of a call, and of the one that is on hold for it."""
    return tuple(each for one in sharing(board, work) for each in one.call.recordings)


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
    which = BOTH if fact.direction == "both" else BOTH & {fact.direction}
    for work, each in going_on(board, board.call_of(board.channel(fact.pbx, fact.channel)), fact.channel):
        silent = frozenset(each.muted) | which if fact.muted else frozenset(each.muted) - which
        pause(board, work, replace(each, muted=tuple(sorted(silent))), fact.at)


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
    """End the newest recording of a channel: without a word on which, StopMixMonitor ends that one (Asterisk 22).

    Where another was named, nothing in the event says so: of several, their files tell which it was.
    """
    mine = board.call_of(board.channel(fact.pbx, fact.channel))
    if mine is None or any(each.channel == fact.channel and each.stopped_at == fact.at for each in known(board, mine)):
        return  # of no call, or said twice
    several = going_on(board, mine, fact.channel)
    for work, each in several[-1:]:
        stop(board, work, replace(each, doubtful=len(several) > 1), fact.at)


def goes_on(board: Switchboard, fact: RecordingGoesOn) -> None:
    """Take back that a recording may be over: it is written to. Where another of its channel is over, end that one."""
    found = recording_of(board, fact.recording)
    if found is None:
        return
    work, recording = found
    other = next((each for each in work.call.recordings if each.id == fact.instead and each.state in GOING_ON), None)
    board.touch(work)
    if recording.state in GOING_ON:
        put(work, replace(recording, doubtful=False))
        del board.unsettled[recording.id]
    elif other is not None:
        put(work, reopened(recording))
        del board.unsettled[recording.id]
        stop(board, work, replace(other, doubtful=False), recording.stopped_at or fact.at)
    else:
        put(work, replace(recording, doubtful=False))  # the other ended with its channel meanwhile, and so did this


def reopened(recording: Recording) -> Recording:
    """Return a recording that was taken to be over as it is: going on."""
    going = replace(recording, state=RecordingState.RECORDING, stopped_at=None, doubtful=False)
    if frozenset(recording.muted) != BOTH:
        return going
    return replace(going, state=RecordingState.PAUSED, pauses=(*going.pauses[:-1], Pause(going.pauses[-1].began_at)))


def channel_gone(board: Switchboard, work: OpenCall, channel: str, at: datetime) -> None:
    """End what was recorded of a channel that is no more."""
    work.recording_plans.pop(channel, None)
    for one, each in going_on(board, work, channel):
        stop(board, one, replace(each, doubtful=False, end_unheard=work.interrupted), at)


def call_ends(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """End what is still recorded of a call that is over, but of who talks on with whomever they asked."""
    going = [each for each in work.call.recordings if each.state in GOING_ON]
    if going and not any(each.consults_for == work.call.id for each in board.open.values()):
        for each in going:
            stop(board, work, each, at)


def sharing(board: Switchboard, work: OpenCall | None) -> tuple[OpenCall, ...]:
    """Return the calls that one channel may be recorded for: its own, and before it the one that is on hold for it.

    Who asks by feature code has one channel in both, and a recording stays with the call in which it began:
    also where that is over first, for whoever was on hold has hung up.
    """
    held = board.remembered(work.consults_for or "") if work is not None else None
    return tuple(each for each in (held, work) if each is not None)


def going_on(board: Switchboard, work: OpenCall | None, channel: str) -> tuple[tuple[OpenCall, Recording], ...]:
    """Return the recordings of a channel of `work` that go on, the oldest first, each with the call that has it."""
    return tuple((one, each) for one in sharing(board, work) for each in of_channel(one, channel))


def of_channel(work: OpenCall, channel: str) -> tuple[Recording, ...]:
    """Return what a call has of the recordings of a channel that go on, the oldest first."""
    return tuple(each for each in work.call.recordings if each.channel == channel and each.state in GOING_ON)


def stop(board: Switchboard, work: OpenCall, recording: Recording, at: datetime) -> None:
    """Close a recording; tell it now where nobody is going to look at its file."""
    over = replace(recording, state=RecordingState.STOPPED, stopped_at=at, pauses=closed(recording.pauses, at))
    put(work, over)
    board.touch(work)
    if is_looked_at(board, work, recording.path):
        await_file(board, work, over, at)
    else:
        unmeasured(board, work, over, at)


def move(board: Switchboard, part: OpenCall, into: OpenCall) -> None:
    """Hand on the recordings that go on, or are not settled, of a call that becomes part of another."""
    going = tuple(each for each in part.call.recordings if each.state in {*GOING_ON, RecordingState.STOPPED})
    hand_on(part, going, into)
    for each in unsettled(into):
        await_file(board, into, each, each.stopped_at or each.started_at)


def is_looked_at(board: Switchboard, work: OpenCall, path: str) -> bool:
    """Tell whether somebody looks at a file of a call."""
    profile = board.profile(work.call.pbx)
    return profile.measures and below(profile.recordings_dir, path) is not None


def merge(board: Switchboard, asked: OpenCall, asks: str, held: OpenCall, at: datetime) -> None:
    """Hand on what goes on of a consultation; what is recorded of whoever asked ends with it, and stays with it."""
    for each in of_channel(asked, asks):
        stop(board, asked, each, at)
    going = tuple(each for each in asked.call.recordings if each.state in GOING_ON)
    hand_on(asked, going, held)


def hand_on(part: OpenCall, going: tuple[Recording, ...], into: OpenCall) -> None:
    """Make some recordings of a call those of another, with what was about to be recorded."""
    staying = tuple(each for each in part.call.recordings if each not in going)
    part.call = replace(part.call, recordings=staying)
    into.call = replace(into.call, recordings=(*into.call.recordings, *going))
    into.recording_plans.update(part.recording_plans)
    part.recording_plans.clear()


def closed(pauses: tuple[Pause, ...], at: datetime) -> tuple[Pause, ...]:
    """Return the pauses with the last one over."""
    if pauses and pauses[-1].ended_at is None:
        return (*pauses[:-1], replace(pauses[-1], ended_at=at))
    return pauses
