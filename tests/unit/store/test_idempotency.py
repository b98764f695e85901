"""Answers kept for idempotency keys, as the database keeps them."""

from datetime import timedelta

from callbridge.ports import Kept, KeptAnswer
from callbridge.store import SqlStore

from .made import AT

NEW = Kept("fingerprint", AT)
LONG_AGO = AT - timedelta(days=1)
ANSWER = KeptAnswer(201, "application/json", b'{"id":1}')


async def test_a_key_begins_once_and_is_answered_then(store: SqlStore) -> None:
    kept = store.kept_answers
    assert await kept.begin("a", "key", NEW, LONG_AGO) is None
    assert await kept.begin("a", "key", Kept("other", AT), LONG_AGO) == NEW

    await kept.keep("a", "key", ANSWER)

    assert await kept.begin("a", "key", NEW, LONG_AGO) == Kept("fingerprint", AT, ANSWER)


async def test_nobody_meets_the_keys_of_others(store: SqlStore) -> None:
    kept = store.kept_answers
    await kept.begin("a", "key", NEW, LONG_AGO)
    await kept.keep("a", "key", ANSWER)

    assert await kept.begin("b", "key", NEW, LONG_AGO) is None
    assert await kept.begin("a", "KEY", NEW, LONG_AGO) is None


async def test_a_forgotten_key_is_as_new_and_the_others_stay(store: SqlStore) -> None:
    kept = store.kept_answers
    for key in ("one", "two"):
        await kept.begin("a", key, NEW, LONG_AGO)

    await kept.forget("a", "one")

    assert await kept.begin("a", "one", NEW, LONG_AGO) is None
    assert await kept.begin("a", "two", NEW, LONG_AGO) == NEW


async def test_what_is_old_goes_whosever_it_was(store: SqlStore) -> None:
    kept = store.kept_answers
    later = AT + timedelta(seconds=1)
    await kept.begin("a", "old", NEW, LONG_AGO)
    await kept.begin("a", "young", Kept("x", later), LONG_AGO)

    await kept.begin("b", "other", NEW, later)

    assert await kept.begin("a", "young", NEW, LONG_AGO) == Kept("x", later)
    assert await kept.begin("a", "old", NEW, LONG_AGO) is None


async def test_an_answer_without_a_body_is_kept_as_such(store: SqlStore) -> None:
    await store.kept_answers.begin("a", "key", NEW, LONG_AGO)
    await store.kept_answers.keep("a", "key", KeptAnswer(204, "", b""))

    assert await store.kept_answers.begin("a", "key", NEW, LONG_AGO) == Kept(
        "fingerprint", AT, KeptAnswer(204, "", b"")
    )
