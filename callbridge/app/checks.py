"""What `callbridge check` tries: each PBX, the database, each subscriber, each CRM; each within a deadline."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from callbridge.api.server import HttpServer
from callbridge.app import build, folder
from callbridge.app.ami_check import check_ami
from callbridge.app.cel_check import check_cel
from callbridge.app.database import check_database
from callbridge.app.directory_check import check_directory
from callbridge.app.findings import problem
from callbridge.app.halted_check import check_halted
from callbridge.app.notice_check import check_notice
from callbridge.app.stream_check import check_stream
from callbridge.asterisk.ari.rest import open_rest
from callbridge.clock import Clock, SystemClock
from callbridge.config import CONTROL_SOCKET, Ari, Config, Finding, Level, Pbx, Webhook
from callbridge.delivery.guard import Guard
from callbridge.errors import AddressForbidden, CallbridgeError, LoginRefused, PbxError

CONNECT_S: Final = 10.0
ARI_OFF: Final = "Is http.conf enabled there, and res_ari.so loaded?"
MAY_HANG: Final = "res_stasis_device_state.so"
NEVER_HANGS: Final = "16."
HANGS: Final = f"ARI may hang for good when a connection to it ends, for {MAY_HANG} is loaded (asterisk#2170)"
LEAVE_IT_OUT: Final = (
    f"Put noload = {MAY_HANG} into its modules.conf, unless something sets device states by ARI, and restart it once. "
    "Until then calls are told all the same, by AMI."
)


async def check(config: Config) -> AsyncIterator[Finding]:
    """Yield what is found, as it is found."""
    clock = SystemClock()
    yield check_folder(config)
    running = await _is_running(config)
    yield await check_listen(config, running=running)
    async for finding in check_database(config, running=running):
        yield finding
    async for finding in check_stream(config):
        yield finding
    for index, pbx in enumerate(config.pbx):
        async for finding in _check_pbx(config, index, pbx, clock):
            yield finding
    for index, webhook in enumerate(config.webhook):
        yield await check_webhook(config, webhook, config.where("webhook", index, "url"))
    async for finding in check_notice(config):
        yield finding
    async for finding in check_directory(config, clock):
        yield finding
    async for finding in check_halted(config):
        yield finding


async def _check_pbx(config: Config, index: int, pbx: Pbx, clock: Clock) -> AsyncIterator[Finding]:
    async for finding in check_ami(pbx, config.where("pbx", index, "ami"), clock):
        yield finding
    if pbx.ari is not None:
        async for finding in check_ari(pbx.id, pbx.ari, config.where("pbx", index, "ari", "url"), clock):
            yield finding
    if pbx.cel is not None:
        async for finding in check_cel(pbx, pbx.cel, config.where("pbx", index, "cel"), clock):
            yield finding
    yield check_recordings(pbx, config.where("pbx", index, "recordings_dir"))


def check_folder(config: Config) -> Finding:
    """See whether we may write where the daemon keeps its files."""
    where = config.where("data_dir")
    try:
        folder.require(config.data_dir)
    except CallbridgeError as error:
        return problem(where, "data_dir", error)
    return Finding(Level.OK, where, f"the data folder {config.data_dir} can be written")


async def check_listen(config: Config, *, running: bool) -> Finding:
    """See whether the HTTP side can have its port; a daemon that runs has it already."""
    where = config.where("http", "listen")
    try:
        tls = build.http_tls(config.http)
    except CallbridgeError as error:
        return problem(config.where("http", "tls_cert_file"), "http", error)
    if running:
        return Finding(Level.OK, where, "callbridge is running")
    server = HttpServer(config.http.host, config.http.port, (), tls)
    try:
        await server.start()
    except CallbridgeError as error:
        return problem(where, "http", error)
    finally:
        await server.stop()
    return Finding(Level.OK, where, f"{config.http.listen} is free for HTTP")


async def _is_running(config: Config) -> bool:
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_unix_connection(config.data_dir / CONTROL_SOCKET)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def check_ari(pbx: str, ari: Ari, where: str, clock: Clock) -> AsyncIterator[Finding]:
    """Ask ARI what needs our name and password, and whether it has the module that makes it hang."""
    try:
        async with open_rest(build.ari_settings(ari), clock) as rest:
            info = await rest.asterisk_info()
            yield Finding(Level.OK, where, f"PBX {pbx}: ARI answers, Asterisk {info.version}")
            if not (info.version or "").startswith(NEVER_HANGS) and await rest.module_runs(MAY_HANG):
                yield Finding(Level.WARNING, where, f"PBX {pbx}: {HANGS}", LEAVE_IT_OUT)
    except LoginRefused as error:
        yield problem(where, f"PBX {pbx}", error)
    except PbxError as error:
        found = problem(where, f"PBX {pbx}", error)
        yield found if found.advice else replace(found, advice=ARI_OFF)


def check_recordings(pbx: Pbx, where: str) -> Finding:
    """See whether the folder of recordings can be read by whoever runs this."""
    recordings = pbx.recordings_dir
    if not recordings.is_dir():
        advice = "Name Asterisk's folder, mount it here, or live without recordings."
        return Finding(Level.WARNING, where, f"PBX {pbx.id}: there is no folder {recordings}", advice)
    if not os.access(recordings, os.R_OK | os.X_OK):
        advice = "Put our user into Asterisk's group: usermod -aG asterisk callbridge."
        return Finding(Level.PROBLEM, where, f"PBX {pbx.id}: {recordings} cannot be read", advice)
    return Finding(Level.OK, where, f"PBX {pbx.id}: recordings can be read in {recordings}")


async def check_webhook(config: Config, webhook: Webhook, where: str) -> Finding:
    """Connect to where a webhook leads, without sending anything."""
    try:
        async with asyncio.timeout(CONNECT_S):
            await _reach(config, webhook)
    except AddressForbidden as error:
        text, _, advice = str(error).partition("; ")
    except (OSError, TimeoutError) as error:
        text, advice = _why(error, webhook)
    else:
        return Finding(Level.OK, where, f"webhook {webhook.name}: it can be reached")
    return Finding(Level.PROBLEM, where, f"webhook {webhook.name}: {text}", advice)


def _why(error: OSError, webhook: Webhook) -> tuple[str, str]:
    """Return in plain words why a webhook cannot be reached, and what to do."""
    host = urlsplit(webhook.url).hostname
    match error:
        case TimeoutError():
            return f"{host} does not answer within {CONNECT_S:.0f} s", "Is it right, and no firewall in between?"
        case socket.gaierror():
            return f"the name {host} cannot be resolved: {error.strerror}", "Is it right, and DNS reachable?"
        case ssl.SSLCertVerificationError():
            text = f"the certificate of {host} is not to be trusted: {error.verify_message}"
            return text, "Renew it there, or let this host trust its authority."
        case ssl.SSLError():
            return (
                f"{host} speaks no TLS that we understand: {error.reason}",
                "Is it https:// there, and the port right?",
            )
        case ConnectionRefusedError():
            return f"nothing listens on {urlsplit(webhook.url).netloc}", "Does the CRM run, and is the port right?"
        case _:
            return f"no connection to {host}: {error.strerror or error}", "Is the address right?"


async def _reach(config: Config, webhook: Webhook) -> None:
    url = urlsplit(webhook.url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    networks = tuple(webhook.allow_networks)
    guard = Guard(allow_private=webhook.allow_private, allow_networks=networks, own=build.own_addresses(config))
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, address in found:
        guard.check(str(address[0]), port)
    _, writer = await asyncio.open_connection(host, port, ssl=True if url.scheme == "https" else None)
    writer.close()
