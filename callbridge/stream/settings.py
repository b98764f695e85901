"""How to reach NATS, and what the stream there is like."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

KEPT_FOR: Final = timedelta(minutes=15)
"""A worker that was away for longer reads the database, as it would anyway."""
KNOWN_FOR: Final = timedelta(minutes=10)
"""How long a message id is known: past the longest time that messages wait here to be published again."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Where NATS is, who we are there, and how the stream is made where there is none."""

    url: str
    name: str = "callbridge"
    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    credentials: Path | None = None
    tls_ca: Path | None = None
    replicas: int = 1
    max_bytes: int = 1 << 30

    @property
    def subjects(self) -> str:
        return f"{self.name}.events.*"

    def subject(self, shard: int) -> str:
        return f"{self.name}.events.{shard}"
