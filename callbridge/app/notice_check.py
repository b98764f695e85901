"""Trying the mail server: `callbridge check` hands nothing in, `callbridge notice test` one mail."""

from collections.abc import AsyncIterator
from typing import Final

from callbridge.app import build, notices
from callbridge.app.findings import problem
from callbridge.clock import SystemClock, secret_bits
from callbridge.config import Config, Finding, Level
from callbridge.errors import MailUnavailable
from callbridge.notice import message
from callbridge.notice.recipients import Recipient
from callbridge.notice.sending import session
from callbridge.notice.settings import Security, Server

WAYS: Final = {Security.STARTTLS: "with STARTTLS", Security.TLS: "with TLS", Security.NONE: "in plain text"}
FINAL_ADVICE: Final = "The server will not take it; is the address right, and may from_address write there?"
LATER_ADVICE: Final = "The server may take it later; callbridge would try again for a day."


async def check_notice(config: Config) -> AsyncIterator[Finding]:
    """Connect and log in where mails are handed in."""
    mailing = notices.mailing(config.notice, build.zones(config.pbx))
    if mailing is None:
        return
    where = config.where("notice", "smtp_host")
    try:
        async with session(mailing.server):
            yield Finding(Level.OK, where, _works(mailing.server))
    except MailUnavailable as error:
        yield problem(where, "notice", error)


async def send_trial(config: Config, address: str) -> Finding:
    """Send somebody a mail that says that it is a test, at once, and say what came of it."""
    where = config.where("notice", "smtp_host")
    mailing = notices.mailing(config.notice, build.zones(config.pbx))
    if mailing is None:
        advice = "Give smtp_host and from_address under [notice]."
        return Finding(Level.PROBLEM, where, "no mail server is configured", advice)
    to = mailing.recipients.get(address, Recipient(address))
    letter = message.trial(to, mailing.head, secret_bits(16).hex(), SystemClock().now())
    try:
        async with session(mailing.server) as opened:
            outcome = await opened.send(letter)
    except MailUnavailable as error:
        return problem(where, "notice", error)
    if outcome.error is None:
        text = f"the mail server {mailing.server.host}:{mailing.server.port} took a mail to {address}"
        return Finding(Level.OK, where, text)
    advice = FINAL_ADVICE if outcome.final else LATER_ADVICE
    return Finding(Level.PROBLEM, where, f"the mail to {address} was not taken: {outcome.error}", advice)


def _works(server: Server) -> str:
    way = f"the mail server {server.host}:{server.port} answers {WAYS[server.security]}"
    return way if server.username is None else f"{way}, and takes our log-in as {server.username}"
