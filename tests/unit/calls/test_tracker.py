"""Whatever is said: nothing is raised, nothing is told twice, nothing stays behind."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbridge.calls import facts as f
from callbridge.calls.call import CallState, Direction, Limits
from callbridge.calls.events import Event
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.tracker import LAWS, Tracker
from callbridge.delivery.payload import render
from tests.stories.lives import next_life
from tests.stories.someone import Someone
from tests.stories.story import BEGIN, Story, new_tracker

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
FAR = AT + timedelta(days=1)

PBX = st.sampled_from(["main", "porto"])
CHANNEL = st.sampled_from(["1795341600.1", "1795341600.2", "1795341600.3", "odd"])
NAME = st.sampled_from(
    ["PJSIP/trunk-00000001", "PJSIP/1001-00000002", "PJSIP/1002-00000003", "Local/1@m-01;1", "Local/1@m-01;2", "x", ""]
)
TIME = st.integers(0, 400).map(lambda step: AT + timedelta(milliseconds=50 * step))
TEXT = st.sampled_from(["912345678", "1001", "anonymous", "", "s", "+", "0", "Ana\x00", "\U0001f4de"])

SAYING: dict[str, st.SearchStrategy[Any]] = {
    "pbx": PBX,
    "at": TIME,
    "channel": CHANNEL,
    "other": CHANNEL,
    "linkedid": CHANNEL,
    "source": st.none() | CHANNEL,
    "name": NAME,
    "calling": st.booleans(),
    "up": st.booleans(),
    "placed": st.booleans(),
    "device": NAME,
    "ringing": st.booleans(),
    "holding": st.booleans(),
    "room": st.booleans(),
    "number": st.none() | TEXT,
    "caller_name": st.none() | TEXT,
    "exten": st.none() | TEXT,
    "dialled": st.none() | TEXT,
    "member": st.none() | TEXT,
    "bridge": st.sampled_from(["b1", "b2"]),
    "queue": st.sampled_from(["sales", "support"]),
    "status": st.sampled_from(["ANSWER", "BUSY", "NOANSWER", "CANCEL", "TIMEOUT", "FULL", "CONTINUE", "?"]),
    "cause": st.sampled_from([None, 0, 16, 17, 21, 34, 127, -1, 999]),
    "phones": st.integers(-1, 3),
    "forward": st.none() | TEXT,
    "position": st.none() | st.integers(-1, 3),
    "endpoints": st.dictionaries(st.sampled_from(["PJSIP/trunk", "PJSIP/1001", "x"]), st.sampled_from([None, "1001"])),
    "since": st.none() | TIME,
    "started_at": st.none() | TIME,
    "reason": TEXT,
    "what": st.just("nonsense"),
    "limits": st.builds(Limits, inbound_s=st.none() | st.floats(0.05, 9), queues=st.just({"sales": 0.3})),
    "waiting": st.dictionaries(CHANNEL, st.sampled_from(["sales", "support"]), max_size=2),
    "second": CHANNEL,
    "by": st.sampled_from(["PJSIP/1001-00000001", "PJSIP/trunk-00000001", "x"]),
    "retriever": st.none() | CHANNEL,
    "parker": st.none() | st.sampled_from(["PJSIP/1001", "PJSIP/trunk", "x", ""]),
    "slot": st.sampled_from(["701", "702"]),
    "target": CHANNEL,
    "parked": st.dictionaries(CHANNEL, st.sampled_from(["701", "702"]), max_size=2),
    "alive": st.frozensets(CHANNEL),
    "holding_bridges": st.frozensets(st.sampled_from(["b1", "b2"])),
    "waits_since": st.dictionaries(CHANNEL, TIME, max_size=2),
    "recording": st.none() | TEXT,
    "queue_status": st.sampled_from([None, "TIMEOUT", "CONTINUE", "?"]),
    "voicemail": st.booleans(),
    "on_hold": st.sampled_from([None, True, False]),
    "wanted": st.none() | TEXT,
}


def said(kind: Any) -> st.SearchStrategy[Any]:
    """Say a fact of that kind with anything in it; what SAYING does not name is made from its type."""
    known = {each.name: SAYING[each.name] for each in dataclasses.fields(kind) if each.name in SAYING}
    return st.builds(kind, **known)


SAYING["channels"] = st.lists(said(f.ChannelSeen), max_size=3, unique_by=lambda each: each.channel).map(tuple)
A_CALL_THAT_RINGS = (
    f.ChannelBorn("main", AT, "1795341600.1", "PJSIP/trunk-00000001", "1795341600.1", calling=True, number="912345678"),
    f.QueueJoined("main", AT, "1795341600.1", "sales", 1),
    f.ChannelBorn("main", AT, "1795341600.2", "PJSIP/1001-00000002", "1795341600.1", calling=False),
    f.DialBegan("main", AT, "1795341600.2", "1795341600.1"),
    f.ChannelRang("main", AT, "1795341600.2"),
)
NONSENSE = st.builds(
    lambda sense, nonsense: [*A_CALL_THAT_RINGS[:sense], *nonsense],
    st.sampled_from([0, 1, 4, 5]),
    st.lists(st.one_of([said(kind) for kind in LAWS]), max_size=40),
)


def test_each_fact_has_its_law() -> None:
    facts = {each for each in vars(f).values() if isinstance(each, type) and issubclass(each, f.Fact)}

    assert set(LAWS) == facts - {f.Fact, f.ChannelFact}


def test_a_fact_without_a_law_is_an_oddity() -> None:
    tracker = Tracker({})

    assert tracker.apply(f.ChannelFact("main", AT, "1.1")) == ()
    assert tracker.board.oddities == Counter({"no law for ChannelFact": 1})


def played(facts: Iterable[f.Fact]) -> tuple[Tracker, list[Event]]:
    """Say it all."""
    tracker = Tracker({"main": PbxProfile("main", "0", ("1XXX",), ("PJSIP/trunk*",))})
    return tracker, [event for fact in facts for event in tracker.apply(fact)]


def hold_together(events: list[Event]) -> None:
    """Check what a subscriber relies on."""
    told: dict[str, list[Event]] = {}
    for event in events:
        render(event)
        if event.call is not None:
            told.setdefault(event.call.id, []).append(event)
    for of_call in told.values():
        kinds = [event.type.value for event in of_call]
        assert [event.sequence for event in of_call] == list(range(1, len(of_call) + 1))
        assert (kinds[0], kinds.count("call.started")) == ("call.started", 1)
        assert kinds.count("call.ended") <= 1
        assert kinds.count("call.answered") <= 1
        assert "call.ended" not in kinds or kinds[kinds.index("call.ended") + 1 :] in ([], ["call.missed"])
    ids = Counter(event.id for event in events if event.call is not None)
    assert not ids or max(ids.values()) == 1


def all_hang_up(tracker: Tracker) -> list[Event]:
    gone = [f.ChannelGone(*_where(key), 16) for key in list(tracker.board.graph.channels)]
    return [event for fact in gone for event in tracker.apply(fact)]


def _where(key: tuple[str, str]) -> tuple[str, datetime, str]:
    return key[0], FAR, key[1]


@pytest.mark.patient
@settings(max_examples=200, deadline=None)
@given(NONSENSE)
def test_nonsense_is_borne_and_leaves_nothing_behind(facts: list[f.Fact]) -> None:
    tracker, events = played(facts)
    hold_together(events + all_hang_up(tracker))

    board = tracker.board
    assert (board.open, board.graph.channels, board.graph.bridges, board.told) == ({}, {}, {}, [])
    for pbx in ("main", "porto"):
        tracker.apply(f.TimePassed(pbx, FAR))
        assert tracker.next_deadline(pbx) is None
    assert board._held == {}


@pytest.mark.patient
@settings(max_examples=100, deadline=None)
@given(NONSENSE)
def test_nonsense_is_told_the_same_every_time(facts: list[f.Fact]) -> None:
    assert [render(event) for event in played(facts)[1]] == [render(event) for event in played(facts)[1]]


# ── calls as they may well be ──

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "calls in",
                "calls out",
                "calls inside",
                "picks up",
                "waits",
                "is sent on",
                "presses a key",
                "rings a phone",
                "rings through local",
                "answers",
                "is busy",
                "rejects",
                "stops",
                "holds",
                "resumes",
                "passes",
                "hangs up",
                "phone hangs up",
                "is hung up on",
            ]
        ),
        st.integers(0, 3),
    ),
    max_size=30,
)


class Day:
    """Some people who do one thing after another, as far as it can be done."""

    def __init__(self) -> None:
        self.story = Story()
        self.callers: list[Someone] = []
        self.talking: dict[Someone, Someone] = {}

    def does(self, deed: str, which: int) -> None:
        if deed.startswith("calls"):
            number, wanted = {"in": ("912345678", "210000000"), "out": ("1003", "912345678")}.get(
                deed.removeprefix("calls "), ("1003", "1001")
            )
            self.callers.append(self.story.someone(number).calls(wanted))
        elif deed == "passes":
            self.story.passes(seconds=(0.01, 0.06, 0.2, 5)[which])
        elif self.callers:
            caller = self.callers[which % len(self.callers)]
            (self.talks if caller in self.talking else self.waits)(caller, deed, which)

    def talks(self, caller: Someone, deed: str, which: int) -> None:
        phone = self.talking[caller]
        who = (caller, phone)[which % 2]
        if deed == "holds":
            who.holds()
        elif deed == "resumes":
            who.resumes()
        elif deed == "hangs up":
            self.over(caller)
            caller.hangs_up()
        elif deed == "phone hangs up":
            self.over(caller)
            phone.hangs_up()

    def waits(self, caller: Someone, deed: str, which: int) -> None:
        phone = caller.phones[which % len(caller.phones)] if caller.phones else None
        if deed in {"hangs up", "is hung up on"} and (deed == "hangs up" or phone is None):
            self.over(caller)
            caller.hangs_up() if deed == "hangs up" or caller.queue else caller.is_hung_up_on()
        elif deed == "picks up":
            caller.picks_up()
        elif deed == "waits" and caller.queue is None and phone is None:
            caller.waits_in(("sales", "support")[which % 2])
        elif deed == "is sent on" and caller.queue is not None:
            caller.is_sent_on_by(caller.queue, ("TIMEOUT", "LEAVEEMPTY")[which % 2])
        elif deed == "presses a key" and caller.queue is not None:
            caller.presses_a_key_to_leave()
        elif deed in {"rings a phone", "rings through local"} and len(caller.phones) < 3:
            self.is_called(caller, deed, which)
        elif phone is not None:
            self.reacts(caller, phone, deed)

    def is_called(self, caller: Someone, deed: str, which: int) -> None:
        outside = caller.wanted == "912345678"
        phone = self.story.someone("912345678" if outside else ("1001", "1002")[which % 2])
        if deed == "rings through local" and not outside:
            phone.is_called_through_local(caller)
        phone.rings(caller)

    def reacts(self, caller: Someone, phone: Someone, deed: str) -> None:
        if deed == "answers":
            phone.answers()
            self.talking[caller] = phone
        elif deed in {"is busy", "rejects", "stops"}:
            {"is busy": phone.is_busy, "rejects": phone.rejects, "stops": phone.stops}[deed]()

    def over(self, caller: Someone) -> None:
        self.callers.remove(caller)
        self.talking.pop(caller, None)

    def ends(self) -> Story:
        self.story.passes(seconds=1)
        for caller in list(self.callers):
            self.over(caller)
            caller.hangs_up()
        self.story.passes(seconds=1)
        return self.story


def day_of(deeds: list[tuple[str, int]]) -> Story:
    day = Day()
    for deed in deeds:
        day.does(*deed)
    return day.ends()


@pytest.mark.patient
@settings(max_examples=150, deadline=None)
@given(DEEDS)
def test_whatever_people_do_their_calls_are_told_whole(deeds: list[tuple[str, int]]) -> None:
    story = day_of(deeds)
    hold_together(story.events)

    assert not story.tracker.board.oddities
    assert not story.tracker.board._held
    assert story.tracker.live_calls == 0
    for call in story.calls:
        answered = call.answered_at is not None
        assert call.over
        assert answered == (call.state is CallState.COMPLETED)
        assert (call.missed is not None) == (call.direction is Direction.INBOUND and not answered)
        assert answered or call.reason or call.state is CallState.CANCELLED
        assert all(before.at <= after.at for before, after in pairwise(call.timeline))
        assert call.timeline[-1].state is call.state
        times = [event.at for event in story.events if event.call is not None and event.call.id == call.id]
        assert times == sorted(times)


@pytest.mark.patient
@settings(max_examples=150, deadline=None)
@given(DEEDS)
def test_seconds_add_up(deeds: list[tuple[str, int]]) -> None:
    for call in day_of(deeds).calls:
        assert call.ended_at is not None
        whole = (call.ended_at - call.started_at).total_seconds()
        spoken = (call.ended_at - call.answered_at).total_seconds() if call.answered_at else 0.0
        assert call.wait_s is not None
        assert call.ring_s is not None
        assert call.talk_s is not None
        assert abs(call.talk_s + call.hold_s - spoken) < 1e-6
        assert 0 <= call.wait_s <= whole - spoken + 1e-6
        assert 0 <= call.ring_s <= whole - spoken + 1e-6


@pytest.mark.patient
@settings(max_examples=100, deadline=None)
@given(DEEDS, st.integers(0, 200))
def test_whatever_people_do_a_new_life_tells_the_rest_of_it(deeds: list[tuple[str, int]], place: int) -> None:
    facts = day_of(deeds).facts
    old, before = new_tracker(), list[Event]()
    cut = place % len(facts)
    for fact in facts[:cut]:
        before.extend(old.apply(fact))
    if any(channel.call_id is None for channel in old.board.graph.channels.values()):
        return  # only the PBX can tell of it
    new = next_life(old, new_tracker())
    rest = [event for fact in facts[cut:] for event in new.apply(fact)]
    whole = day_of(deeds).events

    assert sorted(render(event) for event in before + rest) == sorted(render(event) for event in whole)


def test_changes_are_each_call_once_as_it_is_now_and_then_forgotten() -> None:
    story = Story()
    maria = story.someone("912345678").calls("210000000")
    story.someone("1001", name="Ana").rings()
    changes = story.tracker.take_changes()

    assert [(call.state, len(call.legs)) for call in changes.calls] == [(CallState.RINGING, 2)]
    assert [(pbx, agent.extension, agent.name) for pbx, agent, _ in changes.agents] == [("main", "1001", "Ana")]
    assert changes.protocols == {"20261122": 1}
    again = story.tracker.take_changes()
    assert (again.calls, again.agents) == ((), ())
    maria.hangs_up()
    assert [call.over for call in story.tracker.take_changes().calls] == [True]


def test_time_is_wanted_for_what_is_held_back_and_for_nothing_else() -> None:
    story = Story()
    story.someone("912345678").calls("210000000")
    assert story.tracker.next_deadline("main") is None
    story.someone("1001").rings()
    assert story.tracker.next_deadline("main") == BEGIN + timedelta(milliseconds=100)
    assert story.tracker.next_deadline("porto") is None
    story.passes(seconds=1)
    assert story.tracker.next_deadline("main") is None
