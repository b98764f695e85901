"""Customers as the database keeps them, and by which numbers they are found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from callbridge.calls.customer import Customer, Matched
from callbridge.calls.switchboard import Registered
from callbridge.errors import NotThere
from callbridge.ports import Batch, Choice, CustomerNumber, CustomerQuery, Found, KeptCustomer
from callbridge.store import SqlStore, open_shared_store

from .made import AT, SetClock

LATER = AT + timedelta(hours=1)
MARIA, OFFICE = "+351912345678", "+351210000000"


def a_number(key: str = MARIA, kind: Matched = Matched.PHONE, at: str | None = None) -> CustomerNumber:
    return CustomerNumber(kind, key.replace("+351", ""), key, key[-8:], at)


def a_customer(ident: str = "a", /, *numbers: CustomerNumber, **other: Any) -> KeptCustomer:
    made = KeptCustomer(id=f"c-{ident}", created_at=AT, changed_at=AT, name=f"Customer {ident}", numbers=numbers)
    return replace(made, **other)


def ids(found: Sequence[Found]) -> list[str]:
    return [each.customer.id for each in found]


async def test_a_customer_is_read_as_it_was_put(store: SqlStore) -> None:
    whole = KeptCustomer(
        id="C/17 ä",
        created_at=AT,
        changed_at=LATER,
        name="Silva Lda",
        type="vip",
        tax_id="PT501234567",
        owner="ana",
        url="https://crm.example/c/17",
        country="PT",
        fields={"since": 1998, "tags": ["a", "b"], "paid": True, "note": None},
        registered=True,
        numbers=(a_number(), a_number(OFFICE, Matched.BRANCH, "Porto")),
    )

    assert await store.customers.put([whole]) == {"C/17 ä"}

    assert await store.customers.customer("C/17 ä") == whole
    assert await store.customers.customer("c-18") is None


async def test_a_customer_put_again_is_as_it_was_put_last_and_there_since_the_first_time(store: SqlStore) -> None:
    await store.customers.put([a_customer("a", a_number(), a_number(OFFICE), type="lead")])
    again = a_customer("a", a_number("+351220000000"), created_at=LATER, changed_at=LATER, name="Other")

    assert await store.customers.put([again, a_customer("b")]) == {"c-b"}

    assert await store.customers.customer("c-a") == replace(again, created_at=AT)
    assert await store.customers.by_keys([MARIA, OFFICE], 5) == {}


async def test_of_a_customer_twice_in_one_go_the_last_counts(store: SqlStore) -> None:
    first, last = a_customer("a", a_number(), name="First"), a_customer("a", a_number(OFFICE), name="Last")

    assert await store.customers.put([first, last]) == {"c-a"}

    assert await store.customers.customer("c-a") == last


async def test_thousands_are_put_in_one_go(store: SqlStore) -> None:
    many = [a_customer(f"{place:04}", a_number(f"+35121{place:07}")) for place in range(1100)]

    assert len(await store.customers.put(many)) == 1100
    assert await store.customers.put(many) == frozenset()
    assert ids((await store.customers.by_keys(["+351210001099"], 5))["+351210001099"]) == ["c-1099"]


async def test_nobody_is_put_without_a_word(store: SqlStore) -> None:
    assert await store.customers.put([]) == frozenset()


async def test_a_number_finds_all_who_have_it_each_once_by_the_first(store: SqlStore) -> None:
    await store.customers.put([
        a_customer("b", a_number(OFFICE), a_number(MARIA, Matched.CONTACT, "Maria"), a_number(MARIA, Matched.MOBILE)),
        a_customer("a", a_number()),
        a_customer("c", a_number(OFFICE)),
    ])  # fmt: skip

    found = await store.customers.by_keys([MARIA, "+3510", OFFICE, MARIA], 5)

    assert {key: ids(owners) for key, owners in found.items()} == {MARIA: ["c-a", "c-b"], OFFICE: ["c-b", "c-c"]}
    assert found[MARIA][1] == Found(a_customer("b"), a_number(MARIA, Matched.CONTACT, "Maria"))


async def test_no_more_are_found_than_asked_for_of_each_number(store: SqlStore) -> None:
    await store.customers.put([a_customer(name, a_number(), a_number(OFFICE)) for name in "abcd"])

    found = await store.customers.by_keys([MARIA, OFFICE], 3)

    assert [ids(owners) for owners in found.values()] == [["c-a", "c-b", "c-c"]] * 2


async def test_the_last_digits_find_whoever_has_a_number_that_ends_so(store: SqlStore) -> None:
    short = CustomerNumber(Matched.PHONE, "2201", "2201")
    await store.customers.put([a_customer("a", a_number("+34912345678")), a_customer("b", a_number(), short)])

    assert ids(await store.customers.by_tail("12345678", 5)) == ["c-a", "c-b"]
    assert ids(await store.customers.by_tail("12345678", 1)) == ["c-a"]
    assert await store.customers.by_tail("2201", 5) == []


async def test_the_last_choice_for_a_number_counts_until_it_is_forgotten(store: SqlStore) -> None:
    await store.customers.put([a_customer("a", a_number()), a_customer("b")])
    await store.customers.choose(Choice(MARIA, "c-a", "crm", AT))
    last = Choice(MARIA, "c-b", "ana", LATER)
    await store.customers.choose(last)

    assert await store.customers.choices([OFFICE, MARIA]) == {MARIA: (last, a_customer("b"))}

    await store.customers.forget_choice(MARIA)
    assert await store.customers.choices([MARIA]) == {}


async def test_choices_and_owners_are_read_in_one_look(store: SqlStore) -> None:
    await store.customers.put([a_customer("a", a_number()), a_customer("b", a_number(OFFICE))])
    await store.customers.choose(Choice(MARIA, "c-b", "ana", LATER))

    keys = [OFFICE, MARIA, "+3510"]
    both = await store.customers.choices(keys), await store.customers.by_keys(keys, 5)
    assert await store.customers.whose(keys, 5) == both
    assert [list(each) for each in both] == [[MARIA], [OFFICE, MARIA]]


async def test_nobody_can_be_chosen_who_is_not_there(store: SqlStore) -> None:
    with pytest.raises(NotThere):
        await store.customers.choose(Choice(MARIA, "c-a", "crm", AT))


async def test_a_choice_outlives_the_next_change_of_the_customer(store: SqlStore) -> None:
    await store.customers.put([a_customer("a")])
    await store.customers.choose(Choice(MARIA, "c-a", "crm", AT))

    await store.customers.put([a_customer("a", name="Other")])

    ((_, chosen),) = (await store.customers.choices([MARIA])).values()
    assert chosen.name == "Other"


async def test_a_customer_is_removed_with_numbers_and_choices(store: SqlStore) -> None:
    await store.customers.put([a_customer("a", a_number()), a_customer("b", a_number())])
    await store.customers.choose(Choice(MARIA, "c-a", "crm", AT))

    assert await store.customers.remove("c-a")
    assert not await store.customers.remove("c-a")

    assert await store.customers.customer("c-a") is None
    assert await store.customers.choices([MARIA]) == {}
    assert ids((await store.customers.by_keys([MARIA], 5))[MARIA]) == ["c-b"]


async def listed(store: SqlStore, **query: Any) -> list[str]:
    return [each.id for each in await store.customers.customers(CustomerQuery(**({"limit": 50} | query)))]


async def test_customers_are_listed_by_name_whatever_its_case_and_accents(store: SqlStore) -> None:
    names = {"a": "Zé", "b": "ávila", "c": "Avila", "d": None, "e": "antónio", "f": "Ávila"}
    await store.customers.put([a_customer(each, name=name) for each, name in names.items()])

    assert await listed(store) == ["c-d", "c-e", "c-b", "c-c", "c-f", "c-a"]
    assert await listed(store, name="AVI") == ["c-b", "c-c", "c-f"]
    assert await listed(store, name="antônio") == ["c-e"]
    assert await listed(store, name="x") == []


async def test_page_after_page_gives_everybody_once(store: SqlStore) -> None:
    await store.customers.put(
        [a_customer(f"{place}", a_number(), name="Ana" if place % 2 else None) for place in range(9)]
    )

    seen: list[KeptCustomer] = []
    while page := await store.customers.customers(
        CustomerQuery(limit=2, after=(seen[-1].name or "", seen[-1].id) if seen else None)
    ):
        seen += page

    assert [each.id for each in seen] == [*(f"c-{place}" for place in (0, 2, 4, 6, 8, 1, 3, 5, 7))]
    assert all(each.numbers == (a_number(),) for each in seen)


async def test_filters_go_together(store: SqlStore) -> None:
    await store.customers.put([
        a_customer("a", a_number(), type="lead"),
        a_customer("b", a_number(OFFICE), type="lead"),
        a_customer("c", a_number()),
        a_customer("d", type="lead"),
    ])  # fmt: skip

    assert await listed(store, type="lead") == ["c-a", "c-b", "c-d"]
    assert await listed(store, keys=[MARIA, OFFICE]) == ["c-a", "c-b", "c-c"]
    assert await listed(store, keys=[MARIA], type="lead", name="customer") == ["c-a"]


async def test_what_no_database_keeps_stops_nothing(store: SqlStore) -> None:
    await store.customers.put([a_customer("a", name="a\0b\ud800")])

    assert await listed(store, name="a\0") == ["c-a"]


async def test_whom_the_daemon_registered_the_crm_makes_its_own(store: SqlStore) -> None:
    registered = Registered(Customer("c-a", "Ána", matched=Matched.REGISTERED), MARIA, AT)
    await store.commit(Batch(registered=[registered]))
    assert await listed(store, name="ana") == ["c-a"]

    assert await store.customers.put([a_customer("a", a_number(), created_at=LATER, changed_at=LATER)]) == frozenset()

    found = await store.customers.customer("c-a")
    assert found is not None
    assert (found.created_at, found.changed_at, found.registered) == (AT, LATER, False)
    assert found.numbers == (a_number(),)


@pytest.mark.postgres
async def test_two_daemons_may_put_the_same_customers_at_once(postgres_url: str, clock: SetClock) -> None:
    many = [a_customer(f"{place}", a_number(f"+35121{place:07}")) for place in range(200)]
    async with (
        await open_shared_store(postgres_url, ["one"], clock=clock) as one,
        await open_shared_store(postgres_url, ["two"], clock=clock) as two,
    ):
        await asyncio.gather(*(each.customers.put(some) for each in (one, two) for some in (many, many[::-1])))

        found = await two.customers.by_keys(["+351210000199"], 5)
    assert ids(found["+351210000199"]) == ["c-199"]
