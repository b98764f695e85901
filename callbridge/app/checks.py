"""What `callbridge check` tries: each PBX, the database, each subscriber; each within a deadline."""

from collections.abc import AsyncIterator

from callbridge.app.database import check_database
from callbridge.config import Config, Finding


async def check(config: Config) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found."""
    async for finding in check_database(config):
        yield finding
