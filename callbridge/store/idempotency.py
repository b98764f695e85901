"""What was answered to requests with an `Idempotency-Key`, in the database."""

from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, delete, select, update

from callbridge.ports import Kept, KeptAnswer
from callbridge.store import upserts
from callbridge.store.access import Access
from callbridge.store.tables import kept_answers

_k: Final = kept_answers.c


class SqlKeptAnswers:
    """Fulfils `ports.KeptAnswers`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def begin(self, who: str, key: str, kept: Kept, forget_before: datetime) -> Kept | None:
        return await self._access.write(partial(_begin, who=who, key=key, kept=kept, forget_before=forget_before))

    async def keep(self, who: str, key: str, answer: KeptAnswer) -> None:
        await self._access.write(partial(_keep, who=who, key=key, answer=answer))

    async def forget(self, who: str, key: str) -> None:
        await self._access.write(partial(_forget, who=who, key=key))


def _begin(connection: Connection, who: str, key: str, kept: Kept, forget_before: datetime) -> Kept | None:
    connection.execute(delete(kept_answers).where(_k.begun_at < forget_before))
    row = {"who": who, "key": key, "fingerprint": kept.fingerprint, "begun_at": kept.begun_at}
    if connection.execute(upserts.beginning(connection.dialect.name).values(**row)).rowcount:
        return None
    found = connection.execute(select(kept_answers).where(_k.who == who, _k.key == key)).one()
    answer = None if found.status is None else KeptAnswer(found.status, found.content_type, found.body)
    return Kept(found.fingerprint, found.begun_at, answer)


def _keep(connection: Connection, who: str, key: str, answer: KeptAnswer) -> None:
    values = {"status": answer.status, "content_type": answer.content_type, "body": answer.body}
    connection.execute(update(kept_answers).where(_k.who == who, _k.key == key).values(**values))


def _forget(connection: Connection, who: str, key: str) -> None:
    connection.execute(delete(kept_answers).where(_k.who == who, _k.key == key))
