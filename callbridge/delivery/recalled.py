"""A call read back from what was told of it last: the other way round than `payload`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from callbridge.calls import call as c
from callbridge.calls.customer import Customer, Known, Match, Matched

Plain = Mapping[str, Any]


def call_in(body: bytes) -> c.Call:
    """Return the call as an event's body has it: all that is told of it, with times to the millisecond.

    What is never told is not there: the times of legs, the channels and folders of recordings.
    """
    data = orjson.loads(body)["data"]
    return _call(data["call"], data["sequence"])


def _call(told: Plain, sequence: int) -> c.Call:
    return c.Call(
        told["id"],
        told["pbx"],
        told["protocol"],
        c.Direction(told["direction"]),
        c.CallState(told["state"]),
        _party(told["from"]),
        _party(told["to"]),
        _time(told["started_at"]),
        sequence,
        told["queue"],
        agent=_or_none(told["agent"], lambda agent: c.Agent(agent["extension"], agent["name"])),
        customer=_known(told["customer"]),
        timeline=tuple(c.Moment(c.CallState(each["state"]), _time(each["at"])) for each in told["timeline"]),
        legs=tuple(map(_leg, told["legs"])),
        answered_at=_or_none(told["answered_at"], _time),
        ended_at=_or_none(told["ended_at"], _time),
        wait_s=told["wait_s"],
        ring_s=told["ring_s"],
        hold_s=told["hold_s"],
        talk_s=told["talk_s"],
        ended_by=_or_none(told["ended_by"], c.Side),
        hangup_cause=told["hangup_cause"],
        reason=_or_none(told["reason"], c.Reason),
        recordings=tuple(map(_recording, told["recordings"])),
        missed=_or_none(told["missed"], _missed),
        too_long=_or_none(told["too_long"], lambda long: c.TooLong(long["limit_s"], _time(long["at"]))),
        merged_into=told["merged_into"],
        oddities=told["oddities"],
    )


def _or_none(told: Any, read: Callable[[Any], Any]) -> Any:
    return None if told is None else read(told)


def _time(told: str) -> datetime:
    return datetime.fromisoformat(told)


def _party(told: Plain) -> c.Party:
    return c.Party(told["number"], told["raw"], told["name"], told["extension"])


def _leg(told: Plain) -> c.Leg:
    who = c.Party(told["number"], None, told["name"], told["extension"])
    side, state = c.Side(told["party"]), c.LegState(told["state"])
    return c.Leg(told["channel"], told["uniqueid"], side, who, state, cause=told["hangup_cause"])


def _recording(told: Plain) -> c.Recording:
    began = _or_none(told["started_at"], _time)
    return c.Recording(
        told["id"],
        "",
        told["file"],
        told["file"],
        c.RecordingState(told["state"]),
        began or _time("1970-01-01T00:00:00Z"),
        start_unheard=began is None,
        stopped_at=_or_none(told["stopped_at"], _time),
        pauses=tuple(c.Pause(_time(each["from"]), _or_none(each["to"], _time)) for each in told["paused"]),
        length_s=told["length_s"],
        size=told["size"],
        measured=told["measured"],
        reason=told["reason"],
    )


def _missed(told: Plain) -> c.Missed:
    return c.Missed(_or_none(told["reason"], c.Reason), told["queue"], tuple(map(_party, told["rung"])))


def _known(told: Plain) -> Known:
    """Also as it was told before there was a directory."""
    match = Match(told["match"])
    customer = _customer(told) if match is Match.ONE else None
    return Known(match, customer, tuple(map(_customer, told["candidates"])), told.get("by"))


def _customer(told: Plain) -> Customer:
    name, kind, tax_id, owner, url = (told.get(key) for key in ("name", "type", "tax_id", "owner", "url"))
    matched = _or_none(told.get("matched"), Matched)
    return Customer(told["id"], name, kind, tax_id, owner, url, matched, told.get("at"), told.get("source"))
