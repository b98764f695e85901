"""A call as rows of the tables."""

from collections.abc import Sequence
from typing import Any

from callbridge.calls.call import Call, Leg, Missed, Party, TooLong
from callbridge.store.columns import small, storable

Row = dict[str, Any]
"""Column name to value, as an INSERT takes it."""


def call_row(call: Call) -> Row:
    return {
        "id": call.id,
        "pbx": call.pbx,
        "protocol": call.protocol,
        "direction": call.direction.value,
        "state": call.state.value,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "from_number": call.caller.number,
        "from_raw": call.caller.raw,
        "from_name": call.caller.name,
        "from_extension": call.caller.extension,
        "to_number": call.callee.number,
        "to_raw": call.callee.raw,
        "to_name": call.callee.name,
        "to_extension": call.callee.extension,
        "queue": call.queue,
        "agent_extension": call.agent and call.agent.extension,
        "agent_name": call.agent and call.agent.name,
        "wait_s": call.wait_s,
        "ring_s": call.ring_s,
        "hold_s": call.hold_s,
        "talk_s": call.talk_s,
        "reason": call.reason and call.reason.value,
        "ended_by": call.ended_by and call.ended_by.value,
        "hangup_cause": small(call.hangup_cause),
        "sequence": call.sequence,
        "merged_into": call.merged_into,
        "oddities": call.oddities,
        "missed": call.missed and _missed(call.missed),
        "backfilled": call.backfilled,
        "too_long": call.too_long and _too_long(call.too_long),
        "customer_match": call.customer.match.value,
        "customer_id": call.customer.customer and call.customer.customer.id,
        "customer_name": call.customer.customer and call.customer.customer.name,
    }


def leg_rows(call: Call) -> Sequence[Row]:
    return [_leg_row(call.id, place, leg) for place, leg in enumerate(call.legs)]


def timeline_rows(call: Call) -> Sequence[Row]:
    return [
        {"call_id": call.id, "place": place, "state": moment.state.value, "at": moment.at}
        for place, moment in enumerate(call.timeline)
    ]


def _leg_row(call_id: str, place: int, leg: Leg) -> Row:
    return {
        "call_id": call_id,
        "place": place,
        "channel": leg.channel,
        "uniqueid": leg.uniqueid,
        "side": leg.side.value,
        **_party(leg.who),
        "state": leg.state.value,
        "trunk": leg.trunk,
        "started_at": leg.started_at,
        "rang_at": leg.rang_at,
        "up_at": leg.up_at,
        "ended_at": leg.ended_at,
        "dial_status": leg.dial_status,
        "cause": small(leg.cause),
    }


def _party(who: Party) -> Row:
    return {"number": who.number, "raw": who.raw, "name": who.name, "extension": who.extension}


def _missed(missed: Missed) -> Row:
    rung = [{key: value and storable(value) for key, value in _party(who).items()} for who in missed.rung]
    return {
        "reason": missed.reason and missed.reason.value,
        "queue": missed.queue and storable(missed.queue),
        "rung": rung,
    }


def _too_long(too_long: TooLong) -> Row:
    return {"limit_s": too_long.limit_s, "at": too_long.at.isoformat()}
