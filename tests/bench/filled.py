"""A database as it is after years: a million calls, each with the event that tells it last, and who is calling.

Its rows are those the daemon writes: a few hundred kinds of calls are rendered by its own code, and each call is of one
of them, with ids, times and numbers of its own. They are written past the store, without indexes and without a journal,
which is a hundred times as fast.
"""

import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from callbridge.calls.call import Agent, Call, CallState, Direction, Leg, LegState, Missed, Moment, Party, Reason, Side
from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.events import EventType, call_event
from callbridge.calls.numbers import tail_of
from callbridge.delivery.payload import render, stamp
from callbridge.store.columns import micros, sought
from callbridge.store.rows import call_row
from callbridge.store.tables import calls as calls_table

BEGAN: Final = datetime(2024, 11, 22, tzinfo=UTC)
APART: Final = timedelta(seconds=63)
"""Between the beginnings of two calls: a million in two years."""
SEQUENCE: Final = 5
LIVE: Final = 100
"""The newest calls of all go on."""

CUSTOMERS: Final = 100_000
NUMBERS_EACH: Final = 3
STRANGERS: Final = 30_000
"""Numbers of nobody's that call, too."""
MISSED: Final = 60_000
OPEN: Final = 400

QUEUES: Final = ("sales", "support", "billing", "orders", "returns", "vip")
AGENTS: Final = tuple(str(1000 + each) for each in range(150))
DIDS: Final = tuple(f"+35121000{each:04}" for each in range(20))
RARE: Final[Mapping[str, Any]] = {
    "queue": "night", "agent": "1999", "did": "+351219999999", "pbx": "annex", "direction": Direction.OUTBOUND_AUTO,
    "state": CallState.FAILED, "reason": Reason.QUEUE_FULL, "match": Match.MANY, "talk_s": 7200.0, "wait_s": 1800.0,
}  # fmt: skip
"""Each of these is so in one kind of calls, which is one in `RARE_IS`."""
RARE_IS: Final = 20_000

_ID, _PROTOCOL, _NUMBER, _CUSTOMER = "call_§id§", "§protocol§", "+§number§", "§customer§"
_AT: Final = (datetime(1999, 1, 1, tzinfo=UTC), datetime(1999, 1, 2, tzinfo=UTC), datetime(1999, 1, 3, tzinfo=UTC))
"""Stand for when a call began, was answered and ended."""
_COLUMNS: Final = tuple(column.name for column in calls_table.c)


@dataclass(slots=True)
class Kind:
    """Calls that are alike but for their ids, times and numbers."""

    call: Call
    row: list[Any] = field(init=False)
    pieces: list[tuple[str, bytes]] = field(init=False)
    """Of the body: which value follows, and the bytes behind it."""
    outside: str = field(init=False)
    """The column that holds the customer's number."""

    def __post_init__(self) -> None:
        row = call_row(self.call)
        row["missed"] = None if row["missed"] is None else orjson.dumps(row["missed"]).decode()
        self.row = [row[name] for name in _COLUMNS]
        self.outside = "from_number" if self.call.caller.number == _NUMBER else "to_number"
        self.pieces = list(_pieces(render(call_event(self.call, EventType.CALL_ENDED, _AT[2]))))


def number_of(place: int) -> str:
    """Return one of the numbers that call: first those of customers, `NUMBERS_EACH` to each."""
    return f"+3519{10_000_000 + place * 7:08}"


def fill(file: Path, count: int) -> None:
    """Fill an upgraded database that nobody has open."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -256000"):
            database.execute(f"PRAGMA {pragma}").close()
        indexes = _without_indexes(database)
        database.execute("BEGIN")
        _fill_calls(database, count)
        fill_customers(database, CUSTOMERS, None)
        _fill_missed(database)
        database.execute("COMMIT")
        for statement in indexes:
            database.execute(statement)


def _without_indexes(database: sqlite3.Connection) -> Sequence[str]:
    """Drop the indexes that can be made again, and return how."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in found:
        database.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _fill_calls(database: sqlite3.Connection, count: int) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    insert = f"INSERT INTO calls ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - our own names
    told = "INSERT INTO events (id, call_id, sequence, pbx, type, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
    chunk = 5_000
    made = _calls(count)
    while some := [each for _, each in zip(range(chunk), made, strict=False)]:
        database.executemany(insert, [row for row, _ in some])
        database.executemany(told, [event for _, event in some])


def _calls(count: int) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    dice = random.Random(7)  # noqa: S311 - the same calls each time
    kinds, rare = _kinds(dice)
    place = {name: _COLUMNS.index(name) for name in ("id", "protocol", "started_at", "answered_at", "ended_at", "state",
                                                     "from_number", "to_number", "customer_id", "customer_name",
                                                     "missed", "talk_s", "reason")}  # fmt: skip
    for number in range(count):
        kind = dice.choice(rare) if dice.random() * RARE_IS < len(rare) else dice.choice(kinds)
        who = int((CUSTOMERS * NUMBERS_EACH + STRANGERS) * dice.random() ** 2)
        began = BEGAN + APART * number
        answered, ended = began + timedelta(seconds=9), began + timedelta(seconds=200)
        customer = f"c-{who // NUMBERS_EACH}"
        values = {
            "id": f"{number:08x}", "protocol": f"{began:%Y%m%d}-{number:06}", "number": number_of(who)[1:],
            "customer": customer, "began": stamp(began), "answered": stamp(answered), "ended": stamp(ended),
        }  # fmt: skip
        row = list(kind.row)
        row[place["id"]], row[place["protocol"]] = f"call_{values['id']}", values["protocol"]
        row[place["started_at"]], row[place["ended_at"]] = micros(began), micros(ended)
        if row[place["answered_at"]] is not None:
            row[place["answered_at"]] = micros(answered)
        row[place[kind.outside]] = number_of(who)
        if row[place["customer_id"]] is not None:
            row[place["customer_id"]] = row[place["customer_name"]] = customer
        if number >= count - LIVE:
            for name in ("ended_at", "talk_s", "reason", "missed"):
                row[place[name]] = None
            row[place["state"]] = CallState.RINGING.value
        body = b"".join(values[name].encode() + rest if name else rest for name, rest in kind.pieces)
        event = (f"evt_{values['id']}_5", row[place["id"]], SEQUENCE, kind.call.pbx, "call.ended", micros(ended), body)
        yield row, event


def _pieces(body: bytes) -> Iterator[tuple[str, bytes]]:
    marks = {
        "id": _ID[5:], "protocol": _PROTOCOL, "number": _NUMBER[1:], "customer": _CUSTOMER,
        "began": stamp(_AT[0]), "answered": stamp(_AT[1]), "ended": stamp(_AT[2]),
    }  # fmt: skip
    rest, name = body, ""
    while True:
        found = [(at, each) for each, mark in marks.items() if (at := rest.find(mark.encode())) >= 0]
        if not found:
            yield name, rest
            return
        at, following = min(found)
        yield name, rest[:at]
        name, rest = following, rest[at + len(marks[following].encode()) :]


def _kinds(dice: random.Random) -> tuple[Sequence[Kind], Sequence[Kind]]:
    """Return the ordinary kinds of calls, and the rare ones."""
    usual = [_call(dice) for _ in range(400)]
    return [Kind(call) for call in usual], [Kind(_made_rare(dice, name, value)) for name, value in RARE.items()]


def _call(dice: random.Random) -> Call:
    inbound = dice.random() < 0.65
    state = dice.choices(
        (CallState.COMPLETED, CallState.CANCELLED, CallState.NO_ANSWER, CallState.BUSY), (74, 14, 9, 3)
    )[0]
    answered, queued = state is CallState.COMPLETED, inbound and dice.random() < 0.7
    agent = Agent(dice.choice(AGENTS), "Ana Costa") if answered or not inbound else None
    did = dice.choice(DIDS)
    us, them = Party(did, did[4:], None), Party(_NUMBER, "9" * 9, "Maria Silva")
    phone = Party(extension=agent.extension if agent else dice.choice(AGENTS), name="Ana Costa")
    known = dice.random() < 0.8
    reason = None if answered else dice.choice((Reason.ABANDONED, Reason.TIMEOUT, Reason.REJECTED, Reason.BUSY))
    queue = dice.choice(QUEUES) if queued else None
    return Call(
        id=_ID,
        pbx="main",
        protocol=_PROTOCOL,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND_MANUAL,
        state=state,
        caller=them if inbound else phone,
        callee=us if inbound else them,
        started_at=_AT[0],
        answered_at=_AT[1] if answered else None,
        ended_at=_AT[2],
        queue=queue,
        agent=agent,
        customer=Known(Match.ONE, Customer(_CUSTOMER, _CUSTOMER, "customer")) if known else Known(),
        wait_s=round(dice.expovariate(1 / 40), 1) if queued else None,
        ring_s=round(dice.uniform(1, 20), 1),
        talk_s=round(dice.expovariate(1 / 180), 1) if answered else None,
        reason=reason,
        missed=Missed(reason, queue, (phone,)) if inbound and not answered else None,
        legs=(_leg(them, "trunk"), _leg(phone, phone.extension or "")),
        timeline=(Moment(CallState.STARTED, _AT[0]), Moment(CallState.RINGING, _AT[0]), Moment(state, _AT[2])),
        ended_by=Side.CALLER,
        hangup_cause=16,
        sequence=SEQUENCE,
    )


def _leg(who: Party, device: str) -> Leg:
    return Leg(f"PJSIP/{device}-0000002a", "1732269600.42", Side.CALLER, who, state=LegState.DOWN)


def _made_rare(dice: random.Random, name: str, value: Any) -> Call:
    call = _call(dice)
    two = (Customer(_CUSTOMER, _CUSTOMER), Customer("c-x", "Silva"))
    other: Mapping[str, Mapping[str, Any]] = {
        "agent": {"agent": Agent(str(value), "Rui")},
        "did": {"callee": Party(str(value), str(value)[4:]), "caller": Party(_NUMBER, "9" * 9)},
        "match": {"customer": Known(Match.MANY, None, two)},
        "reason": {"reason": value, "missed": Missed(value, "sales"), "state": CallState.NO_ANSWER},
    }
    return replace(call, **other.get(name, {name: value}))


def fill_customers(database: sqlite3.Connection, count: int, caller: str | None) -> None:
    """Write so many customers; the first has the number `caller` in place of its first one."""
    at = micros(BEGAN)
    database.executemany(
        "INSERT INTO customers"
        " (id, name, type, tax_id, owner, url, country, fields, registered, created_at, changed_at, sought)"
        " VALUES (?, ?, 'customer', ?, 'Ana Costa', ?, NULL, '{}', 0, ?, ?, ?)",
        ((f"c-{each}", f"Silva & Filhos {each}", f"5{each:08}", f"https://crm.example/c/{each}", at, at,
          sought(f"Silva & Filhos {each}"))
         for each in range(count)),
    )  # fmt: skip
    numbers = ((each, (each == 0 and caller) or number_of(each)) for each in range(count * NUMBERS_EACH))
    database.executemany(
        "INSERT INTO customer_numbers (customer_id, place, kind, at, written, key, tail)"
        " VALUES (?, ?, ?, NULL, ?, ?, ?)",
        ((f"c-{each // NUMBERS_EACH}", each % NUMBERS_EACH, ("phone", "mobile", "branch")[each % NUMBERS_EACH],
          number[4:], number, tail_of(number)) for each, number in numbers),
    )  # fmt: skip


def _fill_missed(database: sqlite3.Connection) -> None:
    """Rows of callers, the newest of them open."""
    columns = (
        "id, pbx, key, number, raw, name, first_at, last_at, last_call, reason, queue, count, state, status, queues,"
        " rung, attempts, callbacks"
    )
    rows = []
    for each in range(MISSED):
        at, number = micros(BEGAN + timedelta(seconds=1000) * each), number_of(each * 5)
        state = (
            "open" if each >= MISSED - OPEN else ("recovered", "recovered", "recovered", "hidden", "expired")[each % 5]
        )
        queue, agent = QUEUES[each % len(QUEUES)], AGENTS[each % len(AGENTS)]
        rung = orjson.dumps([{"number": None, "raw": None, "name": None, "extension": agent}]).decode()
        rows.append((
            f"missed_{each:08x}", "main", number, number, number[4:], "Maria Silva", at, at, f"call_{each:08x}",
            "abandoned", queue, 1 + each % 4, state, "called" if each % 3 else "not_tried",
            f'["{queue}"]', rung, 1, "[]",
        ))  # fmt: skip
    marks = ", ".join("?" * 18)
    database.executemany(f"INSERT INTO missed ({columns}) VALUES ({marks})", rows)  # noqa: S608 - our own names
