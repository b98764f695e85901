"""The figures for `status`, kept fresh: reading them must not keep whoever asks waiting for the database."""

import asyncio
from collections.abc import Sequence
from typing import Final

from callbridge.api.status import SubscriberStatus
from callbridge.app import state
from callbridge.app.hearing import Hearing
from callbridge.app.outgoing import Outgoing
from callbridge.clock import Clock
from callbridge.errors import StoreError
from callbridge.ports import Store

SURVEY_S: Final = 2.0
SHARED_S: Final = 10.0
"""Where many daemons ask the same database."""


class Survey:
    """Asks the database how far behind subscribers are, and tells it until when each PBX was heard."""

    def __init__(
        self,
        store: Store,
        outgoing: Outgoing,
        hearings: Sequence[Hearing],
        clock: Clock,
        every_s: float = SURVEY_S,
    ) -> None:
        self._store = store
        self._every_s = every_s
        self._outgoing = outgoing
        self._hearings = hearings
        self._clock = clock
        self.subscribers: Sequence[SubscriberStatus] = ()
        self.store_error: str | None = None
        """Why the last try failed; None while all is well."""

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self._look()
                self.store_error = None
            except (StoreError, TimeoutError) as error:
                self.store_error = str(error) or "It gave no answer in time."
            await asyncio.sleep(self._every_s)

    async def _look(self) -> None:
        now = self._clock.now()
        self.subscribers = [state.subscriber_status(each, now) for each in await self._outgoing.statuses()]
        for each in self._hearings:
            heard = each.heard_now
            if heard is not None:
                await self._store.heard(each.pbx, heard)
