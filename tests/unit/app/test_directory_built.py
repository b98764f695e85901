"""From `[directory]` to who is asked."""

from pathlib import Path

from callbridge.app import build
from callbridge.calls.customer import Match
from callbridge.clock import SystemClock
from callbridge.config import Config, load
from tests.unit.directory.crm import listening
from tests.unit.directory.memory_customers import MemoryCustomers, customer, number

CONFIG = """\
data_dir = "/var/lib/callbridge"
[[pbx]]
id = "lisbon"
country = "PT"
[pbx.ami]
secret_env = "AMI"
[[pbx]]
id = "rio"
country = "BR"
[pbx.ami]
secret_env = "AMI"
"""
CRM = """\
[directory]
sources = ["crm", "own"]
customer_url = "https://crm.example/c/{{id}}"
[[directory.lookup]]
name = "unused"
url = "{url}"
[[directory.lookup]]
name = "crm"
url = "{url}"
secret_env = "CRM"
secret_header = "X-Api-Key"
headers = {{X-Tenant = "4711"}}
deadline_s = 10.0
"""


def config(folder: Path, text: str) -> Config:
    path = folder / "callbridge.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path, environ={"AMI": "correct horse", "CRM": "battery staple"})


async def test_sources_are_asked_in_the_configured_order_with_their_secret(tmp_path: Path) -> None:
    own = MemoryCustomers([customer("c", number("912345678"))])
    async with (
        listening() as crm,
        build.directory(config(tmp_path, CONFIG + CRM.format(url=crm.url)), own, SystemClock()) as directory,
    ):
        answer = await directory.ask("lisbon", "912345678")

        assert [health.name for health in directory.health()] == ["crm", "own"]
        assert answer.known.customer is not None
        assert (answer.known.customer.source, answer.known.customer.url) == ("crm", "https://crm.example/c/c-17")
        (request,) = crm.asked
        assert (request.headers["x-api-key"], request.headers["x-tenant"]) == ("battery staple", "4711")


async def test_numbers_are_read_by_the_country_of_the_pbx_that_heard_them(tmp_path: Path) -> None:
    own = MemoryCustomers([customer("c", number("(11) 8765-4321", country="BR"))])
    async with build.directory(config(tmp_path, CONFIG), own, SystemClock()) as directory:
        assert (await directory.ask("rio", "11 98765-4321")).known.match is Match.ONE
        assert (await directory.ask("lisbon", "11 98765-4321")).known.match is Match.MANY
        assert directory.key("rio", "11 8765-4321") == "+5511987654321"


def test_stored_numbers_are_of_the_first_pbxs_country_unless_it_is_said(tmp_path: Path) -> None:
    assert build.directory_country(config(tmp_path, CONFIG)) == "PT"
    assert build.directory_country(config(tmp_path, f'{CONFIG}[directory]\ncountry = "ES"\n')) == "ES"
