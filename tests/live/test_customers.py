"""Customers brought to the real daemon, beside a PBX that plays tapes: the next call is with them."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.lab.ami_player import AmiPlayer
from tests.lab.crm import Crm, Delivery
from tests.lab.daemon import HTTP, Daemon, command

TAPE: Final = Path(__file__).parents[1] / "tapes" / "01-answered-caller-hangs-up.tape"
MARIA: Final = "+351912345678"
OWN: Final = HTTP + '[directory]\nsources = ["own"]\n'
WITHIN_S: Final = 60.0


@pytest.fixture
async def pbx() -> AsyncIterator[AmiPlayer]:
    async with AmiPlayer([TAPE], pace=20) as player:
        yield player


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with Crm() as crm:
        yield crm


async def customers(daemon: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    whole = command("customers", *words, "--config", str(daemon.config))
    return await asyncio.to_thread(subprocess.run, whole, capture_output=True, text=True, timeout=WITHIN_S, check=False)


async def settled(crm: Crm, count: int) -> Delivery:
    """Return the last event of a call that is over, once the directory has answered: on a slow machine later."""
    ended = await crm.hears("call.ended", count)

    def last() -> Delivery:
        return [one for one in crm.taken if "call" in one.data and one.call["id"] == ended.call["id"]][-1]

    await crm.until(lambda: last().call["customer"]["match"] != "pending", "the directory to answer")
    return last()


async def test_a_table_is_imported_and_the_next_call_is_with_its_customer_until_it_is_removed(
    pbx: AmiPlayer, crm: Crm, tmp_path: Path
) -> None:
    table = tmp_path / "crm.csv"
    table.write_text("Código;Nome;Tipo;Contactos;País\nC/17;Silva Lda;vip;Maria: 912 345 678;PT\nC-18;Outro;;;XX\n")
    async with Daemon(pbx, crm, more=OWN, ari=False) as daemon:
        imported = await customers(daemon, "import", str(table))
        assert (imported.returncode, imported.stdout[:36]) == (1, "2 rows: 1 new, 0 changed, 1 refused."), imported
        assert "is no country" in (tmp_path / "crm.refused.csv").read_text()

        await pbx.play_all()
        ended = await settled(crm, 1)

        known = ended.call["customer"]
        assert (known["match"], known["id"], known["type"], known["url"]) == ("one", "C/17", "vip", None)
        assert (known["matched"], known["at"], known["source"]) == ("contact", "Maria", "own")
        calls = await daemon.asks("GET", "/customers/C%2F17/calls")
        assert [each["id"] for each in calls["items"]] == [ended.call["id"]]
        assert f"{MARIA}: 1 customer" in (await customers(daemon, "whose", "00351 912 345 678")).stdout

        assert (await customers(daemon, "remove", "C/17")).returncode == 0
        await pbx.play_all()
        nobody = await settled(crm, 2)

        assert (nobody.call["customer"]["match"], nobody.call["customer"]["id"]) == ("none", None)


async def test_what_was_put_is_there_after_a_kill(pbx: AmiPlayer, crm: Crm) -> None:
    async with Daemon(pbx, crm, more=OWN, ari=False) as daemon:
        many = [{"id": f"c-{place}", "phones": [f"21 {place:07}"]} for place in range(300)]
        told = await daemon.asks("POST", "/customers", {"customers": many})
        assert len(told["new"]) == 300

        await daemon.kill()
        await daemon.start()

        assert (await daemon.asks("GET", "/lookup?number=210000299&pbx=main"))["customer"]["id"] == "c-299"
        assert (await daemon.asks("POST", "/customers", {"customers": many}))["new"] == []
