"""The same daemon on a real PostgreSQL."""

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.postgres import PostgresServer
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = [pytest.mark.live, pytest.mark.postgres]


async def test_a_call_is_told_and_survives_a_kill_on_postgresql(
    pbx: Asterisk, room: Room, postgres_server: PostgresServer
) -> None:
    url = postgres_server.create_database("live")
    async with Crm() as crm, Daemon(pbx, crm, database=url) as daemon:
        await SCENES["06-queue-ringall-second-answers"](room)
        await crm.hears("call.ended")
        first = crm.heard
        await daemon.kill()
        await daemon.start()
        await SCENES["02-caller-gives-up"](room)
        last = await crm.hears("call.missed")

    assert first == ["call.started", "call.queued", "call.ringing", "call.answered", "call.ended"]
    assert last.call["protocol"].endswith("-000002")
