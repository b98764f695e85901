"""The group commit: everything a batch says, in one transaction and few statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from callbridge.calls.call import Call
from callbridge.ports import Batch, Told
from callbridge.store import outbox
from callbridge.store.rows import Row, call_row, leg_rows, timeline_rows
from callbridge.store.tables import calls, events, legs, live_calls, pbx_heard, timeline
from callbridge.store.upserts import adding_events, raising_protocols, replacing, run, seeing_agents

_NEWEST: Final = select(func.coalesce(func.max(events.c.position), 0))
_ADDED: Final = select(events.c.id, events.c.position).where(events.c.position > bindparam("newest"))
_FORGET: Final = delete(live_calls).where(live_calls.c.call_id == bindparam("gone"))
_DROP: Final = tuple(delete(table).where(table.c.call_id == bindparam("over")) for table in (legs, timeline))


def write_batch(connection: Connection, batch: Batch, now: datetime) -> None:
    """Write `batch`; what is told anew is due `now`."""
    _write_calls(connection, batch)
    _write_log(connection, [call for call in batch.calls if call.over])
    _write_events(connection, _by_id(batch.told), now)
    _write_agents(connection, batch)
    run(
        connection,
        raising_protocols(connection.dialect.name),
        [{"day": day, "last": n} for day, n in batch.protocols.items()],
    )


def write_heard(connection: Connection, pbx: str, at: datetime) -> None:
    run(connection, replacing(connection.dialect.name, pbx_heard), [{"pbx": pbx, "heard_at": at}])


def _write_calls(connection: Connection, batch: Batch) -> None:
    """Write the calls, and the memory of those that go on."""
    dialect = connection.dialect.name
    run(connection, replacing(dialect, calls), [call_row(call) for call in batch.calls])
    kept = {live.call_id for live in batch.live}
    gone = [call for call in batch.calls if (call.over or call.merged_into) and call.id not in kept]
    run(connection, _FORGET, [{"gone": call.id} for call in gone])
    memory = [{"call_id": live.call_id, "pbx": live.pbx, "snapshot": live.snapshot} for live in batch.live]
    run(connection, replacing(dialect, live_calls), memory)


def _write_log(connection: Connection, over: Sequence[Call]) -> None:
    """Write legs and timeline; while a call lives its memory has them."""
    for drop in _DROP:
        run(connection, drop, [{"over": call.id} for call in over])
    run(connection, insert(legs), [row for call in over for row in leg_rows(call)])
    run(connection, insert(timeline), [row for call in over for row in timeline_rows(call)])


def _write_events(connection: Connection, told: Mapping[str, Told], now: datetime) -> None:
    """Write what the database does not have yet, and put that alone into the outbox.

    An event told again after a crash may have been delivered, and its outbox
    rows with it: so the outbox cannot say what is new, the positions can.
    """
    if not told:
        return
    newest = connection.scalar(_NEWEST)
    run(connection, adding_events(connection.dialect.name), [_event_row(one) for one in told.values()])
    added = {row.id: row.position for row in connection.execute(_ADDED, {"newest": newest})}
    outbox.put(connection, [(one, added[id_]) for id_, one in told.items() if id_ in added], now)


def _write_agents(connection: Connection, batch: Batch) -> None:
    rows = [
        {"pbx": pbx, "extension": agent.extension, "name": agent.name, "first_seen": at, "last_seen": at}
        for pbx, agent, at in batch.agents
    ]
    run(connection, seeing_agents(connection.dialect.name), rows)


def _by_id(told: Iterable[Told]) -> Mapping[str, Told]:
    """The first telling counts, within a batch as between batches."""
    by_id: dict[str, Told] = {}
    for one in told:
        by_id.setdefault(one.event.id, one)
    return by_id


def _event_row(told: Told) -> Row:
    event = told.event
    return {
        "id": event.id,
        "call_id": event.call and event.call.id,
        "sequence": event.sequence,
        "pbx": event.pbx,
        "type": event.type.value,
        "at": event.at,
        "body": told.body,
    }
