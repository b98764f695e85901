"""What a link to one PBX is told once, before it starts."""

import hashlib
import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are, and what we wish to hear.

    `event_mask` is AMI's own: ``on``, ``off`` or classes like ``call,agent``.
    `filters` are as in manager.conf's ``eventfilter``; for them Asterisk asks the
    write privilege ``system``. Events that match `needless` are put aside unread,
    where Asterisk sends them all the same.
    """

    username: str
    secret: SecretStr
    event_mask: str = "on"
    filters: tuple[str, ...] = ()
    needless: re.Pattern[bytes] | None = None

    def by_md5(self, challenge: str) -> list[tuple[str, str]]:
        """Return what proves who we are, without the secret itself."""
        key = hashlib.md5((challenge + self.secret.get_secret_value()).encode(), usedforsecurity=False).hexdigest()
        return [("AuthType", "MD5"), ("Username", self.username), ("Key", key)]

    def in_plain(self) -> list[tuple[str, str]]:
        """Return who we are, with the secret as it is."""
        return [("Username", self.username), ("Secret", self.secret.get_secret_value())]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the peer.

    After `ping_interval_s` of silence a Ping goes out; `ping_deadline_s` later
    the link is dead: ten seconds together, where TCP alone stays blind at forty.
    """

    connect_s: float = 10.0  # for the socket and TLS, and again for the log-in
    ping_interval_s: float = 5.0
    ping_deadline_s: float = 5.0
    logoff_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next try: doubled from `first_s` to `longest_s`, of which half is chance.

    After a refused log-in it is always `refused_s`: the PBX counts and may ban us.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    refused_s: float = 60.0

    def delay_s(self, attempt: int, jitter: float) -> float:
        """Return the wait after failed try number `attempt`, from 1. `jitter` is in [0, 1)."""
        longest = min(self.longest_s, self.first_s * 2.0 ** min(attempt - 1, 16))
        return longest * (0.5 + 0.5 * jitter)


@dataclass(frozen=True, slots=True)
class AmiTls:
    """`ca_file` None means the host's own authorities; `server_name` None means the host's name."""

    ca_file: Path | None = None
    verify: bool = True
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """Read the authorities anew. Raises OSError, `ssl.SSLError` among them."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """The way to one PBX. `max_backlog` is in messages; past it the link lets go and starts over."""

    host: str
    login: Login
    port: int = 5038
    tls: AmiTls | None = None
    patience: Patience = field(default_factory=Patience)
    backoff: Backoff = field(default_factory=Backoff)
    max_backlog: int = 100_000

    @property
    def wire_is_private(self) -> bool:
        """Whether nobody can listen in: verified TLS, or this very machine."""
        if self.tls is not None:
            return self.tls.verify
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, which may lead anywhere
            return False
