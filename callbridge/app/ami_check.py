"""Trying a PBX over AMI: the log-in, the privileges, the clock, and what can be learnt of its numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from callbridge.app import build
from callbridge.app.findings import problem
from callbridge.asterisk import privileges, resync
from callbridge.asterisk.ami.link import AmiLink, LinkUp
from callbridge.asterisk.from_ami import time_of
from callbridge.clock import Clock
from callbridge.config import Finding, Level, Pbx
from callbridge.errors import ActionFailed, LoginRefused, PbxError, PbxUnreachable

LOGIN_S: Final = 15.0
ASK_S: Final = 10.0
CLOCKS_APART_S: Final = 2.0
"""More than this between two clocks, and a CRM shows calls that begin in the future."""

WHY_REFUSED: Final = (
    "Asterisk does not say why: compare username and secret with its manager.conf, and permit= and deny= there with "
    "this host's address; /var/log/asterisk/messages tells which it was."
)
STATE_UNKNOWN: Final = "what goes on when the daemon starts would not be known, nor which phone is whose"
UNSEEN: Final = (
    f"Have read = {','.join(privileges.HEARD)} there; without call, `callbridge status` says so once calls were made."
)


async def check_ami(pbx: Pbx, where: str, clock: Clock) -> AsyncIterator[Finding]:
    """Yield what is found out by logging in as the daemon does."""
    try:
        async with logged_in(pbx, clock) as link:
            clocks = await _clocks(pbx, where, link, clock)
            version = link.status.pbx_version or "of an unknown version"
            yield Finding(Level.OK, where, f"PBX {pbx.id}: logged in over AMI, Asterisk {version}")
            yield clocks
            yield await _asked(pbx, where, link)
            async for finding in _heard(pbx, where, link):
                yield finding
            yield await _filters(pbx, where, link)
            yield await _learnt(pbx, where, link)
    except LoginRefused as error:
        text, _, _ = str(error).partition(". ")
        yield Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {text}", WHY_REFUSED)
    except PbxError as error:
        yield problem(where, f"PBX {pbx.id}", error)


@asynccontextmanager
async def logged_in(pbx: Pbx, clock: Clock) -> AsyncIterator[AmiLink]:
    """Log in once, as the daemon does; raises PbxError where that fails."""
    link = AmiLink(build.ami_settings(pbx.ami), clock)
    running = asyncio.create_task(link.run())
    try:
        await _up(link)
        yield link
    finally:
        await link.stop()
        running.cancel()
        await asyncio.wait([running])


async def _up(link: AmiLink) -> None:
    taking = asyncio.create_task(_until_up(link))
    deadline = asyncio.get_running_loop().time() + LOGIN_S
    try:
        while not taking.done() and link.status.last_error is None:
            if asyncio.get_running_loop().time() > deadline:
                raise PbxUnreachable(f"There was no log-in within {LOGIN_S:.0f} s.")
            await asyncio.wait([taking], timeout=0.05)
        if not taking.done():
            raise link.status.last_error or PbxUnreachable("It went away.")
    finally:
        taking.cancel()


async def _until_up(link: AmiLink) -> None:
    while not any(isinstance(item, LinkUp) for item in await link.take(1)):
        pass


async def _clocks(pbx: Pbx, where: str, link: AmiLink, clock: Clock) -> Finding:
    theirs = time_of((await link.send("Ping", timeout_s=ASK_S)).message)
    if theirs is None:
        return Finding(Level.WARNING, where, f"PBX {pbx.id} does not tell its time")
    apart = (theirs - clock.now()).total_seconds()
    if abs(apart) > CLOCKS_APART_S:
        text = f"PBX {pbx.id}: its clock is {abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} ours"
        return Finding(Level.PROBLEM, where, text, "Run NTP on both machines: calls are told with the PBX's time.")
    return Finding(Level.OK, where, f"PBX {pbx.id}: its clock agrees with ours")


async def _asked(pbx: Pbx, where: str, link: AmiLink) -> Finding:
    """Ask what a resync asks."""
    refused = []
    for action in privileges.ASKED:
        try:
            await (link.send if action == "CoreStatus" else link.send_list)(action, timeout_s=ASK_S)
        except ActionFailed:
            refused.append(action)
    if not refused:
        return Finding(Level.OK, where, f"PBX {pbx.id}: our user may ask for its state")
    advice = f"Add reporting to write= of user {pbx.ami.username} in its manager.conf: else {STATE_UNKNOWN}."
    return Finding(Level.PROBLEM, where, f"PBX {pbx.id}: it refuses to answer {', '.join(refused)}", advice)


async def _heard(pbx: Pbx, where: str, link: AmiLink) -> AsyncIterator[Finding]:
    """Find out what our user may hear, where Asterisk tells."""
    missing = await _unheard(pbx, link)
    if missing is None:
        text = (
            f"PBX {pbx.id}: what user {pbx.ami.username} may hear (read= in its manager.conf) cannot be seen from here"
        )
        yield Finding(Level.WARNING, where, text, UNSEEN)
    elif not missing:
        yield Finding(Level.OK, where, f"PBX {pbx.id}: our user may hear all that is needed")
    for name in missing or ():
        advice = f"Add {name} to read= of user {pbx.ami.username} in its manager.conf: else {privileges.HEARD[name]}."
        yield Finding(Level.PROBLEM, where, f"PBX {pbx.id}: our user may not hear events of class {name}", advice)


async def _unheard(pbx: Pbx, link: AmiLink) -> tuple[str, ...] | None:
    if not build.ami_settings(pbx.ami).wire_is_private:  # the answer shows our secret
        return None
    try:
        answer = await link.send("GetConfig", privileges.question(pbx.ami.username), timeout_s=ASK_S)
    except ActionFailed:  # not permitted, or the user is kept elsewhere
        return None
    return privileges.unheard(answer.message)


async def _filters(pbx: Pbx, where: str, link: AmiLink) -> Finding:
    refused = link.status.filters_refused
    if refused:
        text = f"PBX {pbx.id}: it sends more events than needed, for our user may not set a filter"
        advice = f"Put these lines below [{pbx.ami.username}] in its manager.conf, then set event_filter = false here:"
        lines = (f"    eventfilter = {each}" for each in refused)
        return Finding(Level.WARNING, where, text, "\n".join((advice, *lines)))
    return Finding(Level.OK, where, f"PBX {pbx.id}: it sends only what is needed")


async def _learnt(pbx: Pbx, where: str, link: AmiLink) -> Finding:
    if pbx.extensions and pbx.trunks:
        return Finding(Level.OK, where, f"PBX {pbx.id}: extensions and trunks are configured")
    try:
        hints = resync.endpoints_of((await link.send_list("ExtensionStateList", timeout_s=ASK_S)).items)
    except ActionFailed:
        hints = {}
    known = ", ".join(f"{device} is {number}" for device, number in sorted(hints.items())) or "no hints"
    text = f"PBX {pbx.id}: learnt from its dialplan: {known}; devices named by 2 to 6 digits are extensions too"
    return Finding(Level.OK, where, text, "What is neither is taken for a trunk; name `trunks` where that is wrong.")
