"""What other processes on the same database did: subscribers changed, paused or resumed; and who delivers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from callbridge import logs
from callbridge.app.outgoing import Outgoing
from callbridge.app.webhooks import WebhookKeeper
from callbridge.errors import StoreError
from callbridge.ports import Standing, Worker
from callbridge.store import SharedStore

LOOK_S: Final = 2.0
"""For so long at most a change made elsewhere is not known here."""
ABSENT_S: Final = 30.0
"""A worker that was not heard of for so long is none."""

log = logs.logger()


class Neighbours:
    """Looks into the database again and again. `load` before anything is committed."""

    def __init__(self, store: SharedStore, outgoing: Outgoing, webhooks: WebhookKeeper) -> None:
        self._store, self._outgoing, self._webhooks = store, outgoing, webhooks
        self._standings: Mapping[str, Standing] = {}
        self._strict: dict[str, bool] = {}
        self.workers: Sequence[Worker] = ()

    async def load(self) -> None:
        """Know what is so. Raises StoreError."""
        await self._webhooks.refresh()
        await self._arrange()
        await self._stand()
        self.workers = await self._store.shards.workers(ABSENT_S)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(ABSENT_S):
                    await self.load()
                self._store.shared_log.look()
            except (StoreError, TimeoutError) as error:
                what = "what others did is not known"
                log.debug(what, action=logs.Action.STORE_UNAVAILABLE, error=str(error))

    async def _arrange(self) -> None:
        """Have the store know who gets everything in one order."""
        for each in self._outgoing.dispatcher.subscribers:
            if self._strict.get(each.name) != each.strict:
                await self._store.enlist(each.name, strict=each.strict)
                self._strict[each.name] = each.strict

    async def _stand(self) -> None:
        """Take over what changed since the last look, and no more: what we know ourselves may not be written yet."""
        found, before = await self._store.standings(), self._standings
        self._outgoing.dispatcher.stands(
            {name: found.get(name, Standing()) for name in {*found, *before} if found.get(name) != before.get(name)}
        )
        self._standings = found
