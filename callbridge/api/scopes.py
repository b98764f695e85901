"""What a token may do, and who asks with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One right each; writing does not include reading, `admin` includes everything."""

    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    MISSED_READ = "missed:read"
    MISSED_WRITE = "missed:write"
    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    RECORDINGS_READ = "recordings:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    STATS_READ = "stats:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    EVENTS_READ = "events:read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks: `id` is the token's, under which idempotency keys are kept; names are for people."""

    id: str
    name: str
    scopes: frozenset[str]
    """Words of Scope; one that a newer callbridge gave may be among them, and allows nothing here."""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


OWNER: Final = Caller("local", "the control socket", frozenset({Scope.ADMIN}))
"""Who asks on the control socket: nobody but its owner can."""
