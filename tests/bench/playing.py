"""Saying a long tape to whoever listens, as a PBX at work would."""

import asyncio
from collections.abc import Iterable
from typing import Final

from callbridge.asterisk.from_ami import FILTERS
from tests.bench.long_tape import Said, Webhook
from tests.lab.ami_player import AmiPlayer

LISTENING_WITHIN_S: Final = 20.0


async def listening(pbx: AmiPlayer) -> None:
    """Return when somebody is logged in and has named what it wants to hear."""
    async with asyncio.timeout(LISTENING_WITHIN_S):
        while not any(len(session._filters) == len(FILTERS) for session in pbx._sessions):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def feed(pbx: AmiPlayer, said: Iterable[Said]) -> dict[Webhook, float]:
    """Say everything at its time. Return when each event that brings about a webhook was written to the socket."""
    loop = asyncio.get_running_loop()
    begins = loop.time()
    written: dict[Webhook, float] = {}
    for each in said:
        wait_s = begins + each.after_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if each.webhook is not None:
            written[each.webhook] = loop.time()
        await pbx.say(each.raw)
    return written
