"""What `callbridge check` tries: each PBX, the database, each subscriber; each within a deadline."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from callbridge.app import build
from callbridge.app.ami_check import check_ami
from callbridge.app.database import check_database
from callbridge.asterisk.ari.rest import open_rest
from callbridge.clock import Clock, SystemClock
from callbridge.config import Ari, Config, Finding, Level, Pbx, Webhook
from callbridge.delivery.guard import Guard
from callbridge.errors import AddressForbidden, LoginRefused, PbxError

CONNECT_S: Final = 10.0


async def check(config: Config) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found."""
    clock = SystemClock()
    async for finding in check_database(config):
        yield finding
    for index, pbx in enumerate(config.pbx):
        async for finding in check_ami(pbx, config.where("pbx", index, "ami"), clock):
            yield finding
        if pbx.ari is not None:
            yield await check_ari(pbx.id, pbx.ari, config.where("pbx", index, "ari", "url"), clock)
        yield check_recordings(pbx, config.where("pbx", index, "recordings_dir"))
    for index, webhook in enumerate(config.webhook):
        yield await check_webhook(config, webhook, config.where("webhook", index, "url"))


async def check_ari(pbx: str, ari: Ari, where: str, clock: Clock) -> Finding:
    """Ask ARI something that needs our name and password."""
    try:
        async with open_rest(build.ari_settings(ari), clock) as rest:
            info = await rest.asterisk_info()
    except LoginRefused as error:
        return Finding(Level.PROBLEM, where, f"PBX {pbx}: {error}", "Compare username and password with ari.conf.")
    except PbxError as error:
        return Finding(
            Level.PROBLEM, where, f"PBX {pbx}: {error}", "Is http.conf enabled there, and res_ari.so loaded?"
        )
    return Finding(Level.OK, where, f"PBX {pbx}: ARI answers, Asterisk {info.version}")


def check_recordings(pbx: Pbx, where: str) -> Finding:
    """See whether the folder of recordings can be read by whoever runs this."""
    folder = pbx.recordings_dir
    if not folder.is_dir():
        advice = "Name Asterisk's folder, mount it here, or live without recordings."
        return Finding(Level.WARNING, where, f"PBX {pbx.id}: there is no folder {folder}", advice)
    if not os.access(folder, os.R_OK | os.X_OK):
        advice = "Put our user into Asterisk's group: usermod -aG asterisk callbridge."
        return Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {folder} cannot be read", advice)
    return Finding(Level.OK, where, f"PBX {pbx.id}: recordings can be read in {folder}")


async def check_webhook(config: Config, webhook: Webhook, where: str) -> Finding:
    """Connect to where a webhook leads, without sending anything."""
    try:
        async with asyncio.timeout(CONNECT_S):
            await _reach(config, webhook)
    except AddressForbidden as error:
        return Finding(Level.PROBLEM, where, f"webhook {webhook.name}: {error}.")
    except TimeoutError:
        text, advice = f"no connection within {CONNECT_S:.0f} s", "Is the address right, and no firewall in between?"
    except socket.gaierror as error:
        text, advice = f"its name cannot be resolved: {error.strerror}", "Is the name right, and DNS reachable?"
    except OSError as error:
        text, advice = f"no connection: {error.strerror or error}", "Does the CRM listen there?"
    else:
        return Finding(Level.OK, where, f"webhook {webhook.name}: it can be reached")
    return Finding(Level.PROBLEM, where, f"webhook {webhook.name}: {text}", advice)


async def _reach(config: Config, webhook: Webhook) -> None:
    url = urlsplit(webhook.url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    guard = Guard(allow_private=webhook.allow_private, own=build.own_addresses(config))
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, address in found:
        guard.check(str(address[0]), port)
    _, writer = await asyncio.open_connection(host, port, ssl=True if url.scheme == "https" else None)
    writer.close()
