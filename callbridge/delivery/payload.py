"""What a subscriber reads: an event as `{"type", "timestamp", "data"}`, in bytes.

Made once, when the event is committed; every try and every subscriber gets these
same bytes. Times are RFC 3339 UTC with milliseconds and `Z`, seconds have three
decimals, keys stand in the order the documentation shows them in.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from callbridge.calls.call import Agent, Call, Leg, Missed, Moment, Party, Recording, TooLong
from callbridge.calls.customer import Customer, Known
from callbridge.calls.events import Event
from callbridge.delivery import shapes


def render(event: Event) -> bytes:
    """Return the body of the webhook."""
    content = as_json(event)
    try:
        return orjson.dumps(content)
    except TypeError:
        # A lone surrogate in a name, or a number beyond 64 bits: told all the same, with `?` for the surrogate.
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def as_json(event: Event) -> dict[str, Any]:
    """Return the body as plain data: what `render` turns into bytes."""
    return {"type": event.type.value, "timestamp": stamp(event.at), "data": _data(event)}


@lru_cache(maxsize=4096)  # a call's times stand in every event of it; half the work of rendering was to write them
def stamp(at: datetime) -> str:
    """Return `at`, which must be aware, as `2026-11-22T10:00:00.000Z`."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def _data(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = {"pbx": event.pbx or None}
    call = event.call
    if call is not None:
        data["sequence"] = call.sequence
    for key, value in event.details.items():
        data[key] = plain(value)
    if call is not None:
        data["call"] = call_as_json(call)
    return data


def call_as_json(call: Call) -> shapes.Call:
    """Return the call object of the documentation, every key always there."""
    agent, missed = call.agent, call.missed
    return {
        "id": call.id,
        "pbx": call.pbx,
        "protocol": call.protocol,
        "direction": call.direction,
        "state": call.state,
        "from": _party(call.caller),
        "to": _party(call.callee),
        "queue": call.queue,
        "agent": None if agent is None else _agent(agent),
        "customer": _customer(call.customer),
        "timeline": [_moment(moment) for moment in call.timeline],
        "started_at": stamp(call.started_at),
        "answered_at": _stamp_or_none(call.answered_at),
        "ended_at": _stamp_or_none(call.ended_at),
        "wait_s": _seconds(call.wait_s),
        "ring_s": _seconds(call.ring_s),
        "hold_s": round(call.hold_s, 3),
        "talk_s": _seconds(call.talk_s),
        "ended_by": call.ended_by,
        "hangup_cause": call.hangup_cause,
        "reason": call.reason,
        "legs": [_leg(leg) for leg in call.legs],
        "recordings": [_recording(recording) for recording in call.recordings],
        "notes": [],
        "tags": [],
        "disposition": None,
        "quote": None,
        "missed": None if missed is None else _missed(missed),
        "too_long": None if call.too_long is None else _too_long(call.too_long),
        "merged_into": call.merged_into,
        "oddities": call.oddities,
    }


def _customer(known: Known) -> shapes.Customer:
    found = _one_customer(known.customer or NO_CUSTOMER)
    candidates = [_one_customer(each) for each in known.candidates]
    return {"match": known.match, **found, "by": known.by, "candidates": candidates}


NO_CUSTOMER: Final = Customer(id="")


def _one_customer(customer: Customer) -> shapes.OneCustomer:
    return {
        "id": customer.id or None,
        "name": customer.name,
        "type": customer.type,
        "tax_id": customer.tax_id,
        "owner": customer.owner,
        "url": customer.url,
        "matched": customer.matched,
        "at": customer.at,
        "source": customer.source,
    }


def _party(party: Party) -> shapes.Party:
    return {"number": party.number, "raw": party.raw, "name": party.name, "extension": party.extension}


def _agent(agent: Agent) -> shapes.Agent:
    return {"extension": agent.extension, "name": agent.name}


def _moment(moment: Moment) -> shapes.Moment:
    return {"state": moment.state, "at": stamp(moment.at)}


def _missed(missed: Missed) -> shapes.Missed:
    return {
        "reason": missed.reason,
        "queue": missed.queue,
        "rung": [_party(party) for party in missed.rung],
    }


def _too_long(too_long: TooLong) -> shapes.TooLong:
    return {"limit_s": round(too_long.limit_s, 3), "at": stamp(too_long.at)}


def _leg(leg: Leg) -> shapes.Leg:
    return {
        "channel": leg.channel,
        "party": leg.side,
        "state": leg.state,
        "number": leg.who.number,
        "extension": leg.who.extension,
        "name": leg.who.name,
        "uniqueid": leg.uniqueid,
        "hangup_cause": leg.cause,
    }


def _recording(recording: Recording) -> shapes.Recording:
    return {
        "id": recording.id,
        "state": recording.state,
        "file": recording.file,
        "started_at": None if recording.start_unheard else stamp(recording.started_at),
        "stopped_at": _stamp_or_none(recording.stopped_at),
        "paused": [{"from": stamp(one.began_at), "to": _stamp_or_none(one.ended_at)} for one in recording.pauses],
        "length_s": _seconds(recording.length_s),
        "size": recording.size,
        "measured": recording.measured,
        "reason": recording.reason,
    }


def _stamp_or_none(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def plain(value: object) -> Any:
    """Return what stands in an event's details as plain data; a word of an Enum as the word itself."""
    render_as = _PLAIN.get(type(value))
    if render_as is not None:
        return render_as(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [plain(inner) for inner in value]
    return value


_PLAIN: Final[Mapping[type, Callable[[Any], Any]]] = {
    str: str,
    float: _seconds,
    datetime: stamp,
    Party: _party,
    Agent: _agent,
    Missed: _missed,
    TooLong: _too_long,
    Customer: _one_customer,
    Known: _customer,
    Moment: _moment,
    Leg: _leg,
    Recording: _recording,
    Call: call_as_json,
}
