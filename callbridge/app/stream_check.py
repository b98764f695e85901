"""What `callbridge check` says of the stream: whether NATS lets us in, has JetStream, and outlives a power cut."""

from collections.abc import AsyncIterator
from typing import Final

from callbridge.app import build
from callbridge.app.findings import problem
from callbridge.config import Config, Finding, Level
from callbridge.errors import StreamUnavailable
from callbridge.stream.link import connected, version_in

SYNCS: Final = (2, 10, 23)
"""From this version on `sync_interval: always` has JetStream write to the disk before it acknowledges."""
SAFE: Final = "Nothing is lost for it, for the database has every event; but after a power cut deliveries are late."


async def check_stream(config: Config) -> AsyncIterator[Finding]:
    """Connect, and see that the stream is there, or make it as the daemon would."""
    if config.stream is None:
        return
    where = config.where("stream", "url")
    settings = build.stream_settings(config.stream)
    try:
        async with connected(settings) as (session, _):
            version = version_in(str(session.client.connected_server_version))
            info = await session.stream.stream_info(settings.name)
    except StreamUnavailable as error:
        yield problem(where, "stream", error)
        return
    yield Finding(Level.OK, where, f"NATS {version} answers, with JetStream and the stream {settings.name}")
    replicas = info.config.num_replicas or 1
    if replicas == 1 and _numbers(version) < SYNCS:
        text = f"NATS {version} knows no sync_interval: always, and the stream has one replica"
        yield Finding(Level.WARNING, where, text, f"Take NATS 2.10.23 or newer, or three replicas. {SAFE}")
    if replicas != settings.replicas:
        text = f"the stream has {replicas} of {settings.replicas} replicas"
        advice = f"Change it with NATS' own tool: nats stream edit {settings.name} --replicas={settings.replicas}"
        yield Finding(Level.WARNING, config.where("stream", "replicas"), text, advice)


def _numbers(version: str) -> tuple[int, ...]:
    """Return `2.9.10` as numbers, whatever is behind them."""
    parts = version.partition("-")[0].split(".")
    return tuple(int(part) for part in parts if part.isdecimal())
