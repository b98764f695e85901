"""What can go wrong between us and a mail server, in words that help. What the server says is foreign text."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiosmtplib

from callbridge.errors import MailUnavailable
from callbridge.notice.message import clean
from callbridge.notice.settings import Security, Server

REFUSED: Final = range(500, 600)
"""Of a mail: never, whoever asks. Of us, it is our configuration that is wrong, and can be mended."""

NO_STARTTLS: Final = 'Set security = "tls" with its port for that (465), or "none" where the way there is safe.'
NO_AUTH: Final = "Leave username out, or ask whoever runs it."
TLS_AT_ONCE: Final = 'A port that speaks TLS at once (465) wants security = "tls".'
TLS_LATER: Final = 'A port that begins in plain text (587) wants security = "starttls".'
OTHERWISE: Final = {Security.STARTTLS: TLS_AT_ONCE, Security.TLS: TLS_LATER, Security.NONE: TLS_AT_ONCE}


class MailRefused(Exception):
    """The server refused a mail and goes on; `final` says that it always will."""

    def __init__(self, text: str, *, final: bool) -> None:
        super().__init__(text)
        self.final = final


@contextmanager
def translated(server: Server) -> Iterator[None]:
    """Turn what the library raises into MailRefused, and MailUnavailable for all the rest."""
    place = f"{server.host}:{server.port}"
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients[0]) from None
    except aiosmtplib.SMTPDataError as error:
        raise _refused(error) from None
    except aiosmtplib.SMTPAuthenticationError as error:
        raise MailUnavailable(
            f"The mail server {place} refuses our user name or password: {_said(error)}. "
            "Set username and password_file in [notice]; many providers want a password made for this program alone."
        ) from None
    except aiosmtplib.SMTPSenderRefused as error:
        raise MailUnavailable(
            f"The mail server {place} does not let us write as {error.sender}: {_said(error)}. "
            "Set from_address in [notice] to one that our user may use."
        ) from None
    except aiosmtplib.SMTPResponseException as error:
        raise MailUnavailable(f"The mail server {place} says no: {_said(error)}. Ask whoever runs it.") from None
    except TimeoutError:
        raise MailUnavailable(
            f"The mail server {place} gave no answer within {server.timeout_s:g} s. "
            f"Is a firewall in between? {OTHERWISE[server.security]}"
        ) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailUnavailable(_unreachable(place, server, error)) from None


def _refused(error: aiosmtplib.SMTPResponseException) -> MailRefused:
    return MailRefused(_said(error), final=error.code in REFUSED)


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {clean(error.message)}"


def _unreachable(place: str, server: Server, error: Exception) -> str:
    """Return what stands between us and the server, and what to do."""
    cause = error.__cause__ or error
    match cause:
        case ssl.SSLCertVerificationError():
            text = f"The certificate of the mail server {place} is not to be trusted: {clean(cause.verify_message)}"
            return f"{text}. Is smtp_host the name it is made out to? Or name its authority in tls_ca."
        case ssl.SSLError():
            return f"The mail server {place} speaks no TLS that we understand: {cause.reason}. {TLS_LATER}"
        case socket.gaierror():
            text = f"The name {server.host} of the mail server cannot be resolved: {cause.strerror}"
            return f"{text}. Is smtp_host right, and DNS reachable?"
        case ConnectionRefusedError():
            return f"No mail server listens on {place}. Are smtp_host and smtp_port right?"
    return _lacking(place, clean(str(cause) or type(cause).__name__).rstrip("."))


def _lacking(place: str, text: str) -> str:
    """Go by the library's words, which has no error of its own for what a server does not offer."""
    if "STARTTLS" in text:
        return f"The mail server {place} offers no STARTTLS. {NO_STARTTLS}"
    if "AUTH" in text or "authentication method" in text:
        return f"The mail server {place} offers no log-in that we know. {NO_AUTH}"
    return f"The mail server {place} cannot be used now: {text}. It is tried again."
