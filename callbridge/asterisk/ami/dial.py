"""Open the socket to a PBX, and say in plain words why it does not open."""

import asyncio
import ssl
from typing import Final

from callbridge.asterisk.ami.settings import AmiSettings
from callbridge.errors import PbxUnreachable

READ_BYTES: Final = 64 * 1024


async def dial(settings: AmiSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with TLS where it is asked for. Raises `PbxUnreachable`; the deadline is the caller's."""
    try:
        return await asyncio.open_connection(
            settings.host,
            settings.port,
            limit=READ_BYTES,
            ssl=settings.tls.context() if settings.tls else None,
            server_hostname=(settings.tls.server_name or settings.host) if settings.tls else None,
        )
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
        raise unreachable(settings, error) from error


def unreachable(settings: AmiSettings, error: OSError | UnicodeError) -> PbxUnreachable:
    where = f"{settings.host}:{settings.port}"
    match error:
        case ConnectionRefusedError():
            why = f"Nothing listens on {where}. Is Asterisk up, and AMI enabled in its manager.conf?"
        case TimeoutError():
            why = f"{where} does not answer. Is the address right, and no firewall in between?"
        case ssl.SSLCertVerificationError():
            why = f"The certificate of {where} is not to be trusted: {error.verify_message}. Is ca_file right?"
        case ssl.SSLError():
            why = f"{where} speaks no TLS that we understand: {error.reason}. Is it the port of `tlsbindaddr`?"
        case _:
            why = f"The connection to {where} failed: {error}. Is the address right?"
    return PbxUnreachable(why)
