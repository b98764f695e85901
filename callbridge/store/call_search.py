"""Which calls are wanted, and by which index they are found: never by looking through all of them.

A call that is over stands in an index of each thing it can be searched by, and a call that goes on in
`calls_live` alone: an index then costs one commit of a call, and not all of them. So a search has branches,
one for the calls that go on and one or more for those that are over, and its page is the newest of them all.

Each branch reads one index, newest first, as far as the page goes. SQLite, which knows nothing of how often
a value occurs, is not asked which one: it is the one with the fewest calls in it, counted up to `ENOUGH`; all
other conditions are put `aside`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Index,
    Select,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from callbridge.ports import CallQuery
from callbridge.store.tables import calls

ENOUGH: Final = 5_000
"""So many calls are counted or sorted in some 10 ms. With a million calls, a condition that more of them fulfil is met
50 times, on average, before 10,000 have been looked at."""

_c: Final = calls.c
_WHOLE: Final = (_c.started_at, _c.id)


def _of_calls(name: str, *columns: str, where: str) -> Index:
    """A partial index; its condition is said in the statement, as partial indexes want it."""
    chosen = text(where)
    return Index(f"calls_{name}", *(_c[column] for column in columns), sqlite_where=chosen, postgresql_where=chosen)


ENDED: Final = "ended_at IS NOT NULL"
ALWAYS_KNOWN: Final = ("pbx", "state", "direction", "customer_match")
KNOWN_OF_SOME: Final = (
    *("from_number", "to_number", "to_raw", "from_extension", "to_extension"),
    *("agent_extension", "queue", "customer_id", "reason", "talk_s", "wait_s"),
)
INDEXES: Final = (
    _of_calls("live", "started_at", where="ended_at IS NULL"),
    *(_of_calls(name, name, "started_at", where=ENDED) for name in ALWAYS_KNOWN),
    *(_of_calls(name, name, "started_at", where=f"{ENDED} AND {name} IS NOT NULL") for name in KNOWN_OF_SOME),
    _of_calls("missed", "started_at", where=f"{ENDED} AND missed IS NOT NULL"),
)

Condition = ColumnElement[bool]
T = TypeVar("T")


class aside(FunctionElement[T]):  # noqa: N801 - it is read as a function
    """A column that no index may be chosen for."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[T]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(aside)
def _as_it_is(element: aside[Any], compiler: SQLCompiler, **more: Any) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(aside, "sqlite")
def _with_a_plus(element: aside[Any], compiler: SQLCompiler, **more: Any) -> str:
    """SQLite's own way to say so, section 1.6 of its query planner's documentation."""
    return f"+{compiler.process(element.clauses, **more)}"


@dataclass(frozen=True, slots=True)
class Way:
    """Something a call is searched by: it fulfils one of `sides`, each of which has an index of calls that are over.

    `condition` says the same of any call, for no index. `ordered` is whether the index has them by time;
    where it has not, all that it finds are sorted.
    """

    sides: Sequence[Condition]
    condition: Condition
    ordered: bool = True


def page(connection: Connection, query: CallQuery) -> Select[Any] | CompoundSelect[Any]:
    """Return what selects `id` and `started_at` of the newest calls wanted, up to the limit, in no order."""
    if query.protocol is not None:
        conditions = [way.condition for way in _ways(query)] + list(_rest(query))
        return _newest(query, _c.protocol == query.protocol, *conditions)
    ways = tuple(_ways(query))
    best = _best(connection, query, ways)
    if best is None:
        return _newest(query, *_period(query), *(way.condition for way in ways), *_rest(query))
    others = (*(way.condition for way in ways if way is not best), *_rest(query))
    going_on = _newest(query, _c.ended_at.is_(None), *_period(query), best.condition, *others)
    branches = (going_on, *(_over(query, best, side, others) for side in best.sides))
    return union(*(_of(branch) for branch in branches))


def _of(branch: Select[Any]) -> Select[Any]:
    inner = branch.subquery()
    return select(inner.c.id, inner.c.started_at)


def _best(connection: Connection, query: CallQuery, ways: Sequence[Way]) -> Way | None:
    """Return the way with the fewest calls; None where each call may be looked at until the page is full."""
    if len(ways) == 1 and ways[0].ordered:
        return ways[0]
    counted = [(way, _count(connection, query, way)) for way in ways]
    usable = [(way, count) for way, count in counted if way.ordered or count < ENOUGH]
    return min(usable, key=lambda pair: pair[1])[0] if usable else None


def _count(connection: Connection, query: CallQuery, way: Way) -> int:
    """Return how many calls are found that way, at most `ENOUGH` of each side."""
    period = _period(query) if way.ordered else ()
    counts = (
        select(func.count())
        .select_from(select(literal_column("1")).where(side, _ENDED, *period).limit(ENOUGH).subquery())
        .scalar_subquery()
        for side in way.sides
    )
    return sum(connection.execute(select(*counts)).one())


def _over(query: CallQuery, way: Way, side: Condition, others: Sequence[Condition]) -> Select[Any]:
    period = _period(query) if way.ordered else _period(query, aside)
    return _newest(query, side, _ENDED, *period, *others)


def _newest(query: CallQuery, *conditions: Condition) -> Select[Any]:
    # A call of which nothing was told yet must not shorten a page.
    found = select(*_WHOLE[::-1]).where(*conditions, _c.sequence > 0)
    return found.order_by(*(column.desc() for column in _WHOLE)).limit(query.limit)


_ENDED: Final = _c.ended_at.is_not(None)


def _period(query: CallQuery, put: Callable[[Any], Any] = lambda column: column) -> Sequence[Condition]:
    found: list[Condition] = []
    if query.before is not None:
        place = tuple_(*query.before, types=[column.type for column in _WHOLE])
        found.append(tuple_(*(put(column) for column in _WHOLE)) < place)
    if query.since is not None:
        found.append(put(_c.started_at) >= query.since)
    if query.until is not None:
        found.append(put(_c.started_at) < query.until)
    return found


def _ways(query: CallQuery) -> Iterator[Way]:
    """Yield what there are indexes for; the first of two that find as many is taken."""
    yield from (_equal((_c[name],), value) for name, value in _given(query) if value is not None)
    if query.number is not None:
        yield _equal(_SIDES if query.number.startswith("+") else _EXTENSIONS, query.number)
    yield from (_among(_c[name], values) for name, values in _lists(query) if values)
    if query.missed:
        yield Way((_c.missed.is_not(None),), aside(_c.missed).is_not(None))
    for column, least in ((_c.talk_s, query.min_talk_s), (_c.wait_s, query.min_wait_s)):
        if least is not None:
            yield Way((column >= least,), aside(column) >= least, ordered=False)


def _given(query: CallQuery) -> Iterator[tuple[str, str | None]]:
    yield "customer_id", query.customer
    yield "agent_extension", query.agent
    yield "queue", query.queue
    yield "to_number" if query.dialled and query.dialled.startswith("+") else "to_raw", query.dialled
    yield "pbx", query.pbx


def _lists(query: CallQuery) -> Iterator[tuple[str, Sequence[str]]]:
    yield "reason", query.reasons
    yield "state", query.states
    yield "customer_match", query.matches
    yield "direction", query.directions


_SIDES: Final = (_c.from_number, _c.to_number)
_EXTENSIONS: Final = (_c.from_extension, _c.to_extension, _c.agent_extension)


def _equal(columns: Sequence[ColumnElement[Any]], value: str) -> Way:
    """With OR between the columns SQLite would read and sort every call of a number, and our own is in most."""
    return Way([column == value for column in columns], or_(*(aside(column) == value for column in columns)))


def _among(column: ColumnElement[Any], values: Sequence[str]) -> Way:
    """A side for each value: with IN, SQLite would read and sort all the calls of all of them."""
    return Way([column == value for value in values], aside(column).in_(values))


def _rest(query: CallQuery) -> Iterator[Condition]:
    """Yield what no index is for, as most calls fulfil it."""
    if query.missed is False:
        yield _c.missed.is_(None)
