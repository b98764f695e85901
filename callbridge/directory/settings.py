"""What a look-up at a CRM goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BEARER: Final = "authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long answers are kept, and how many."""

    known_s: float = 300.0
    unknown_s: float = 30.0
    size: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSettings:
    """One CRM. `headers` hold secrets, and so may `url`."""

    name: str
    url: str = field(repr=False)
    """With places, as `template` has them."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls_ca: Path | None = None
    """PEM of the authority that signed its certificate; None: the host's authorities."""
    deadline_s: float = 0.8
    concurrency: int = 8
    rest_after: int = 5
    rest_s: float = 10.0


def carrying(secret: str, header: str) -> Mapping[str, str]:
    """Return the header that a secret goes in: as a bearer token where it is the usual one, bare elsewhere."""
    return {header: f"Bearer {secret}" if header.lower() == BEARER else secret}
