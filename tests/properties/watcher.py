"""What must hold of whatever is told, however odd the calls are."""

from datetime import datetime
from typing import Final

from callbridge.calls.call import Call, CallState, Direction, LegState, Reason, Recording, RecordingState
from callbridge.calls.events import Event, EventType
from callbridge.calls.missed import MissedState
from callbridge.calls.switchboard import Switchboard
from callbridge.calls.tracker import Tracker
from callbridge.delivery.payload import render

CLOSE_S: Final = 1e-3
MOMENT_S: Final = 0.05
"""From one word about a moment to the next."""
AFTER_THE_END: Final = frozenset(
    {
        EventType.CALL_MISSED,
        EventType.RECORDING_READY,
        EventType.RECORDING_FAILED,
        EventType.CALL_RECOVERED,
        EventType.CALL_UPDATED,
    }
)


class Watcher:
    """Hears every event, and never finds anything wrong."""

    def __init__(self) -> None:
        self.last: dict[str, Event] = {}
        self.clocks: dict[str, Clocks] = {}
        self.over: set[str] = set()
        self.ids: set[str] = set()
        self.recordings = Recordings()
        self.missed = MissedCallers()

    def hears(self, event: Event) -> None:
        render(event)
        assert event.id not in self.ids, "told twice"
        self.ids.add(event.id)
        if event.call is None:
            return
        before = self.last.get(event.call.id)
        if before is None or before.call is None:
            assert (event.type, event.sequence) == (EventType.CALL_STARTED, 1), "begun otherwise than by its beginning"
        else:
            assert event.type is not EventType.CALL_STARTED, "begun twice"
            assert event.sequence == (before.sequence or 0) + 1, "a hole"
            is_the_same(before.call, event.call)
        if event.call.id in self.over:
            assert event.type in AFTER_THE_END, "told after its end"
        phases_make_sense(event.call)
        self.last[event.call.id] = event
        clocks = self.clocks.setdefault(event.call.id, Clocks())
        clocks.hear(event)
        self.recordings.hear(event)
        self.missed.hear(event)
        if event.type is EventType.CALL_TOO_LONG:
            went_on_for_too_long(event, before)
        if event.type is EventType.CALL_ENDED:
            self.over.add(event.call.id)
            ends_whole(event.call)
            clocks.agree_with(event.call)

    def looks_at(self, board: Switchboard) -> None:
        """Check what is remembered: no leg, and no channel, is in two calls, but of whoever asks by feature code."""
        whose: dict[str, str] = {}
        for call_id, work in board.open.items():
            assert call_id == work.call.id
            for leg in work.legs.values():
                if leg.ended_at is None:
                    other = board.open[whose.setdefault(leg.uniqueid, call_id)]
                    asks = call_id == other.consults_for or other.call.id == work.consults_for
                    assert other is work or asks, "a leg in two calls"
        of: dict[tuple[str, str], str] = {}
        for call_id, work in board.open.items():
            for key in work.alive:
                assert of.setdefault(key, call_id) == call_id, "a channel in two calls"
                assert key in board.graph.channels, "a channel that is gone"
                assert board.graph.channels[key].call_id == call_id, "a channel that thinks otherwise"
        for key, channel in board.graph.channels.items():
            assert channel.call_id is None or of.get(key) == channel.call_id, "a channel its call knows nothing of"
        self.missed.look_at(board)

    def sees_the_end(self, tracker: Tracker) -> None:
        """Check that nothing is left once every channel is gone and some time has passed."""
        board = tracker.board
        assert set(self.last) == self.over, "a call that never ended"
        self.recordings.see_the_end()
        assert not any(row.callbacks for row in board.missed.open.values()), "called back for ever"
        assert (board.open, board.graph.channels, board.graph.bridges, board.told) == ({}, {}, {}, [])
        assert (board.settling, board.unsettled) == ({}, {})
        assert tracker.next_deadline("main") is None
        assert board._held == {}


class MissedCallers:
    """Who is on the missed list, by what is told."""

    def __init__(self) -> None:
        self.tries: dict[str, int] = {}

    def hear(self, event: Event) -> None:
        row = event.details.get("row" if event.type is EventType.CALL_MISSED else "missed")
        if not isinstance(row, dict):
            return
        if event.type is EventType.CALL_MISSED:
            self.tries[row["id"]] = self.tries.get(row["id"], 0) + 1
        if event.type is EventType.CALL_RECOVERED:
            assert event.call is not None
            assert row["last_at"] <= (event.call.answered_at or row["last_at"]), "made good before it was missed"
            assert row["count"] == self.tries.pop(row["id"]), "made good twice, or other tries than were told"

    def look_at(self, board: Switchboard) -> None:
        """Check that the list is what was told: one row a caller, and nobody calls back whose call is over."""
        rows = board.missed.open
        assert {row.id: row.count for row in rows.values()} == self.tries
        for caller, row in rows.items():
            assert caller == (row.pbx, row.key)
            assert row.state is MissedState.OPEN
            for each in row.callbacks:
                line = board.open[each.call_id].calls_back
                assert line is not None, "called back by a call that does not know"
                assert (line.row, line.number, line.answered) == (row.id, each.attempt, None)


class Recordings:
    """What became of each recording: begun once, over once."""

    def __init__(self) -> None:
        self.going_on: set[str] = set()
        self.over: set[str] = set()

    def hear(self, event: Event) -> None:
        recording = event.details.get("recording")
        if not isinstance(recording, Recording):
            return
        if event.type is EventType.RECORDING_STARTED:
            assert recording.id not in self.going_on | self.over, "recorded twice"
            self.going_on.add(recording.id)
        assert recording.id in self.going_on, "a recording that never began, or was over"
        if event.type in {EventType.RECORDING_READY, EventType.RECORDING_FAILED}:
            assert recording.state in {RecordingState.READY, RecordingState.FAILED}
            self.going_on.remove(recording.id)
            self.over.add(recording.id)

    def see_the_end(self) -> None:
        assert self.going_on == set(), "recorded for ever"


class Clocks:
    """The seconds of a call, counted anew from what was told of it."""

    def __init__(self) -> None:
        self.waited = self.held = 0.0
        self._waits_since: datetime | None = None
        self._held_since: datetime | None = None

    def hear(self, event: Event) -> None:
        if event.type is EventType.CALL_QUEUED:
            self._waits_since = self._waits_since or event.at
        elif event.type in {EventType.CALL_LEFT_QUEUE, EventType.CALL_ANSWERED, EventType.CALL_ENDED}:
            self.waited += seconds(self._waits_since, event.at)
            self._waits_since = None
        if event.type in {EventType.CALL_HELD, EventType.CALL_PARKED} and event.call and event.call.answered_at:
            self._held_since = self._held_since or event.at
        elif event.type in {EventType.CALL_RESUMED, EventType.CALL_ENDED} or has_come_out(event):
            self.held += seconds(self._held_since, event.at)
            self._held_since = None

    def agree_with(self, call: Call) -> None:
        """Check the seconds of a call that is over; those that rang by what its phones did."""
        assert abs((call.wait_s or 0.0) - self.waited) < MOMENT_S, f"waited {self.waited}, told {call.wait_s}"
        assert abs(call.hold_s - self.held) < CLOSE_S, f"held {self.held}, told {call.hold_s}"
        if call.reason is not Reason.INTERRUPTED:
            assert abs((call.ring_s or 0.0) - rang(call)) < MOMENT_S, f"rang {rang(call)}, told {call.ring_s}"


def went_on_for_too_long(event: Event, before: Event | None) -> None:
    assert event.call is not None
    assert event.call.answered_at is not None, "too long, and nobody talked"
    assert before is None or before.call is None or before.call.too_long is None, "too long twice"
    told_after = (event.at - event.call.answered_at).total_seconds()
    limit_s = event.details["limit_s"]
    assert isinstance(limit_s, float | int)
    assert told_after >= limit_s - CLOSE_S, "too long before its time"


def has_come_out(event: Event) -> bool:
    """Tell whether a call is out of a car park, and nobody holds it besides."""
    if event.type is not EventType.CALL_UNPARKED or event.call is None:
        return False
    return not any(leg.state is LegState.HELD for leg in event.call.legs)


def seconds(begin: datetime | None, end: datetime) -> float:
    return 0.0 if begin is None else (end - begin).total_seconds()


def rang(call: Call) -> float:
    """Seconds in which some phone rang before the first answer."""
    total, until = 0.0, call.started_at
    for leg in sorted((each for each in call.legs if each.rang_at), key=lambda one: one.rang_at or call.started_at):
        stops = min(each for each in (leg.up_at, leg.ended_at, call.answered_at, call.ended_at) if each is not None)
        begins = max(leg.rang_at or until, until)
        total += max(0.0, seconds(begins, stops))
        until = max(until, stops)
    return total


def is_the_same(before: Call, after: Call) -> None:
    assert (before.id, before.pbx, before.protocol, before.started_at) == (
        after.id,
        after.pbx,
        after.protocol,
        after.started_at,
    )
    assert before.answered_at in {None, after.answered_at}, "answered anew"
    assert before.answered_at is None or before.direction is after.direction, "another way after it was answered"
    assert [leg.uniqueid for leg in after.legs][: len(before.legs)] == [leg.uniqueid for leg in before.legs]
    for one, other in ((before.wait_s, after.wait_s), (before.ring_s, after.ring_s), (before.hold_s, after.hold_s)):
        assert one is None or (other is not None and one <= other + CLOSE_S), "seconds that went back"
    assert list(after.timeline[: len(before.timeline)]) == list(before.timeline), "a past that changed"


def phases_make_sense(call: Call) -> None:
    assert all(each is None or each >= 0 for each in (call.wait_s, call.ring_s, call.hold_s, call.talk_s))
    assert all(one.at <= two.at for one, two in zip(call.timeline, call.timeline[1:], strict=False)), "time went back"
    assert call.answered_at is None or call.answered_at >= call.started_at


def ends_whole(call: Call) -> None:
    assert call.over
    assert call.ended_at is not None
    assert call.wait_s is not None
    assert call.ring_s is not None
    assert call.talk_s is not None
    answered = call.answered_at is not None
    whole = (call.ended_at - call.started_at).total_seconds()
    spoken = (call.ended_at - call.answered_at).total_seconds() if call.answered_at else 0.0
    assert (answered or call.merged_into is not None) == (call.state is CallState.COMPLETED)
    assert not answered or call.missed is None
    assert abs(call.talk_s + call.hold_s - spoken) < CLOSE_S, "talk and hold are not the time since the answer"
    assert call.ring_s <= whole - spoken + CLOSE_S, "rang for longer than it went unanswered"
    assert call.wait_s <= whole + CLOSE_S, "waited for longer than it lasted"
    assert call.direction is Direction.INBOUND or call.missed is None
    assert all(leg.ended_at is not None for leg in call.legs) or call.merged_into is not None, "a leg that goes on"
