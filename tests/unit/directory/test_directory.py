"""Which source answers, and what an answer says."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Self

import pytest

from callbridge.calls.customer import NOBODY, Customer, Known, Match, Matched
from callbridge.directory.directory import AT_ONCE_S, Answer, Directory, Ways
from callbridge.directory.ladder import ladder
from callbridge.directory.matching import MOST_CANDIDATES
from callbridge.directory.own import Own
from callbridge.directory.source import Question, Slot, SourceHealth
from callbridge.errors import ConfigError, SourceLate
from callbridge.ports.customers import Choice

from .memory_customers import AT, MemoryCustomers, customer, number

MARIA = "+351912345678"
WAYS = Ways("PT", {"main": "PT", "brazil": "BR"}, "https://crm.example/c/{id}")


class Crm:
    """A source that answers as it is told, and is a rung itself."""

    def __init__(self, name: str, *, knows: Mapping[str, Known] | None = None, fails: bool = False) -> None:
        self.name = name
        self.knows = knows or {}
        self.fails = fails
        self.kept: dict[str, Known] = {}
        self.asked: list[Question] = []
        self.forgotten: list[Collection[Slot] | None] = []
        self.open = self.finished = False

    async def at_once(self, questions: Sequence[Question]) -> Mapping[Question, Known]:
        return {asked: self.kept[asked.key] for asked in questions if asked.key in self.kept}

    async def ask(self, question: Question) -> Known:
        self.asked.append(question)
        if self.fails:
            raise SourceLate("It did not answer.")
        return self.knows.get(question.key, NOBODY)

    def forget(self, which: Collection[Slot] | None) -> None:
        self.forgotten.append(which)

    def health(self) -> SourceHealth:
        return SourceHealth(self.name, len(self.asked))

    async def finish(self) -> None:
        assert self.open
        self.finished = True

    async def __aenter__(self) -> Self:
        self.open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open = False


def one(customer_id: str, source: str = "crm") -> Known:
    return Known(Match.ONE, Customer(customer_id, url="https://elsewhere.example/", source=source))


def directory(*sources: Crm | MemoryCustomers) -> Directory:
    opened = [Own(each) if isinstance(each, MemoryCustomers) else each for each in sources]
    return Directory(opened, ladder(opened), WAYS)


async def known(asked: Directory, heard: str, pbx: str = "main") -> Known:
    """Return what is known of a number, and see that whoever may not ask outside is told the same."""
    answer = await asked.ask(pbx, heard)
    assert not answer.failed
    assert await asked.at_once(pbx, [heard]) == {heard: answer.known}
    return answer.known


async def test_one_customer_is_linked_with_where_the_number_stands_and_a_url() -> None:
    own = MemoryCustomers([customer("c-17", number("21 012 34 56"), number("912 345 678", Matched.BRANCH, "Porto"))])

    found = await known(directory(own), MARIA)

    assert found.match is Match.ONE
    assert found.customer == Customer(
        "c-17", "Name of c-17", "customer", url="https://crm.example/c/c-17", matched=Matched.BRANCH, at="Porto",
        source="own",
    )  # fmt: skip
    assert found.candidates == ()


async def test_a_customer_with_the_number_twice_is_still_one_and_the_first_place_counts() -> None:
    own = MemoryCustomers([customer("c", number("912345678"), number("+351 912345678", Matched.CONTACT, "Maria"))])

    found = await known(directory(own), MARIA)

    assert found.customer is not None
    assert (found.match, found.customer.matched) == (Match.ONE, Matched.PHONE)


async def test_several_customers_are_candidates_each_with_where_it_matched() -> None:
    own = MemoryCustomers([
        customer("a", number("912345678", Matched.MOBILE)),
        customer("b", number("00351 912 345 678", Matched.CONTACT, "Maria")),
    ])  # fmt: skip

    found = await known(directory(own), MARIA)

    assert found.match is Match.MANY
    assert found.customer is None
    assert [(each.id, each.matched, each.at) for each in found.candidates] == [
        ("a", Matched.MOBILE, None),
        ("b", Matched.CONTACT, "Maria"),
    ]


async def test_nobody_is_nobody() -> None:
    own = MemoryCustomers([customer("c", number("21 012 34 56"))])

    assert await known(directory(own), MARIA) == NOBODY


async def test_a_switchboard_that_everybody_has_gives_no_endless_list() -> None:
    own = MemoryCustomers([customer(f"c-{each}", number("912345678")) for each in range(MOST_CANDIDATES + 5)])

    assert len((await known(directory(own), MARIA)).candidates) == MOST_CANDIDATES


@pytest.mark.parametrize("own_first", [True, False])
async def test_what_a_person_chose_stands_above_everything_that_is_written_down(
    own_first: bool,  # noqa: FBT001 - a column of the table
) -> None:
    own = MemoryCustomers([customer("a", number("912345678")), customer("b", number("912345678"))])
    await own.choose(Choice(MARIA, "b", "ana", AT))
    crm = Crm("crm", knows={MARIA: one("x")})

    found = await known(directory(own, crm) if own_first else directory(crm, own), "912 345 678")

    assert found.customer is not None
    assert (found.match, found.customer.id, found.customer.matched, found.by) == (
        Match.ONE, "b", Matched.CHOSEN, "ana",
    )  # fmt: skip
    assert found.candidates == ()
    assert crm.asked == []


@pytest.mark.parametrize("stored", ["12345678", "0034 912345678"])
async def test_whose_number_only_ends_alike_is_a_candidate_and_never_linked_even_alone(stored: str) -> None:
    own = MemoryCustomers([customer("c", number(stored, Matched.MOBILE))])

    found = await known(directory(own), MARIA)

    assert (found.match, found.customer) == (Match.MANY, None)
    assert [(each.id, each.matched) for each in found.candidates] == [("c", Matched.LAST_DIGITS)]


async def test_last_digits_count_only_where_no_source_knows_the_number() -> None:
    own = MemoryCustomers([customer("alike", number("12345678"))])
    assert (await directory(own, Crm("crm", knows={MARIA: one("x")})).ask("main", MARIA)).known == one("x")

    own.kept.append(customer("exact", number(MARIA)))
    found = await known(directory(own), MARIA)
    assert found.customer is not None
    assert found.customer.id == "exact"


async def test_a_short_number_has_no_last_digits() -> None:
    own = MemoryCustomers([customer("c", number("21 000 1001"))])

    assert await known(directory(own), "1001") == NOBODY
    assert "tail" not in own.asked


async def test_a_number_is_read_by_the_country_of_its_pbx() -> None:
    own = MemoryCustomers([customer("c", number("(11) 8765-4321", country="BR"))])

    assert (await known(directory(own), "11 98765-4321", "brazil")).match is Match.ONE
    assert (await known(directory(own), "11 98765-4321", "main")).match is not Match.ONE


async def test_the_first_source_that_knows_somebody_answers_and_the_others_are_not_asked() -> None:
    first, second, third = Crm("a"), Crm("b", knows={MARIA: one("b")}), Crm("c", knows={MARIA: one("c")})

    assert await directory(first, second, third).ask("main", MARIA) == Answer(one("b"))
    assert [len(each.asked) for each in (first, second, third)] == [1, 1, 0]
    assert second.asked == [Question("main", MARIA, MARIA)]


async def test_a_source_that_fails_is_passed_over_and_told_of() -> None:
    broken, sound = Crm("a", fails=True), Crm("b", knows={MARIA: one("b")})

    assert await directory(broken, sound).ask("main", MARIA) == Answer(one("b"), failed=True)
    assert await directory(broken).ask("main", MARIA) == Answer(NOBODY, failed=True)


async def test_while_the_database_is_away_crms_answer() -> None:
    own, crm = MemoryCustomers(away=True), Crm("crm", knows={MARIA: one("x")})
    asked = directory(own, crm)

    assert await asked.ask("main", MARIA) == Answer(one("x"), failed=True)
    assert await asked.at_once("main", [MARIA]) == {}
    health = asked.health()[0]
    assert health.name == "own"
    assert (health.failed, health.asked) == (2, 2), "once for each question, however many rungs it has"
    assert health.last_error == "The database cannot be reached. Is it up?"


async def test_what_would_take_a_question_outside_is_not_known_at_once() -> None:
    own = MemoryCustomers([customer("c", number("912345678")), customer("alike", number("10000000"))])
    crm = Crm("crm")
    asked = directory(own, crm)
    numbers = [MARIA, "+351210000000", "+351910000001"]

    assert {each: found.match for each, found in (await asked.at_once("main", numbers)).items()} == {MARIA: Match.ONE}
    assert crm.asked == []

    crm.kept = {"+351210000000": NOBODY, "+351910000001": one("x")}
    matches = {each: found.match for each, found in (await asked.at_once("main", numbers)).items()}
    assert matches == {MARIA: Match.ONE, "+351210000000": Match.MANY, "+351910000001": Match.ONE}


async def test_a_crm_that_stands_first_is_not_passed_by() -> None:
    own, crm = MemoryCustomers([customer("c", number("912345678"))]), Crm("crm")

    assert await directory(crm, own).at_once("main", [MARIA]) == {}
    crm.kept = {MARIA: NOBODY}
    assert (await directory(crm, own).at_once("main", [MARIA]))[MARIA].match is Match.ONE


async def test_many_numbers_take_one_look_at_the_database() -> None:
    own = MemoryCustomers([customer("c", number("912345678"))])

    found = await directory(own).at_once("main", [MARIA, "912345678", "00351912345678", "21 000 00 00"])

    assert {found[each].match for each in (MARIA, "912345678", "00351912345678")} == {Match.ONE}
    assert found["21 000 00 00"] == NOBODY
    assert own.asked == ["choices", "keys", "tail"]


@pytest.mark.patient
async def test_a_database_that_does_not_answer_holds_a_call_up_for_a_moment_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callbridge.directory.own.OWN_S", 60.0)
    asked = directory(MemoryCustomers(locked=True))
    began = asyncio.get_running_loop().time()

    assert await asked.at_once("main", [MARIA]) == {}
    assert asyncio.get_running_loop().time() - began < AT_ONCE_S + 5.0


async def test_what_is_forgotten_is_forgotten_by_each_source_for_each_pbx() -> None:
    crm = Crm("crm")
    asked = directory(crm)

    asked.forget("11 8765-4321")
    asked.forget()

    for_each = [("", "11 8765-4321"), ("main", "11 8765-4321"), ("brazil", "+5511987654321")]
    assert crm.forgotten == [for_each, None]


async def test_a_number_of_no_pbx_is_read_by_the_directorys_country() -> None:
    crm = Crm("crm")
    asked = directory(crm)
    for pbx in ("", "made up"):
        await asked.ask(pbx, "912 345 678")

    assert crm.asked == [Question("", "912 345 678", MARIA)] * 2


async def test_a_url_of_its_own_stays_and_an_id_cannot_leave_its_place() -> None:
    own = MemoryCustomers([
        customer("a", number("912345678"), url="https://crm.example/special"),
        customer("../x?y=1", number("912345678")),
    ])  # fmt: skip

    found = await known(directory(own), MARIA)

    assert [each.url for each in found.candidates] == [
        "https://crm.example/special",
        "https://crm.example/c/..%2Fx%3Fy%3D1",
    ]


def test_a_customer_of_the_database_is_shown_as_a_call_shows_it() -> None:
    shown = directory().shown(customer("c"), Matched.CHOSEN)

    assert (shown.id, shown.matched, shown.source, shown.url) == (
        "c", Matched.CHOSEN, "own", "https://crm.example/c/c",
    )  # fmt: skip


async def test_other_sources_are_asked_from_a_reload_on_and_the_former_finish_first() -> None:
    former, latter = Crm("a", knows={MARIA: one("a")}), Crm("b", knows={MARIA: one("b")})
    async with directory(former) as asked:
        await asked.go_by([latter], [latter], Ways("PT", {"main": "PT"}, None))

        assert (former.open, former.finished, latter.open) == (False, True, True)
        assert (await asked.ask("main", MARIA)).known == one("b")
        assert [health.name for health in asked.health()] == ["b"]
    assert not latter.open


async def test_where_a_source_cannot_be_opened_nothing_changes() -> None:
    class Shut(Crm):
        async def __aenter__(self) -> Self:
            raise ConfigError(("its authority cannot be read",))

    former, good, bad = Crm("a", knows={MARIA: one("a")}), Crm("good"), Shut("bad")
    async with directory(former) as asked:
        with pytest.raises(ConfigError):
            await asked.go_by([good, bad], [good, bad], WAYS)

        assert (former.open, former.finished, good.open) == (True, False, False)
        assert (await asked.ask("main", MARIA)).known == one("a")


async def test_sources_are_open_as_long_as_the_directory_is() -> None:
    crm = Crm("crm")
    async with directory(crm):
        assert crm.open
    assert not crm.open
