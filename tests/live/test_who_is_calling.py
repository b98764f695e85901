"""Who is calling, on a real Asterisk: from the house's own directory, from a CRM's, from a person."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Self

import pytest
from aiohttp import web

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm
from tests.lab.daemon import Daemon
from tests.lab.room import Room

pytestmark = pytest.mark.live

OWN = '[directory]\nsources = ["own"]\n'
REGISTERING = OWN + 'register_directions = ["inbound"]\n'
SILVA = {
    "id": "c-17",
    "name": "Silva Lda",
    "type": "vip",
    "mobiles": ["912 345 678"],
    "url": "https://crm.example/c/17",
}
COSTA = {"id": "c-18", "name": "Costa SA", "branches": [{"name": "Porto", "phones": ["00351912345678"]}]}


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


class TheirDirectory:
    """A CRM that is asked whose number it is."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = HTTPStatus.OK

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/lookup", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["number"])
        return web.json_response({"customers": [{"id": "x-1", "name": "Maria"}]}, status=self.status)

    @property
    def settings(self) -> str:
        url = f"http://127.0.0.1:{self.port}/lookup?number={{number}}&pbx={{pbx}}"
        return f'[directory]\nsources = ["own", "crm"]\n[[directory.lookup]]\nname = "crm"\nurl = "{url}"\n'


async def misses_a_call(room: Room, wanted: str = "210000000") -> None:
    """Maria calls, 1001 rings, nobody answers."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial(wanted)
    await ana.rings()
    await maria.hangup()
    await ana.closed()


async def test_whoever_has_the_number_alone_is_in_the_first_event(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm, more=OWN) as daemon:
        await daemon.asks("PUT", "/customers/c-17", {**SILVA}, 201)
        await misses_a_call(room)
        last = await crm.hears("call.missed")

        first = crm.of_type("call.started")[0]
        shown = {key: first.call["customer"][key] for key in ("match", "id", "name", "type", "url", "matched")}
        assert shown == {
            "match": "one", "id": "c-17", "name": "Silva Lda", "type": "vip",
            "url": "https://crm.example/c/17", "matched": "mobile",
        }  # fmt: skip
        assert last.call["customer"] == first.call["customer"]
        assert "call.updated" not in crm.heard


async def test_where_several_have_it_a_person_chooses_and_may_be_remembered(
    pbx: Asterisk, room: Room, crm: Crm
) -> None:
    async with Daemon(pbx, crm, more=OWN) as daemon:
        for customer in (SILVA, COSTA):
            await daemon.asks("PUT", f"/customers/{customer['id']}", {**customer}, 201)
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        ringing = await crm.hears("call.ringing")
        seen = ringing.call["customer"]
        assert (seen["match"], seen["id"]) == ("many", None)
        assert {(one["id"], one["matched"], one["at"]) for one in seen["candidates"]} == {
            ("c-17", "mobile", None),
            ("c-18", "branch", "Porto"),
        }

        call = f"/calls/{ringing.call['id']}"
        now = await daemon.asks("PATCH", call, {"customer": {"id": "c-18"}, "remember": True})
        updated = await crm.hears("call.updated")
        assert updated.data["changed"] == ["customer"]
        assert now["customer"] == updated.call["customer"]
        assert (now["customer"]["match"], now["customer"]["name"]) == ("one", "Costa SA")

        await maria.hangup()
        await ana.closed()
        await crm.hears("call.missed")
        await daemon.asks("PATCH", call, {"customer": {"id": "c-17"}})
        again = await crm.hears("call.updated", 2)
        assert (again.call["customer"]["id"], again.call["state"]) == ("c-17", "cancelled")
        assert [one.data["sequence"] for one in crm.taken if "call" in one.data] == list(range(1, 7))

        await maria.dial("210000000")
        await ana.rings()
        next_time = await crm.hears("call.started", 2)
        assert (next_time.call["customer"]["id"], next_time.call["customer"]["matched"]) == ("c-18", "chosen")
        await maria.hangup()
        await ana.closed()


async def test_whom_nobody_knows_is_told_so_at_once(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with Daemon(pbx, crm, more=OWN):
        await misses_a_call(room)
        await crm.hears("call.missed")

        assert {one.call["customer"]["match"] for one in crm.taken if "call" in one.data} == {"none"}
        assert "call.updated" not in crm.heard


async def test_a_crm_is_asked_while_the_call_goes_on(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with TheirDirectory() as theirs, Daemon(pbx, crm, more=theirs.settings):
        maria, ana = await room.customer(), await room.phone("1001")
        await maria.dial("210000000")
        await ana.rings()
        updated = await crm.hears("call.updated")
        await maria.hangup()
        await ana.closed()
        last = await crm.hears("call.missed")

        assert crm.of_type("call.started")[0].call["customer"]["match"] == "pending"
        found = updated.call["customer"]
        assert (found["match"], found["id"], found["name"], found["source"]) == ("one", "x-1", "Maria", "crm")
        assert last.call["customer"] == found
        assert theirs.asked == ["+351912345678"]


async def test_a_crm_that_fails_keeps_no_call_back(pbx: Asterisk, room: Room, crm: Crm) -> None:
    async with TheirDirectory() as theirs, Daemon(pbx, crm, more=theirs.settings):
        theirs.status = HTTPStatus.INTERNAL_SERVER_ERROR
        await misses_a_call(room)
        updated = await crm.hears("call.updated")
        await crm.hears("call.missed")

        assert updated.call["customer"]["match"] == "none"
        assert theirs.asked == ["+351912345678"]


async def test_an_unknown_caller_becomes_a_customer_and_is_known_from_then_on(
    pbx: Asterisk, room: Room, crm: Crm
) -> None:
    async with Daemon(pbx, crm, more=REGISTERING) as daemon:
        await misses_a_call(room)
        created = await crm.hears("customer.created")
        await crm.hears("call.missed")
        made = created.data["customer"]
        assert (made["name"], made["type"], made["matched"]) == ("Maria Silva", "lead", "registered")
        assert created.call["customer"]["id"] == made["id"]
        kept = await daemon.asks("GET", f"/customers/{made['id']}")
        assert (kept["name"], kept["registered"]) == ("Maria Silva", True)

        await daemon.kill()
        await daemon.start()
        await misses_a_call(room)
        second = await crm.hears("call.started", 2)
        assert (second.call["customer"]["match"], second.call["customer"]["id"]) == ("one", made["id"])
        assert len(crm.of_type("customer.created")) == 1
