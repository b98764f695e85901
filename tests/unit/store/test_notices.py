"""What is to be sent by e-mail, from the commit of a missed call until it is settled."""

from dataclasses import replace

from callbridge.calls.call import Party
from callbridge.calls.missed import Callback, MissedChanges, MissedRow, MissedState
from callbridge.ports import Batch, Notice, NoticeFigures, NoticeResult
from callbridge.store import SqlStore

from .made import AT, SetClock, a_call, told

ANA = "ana@example.com"
MARIA = Party("+351912345678", "912345678", "Maria Silva")
ROW = MissedRow(
    *("mis_a", "main", "+351912345678", MARIA, AT, AT, "call_a"),
    queue="sales",
    rung=(Party("201", "201", "Ana Costa", "201"),),
    callbacks=(Callback("call_b", AT, "202", None),),
)


def missing(name: str = "a", to: str = ANA, row: MissedRow = ROW) -> Batch:
    one = told(a_call(name))
    notice = Notice(to, one.event.id, row.id, row.key, "main")
    call = replace(a_call(name), ended_at=AT)
    return Batch(calls=[call], told=[one], missed=MissedChanges((row,)), notices=[notice])


async def test_a_notice_is_there_with_the_commit_of_the_miss(store: SqlStore) -> None:
    await store.commit(missing())

    assert await store.notices.due(["main"], AT) == [ANA]
    (found,) = await store.notices.waiting(["main"], ANA, 10)
    assert (found.event, found.caller, found.made_at, found.tries) == ("evt_a_1", "+351912345678", AT, 0)
    matter = found.matter
    assert matter is not None
    assert (matter.row, matter.caller, matter.count, matter.queue) == ("mis_a", MARIA, 1, "sales")
    assert (matter.first_at, matter.rung, matter.calling) == (AT, ROW.rung, ("202",))


async def test_a_batch_that_is_committed_again_puts_nothing(store: SqlStore) -> None:
    await store.commit(missing())
    await store.commit(missing())

    assert await store.notices.figures(["main"]) == NoticeFigures(1, AT, AT)


async def test_a_row_that_is_not_open_any_more_is_no_matter(store: SqlStore) -> None:
    await store.commit(missing())
    await store.commit(Batch(missed=MissedChanges((replace(ROW, state=MissedState.HIDDEN),))))

    (found,) = await store.notices.waiting(["main"], ANA, 10)
    assert found.matter is None


async def test_what_is_sent_waits_no_more_and_is_known(store: SqlStore, clock: SetClock) -> None:
    await store.commit(missing())
    (found,) = await store.notices.waiting(["main"], ANA, 10)
    later = clock.passes(60)
    await store.notices.settle([NoticeResult(found.number, 1, sent_at=later)])

    assert await store.notices.due(["main"], later) == []
    assert await store.notices.waiting(["main"], ANA, 10) == []
    assert await store.notices.sent_since(ANA, later) == {"+351912345678": later}
    assert await store.notices.sent_since("eva@example.com", AT) == {}
    assert await store.notices.figures(["main"]) == NoticeFigures(0, None, None)


async def test_what_failed_waits_until_its_time(store: SqlStore, clock: SetClock) -> None:
    await store.commit(missing())
    (found,) = await store.notices.waiting(["main"], ANA, 10)
    later = clock.passes(60)
    await store.notices.settle([NoticeResult(found.number, 1, next_at=later, error="451 \ud83d later\0")])

    assert await store.notices.due(["main"], AT) == []
    assert await store.notices.due(["main"], later) == [ANA]
    (again,) = await store.notices.waiting(["main"], ANA, 10)
    assert again.tries == 1
    assert (await store.notices.figures(["main"])).next_at == later


async def test_the_last_of_several_mails_about_a_caller_counts(store: SqlStore, clock: SetClock) -> None:
    await store.commit(missing("a"))
    await store.commit(missing("b"))
    first, second = await store.notices.waiting(["main"], ANA, 10)
    later = clock.passes(60)
    await store.notices.settle(
        [NoticeResult(first.number, 1, sent_at=AT), NoticeResult(second.number, 1, sent_at=later)]
    )

    assert await store.notices.sent_since(ANA, AT) == {"+351912345678": later}


async def test_each_daemon_has_the_notices_of_its_own_pbxs(store: SqlStore) -> None:
    await store.commit(missing())

    assert await store.notices.due(["second"], AT) == []
    assert await store.notices.waiting(["second"], ANA, 10) == []
    assert await store.notices.due(["second", "main"], AT) == [ANA]
    assert await store.notices.figures([]) == NoticeFigures(0, None, None)


async def test_the_oldest_come_first_and_no_more_than_asked_for(store: SqlStore) -> None:
    for name in ("a", "b", "c"):
        await store.commit(missing(name))

    assert [each.event for each in await store.notices.waiting(["main"], ANA, 2)] == ["evt_a_1", "evt_b_1"]


async def test_what_is_old_is_forgotten_some_at_a_time(store: SqlStore, clock: SetClock) -> None:
    for name in ("a", "b", "c"):
        await store.commit(missing(name))
    later = clock.passes(60)
    await store.commit(missing("d"))

    assert await store.notices.forget(later, 2) == 2
    assert await store.notices.forget(later, 2) == 1
    assert await store.notices.forget(later, 2) == 0
    assert [each.event for each in await store.notices.waiting(["main"], ANA, 9)] == ["evt_d_1"]
