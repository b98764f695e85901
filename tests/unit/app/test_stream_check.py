"""What `callbridge check` says of NATS: on a real one."""

from pathlib import Path

import pytest

from callbridge.app.stream_check import check_stream
from callbridge.config import Config, Finding, Level, load_worker
from tests.lab.nats import NatsServer, NoNats

CONFIG = """\
[database]
url = "postgresql+asyncpg://callbridge@127.0.0.1/callbridge"
[stream]
url = "{url}"
replicas = {replicas}
"""


def config(folder: Path, url: str, replicas: int = 1) -> Config:
    path = folder / "callbridge.toml"
    path.write_text(CONFIG.format(url=url, replicas=replicas))
    path.chmod(0o600)
    return load_worker(path, environ={})


async def found(config: Config) -> list[Finding]:
    return [finding async for finding in check_stream(config)]


async def test_a_server_that_answers_is_told_with_its_version_and_what_it_cannot_do(tmp_path: Path) -> None:
    try:
        server = NatsServer()
    except NoNats as missing:
        pytest.skip(str(missing))
    async with server as nats:
        findings = await found(config(tmp_path, nats.url))
        more = await found(config(tmp_path, nats.url, replicas=3))
        await nats.kill()
        (away,) = await found(config(tmp_path, nats.url))

    assert findings[0].level is Level.OK
    assert "with JetStream and the stream callbridge" in findings[0].text
    if " 2.9." in findings[0].text:
        assert findings[1].level is Level.WARNING
        assert "knows no sync_interval: always, and the stream has one replica" in findings[1].text
    assert more[-1].text == "the stream has 1 of 3 replicas"
    assert (away.level, away.where) == (Level.PROBLEM, f"{tmp_path}/callbridge.toml:4")
    assert "Nothing listens" in away.text
