"""The law of transfers, function by function; what they are told as, the stories say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callbridge.calls import consultations, handovers, transfers
from callbridge.calls.call import Call, CallState, Direction, Leg, LegState, Party, Side, TransferKind
from callbridge.calls.correlation import Channel, Kind
from callbridge.calls.events import EventType
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.open_call import Handover, OpenCall, QueueWait
from callbridge.calls.switchboard import Switchboard

AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
MARIA, ANA, EVA = Party("+351912345678"), Party(None, "1001", "Ana", "1001"), Party(None, "201", "Eva", "201")


def leg(uniqueid: str, who: Party, side: Side = Side.CALLEE, state: LegState = LegState.UP) -> Leg:
    return Leg(f"PJSIP/x-{uniqueid}", uniqueid, side, who, state, up_at=AT if state is not LegState.RINGING else None)


def a_call(*legs: Leg, answered: bool = True, minute: int = 0) -> OpenCall:
    begun = AT + timedelta(minutes=minute)
    call = Call(f"call_{minute}", "main", "1", Direction.INBOUND, CallState.STARTED, MARIA, ANA, started_at=begun)
    work = OpenCall(replace(call, answered_at=begun if answered else None))
    work.legs = {each.uniqueid: each for each in legs}
    return work


def board(*works: OpenCall) -> Switchboard:
    made = Switchboard({"main": PbxProfile("main", extensions=("1XXX", "2XX"))})
    made.open = {work.call.id: work for work in works}
    return made


def talk() -> OpenCall:
    return a_call(leg("1.0", MARIA, Side.CALLER), leg("1.1", ANA))


# ── the tables ──


def test_each_way_to_hand_on_has_a_kind_and_each_kind_leads_somewhere() -> None:
    assert set(transfers.KINDS.values()) == set(transfers.LEADS_TO) == set(TransferKind)


def test_nobody_answers_who_was_not_asked() -> None:
    assert (False, True) not in transfers.KINDS


# ── who gets it ──


@pytest.mark.parametrize(
    ("called", "waits", "to"),
    [
        ((EVA,), False, EVA),
        ((EVA, EVA), False, EVA),
        ((EVA, ANA), False, Party(None, "661")),
        ((), False, Party(None, "661")),
        ((EVA,), True, Party(None, "661")),
    ],
    ids=["one phone", "two devices of one", "two people", "nobody", "a queue's member"],
)
def test_who_gets_a_blind_transfer(called: tuple[Party, ...], waits: bool, to: Party) -> None:  # noqa: FBT001 - a row of the table
    work = talk()
    work.legs |= {f"2.{n}": leg(f"2.{n}", who, state=LegState.RINGING) for n, who in enumerate(called)}
    work.round = tuple(each for each in work.legs if each.startswith("2."))
    work.wait = QueueWait("support", "1.0", AT) if waits else None

    assert transfers.gets_it(board(work), work, Handover(ANA, "661", AT)) == to


def test_a_number_that_is_said_late_does_not_replace_one_that_was_said() -> None:
    work = talk()
    transfers.name_wanted(work, "201")
    assert work.handover is None
    work.handover = Handover(ANA, None, AT)
    transfers.name_wanted(work, "201")
    transfers.name_wanted(work, "202")

    assert work.handover == Handover(ANA, "201", AT)


# ── letting go ──


def test_who_lets_go_ends_their_hold_and_nothing_of_before_counts() -> None:
    work = a_call(leg("1.0", MARIA, Side.CALLER), leg("1.1", ANA, state=LegState.HELD))
    work.held_since, work.hung_up_by, work.round = AT, Side.CALLEE, ("1.1",)
    desk = board(work)
    transfers.pass_on(desk, work, work.legs["1.1"], AT + timedelta(seconds=9))

    assert [event.type for event in desk.told] == [EventType.CALL_RESUMED]
    assert work.call.hold_s == 9
    assert [getattr(work, name) for name in ("held_since", "hung_up_by", "round")] == [None, None, ()]
    assert work.awaits_answer


def test_a_hold_by_the_other_side_outlives_a_transfer() -> None:
    work = a_call(leg("1.0", MARIA, Side.CALLER, LegState.HELD), leg("1.1", ANA))
    work.held_since = AT
    desk = board(work)
    transfers.release_hold(desk, work, work.legs["1.1"], AT)

    assert (desk.told, work.held_since) == ([], AT)


# ── being rung back ──


def left_alone() -> OpenCall:
    work = a_call(leg("1.0", MARIA, Side.CALLER), leg("1.1", ANA), leg("1.2", EVA, state=LegState.DOWN))
    work.passed_on_by, work.round = "1.1", ("1.2",)
    return work


def with_maria_kept(work: OpenCall, *others: str, holding: bool = False) -> Switchboard:
    """Return the board on which Maria's channel is in a bridge, with `others`."""
    made = board(work)
    for uniqueid in ("1.0", *others):
        channel = Channel(("main", uniqueid), f"PJSIP/x-{uniqueid}", uniqueid, Kind.TRUNK, calling=True)
        made.graph.channels[channel.key] = channel
        made.graph.enter(channel, ("main", "b"), holding=holding)
    work.alive.add(("main", "1.0"))
    return made


def test_a_call_nobody_answered_waits_for_who_let_go_of_it() -> None:
    work = left_alone()
    assert transfers.is_left_alone(with_maria_kept(work), work, "main", "1001")


@pytest.mark.parametrize(
    ("pbx", "extension"), [("porto", "1001"), ("main", "201")], ids=["on another PBX", "somebody else"]
)
def test_nobody_else_is_rung_back_for_it(pbx: str, extension: str) -> None:
    work = left_alone()
    assert not transfers.is_left_alone(with_maria_kept(work), work, pbx, extension)


def test_a_call_that_talks_rings_nobody_back() -> None:
    work = left_alone()
    work.passed_on_by = None

    assert not transfers.is_left_alone(with_maria_kept(work), work, "main", "1001")


def test_whoever_is_in_a_menu_or_a_queue_after_a_blind_transfer_in_vain_is_in_no_bridge() -> None:
    work = left_alone()
    made = with_maria_kept(work)
    made.graph.leave(made.graph.channels["main", "1.0"])

    assert not transfers.is_left_alone(made, work, "main", "1001")


def test_whoever_is_parked_is_not_alone() -> None:
    work = left_alone()
    assert not transfers.is_left_alone(with_maria_kept(work, holding=True), work, "main", "1001")


def test_whoever_hears_somebody_is_not_alone() -> None:
    work = left_alone()
    assert not transfers.is_left_alone(with_maria_kept(work, "9.9"), work, "main", "1001")


def test_a_call_for_which_a_phone_rings_rings_nobody_back() -> None:
    work = left_alone()
    work.legs["1.2"] = leg("1.2", EVA, state=LegState.RINGING)

    assert not transfers.is_left_alone(with_maria_kept(work), work, "main", "1001")


# ── whose two calls ──


def test_who_is_in_two_calls_with_two_lines_is_known_by_the_extension() -> None:
    asked = a_call(leg("1.2", ANA, Side.CALLER), leg("1.3", EVA), minute=1)

    assert consultations.holder(talk(), asked) == ("1.1", "1.2")


def test_who_is_in_two_calls_with_one_channel_is_known_by_it() -> None:
    outside = a_call(leg("1.0", MARIA, Side.CALLER), leg("1.1", Party("+351936000111")))
    asked = a_call(leg("1.1", Party("+351936000111"), Side.CALLER), leg("1.3", EVA), minute=1)

    assert consultations.holder(outside, asked) == ("1.1", "1.1")


def test_two_outside_are_not_one_because_neither_has_an_extension() -> None:
    assert consultations.holder(a_call(leg("1.0", MARIA)), a_call(leg("2.0", Party("+351936000111")))) is None


def test_who_has_left_one_of_them_holds_both_only_where_that_is_asked() -> None:
    asked = a_call(leg("1.2", ANA, Side.CALLER, LegState.DOWN), leg("1.3", EVA), minute=1)

    assert consultations.holder(talk(), asked) is None
    assert consultations.holder(talk(), asked, living=False) == ("1.1", "1.2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_call(leg("9.0", ANA)), a_call(leg("1.0", ANA), minute=1)),
        (a_call(leg("1795354017.9", ANA)), a_call(leg("1795354017.10", ANA))),
    ],
    ids=["by the clock", "by the PBX's counting, after a gap"],
)
def test_which_call_is_the_older(one: OpenCall, other: OpenCall) -> None:
    assert handovers.age(one) < handovers.age(other)


def test_who_asked_and_comes_back_has_ended_the_consultation_but_for_phones_that_rang_in_vain() -> None:
    asks = leg("1.1", ANA, Side.CALLER)
    answered, ringing = (
        a_call(asks, leg("1.3", EVA)),
        a_call(asks, leg("1.3", EVA, state=LegState.RINGING), answered=False),
    )
    in_vain = a_call(asks, replace(leg("1.3", EVA, state=LegState.RINGING), dial_status="NOANSWER"), answered=False)
    for each in (answered, ringing, in_vain):
        consultations.takes_back(each, asks)

    assert [(each.hung_up_by, each.gave_up) for each in (answered, ringing, in_vain)] == [
        (Side.CALLER, False),
        (Side.CALLER, True),
        (None, False),
    ]


# ── whoever hangs up as they are handed a call ──


def asks(state: LegState = LegState.UP, *, answered: bool = True) -> OpenCall:
    """Ana asks Eva, who answered unless it says otherwise."""
    return a_call(leg("2.0", ANA, Side.CALLER), leg("2.1", EVA, state=state), answered=answered, minute=1)


def test_who_was_asked_and_hung_up_in_the_moment_of_the_transfer_ended_the_call() -> None:
    held, asked = talk(), asks()
    asked.hung_up_by = Side.CALLEE
    handovers.hand_over(board(held, asked), held, asked, ("1.1", "2.0"), AT + timedelta(minutes=2))

    assert held.hung_up_by is Side.CALLEE


@pytest.mark.parametrize("by", [Side.CALLER, None], ids=["who asked hung up", "nobody did"])
def test_a_call_that_was_handed_over_goes_on(by: Side | None) -> None:
    held, asked = talk(), asks()
    asked.hung_up_by = by
    handovers.hand_over(board(held, asked), held, asked, ("1.1", "2.0"), AT + timedelta(minutes=2))

    assert held.hung_up_by is None


def test_a_call_of_which_no_answer_was_heard_is_not_held_by_who_consults() -> None:
    board = Switchboard({})
    held = a_call(leg("1", ANA), answered=False)

    consultations.hold(board, held, held.legs["1"], AT)

    assert (held.held_since, board.told, held.legs["1"].state) == (None, [], LegState.HELD)
