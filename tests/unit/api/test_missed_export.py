"""`/v1/missed.csv`: the missed list, a line a caller."""

from dataclasses import replace
from datetime import timedelta

from callbridge.calls.call import Party, Reason
from callbridge.calls.customer import Customer, Known, Match
from callbridge.calls.missed import Callback, MissedChanges, MissedRow, MissedState
from callbridge.ports import Batch
from tests.unit.store.made import AT, telling

from .conftest import Api
from .test_call_export import lines
from .test_calls import the_call, told

ROW = MissedRow(
    id="missed_a",
    pbx="main",
    key="+351912345678",
    caller=Party("+351912345678", "912345678", "=SUM(A1)"),
    first_at=AT,
    last_at=AT + timedelta(minutes=1),
    last_call="call_a",
    reason=Reason.ABANDONED,
    queue="sales",
    count=2,
    queues=("sales", "vip"),
    rung=(Party(extension="1001", name="Ana"), Party(extension="1002")),
    attempts=3,
    callbacks=(Callback("call_x", AT, "1003", "Rui"),),
)
SILVA = Known(Match.ONE, Customer("c-17", "Silva Lda", "vip", url="https://crm.example/c/17"))


async def test_a_line_says_of_a_caller_what_there_is_to_say(api: Api) -> None:
    await api.store.commit(telling(told(the_call("a", customer=SILVA))))
    await api.store.commit(Batch(missed=MissedChanges(rows=(ROW,))))

    answer = await api.ask("GET", "/v1/missed.csv", await api.token("missed:read"))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="missed.csv"'
    [line] = lines(answer.body)
    assert {name: value for name, value in line.items() if value} == {
        "last_local": "2026-11-22 10:01:00",
        "timezone": "UTC",
        "pbx": "main",
        "state": "open",
        "status": "not_tried",
        "number": "+351912345678",
        "raw": "912345678",
        "name": "'=SUM(A1)",
        "count": "2",
        "reason": "abandoned",
        "queue": "sales",
        "queues": "sales; vip",
        "attempts": "3",
        "first_at": "2026-11-22T10:00:00.123Z",
        "last_at": "2026-11-22T10:01:00.123Z",
        "last_call": "call_a",
        "id": "missed_a",
        "rung": "Ana 1001; 1002",
        "called_back_by": "Rui",
        "customer_match": "one",
        "customer_id": "c-17",
        "customer_name": "Silva Lda",
        "customer_type": "vip",
        "customer_url": "https://crm.example/c/17",
    }


async def test_pages_follow_one_another_and_the_filters_are_those_of_the_list(api: Api) -> None:
    rows = [
        replace(ROW, id=f"missed_{each:03}", key=str(each), last_at=AT + timedelta(seconds=each // 3))
        for each in range(250)
    ]
    hidden = replace(ROW, id="missed_h", key="h", state=MissedState.HIDDEN)
    await api.store.commit(Batch(missed=MissedChanges(rows=(*rows, hidden))))

    there = lines((await api.owner("GET", "/v1/missed.csv")).body)
    gone = lines((await api.owner("GET", "/v1/missed.csv?state=hidden")).body)

    assert [line["id"] for line in there] == [f"missed_{each:03}" for each in reversed(range(250))]
    assert [line["id"] for line in gone] == ["missed_h"]
    assert len(lines((await api.owner("GET", "/v1/missed.csv?limit=120")).body)) == 120


async def test_a_token_needs_the_scope_of_the_list(api: Api) -> None:
    assert (await api.ask("GET", "/v1/missed.csv", await api.token("calls:read"))).status == 403
