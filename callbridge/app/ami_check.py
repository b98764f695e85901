"""Trying a PBX over AMI: the log-in, the privileges, the clock, and what can be learnt of its numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from callbridge.app import build
from callbridge.asterisk import resync
from callbridge.asterisk.ami.link import AmiLink, LinkUp
from callbridge.asterisk.from_ami import time_of
from callbridge.clock import Clock
from callbridge.config import Finding, Level, Pbx
from callbridge.errors import ActionFailed, LoginRefused, PbxError, PbxUnreachable

LOGIN_S: Final = 15.0
ASK_S: Final = 10.0
CLOCKS_APART_S: Final = 2.0
"""More than this between two clocks, and a CRM shows calls that begin in the future."""

NEEDED: Final = {
    "CoreShowChannels": "what goes on when the daemon starts would not be known",
    "QueueStatus": "who waits in a queue when the daemon starts would not be known",
    "ExtensionStateList": "which phone is whose could only be told by its name",
}
"""Each question a resync asks, and what is missed without it."""


async def check_ami(pbx: Pbx, where: str, clock: Clock) -> AsyncIterator[Finding]:
    """Yield what is found out by logging in as the daemon does."""
    try:
        async with logged_in(pbx, clock) as link:
            version = link.status.banner
            yield Finding(Level.OK, where, f"PBX {pbx.id}: logged in to {version}")
            yield await _clocks(pbx, where, link, clock)
            for action, loss in NEEDED.items():
                found = await _permitted(pbx, where, link, action, loss)
                if found is not None:
                    yield found
            yield await _filters(pbx, where, link)
            yield await _learnt(pbx, where, link)
    except LoginRefused as error:
        advice = "Compare username and secret with manager.conf, and its permit= lines with our address."
        yield Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {error}", advice)
    except PbxError as error:
        yield Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {error}")


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


async def _permitted(pbx: Pbx, where: str, link: AmiLink, action: str, loss: str) -> Finding | None:
    try:
        await link.send_list(action, timeout_s=ASK_S)
    except ActionFailed as error:
        advice = f"Add `reporting` to write= of user {pbx.ami.username} in manager.conf: else {loss}."
        return Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {error}", advice)
    return None


async def _filters(pbx: Pbx, where: str, link: AmiLink) -> Finding:
    if link.status.filters_refused:
        text = f"PBX {pbx.id}: it sends events nobody needs, for our user may not set a filter"
        lines = " ".join(f"eventfilter = {each}" for each in link.status.filters_refused)
        return Finding(Level.WARNING, where, text, f"Put these into manager.conf, each on a line of its own: {lines}")
    return Finding(Level.OK, where, f"PBX {pbx.id}: only events that are needed are sent")


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
