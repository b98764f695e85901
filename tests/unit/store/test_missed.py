"""The missed list in the database."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from callbridge.calls.call import Party, Reason
from callbridge.calls.missed import (
    Attempt,
    AttemptKind,
    Callback,
    MissedChanges,
    MissedRow,
    MissedState,
    MissedStatus,
    RecoveredBy,
)
from callbridge.ports import Batch, MissedFigures, MissedQuery
from callbridge.store import SqlStore

from .made import AT, EVER

ANA = Party(None, "1001", "Ana Costa", "1001")
MARIA = Party("+351912345678", "912345678", "Maria")


def a_row(name: str = "a", minutes: float = 0, **other: object) -> MissedRow:
    at = AT + timedelta(minutes=minutes)
    row = MissedRow(f"missed_{name}", "main", f"+35191000{name}", MARIA, at, at, f"call_{name}")
    return replace(row, **other)  # type: ignore[arg-type] # the fields of a row, by name


FULL = a_row(
    "full",
    reason=Reason.ABANDONED,
    queue="sales",
    count=3,
    status=MissedStatus.CALLED,
    queues=("support", "sales"),
    rung=(ANA, Party(None, "1002", None, "1002")),
    attempts=4,
    callbacks=(Callback("call_back", AT, "1001", "Ana Costa", 4),),
)
RECOVERED = a_row(
    "made-good",
    state=MissedState.RECOVERED,
    status=MissedStatus.CALLED_BACK,
    closed_at=AT + timedelta(seconds=90),
    recovered_by=RecoveredBy.CALLBACK,
    recovered_call="call_back",
    recovery_s=90.0,
)
HIDDEN = a_row("hidden", state=MissedState.HIDDEN, closed_at=AT, closed_by="crm")


async def written(store: SqlStore, *rows: MissedRow, lines: tuple[Attempt, ...] = ()) -> None:
    await store.commit(Batch(missed=MissedChanges(rows, lines)))


async def names(store: SqlStore, **wanted: object) -> list[str]:
    found = await store.missed.rows(MissedQuery(100, **wanted))  # type: ignore[arg-type] # its fields, by name
    return [row.id.removeprefix("missed_") for row in found]


@pytest.mark.parametrize("row", [FULL, RECOVERED, HIDDEN, a_row(caller=Party(None, "anonymous"))])
async def test_a_row_is_read_as_it_was_written(store: SqlStore, row: MissedRow) -> None:
    await written(store, row)

    assert await store.missed.row(row.id) == row
    assert await store.missed.row("missed_other") is None


async def test_a_row_and_a_line_that_are_written_once_more_stand_there_once_as_they_are_now(store: SqlStore) -> None:
    line = Attempt(FULL.id, 4, AttemptKind.CALLBACK, AT, "call_back", "1001", "Ana Costa")
    await written(store, FULL, lines=(line,))
    after = replace(FULL, callbacks=(), count=4)
    await written(store, after, lines=(replace(line, answered=False),))
    await written(store, after, lines=(replace(line, answered=False),))

    assert await store.missed.rows(MissedQuery(10)) == [after]
    assert await store.missed.attempts(FULL.id, 0, 10) == [replace(line, answered=False)]


async def test_a_starting_daemon_remembers_the_open_rows_and_no_other(store: SqlStore) -> None:
    await written(store, FULL, RECOVERED, HIDDEN, a_row("expired", state=MissedState.EXPIRED))

    assert (await store.remember()).missed == [FULL]


async def test_rows_come_the_latest_first_page_by_page(store: SqlStore) -> None:
    await written(store, *(a_row(str(number), number // 2) for number in range(9)))
    first = await store.missed.rows(MissedQuery(4))
    second = await store.missed.rows(MissedQuery(4, before=(first[-1].last_at, first[-1].id)))
    third = await store.missed.rows(MissedQuery(4, before=(second[-1].last_at, second[-1].id)))

    assert [row.id[-1] for row in (*first, *second, *third)] == list("876543210")


async def test_rows_are_found_by_each_thing_they_can_be_asked_for(store: SqlStore) -> None:
    await written(store, FULL, RECOVERED, HIDDEN, a_row("late", 60, pbx="porto", key="*12"))
    later = AT + timedelta(minutes=1)

    assert await names(store, states=("open",)) == ["late", "full"]
    assert await names(store, states=("hidden", "recovered")) == ["made-good", "hidden"]
    assert await names(store, statuses=("called",)) == ["full"]
    assert await names(store, since=later) == ["late"]
    assert "late" not in await names(store, until=later)
    assert await names(store, pbx="porto") == ["late"]
    assert await names(store, queue="support") == ["full"]
    assert await names(store, queue="sup") == []
    assert await names(store, agent="1002") == ["full"]
    assert await names(store, agent="Ana Costa") == []
    assert await names(store, number="*12") == ["late"]
    assert await names(store, number=HIDDEN.key, states=("hidden",)) == ["hidden"]
    assert await names(store, number=HIDDEN.key, states=("open",)) == []


async def test_a_history_is_read_from_any_line_on(store: SqlStore) -> None:
    lines = tuple(Attempt(FULL.id, number, AttemptKind.NOTE, AT, by="crm", text=f"{number}") for number in range(1, 8))
    await written(store, FULL, HIDDEN, lines=(*lines, Attempt(HIDDEN.id, 1, AttemptKind.MISSED, AT)))

    assert await store.missed.attempts(FULL.id, 2, 3) == list(lines[2:5])
    assert await store.missed.attempts("missed_other", 0, 3) == []


async def test_figures_count_all_rows_of_a_period_the_hidden_too(store: SqlStore) -> None:
    rows = (FULL, RECOVERED, replace(RECOVERED, id="missed_2", recovery_s=30.0), HIDDEN, a_row("late", 60))
    await written(store, *rows)

    assert await store.missed.figures(AT, AT + timedelta(minutes=1)) == MissedFigures(
        rows=4,
        calls=6,
        by_status={"called": 1, "called_back": 2, "not_tried": 1},
        by_state={"open": 1, "recovered": 2, "hidden": 1},
        by_person={"crm": 1},
        recovery_s=60.0,
    )
    assert (await store.missed.figures(AT, EVER, queue="sales")).rows == 1
    assert (await store.missed.figures(AT, EVER, pbx="porto")) == MissedFigures(0, 0, {}, {}, {}, None)


async def test_what_is_closed_for_long_is_deleted_with_its_history_and_what_is_open_stays(store: SqlStore) -> None:
    line = Attempt(HIDDEN.id, 1, AttemptKind.MISSED, AT)
    await written(store, FULL, HIDDEN, RECOVERED, a_row("late", 60, state=MissedState.HIDDEN), lines=(line,))
    before: datetime = AT + timedelta(minutes=1)

    assert await store.missed.forget(before, 1) == 1
    assert await store.missed.forget(before, 10) == 1
    assert await store.missed.forget(before, 10) == 0
    assert await names(store) == ["late", "full"]
    assert await store.missed.attempts(HIDDEN.id, 0, 10) == []


async def test_a_line_of_a_row_that_was_deleted_stops_no_commit(store: SqlStore) -> None:
    await written(store, FULL, lines=(Attempt("missed_gone", 1, AttemptKind.CALLBACK, AT, answered=False),))

    assert await store.missed.row(FULL.id) == FULL


async def test_names_no_database_can_keep_are_kept_without_those_letters(store: SqlStore) -> None:
    odd = replace(ANA, name="A\0na\ud800")
    await written(store, a_row(rung=(odd,), queues=("sa\0les",), callbacks=(Callback("call_b", AT, "1", "\0"),)))
    (row,) = await store.missed.rows(MissedQuery(1, queue="sa\ufffdles", agent="1001"))

    assert (row.rung[0].name, row.callbacks[0].name) == ("A\ufffdna\ufffd", "\ufffd")
