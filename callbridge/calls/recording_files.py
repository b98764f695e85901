"""The files of recordings that are over: somebody looks at them, and what they found is told.

That is done outside (`PbxProfile.measures`), and may be after the call's end: then
the call is kept in `Switchboard.settling` until it is settled. Where nobody looks,
as in a replay, a recording is told at once, with the length that the PBX's own
times give.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls.call import Call, Recording, RecordingState
from callbridge.calls.customer import NOBODY, Match
from callbridge.calls.events import EventType
from callbridge.calls.facts import RecordingMeasured, RecordingMissing
from callbridge.calls.frozen import replace
from callbridge.calls.open_call import OpenCall, seconds_between
from callbridge.calls.switchboard import Switchboard

GOING_ON: Final = frozenset({RecordingState.RECORDING, RecordingState.PAUSED})

SETTLE_S: Final = 60.0
"""How long whoever looks at the file may take; then the recording has failed."""

NO_FOLDER: Final = "no_folder"
"""Why nobody could look: the folder is on another machine. Then the PBX's word must do."""
LATE: Final = "timeout"
NOTHING: Final = "nothing_recorded"
"""Why there is no file where none was to be: it records while bridged, and nobody ever was."""


@dataclass(frozen=True, slots=True)
class AwaitedFile:
    """A file somebody is to look at, and how long the PBX's times say it is at least; None where they do not."""

    pbx: str
    file: str
    expected_s: float | None
    over: bool = True
    """False where it may still be written to: then it is only to be told if it is not."""
    rivals: Mapping[str, str] = field(default_factory=dict)
    """Other recordings with their files, of which one may be over instead."""


def awaited(board: Switchboard) -> dict[str, AwaitedFile]:
    """Return the files that are to be looked at, by the ids of their recordings."""
    works = (board.remembered(call_id) for call_id in dict.fromkeys(board.unsettled.values()))
    return {
        each.id: AwaitedFile(
            work.call.pbx, each.file, at_least(work.call, each), each.state not in GOING_ON, rivals(work, each)
        )
        for work in works
        if work is not None
        for each in to_look_at(work)
    }


def rivals(work: OpenCall, recording: Recording) -> dict[str, str]:
    """Return the recordings of the same channel that go on, one of which may be over instead, with their files."""
    others = [each for each in work.call.recordings if each.channel == recording.channel and each.state in GOING_ON]
    in_doubt = recording.doubtful and recording.state is RecordingState.STOPPED
    return {each.id: each.file for each in others if each.file != each.path} if in_doubt else {}


def await_file(board: Switchboard, work: OpenCall, recording: Recording, now: datetime) -> None:
    """Have somebody look at the file of a recording that is over, within a time."""
    board.unsettled[recording.id] = work.call.id
    board.hold_back(work, now + timedelta(seconds=SETTLE_S), too_late, patient=True)


def too_late(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Give up files nobody could look at in time, and a directory that did not answer."""
    if work.call.over and work.call.customer.match is Match.PENDING:
        board.enquiries.forget(work)
        work.call = replace(work.call, customer=NOBODY)
        if all_settled(work):
            board.tell(work, EventType.CALL_UPDATED, at, changed=("customer",))
            return board.settled(work)
    for each in unsettled(work):
        # A clock that was set back shows less than `stopped_at`, for years perhaps: given up, too.
        if each.stopped_at is None or abs(at - each.stopped_at) >= timedelta(seconds=SETTLE_S):
            failed(board, work, each, LATE, at)
    if unsettled(work):
        board.hold_back(work, at + timedelta(seconds=SETTLE_S), too_late, patient=True)
    return None


def wait_anew(board: Switchboard, pbx: str, now: datetime) -> None:
    """Give files that were left over from before a gap their time from now on."""
    for recording_id_, call_id in board.unsettled.items():
        work = board.remembered(call_id)
        if work is not None and work.call.pbx == pbx and recording_id_:
            board.hold_back(work, now + timedelta(seconds=SETTLE_S), too_late, patient=True)


def linger(board: Switchboard, work: OpenCall, at: datetime) -> None:
    """Keep a call that is over as long as a file of it is awaited, or written to, or the directory's answer is."""
    if not all_settled(work):
        board.settling[work.call.id] = work
        board.hold_back(work, at + timedelta(seconds=SETTLE_S), too_late, patient=True)


def unsettled(work: OpenCall) -> tuple[Recording, ...]:
    """Return the recordings of a call that are over, and whose file nobody has looked at yet."""
    return tuple(each for each in work.call.recordings if each.state is RecordingState.STOPPED)


def all_settled(work: OpenCall) -> bool:
    """Tell whether no recording of a call goes on, of none the file is awaited, and nobody asks whom it was with."""
    if work.call.customer.match is Match.PENDING:
        return False
    return not any(each.state in {*GOING_ON, RecordingState.STOPPED} for each in work.call.recordings)


def to_look_at(work: OpenCall) -> tuple[Recording, ...]:
    """Return the recordings of a call whose file somebody is to look at: those that are over, or may be."""
    return tuple(
        each
        for each in work.call.recordings
        if each.state is RecordingState.STOPPED or (each.doubtful and each.state in GOING_ON)
    )


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
    for each in to_look_at(work) if work is not None else ():
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
    if work.call.id in board.settling and all_settled(work):
        board.settled(work)


def length_told(call: Call, recording: Recording) -> float | None:
    """Return how long a recording is by the PBX's times; None where its end was not heard.

    A pause is silence in the file, and part of its length. One that records while
    bridged begins with the first answer.
    """
    if recording.stopped_at is None or recording.end_unheard or recording.start_unheard:
        return None
    began_at = recording.started_at
    if recording.bridged_only:
        if call.answered_at is None:
            return 0.0
        began_at = max(began_at, call.answered_at)
    return seconds_between(began_at, recording.stopped_at)


def at_least(call: Call, recording: Recording) -> float | None:
    """Return how long a recording is at least; None where nothing is known of it."""
    return length_told(call, replace(recording, start_unheard=False))


def tell(board: Switchboard, work: OpenCall, recording: Recording, kind: EventType, at: datetime) -> None:
    """Put a recording as it is now into its call, and tell it."""
    put(work, recording)
    board.tell(work, kind, at, recording=recording)


def put(work: OpenCall, recording: Recording) -> None:
    """Put a recording as it is now into its call."""
    recordings = tuple(recording if each.id == recording.id else each for each in work.call.recordings)
    work.call = replace(work.call, recordings=recordings)
