"""What `callbridge check` says of subscribers to whom nothing is sent."""

from collections.abc import AsyncIterator

from callbridge import store
from callbridge.app import state
from callbridge.config import Config, Finding, Level
from callbridge.errors import StoreError
from callbridge.ports import Halt


async def check_halted(config: Config) -> AsyncIterator[Finding]:
    """Yield who is paused or disabled; where the database cannot say, somebody else has told so."""
    listed = {each.name: config.where("webhook", place) for place, each in enumerate(config.webhook)}
    try:
        found = await store.halted_webhooks(config.database.url.reveal(), listed)
    except StoreError:
        return
    for name, standing in found.items():
        disabled = standing.halted is Halt.DISABLED
        why = state.halted(standing.why, standing.halted_at, disabled=disabled)
        level = Level.PROBLEM if disabled else Level.WARNING
        where = listed.get(name, config.where("database", "url"))
        yield Finding(level, where, f"webhook {name}: {why}", f"{state.resuming(name, disabled=disabled)}")
