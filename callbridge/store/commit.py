"""The group commit: everything a batch says, in one transaction and few statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from callbridge.calls.call import Call
from callbridge.calls.customer import Matched
from callbridge.calls.numbers import tail_of
from callbridge.calls.switchboard import Registered
from callbridge.ports import Batch, Told
from callbridge.store import missed, notices, outbox, people_tables, tables, upserts
from callbridge.store.columns import sought
from callbridge.store.prepared import Prepared, plain
from callbridge.store.rows import Row, call_row, leg_rows, timeline_rows

_e: Final = tables.events.c

_WRITE_CALLS: Final = Prepared(partial(upserts.replacing, table=tables.calls))
_AMEND: Final = plain(
    update(tables.calls)
    .where(tables.calls.c.id == bindparam("amended"))
    .values({each: bindparam(f"new_{each}") for each in ("sequence", "customer_match", "customer_id", "customer_name")})
)
_WRITE_MEMORY: Final = Prepared(partial(upserts.replacing, table=tables.live_calls))
_FORGET: Final = plain(delete(tables.live_calls).where(tables.live_calls.c.call_id == bindparam("gone")))
_DROP_LEGS: Final = plain(delete(tables.legs).where(tables.legs.c.call_id == bindparam("over")))
_WRITE_LEGS: Final = plain(insert(tables.legs))
_DROP_TIMELINE: Final = plain(delete(tables.timeline).where(tables.timeline.c.call_id == bindparam("over")))
_WRITE_TIMELINE: Final = plain(insert(tables.timeline))
_NEWEST: Final = plain(select(func.max(_e.position)))
_WRITE_EVENTS: Final = Prepared(upserts.adding_events, ("id", "call_id", "sequence", "pbx", "type", "at", "body"))
_ADDED: Final = plain(select(_e.id, _e.position).where(_e.position > bindparam("newest")))
_WRITE_AGENTS: Final = Prepared(upserts.seeing_agents)
_WRITE_PROTOCOLS: Final = Prepared(upserts.raising_protocols)
_WRITE_HEARD: Final = Prepared(partial(upserts.replacing, table=tables.pbx_heard))
_REGISTER: Final = Prepared(partial(upserts.keeping, table=people_tables.customers))
_REGISTER_NUMBERS: Final = Prepared(partial(upserts.keeping, table=people_tables.customer_numbers))

Added = Sequence[tuple[int, Told]]
"""Events the database did not have before, each with its position, in that order."""


def write_batch(connection: Connection, batch: Batch, now: datetime, strict: Collection[str] = ()) -> Added:
    """Write `batch`, and return what is told anew: that is due `now`, to those in `strict` all in one lane."""
    _WRITE_CALLS(connection, [call_row(call) for call in batch.calls])
    _AMEND(connection, [_amended(call_row(call)) for call in batch.amended])
    _write_memory(connection, batch)
    _write_log(connection, [call for call in batch.calls if call.over])
    _write_registered(connection, batch.registered)
    missed.write(connection, batch.missed)
    added = write_events(connection, batch.told, now, strict)
    notices.put(connection, batch.notices, {one.event.id for _, one in added}, now)
    _write_agents(connection, batch)
    _WRITE_PROTOCOLS(connection, [{"day": day, "last": last} for day, last in batch.protocols.items()])
    _WRITE_HEARD(connection, [{"pbx": pbx, "heard_at": at} for pbx, at in batch.heard.items()])
    return added


def write_heard(connection: Connection, pbx: str, at: datetime) -> None:
    _WRITE_HEARD(connection, [{"pbx": pbx, "heard_at": at}])


def _write_memory(connection: Connection, batch: Batch) -> None:
    kept = {live.call_id for live in batch.live}
    gone = [call.id for call in batch.calls if (call.over or call.merged_into) and call.id not in kept]
    _FORGET(connection, [{"gone": call_id} for call_id in gone])
    memory = [{"call_id": live.call_id, "pbx": live.pbx, "snapshot": live.snapshot} for live in batch.live]
    _WRITE_MEMORY(connection, memory)


def _write_log(connection: Connection, over: Sequence[Call]) -> None:
    """Write legs and timeline; while a call lives its memory has them."""
    ids = [{"over": call.id} for call in over]
    _DROP_LEGS(connection, ids)
    _WRITE_LEGS(connection, [row for call in over for row in leg_rows(call)])
    _DROP_TIMELINE(connection, ids)
    _WRITE_TIMELINE(connection, [row for call in over for row in timeline_rows(call)])


def write_events(connection: Connection, events: Iterable[Told], now: datetime, strict: Collection[str]) -> Added:
    """Write what the database does not have yet, put that alone into the outbox, and return it.

    An event told again after a crash may have been delivered, and its outbox
    rows with it: so the outbox cannot say what is new, the positions can.
    """
    told = _by_id(events)
    if not told:
        return ()
    ((newest,),) = _NEWEST.ask(connection, {})
    _WRITE_EVENTS(connection, [_event_row(one) for one in told.values()])
    places: dict[str, int] = dict(_ADDED.ask(connection, {"newest": newest or 0}))
    added = [(one, places[id_]) for id_, one in told.items() if id_ in places]
    outbox.put(connection, added, now, strict)
    return sorted(((position, one) for one, position in added), key=itemgetter(0))


def _write_agents(connection: Connection, batch: Batch) -> None:
    rows = [
        {"pbx": pbx, "extension": agent.extension, "name": agent.name, "first_seen": at, "last_seen": at}
        for pbx, agent, at in batch.agents
    ]
    _WRITE_AGENTS(connection, rows)


def _write_registered(connection: Connection, registered: Sequence[Registered]) -> None:
    """Make customers of unknown callers; one that is there already stays as it is."""
    _REGISTER(connection, [_registered_row(each) for each in registered])
    numbers = [
        {
            "customer_id": each.customer.id,
            "place": 0,
            "kind": Matched.PHONE.value,
            "at": None,
            "written": each.number,
            "key": each.number,
            "tail": tail_of(each.number),
        }
        for each in registered
    ]
    _REGISTER_NUMBERS(connection, numbers)


def _registered_row(registered: Registered) -> Row:
    customer = registered.customer
    return {
        "id": customer.id,
        "name": customer.name,
        "type": customer.type,
        "tax_id": customer.tax_id,
        "owner": customer.owner,
        "url": customer.url,
        "country": None,
        "fields": {},
        "registered": True,
        "created_at": registered.at,
        "changed_at": registered.at,
        "sought": sought(customer.name),
    }


def _amended(row: Row) -> Row:
    names = ("sequence", "customer_match", "customer_id", "customer_name")
    return {"amended": row["id"], **{f"new_{name}": row[name] for name in names}}


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
