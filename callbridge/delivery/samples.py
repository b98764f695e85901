"""A sample of every event: what a CRM's developer may be sent before the first real call.

The call is made up, and says so by its id. Its times lie before `at`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from callbridge.calls.call import (
    Agent,
    Call,
    CallState,
    Direction,
    Leg,
    LegState,
    Missed,
    Moment,
    Party,
    Pause,
    Reason,
    Recording,
    RecordingState,
    Side,
    TooLong,
    TransferKind,
)
from callbridge.calls.customer import Customer, Known, Match, Matched
from callbridge.calls.events import Event, EventType, call_event, pbx_event
from callbridge.calls.frozen import replace
from callbridge.calls.missed import MissedRow, RecoveredBy
from callbridge.calls.recovery import Recovery
from callbridge.delivery import disabling
from callbridge.ports import Halt, Standing

MARIA: Final = Party("+351912345678", "912345678", "Maria Silva")
COMPANY: Final = Party("+351210000000", "210000000")
ANA: Final = Party(None, "1001", "Ana Costa", "1001")
RUI: Final = Party(None, "1002", "Rui Lopes", "1002")
SALES: Final = "sales"
CALL_ID: Final = f"call_{0:032x}"

SECONDS: Final[Mapping[CallState, float]] = {
    CallState.STARTED: 60,
    CallState.QUEUED: 59,
    CallState.RINGING: 56,
    CallState.ANSWERED: 50,
    CallState.COMPLETED: 0,
    CallState.NO_ANSWER: 0,
}
"""How long before the event each line of the sample's timeline was."""

ANSWERED: Final = (CallState.STARTED, CallState.QUEUED, CallState.RINGING, CallState.ANSWERED)
STATES: Final[Mapping[EventType, tuple[CallState, ...]]] = {
    EventType.CALL_STARTED: ANSWERED[:1],
    EventType.CALL_QUEUED: ANSWERED[:2],
    EventType.CALL_RINGING: ANSWERED[:3],
    EventType.CALL_LEFT_QUEUE: ANSWERED[:3],
    EventType.CALL_UPDATED: ANSWERED[:3],
    EventType.CALL_ENDED: (*ANSWERED, CallState.COMPLETED),
    EventType.CALL_MISSED: (*ANSWERED[:3], CallState.NO_ANSWER),
}
"""Where the call of a sample has been; of any event not named here it goes on, answered."""
OVER: Final = frozenset({EventType.CALL_ENDED, EventType.CALL_MISSED})
SEQUENCE: Final[Mapping[EventType, int]] = {
    EventType.CALL_MISSED: 5,
    EventType.CALL_RECOVERED: 5,
    EventType.CALL_LEFT_QUEUE: 4,
}
"""Where it is not the number of the states it has been in."""


FILES: Final[Mapping[EventType, RecordingState]] = {
    EventType.RECORDING_STARTED: RecordingState.RECORDING,
    EventType.RECORDING_PAUSED: RecordingState.PAUSED,
    EventType.RECORDING_RESUMED: RecordingState.RECORDING,
    EventType.RECORDING_READY: RecordingState.READY,
    EventType.RECORDING_FAILED: RecordingState.FAILED,
}
SILVA: Final = Customer(
    "c-17",
    "Silva Lda",
    "customer",
    "PT500000000",
    "Ana Costa",
    "https://crm.example/c/17",
    Matched.MOBILE,
    source="own",
)
CREATED: Final = Customer("callbridge-5f0c1e", MARIA.name, "lead", matched=Matched.REGISTERED, source="own")
MISSED: Final = Missed(Reason.TIMEOUT, SALES, (ANA, RUI))
TOO_LONG_S: Final = 45.0

BESIDES: Final[Mapping[EventType, Mapping[str, object]]] = {
    EventType.CALL_STARTED: {},
    EventType.CALL_QUEUED: {"queue": SALES, "position": 1},
    EventType.CALL_RINGING: {"ringing": (ANA, RUI)},
    EventType.CALL_ANSWERED: {"by": ANA},
    EventType.CALL_HELD: {"by": ANA},
    EventType.CALL_RESUMED: {"by": ANA},
    EventType.CALL_PARKED: {"slot": "701", "by": ANA},
    EventType.CALL_UNPARKED: {"slot": "701", "by": RUI},
    EventType.CALL_TRANSFERRED: {"transfer": {"kind": TransferKind.BLIND, "by": ANA, "from": ANA, "to": RUI}},
    EventType.CALL_LEFT_QUEUE: {"queue": SALES, "reason": "timeout"},
    EventType.CALL_UPDATED: {"changed": ("forwarded",), "forwarded": {"from": ANA, "to": RUI, "reason": "no_answer"}},
    EventType.CALL_TOO_LONG: {"limit_s": TOO_LONG_S},
    EventType.CUSTOMER_CREATED: {"customer": CREATED},
    EventType.CALL_ENDED: {},
    EventType.CALL_MISSED: {"missed": MISSED},
    EventType.PBX_DISCONNECTED: {"reason": "no answer to Ping within 10 s"},
}
"""What stands in a sample besides the call; of recordings and of gaps it is made."""


def sample(kind: EventType, pbx: str, at: datetime) -> Event:
    """Return an event of that kind, as of `at`. Raises KeyError for what is not told yet."""
    if kind is EventType.PBX_CONNECTED:
        return pbx_event(pbx, kind, at, gap=_gap(at))
    if kind is EventType.PBX_DISCONNECTED:
        return pbx_event(pbx, kind, at, **BESIDES[kind])
    if kind is EventType.WEBHOOK_DISABLED:
        return disabling.event("sample", Standing(Halt.DISABLED, "a sample", at, at - timedelta(days=5), 12))
    call = _call(kind, pbx, at)
    if kind is EventType.CALL_RECOVERED:
        return call_event(call, kind, at, **_recovery(at).details())
    besides = BESIDES[kind] if kind not in FILES else {"recording": call.recordings[0]}
    if kind is EventType.CALL_MISSED:
        besides = {**besides, "row": _recovery(at).row.told()}
    return call_event(call, kind, at, **besides)


def _recovery(at: datetime) -> Recovery:
    """Return how a caller got through who tried twice before."""
    began, before = at - timedelta(minutes=70), at - timedelta(minutes=50)
    row_id, last_call = f"missed_{CALL_ID.removeprefix('call_')}", f"call_{'0' * 31}1"
    row = MissedRow(row_id, "", "", MARIA, began, before, last_call, Reason.ABANDONED, SALES, count=2)
    return Recovery(replace(row, recovery_s=3000.0), RecoveredBy.CALLER)


def _call(kind: EventType, pbx: str, at: datetime) -> Call:
    been = STATES.get(kind, ANSWERED)
    times = {state: at - timedelta(seconds=SECONDS[state]) for state in been}
    began, answered, ended = times[CallState.STARTED], times.get(CallState.ANSWERED), kind in OVER
    return Call(
        CALL_ID,
        pbx,
        f"{began:%Y%m%d}-000001",
        Direction.INBOUND,
        been[-1],
        MARIA,
        COMPANY,
        began,
        sequence=SEQUENCE.get(kind, len(been)),
        queue=SALES if CallState.QUEUED in been else None,
        agent=Agent("1001", ANA.name) if answered else None,
        customer=Known(Match.ONE, CREATED if kind is EventType.CUSTOMER_CREATED else SILVA),
        timeline=tuple(Moment(state, when) for state, when in times.items()),
        legs=_legs(times, over=ended),
        answered_at=answered,
        ended_at=at if ended else None,
        wait_s=9.0 if answered or ended else None,
        ring_s=6.0 if answered or ended else None,
        talk_s=None if not ended else 50.0 if answered else 0.0,
        ended_by=Side.CALLER if ended else None,
        hangup_cause=16 if ended else None,
        reason=Reason.TIMEOUT if been[-1] is CallState.NO_ANSWER else None,
        recordings=(_recording(kind, began, at),) if kind in FILES else (),
        missed=MISSED if kind is EventType.CALL_MISSED else None,
        too_long=TooLong(TOO_LONG_S, at) if kind is EventType.CALL_TOO_LONG else None,
    )


def _legs(times: Mapping[CallState, datetime], *, over: bool) -> tuple[Leg, ...]:
    """Return the line, and the phone once it rings."""
    began, rang, up = times[CallState.STARTED], times.get(CallState.RINGING), times.get(CallState.ANSWERED)
    state = LegState.DOWN if over else LegState.UP if up else LegState.RINGING
    line_state = LegState.DOWN if over else LegState.UP
    line = Leg("PJSIP/trunk-00000001", "1.1", Side.CALLER, MARIA, line_state, trunk=True, started_at=began)
    phone = Leg("PJSIP/1001-00000002", "1.2", Side.CALLEE, ANA, state, started_at=rang, rang_at=rang, up_at=up)
    return (line,) if rang is None else (line, phone)


def _recording(kind: EventType, began: datetime, at: datetime) -> Recording:
    state = FILES[kind]
    over = state in {RecordingState.READY, RecordingState.FAILED}
    ready = state is RecordingState.READY
    return Recording(
        "rec_sample",
        "PJSIP/1001-00000002",
        "/var/spool/asterisk/monitor/sample.wav",
        "sample.wav",
        state,
        began,
        stopped_at=at if over else None,
        pauses=(Pause(at),) if state is RecordingState.PAUSED else (),
        length_s=(at - began).total_seconds() if ready else None,
        size=960_044 if ready else None,
        measured=ready,
        reason="missing" if state is RecordingState.FAILED else None,
    )


def _gap(at: datetime) -> Mapping[str, object]:
    told = {"complete": True, "started": 2, "ended": 2, "missed": 1}
    lost = at - timedelta(seconds=90)
    return {"from": lost, "to": at, "restarted": False, "ended": 1, "adopted": 1, "backfilled": told}
