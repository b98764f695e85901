"""What the worker is told: the mail server, who writes, who is written to, and the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from callbridge.notice.recipients import Recipient
from callbridge.notice.words import Language


class Security(StrEnum):
    """How the way to the server is encrypted: after STARTTLS, from the first byte, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails are handed in. With a user name there is a password."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: SecretStr | None = None
    tls_ca: Path | None = None
    """None means the host's own authorities."""
    timeout_s: float = 20.0
    """To connect and log in, and again for each mail."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails share."""

    address: str
    """The sender's."""
    name: str
    language: Language = Language.EN
    row_url: str | None = None
    """Where a row is shown, with `{id}` in it."""
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    """Of each PBX."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """Everything together."""

    server: Server
    head: Letterhead
    recipients: Mapping[str, Recipient]
    """By their addresses."""
    again_after: timedelta
    """For so long a recipient hears nothing more of the same caller."""
