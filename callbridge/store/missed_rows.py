"""The missed list as rows of the tables: what is written of it, and what that is when it is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from callbridge.calls.call import Party, Reason
from callbridge.calls.missed import (
    Attempt,
    AttemptKind,
    Callback,
    MissedRow,
    MissedState,
    MissedStatus,
    RecoveredBy,
)
from callbridge.store.columns import storable
from callbridge.store.rows import Row

PARTY: Final = ("number", "raw", "name", "extension")


def row_as_written(row: MissedRow) -> Row:
    return {
        "id": row.id,
        "pbx": row.pbx,
        "key": row.key,
        "number": row.caller.number,
        "raw": row.caller.raw,
        "name": row.caller.name,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "last_call": row.last_call,
        "reason": row.reason and row.reason.value,
        "queue": row.queue,
        "count": row.count,
        "state": row.state.value,
        "status": row.status.value,
        "queues": [storable(queue) for queue in row.queues],
        "rung": [_texts({name: getattr(party, name) for name in PARTY}) for party in row.rung],
        "attempts": row.attempts,
        "callbacks": [_callback_written(each) for each in row.callbacks],
        "closed_at": row.closed_at,
        "closed_by": row.closed_by,
        "recovered_by": row.recovered_by and row.recovered_by.value,
        "recovered_call": row.recovered_call,
        "recovery_s": row.recovery_s,
    }


def _texts(values: Mapping[str, str | None]) -> Row:
    return {name: None if value is None else storable(value) for name, value in values.items()}


def _callback_written(each: Callback) -> Row:
    texts = _texts({"call_id": each.call_id, "extension": each.extension, "name": each.name})
    return {**texts, "since": each.since.isoformat(), "attempt": each.attempt}


def line_as_written(line: Attempt) -> Row:
    return {
        "row": line.row,
        "number": line.number,
        "kind": line.kind.value,
        "at": line.at,
        "call_id": line.call_id,
        "by": line.by,
        "by_name": line.by_name,
        "answered": line.answered,
        "text": line.text,
    }


def row_found(found: Any) -> MissedRow:
    return MissedRow(
        found.id,
        found.pbx,
        found.key,
        Party(found.number, found.raw, found.name),
        found.first_at,
        found.last_at,
        found.last_call,
        found.reason and Reason(found.reason),
        found.queue,
        found._mapping["count"],  # noqa: SLF001 - SQLAlchemy's; a Row is a tuple, which has a method of that name
        MissedState(found.state),
        MissedStatus(found.status),
        tuple(found.queues),
        tuple(Party(*(party[name] for name in PARTY)) for party in found.rung),
        found.attempts,
        tuple(_callback(each) for each in found.callbacks),
        found.closed_at,
        found.closed_by,
        found.recovered_by and RecoveredBy(found.recovered_by),
        found.recovered_call,
        found.recovery_s,
    )


def _callback(each: Mapping[str, Any]) -> Callback:
    return Callback(
        each["call_id"], datetime.fromisoformat(each["since"]), each["extension"], each["name"], each["attempt"]
    )


def line_found(found: Any) -> Attempt:
    return Attempt(
        found.row,
        found.number,
        AttemptKind(found.kind),
        found.at,
        found.call_id,
        found.by,
        found.by_name,
        found.answered,
        found.text,
    )
