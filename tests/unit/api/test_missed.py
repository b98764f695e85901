"""`/v1/missed`: through the real pipeline, into a real database of each kind, and out again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from callbridge.api import missed
from callbridge.api.server import HttpServer
from callbridge.api.tokens import TokenKeeper
from callbridge.app.removing import Removing
from callbridge.app.served import served
from callbridge.config import Http
from callbridge.delivery.payload import render
from callbridge.pipeline import Pipeline
from callbridge.ports import Batch, Memory
from callbridge.ports.outlets import Outlets
from callbridge.store import SqlStore
from tests.stories.story import Story
from tests.stories.the_list import calls_back, misses
from tests.unit.store.made import SetClock

from .conftest import Told, asked

LIST = "/v1/missed"
DAY = {"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"}


@dataclass
class Office:
    """A house in which calls are missed, and its API."""

    story: Story
    store: SqlStore
    pipeline: Pipeline
    keeper: TokenKeeper
    server: str
    secret: str = ""

    async def hear(self) -> None:
        """Have the daemon hear what the story told since the last time."""
        said, self.story.facts = self.story.facts, []
        await self.pipeline.settled(said)

    async def ask(self, method: str, path: str = "", **more: Any) -> Told:
        headers = {"Authorization": f"Bearer {self.secret}"} | more.pop("headers", {})
        return await asked(self.server, method, LIST + path, headers=headers, **more)

    async def rows(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.ask("GET", params=query)
        assert answer.status == 200, answer.json
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    async def row(self, **query: str) -> dict[str, Any]:
        (row,) = await self.rows(**query)
        return row

    async def says(self, what: str, row: dict[str, Any], **body: Any) -> Told:
        return await self.ask("POST", f"/{row['id']}/{what}", json=body)

    async def history(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/{row['id']}/attempts")
        items: list[dict[str, Any]] = answer.json["items"]
        return items


@pytest.fixture
async def office(store: SqlStore, clock: SetClock) -> AsyncIterator[Office]:
    story = Story()
    tracker = Story().tracker
    pipeline = Pipeline(tracker, store, Outlets(render, lambda _: (), lambda _: None), clock)
    removing = Removing(tracker, pipeline.settled, store.missed, lambda _: story.now, ("main",))
    routes, _, _ = served(store, Http(), clock, missed.changes(store.missed, removing))
    server, keeper = HttpServer("127.0.0.1", 0, routes), TokenKeeper(store.tokens, clock)
    await server.start()
    running = asyncio.create_task(pipeline.run())
    _, secret = await keeper.create("crm", ("missed:read", "missed:write"), None)
    yield Office(story, store, pipeline, keeper, f"http://{server.address}", secret)
    await pipeline.stop()
    await running
    await server.stop()


async def test_the_list_shows_who_was_not_answered_with_all_that_is_known(office: Office) -> None:
    misses(office.story)
    calls_back(office.story)
    await office.hear()
    row = await office.row()
    first, back = office.story.calls

    assert row == {
        "id": f"missed_{first.id.removeprefix('call_')}",
        "pbx": "main",
        "state": "open",
        "status": "called",
        "number": "+351912345678",
        "raw": "912345678",
        "name": "Maria Silva",
        "customer": {
            "match": "none",
            **dict.fromkeys(("id", "name", "type", "tax_id", "owner", "url", "matched", "at", "source", "by")),
            "candidates": [],
        },
        "count": 1,
        "first_at": "2026-11-22T10:00:05.000Z",
        "last_at": "2026-11-22T10:00:05.000Z",
        "last_call": first.id,
        "reason": None,
        "queue": None,
        "queues": [],
        "rung": [{"number": None, "raw": "1001", "name": "Ana Costa", "extension": "1001"}],
        "attempts": 2,
        "callbacks": [{"call": back.id, "since": "2026-11-22T10:00:05.000Z", "extension": "1001", "name": "Ana Costa"}],
        "closed_at": None,
        "closed_by": None,
        "recovered_by": None,
        "recovered_call": None,
        "recovery_s": None,
    }
    assert (await office.ask("GET", f"/{row['id']}")).json == row


async def test_who_is_called_back_leaves_the_list_and_stands_among_the_recovered(office: Office) -> None:
    misses(office.story)
    office.story.passes(seconds=30)
    calls_back(office.story)[1].answers()
    await office.hear()

    assert await office.rows() == []
    row = await office.row(state="recovered")
    assert (row["status"], row["recovered_by"], row["recovery_s"]) == ("called_back", "callback", 30.0)
    assert [(line["kind"], line["by"], line["answered"]) for line in await office.history(row)] == [
        ("missed", None, None),
        ("callback", "1001", True),
    ]


async def test_a_person_hides_and_restores_and_the_history_has_who(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    hidden = await office.says("hide", row, by="Ana Costa", text="wrong number")
    assert (hidden.status, hidden.json["state"], hidden.json["closed_by"]) == (200, "hidden", "Ana Costa")
    assert await office.rows() == []
    assert await office.rows(state="hidden") == [hidden.json]

    restored = await office.says("restore", row)
    assert (restored.status, restored.json["state"], restored.json["closed_by"]) == (200, "open", None)
    assert await office.rows() == [restored.json]
    assert [(line["kind"], line["by"], line["text"]) for line in await office.history(row)] == [
        ("missed", None, None),
        ("hidden", "Ana Costa", "wrong number"),
        ("restored", "crm", None),
    ]


async def test_what_was_tried_is_written_down_on_open_rows_and_on_others(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    noted = await office.says("attempts", row, kind="note", text="on holiday", by="Rui")
    assert (noted.status, noted.json["number"], noted.json["by"], noted.json["kind"]) == (201, 2, "Rui", "note")
    await office.says("hide", row)
    said = await office.says("attempts", row, kind="message", text="please call")

    assert (said.status, said.json["number"], said.json["by"]) == (201, 4, "crm")
    assert (await office.row(state="hidden"))["status"] == "messaged"


async def test_two_notes_at_once_are_two_lines(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    await office.says("hide", row)
    answers = await asyncio.gather(*(office.says("attempts", row, kind="note", text=f"{n}") for n in range(5)))

    assert sorted(answer.json["number"] for answer in answers) == [3, 4, 5, 6, 7]
    assert sorted(line["text"] for line in (await office.history(row))[2:]) == list("01234")


async def test_what_does_not_go_together_is_a_conflict_that_says_why(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    already = await office.says("restore", row)
    assert (already.status, already.json["detail"]) == (409, "This row is on the list already.")
    await office.says("hide", row)
    hidden = await office.says("hide", row)
    assert (hidden.status, hidden.json["detail"]) == (409, "This row is not on the list: it is hidden.")
    misses(office.story)
    await office.hear()
    another = await office.says("restore", row)
    assert another.status == 409
    assert (await office.row())["id"] in another.json["detail"]


async def test_rows_of_a_pbx_that_another_daemon_hears_are_left_to_that_one(office: Office) -> None:
    office.story.someone("912345678", pbx="porto").calls("220000000").hangs_up()
    await office.hear()
    row = await office.row()
    for what, body in (("hide", {}), ("restore", {}), ("attempts", {"kind": "note", "text": "x"})):
        answer = await office.says(what, row, **body)
        assert answer.status == 409
        assert "porto" in answer.json["detail"]


async def test_what_is_no_row_is_not_found_and_what_is_no_attempt_is_refused(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row, nothing = await office.row(), {"id": "missed_0"}
    for what, body in (("hide", {}), ("restore", {}), ("attempts", {"kind": "note", "text": "x"})):
        assert (await office.says(what, nothing, **body)).status == 404
    for path in ("/missed_0", "/missed_0/attempts"):
        assert (await office.ask("GET", path)).status == 404
    for body in ({"kind": "callback", "text": "x"}, {"kind": "note"}, {"kind": "note", "text": "x" * 2001}):
        assert (await office.says("attempts", row, **body)).status == 422
    assert (await office.says("hide", row, bye="x")).json["errors"][0]["field"] == "bye"
    for query in ({"state": "gone"}, {"number": "a b"}, {"since": "yesterday"}, {"limit": "0"}, {"cursor": "x"}):
        assert (await office.ask("GET", params=query)).status == 422, query


async def test_pages_follow_one_another(office: Office) -> None:
    for number in range(7):
        misses(office.story, f"91234567{number}")
    await office.hear()
    seen, cursor = list[str](), dict[str, str]()
    while True:
        answer = (await office.ask("GET", params={"limit": "3", **cursor})).json
        seen += [row["raw"] for row in answer["items"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}

    assert seen == [f"91234567{number}" for number in reversed(range(7))]


async def test_a_history_is_read_page_by_page(office: Office) -> None:
    for _ in range(5):
        misses(office.story)
    await office.hear()
    row = await office.row()
    first = (await office.ask("GET", f"/{row['id']}/attempts", params={"limit": "3"})).json
    rest = (await office.ask("GET", f"/{row['id']}/attempts", params={"cursor": first["next"]})).json

    assert [line["number"] for line in (*first["items"], *rest["items"])] == [1, 2, 3, 4, 5]
    assert rest["next"] is None


async def test_rows_are_found_by_what_is_asked_for(office: Office) -> None:
    maria = office.story.someone("912345678")
    maria.waits_in("sales")
    office.story.passes(seconds=9)
    maria.hangs_up()
    misses(office.story, "*12")
    await office.hear()

    for query in (
        {"queue": "sales"},
        {"number": "+351912345678"},
        {"number": " 351912345678"},
        {"until": "2026-11-22T10:00:10Z"},
    ):
        assert [row["raw"] for row in await office.rows(**query)] == ["912345678"], query
    for query in ({"agent": "1001"}, {"number": "*12"}, {"since": "2026-11-22T10:00:10Z"}):
        assert [row["raw"] for row in await office.rows(**query)] == ["*12"], query
    assert await office.rows(status="called") == []
    assert await office.rows(pbx="porto") == []


async def test_figures_say_how_the_rows_of_a_period_stand(office: Office) -> None:
    for number in range(4):
        misses(office.story, f"91234567{number}")
    misses(office.story, "912345670")
    calls_back(office.story, "912345670")[1].answers()
    await office.hear()
    rows = await office.rows()
    await office.says("hide", rows[0], by="Ana Costa")
    await office.says("attempts", rows[1], kind="message", text="x")
    figures = (await office.ask("GET", "/stats", params=DAY)).json

    assert figures == {
        "since": "2026-11-22T00:00:00.000Z",
        "until": "2026-11-23T00:00:00.000Z",
        "rows": 4,
        "calls": 5,
        "by_status": {"not_tried": 2, "called": 0, "called_back": 1, "messaged": 1, "got_through": 0},
        "by_state": {"open": 2, "recovered": 1, "hidden": 1, "expired": 0},
        "by_person": [{"name": "Ana Costa", "rows": 1}],
        "recovery_s": 0.0,
    }
    assert (await office.ask("GET", "/stats")).status == 422
    turned = {"since": DAY["until"], "until": DAY["since"]}
    assert (await office.ask("GET", "/stats", params=turned)).status == 422


async def test_reading_and_writing_are_two_rights(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    for scope, reads, writes in (("missed:read", 200, 403), ("missed:write", 403, 200), ("calls:read", 403, 403)):
        _, office.secret = await office.keeper.create(f"only {scope}", (scope,), None)
        assert (await office.ask("GET")).status == reads
        assert (await office.ask("GET", "/stats", params=DAY)).status == reads
        assert (await office.says("hide", row)).status == writes


async def test_a_note_that_is_sent_twice_with_one_key_is_written_once(office: Office) -> None:
    misses(office.story)
    await office.hear()
    row = await office.row()
    body, key = {"kind": "note", "text": "x"}, {"Idempotency-Key": "one"}
    first, second = [await office.ask("POST", f"/{row['id']}/attempts", json=body, headers=key) for _ in range(2)]

    assert (first.status, first.json) == (second.status, second.json)
    assert len(await office.history(row)) == 2


async def test_the_list_outlives_the_daemon(office: Office, clock: SetClock) -> None:
    misses(office.story)
    calls_back(office.story)
    await office.hear()
    row = await office.row()
    memory: Memory = await office.store.remember()
    tracker = Story().tracker
    pipeline = Pipeline(tracker, office.store, Outlets(render, lambda _: (), lambda _: None), clock)
    pipeline.restore(memory)

    assert [each.id for each in tracker.board.missed.open.values()] == [row["id"]]
    (kept,) = tracker.board.missed.open.values()
    assert [each.call_id for each in kept.callbacks] == [row["callbacks"][0]["call"]]
    assert tracker.take_changes().missed.rows == (), "nothing of it has changed"


async def test_a_call_back_that_is_not_remembered_ends_with_the_restart(office: Office, clock: SetClock) -> None:
    misses(office.story)
    calls_back(office.story)
    await office.hear()
    memory = await office.store.remember()
    tracker = Story().tracker
    pipeline = Pipeline(tracker, office.store, Outlets(render, lambda _: (), lambda _: None), clock)
    pipeline.restore(Memory((), {}, {}, missed=memory.missed))
    await office.store.commit(Batch(missed=tracker.take_changes().missed))

    row = await office.row()
    assert row["callbacks"] == []
    assert [line["answered"] for line in await office.history(row)] == [None, False]


async def test_a_row_and_the_end_of_its_call_are_committed_together(office: Office) -> None:
    """Whoever hears of the miss finds the row."""
    seen: list[tuple[str, bool]] = []
    commit = office.store.commit

    async def watched(batch: Batch) -> None:
        kinds = [told.event.type.value for told in batch.told]
        seen.extend((kind, bool(batch.missed.rows)) for kind in kinds if kind in {"call.missed", "call.recovered"})
        await commit(batch)

    office.store.commit = watched  # type: ignore[method-assign] # listening in
    misses(office.story)
    await office.hear()
    calls_back(office.story)[1].answers()
    await office.hear()

    assert seen == [("call.missed", True), ("call.recovered", True)]
