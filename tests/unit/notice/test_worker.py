"""From the commit of a missed call to a mail at a real server, whatever happens in between."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from callbridge.calls.call import Party
from callbridge.calls.missed import MissedState
from callbridge.errors import StoreUnavailable
from callbridge.notice.schedule import MOST_ROWS
from callbridge.notice.worker import Pace
from callbridge.ports import NoticeResult
from callbridge.store import SqlStore
from callbridge.store.notices import SqlNotices
from tests.lab.mail_server import MailServer
from tests.unit.store.made import SetClock

from .made import ANA, minutes
from .office import LATER, PACE, mailing, office, until

EVA = replace(ANA, address="eva@example.com", name="Eva Reis")


async def test_a_missed_call_is_told_at_once(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        (mail,) = await server.takes(1)
        await post.settled()

    assert (mail.recipient, mail.subject) == ("ana@example.com", "Missed call: +351912345678 Maria Silva")
    assert (post.mailer.record.sent, post.mailer.record.last_error) == (1, None)


async def test_what_was_committed_in_a_former_life_is_sent(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    async with office(store, clock, mailing(server)) as post:
        await server.stop()
        await post.misses()
    await server.start()

    async with office(store, clock, mailing(server)) as post:
        await server.takes(1)
        await post.settled()


async def test_a_batch_that_is_committed_again_is_told_once(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    async with office(store, clock, mailing(server)) as post:
        batch = await post.misses()
        await server.takes(1)
        await post.settled()
        await store.commit(batch)

        assert (await post.figures()).waiting == 0


async def test_the_same_caller_is_told_again_only_after_a_while_with_all_tries(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        await post.sent(1)
        for _ in range(2):
            post.passes(5)
            await post.misses()
            await post.put_off()
        await post.misses(LATER)
        await post.sent(2)
        post.passes(20)
        await post.sent(3)
        await post.settled()

    assert [mail.subject for mail in server.mails] == [
        "Missed call: +351912345678 Maria Silva",
        "Missed call: +34600111222 Luis",
        "Missed call: +351912345678 Maria Silva",
    ]
    assert "Tries: 3 (first: 2026-11-22 11:00 CET)" in server.mails[-1].text
    assert len({mail.message["Message-ID"] for mail in server.mails}) == 3


async def test_a_caller_of_two_pbxs_is_one_caller(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    async with office(store, clock, mailing(server), pbxs=("main", "second")) as post:
        await post.misses()
        await post.sent(1)
        await post.misses(pbx="second")
        await post.misses(LATER)
        await post.sent(2)

    assert server.mails[1].subject == "Missed call: +34600111222 Luis"


async def test_a_caller_who_had_got_through_and_is_missed_anew_waits_too(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        await post.sent(1)
        await post.closes(MissedState.RECOVERED)
        await post.misses()
        await post.put_off()
        post.passes(30)
        await post.sent(2)

    assert "Tries" not in server.mails[1].text


async def test_a_digest_tells_all_of_so_long_in_one_mail(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    async with office(store, clock, mailing(server, replace(ANA, digest=minutes(60)), EVA)) as post:
        await post.misses()
        await post.sent(1)
        post.passes(20)
        await post.misses(LATER)
        await post.sent(2)
        await post.put_off()
        assert server.to("ana@example.com") == []
        post.passes(40)
        await post.sent(3)
        await post.settled()

    (digest,) = server.to("ana@example.com")
    assert digest.subject == "Missed calls: 2"
    assert "+351912345678" in digest.text
    assert "+34600111222" in digest.text


@pytest.mark.parametrize("state", [MissedState.RECOVERED, MissedState.HIDDEN, MissedState.EXPIRED])
async def test_what_was_made_good_before_the_mail_went_is_not_told(
    store: SqlStore, clock: SetClock, server: MailServer, state: MissedState
) -> None:
    await server.stop()
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        await until_unreachable(post.mailer.record)
        await post.closes(state)
        await post.misses(LATER)
        await server.start()
        await server.takes(1)
        await post.settled()

    assert [mail.subject for mail in server.mails] == ["Missed call: +34600111222 Luis"]


async def test_a_server_that_was_away_gets_everything_when_it_is_back(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    callers = [Party(f"+35191000000{number}", None, None) for number in range(5)]
    await server.stop()
    async with office(store, clock, mailing(server, ANA, EVA)) as post:
        for caller in callers:
            await post.misses(caller)
        await until_unreachable(post.mailer.record)
        assert (await post.figures()).waiting == 10
        await server.start()
        await server.takes(2)
        await post.settled()

    for address in ("ana@example.com", "eva@example.com"):
        (mail,) = server.to(address)
        assert mail.subject == "Missed calls: 5"
        assert all(str(caller.number) in mail.text for caller in callers)
    assert post.mailer.record.unreachable is None


async def test_who_is_turned_away_at_first_comes_again(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    tries = iter(["451 4.7.1 greylisted, come back", "250 ok"])
    server.of_recipient = lambda _: next(tries)
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        await post.put_off()
        assert post.mailer.record.last_error == "451 4.7.1 greylisted, come back"
        post.passes(1.2)
        await server.takes(1)
        await post.settled()

    assert post.mailer.record.last_error is None


async def test_an_address_nobody_has_is_given_up_and_the_others_are_told(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    server.of_recipient = lambda to: "550 no such user" if to == "ana@example.com" else "250 ok"
    async with office(store, clock, mailing(server, ANA, EVA)) as post:
        await post.misses()
        await server.takes(1)
        await post.settled()

    assert [mail.recipient for mail in server.mails] == ["eva@example.com"]
    assert post.mailer.record.given_up == 1


async def test_a_mail_over_which_the_server_breaks_off_holds_up_nobody_else(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    server.of_recipient = lambda to: "421 crash" if to == "ana@example.com" else "250 ok"
    async with office(store, clock, mailing(server, ANA, EVA)) as post:
        await post.misses()
        await server.takes(1)

    assert [mail.recipient for mail in server.mails] == ["eva@example.com"]


async def test_what_could_not_be_sent_for_a_day_is_given_up(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    await server.stop()
    async with office(store, clock, mailing(server)) as post:
        await post.misses()
        await until_unreachable(post.mailer.record)
        post.passes(24 * 60 + 1)
        await post.settled()
        await server.start()
        await post.misses(LATER)
        await server.takes(1)

    assert server.mails[0].subject == "Missed call: +34600111222 Luis"
    assert post.mailer.record.given_up == 1


async def test_a_server_that_hangs_is_left_after_the_deadline(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    server.hangs = True
    settings = mailing(server)
    settings = replace(settings, server=replace(settings.server, timeout_s=0.2))
    async with office(store, clock, settings) as post:
        await post.misses()
        await until_unreachable(post.mailer.record)
        assert "gave no answer within 0.2 s" in str(post.mailer.record.unreachable)
        await server.stop()
        server.hangs = False
        await server.start()
        await server.takes(1)


async def test_a_worker_killed_before_it_wrote_down_sends_the_same_mail_again(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    """At least once: whoever gets it twice can tell by the Message-ID."""
    unwritten, soon = Unwritten(store.notices._access), replace(PACE, store_s=0.2)
    async with office(store, clock, mailing(server), notices=unwritten, pace=soon) as post:
        await post.misses()
        await server.takes(1)
    clock.passes(60)
    async with office(store, clock, mailing(server)) as post:
        first, second = await server.takes(2)
        await post.settled()

    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_a_mail_that_was_taken_is_not_sent_again_while_the_database_is_away(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    away = Away(store.notices._access)
    async with office(store, clock, mailing(server), notices=away) as post:
        await post.misses()
        await server.takes(1)
        await until_tried(away, 3)
        away.is_back = True
        await post.settled()

    assert len(server.mails) == 1


async def test_another_configuration_is_gone_by_at_once(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    await server.stop()
    patient = replace(PACE, rest_s=(3600.0, 3600.0), look_s=(0.01, 3600.0))
    async with office(store, clock, mailing(server), pace=patient) as post, MailServer() as other:
        await post.misses()
        await until_unreachable(post.mailer.record)
        post.mailer.go_by(mailing(other))
        await other.takes(1)
        await post.settled()


async def test_who_is_not_told_any_more_is_written_to_no_more(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    await server.stop()
    async with office(store, clock, mailing(server, ANA, EVA)) as post:
        await post.misses()
        await until_unreachable(post.mailer.record)
        await server.start()
        post.mailer.go_by(mailing(server, EVA))
        await server.takes(1)
        await post.settled()

    assert [mail.recipient for mail in server.mails] == ["eva@example.com"]


async def test_without_a_mail_server_what_waits_stays(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    async with office(store, clock, mailing(server)) as post:
        post.mailer.go_by(None)
        await post.misses()
        await until_figures(post.mailer.record, waiting=1)
        post.mailer.go_by(mailing(server))
        await server.takes(1)


async def test_notices_of_another_daemons_pbx_are_not_ours(
    store: SqlStore, clock: SetClock, server: MailServer
) -> None:
    async with office(store, clock, mailing(server), pbxs=("second",)) as post:
        await post.misses(pbx="main")
        await post.misses(LATER, pbx="second")
        await server.takes(1)

        assert (await post.figures()).waiting == 1
    assert server.mails[0].subject == "Missed call: +34600111222 Luis"


async def test_a_storm_comes_in_few_mails(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    await server.stop()
    async with office(store, clock, mailing(server)) as post:
        for number in range(MOST_ROWS + 5):
            await post.misses(Party(f"+3519100{number:05}", None, None))
        await until_figures(post.mailer.record, waiting=MOST_ROWS + 5)
        await server.start()
        await server.takes(2)
        await post.settled()

    assert [mail.subject for mail in server.mails] == [f"Missed calls: {MOST_ROWS}", "Missed calls: 5"]


async def test_what_was_sent_long_ago_is_forgotten(store: SqlStore, clock: SetClock, server: MailServer) -> None:
    async with office(store, clock, mailing(server), pace=replace(PACE, forget_s=0.0)) as post:
        await post.misses()
        await server.takes(1)
        await post.settled()
        assert await store.notices.sent_since(ANA.address, clock.now() - minutes(1)) != {}
        sent_at = clock.now()
        post.passes(8 * 24 * 60)

        async def forgotten() -> bool:
            return await store.notices.sent_since(ANA.address, sent_at) == {}

        await until(forgotten)


class Unwritten(SqlNotices):
    """Hangs before it writes anything down, as if the process died then."""

    async def settle(self, results: Sequence[NoticeResult]) -> None:
        assert results
        await asyncio.Event().wait()


class Away(SqlNotices):
    """Cannot be written to until it is back."""

    is_back = False
    tries = 0

    async def settle(self, results: Sequence[NoticeResult]) -> None:
        self.tries += 1
        if not self.is_back:
            raise StoreUnavailable("away")
        await super().settle(results)


async def until_tried(store: Away, times: int) -> None:
    async def tried() -> bool:
        return store.tries >= times

    await until(tried)


async def until_unreachable(record: object) -> None:
    async def unreachable() -> bool:
        return getattr(record, "unreachable", None) is not None

    await until(unreachable)


async def until_figures(record: object, waiting: int) -> None:
    async def waits() -> bool:
        return bool(record.figures.waiting == waiting)  # type: ignore[attr-defined]  # the worker's record

    await until(waits)


def test_the_pace_of_production_forgets_nobody_who_may_still_be_throttled() -> None:
    assert Pace().keep > 2 * minutes(1440)  # what [notice] allows
