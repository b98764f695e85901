"""docs/directory.md says what is so."""

import asyncio
import re
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callbridge.app.directory_check import NOBODYS
from callbridge.calls.customer import NOBODY, Customer, Match, Matched
from callbridge.calls.numbers import TAIL_DIGITS
from callbridge.clock import SystemClock
from callbridge.config import Directory, load
from callbridge.config import Lookup as LookupTable
from callbridge.directory.answer import LONGEST, MOST_BYTES, MOST_CUSTOMERS, PLACES, customers
from callbridge.directory.asking import KEEPALIVE_S
from callbridge.directory.directory import AT_ONCE_S
from callbridge.directory.lookup import Lookup
from callbridge.directory.matching import MOST_CANDIDATES
from callbridge.directory.numbers import LEAST_WITHOUT_PLUS, key_of
from callbridge.directory.settings import Keeping, LookupSettings, carrying
from callbridge.directory.source import Question
from callbridge.directory.template import ASKED
from callbridge.errors import SourceRefused
from tests.unit.test_examples import free_port, listening

PAGE = (Path(__file__).parents[3] / "docs" / "directory.md").read_text(encoding="utf-8")
MARIA = "+351912345678"


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def block(language: str) -> str:
    found = re.search(rf"^( *)```{language}\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[2])


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[str]:
    """The server on the page, as a program of its own; return its URL."""
    port = free_port()
    program = tmp_path / "phones.py"
    program.write_text(block("python").replace("8800", str(port)), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await listening(port, process)
        yield f"http://127.0.0.1:{port}/phones"
    finally:
        process.kill()
        await process.wait()


async def test_the_server_on_the_page_answers_what_we_ask(crm: str) -> None:
    settings = LookupSettings(name="crm", url=crm, headers=carrying("change me", "Authorization"), deadline_s=10.0)
    async with Lookup(settings, Keeping(), SystemClock()) as source:
        known = await source.ask(Question("main", "912 345 678", MARIA))
        assert known.match is Match.ONE
        assert known.customer == Customer("c-17", "Silva Lda", matched=Matched.MOBILE, source="crm")
        assert await source.ask(Question("main", NOBODYS, NOBODYS)) == NOBODY


async def test_the_server_on_the_page_tells_strangers_nothing(crm: str) -> None:
    settings = LookupSettings(name="crm", url=crm, headers=carrying("guessed", "Authorization"), deadline_s=10.0)
    async with Lookup(settings, Keeping(), SystemClock()) as source:
        with pytest.raises(SourceRefused, match="crm answers 401"):
            await source.ask(Question("main", MARIA, MARIA))


def test_the_server_on_the_page_is_short() -> None:
    assert len([line for line in block("python").splitlines() if line]) <= 17


def test_the_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    path = tmp_path / "callbridge.toml"
    path.touch(0o600)
    pbx = '[[pbx]]\nid = "main"\ncountry = "PT"\n[pbx.ami]\nsecret = "long enough"\n'
    path.write_text(f'data_dir = "/var/lib/callbridge"\n{pbx}{block("toml")}', encoding="utf-8")
    secret = tmp_path / "directory.secret"
    secret.touch(0o600)
    secret.write_text("change me")

    config = load(path, environ={})

    assert config.warnings == ()
    assert config.directory.lookup[0].secret is not None
    assert config.directory.lookup[0].secret.reveal() == "change me"


def test_the_answer_on_the_page_is_one_and_has_every_key() -> None:
    (customer,) = customers("crm", 200, block("json").encode())

    assert None not in (getattr(customer, name) for name in LONGEST)
    rows = re.findall(r"^\| `(\w+)` \| .*? \| *(\d*) *\|$", section("The answer"), re.MULTILINE)
    assert {name: int(letters) for name, letters in rows if letters} == dict(LONGEST)
    assert {name for name, _ in rows} == {*LONGEST, "matched"}
    for place in PLACES:
        assert f"`{place}`" in section("The answer")


def test_the_places_of_a_url_are_those_on_the_page() -> None:
    assert tuple(re.findall(r"^\| `\{(\w+)\}` \|", section("The question"), re.MULTILINE)) == ASKED


def test_the_figures_on_the_page_are_those_in_the_code() -> None:
    rows = re.findall(r"\| `(\w+)` \| ([\d.]+)", section("When it is slow, or away"))
    fields = {**Directory.model_fields, **LookupTable.model_fields}
    assert len(rows) == 7
    assert {name: float(figure) for name, figure in rows} == {name: fields[name].default for name, _ in rows}
    assert f"within {AT_ONCE_S * 1000:.0f} ms" in PAGE
    assert f"the first {MOST_CANDIDATES} are candidates" in PAGE
    assert f"more than {MOST_BYTES // 1024} KiB or {MOST_CUSTOMERS} customers" in PAGE
    assert f"stay open for {KEEPALIVE_S:.0f} s" in PAGE
    assert f"the same {TAIL_DIGITS} digits" in PAGE
    assert f"has {LEAST_WITHOUT_PLUS} digits or more" in PAGE
    assert NOBODYS in PAGE


ROWS = [
    (country, written, key)
    for country, ways, key in re.findall(
        r"^\| ([A-Z]{2}) \| (.+) \| `(.+)` \|$", section("How numbers meet"), re.MULTILINE
    )
    for written in re.findall(r"`(.+?)`", ways)
]


def test_the_table_of_numbers_is_there() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize(("country", "written", "key"), ROWS)
def test_numbers_meet_as_the_page_says(country: str, written: str, key: str) -> None:
    assert key_of(written, country) == key
