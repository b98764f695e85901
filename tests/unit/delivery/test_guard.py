"""Where a webhook may not lead."""

import asyncio
import socket

import pytest
from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult

from callbridge.delivery import guard as guarding
from callbridge.delivery.guard import Guard, GuardedResolver, SocketRefused
from callbridge.errors import AddressForbidden

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4003::1", "::ffff:8.8.8.8"]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
]
NEVER = [
    "0.0.0.0",  # noqa: S104 - judged, not bound
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("allow_private", [False, True])
def test_public_addresses_are_open_to_everyone(address: str, allow_private: bool) -> None:  # noqa: FBT001 - a case
    Guard(allow_private=allow_private).check(address, 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_for_those_who_have_leave(address: str) -> None:
    Guard(allow_private=True).check(address, 443)
    with pytest.raises(AddressForbidden, match="private address; allow_private = true"):
        Guard(allow_private=False).check(address, 443)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_some_addresses_are_for_nobody(address: str, allow_private: bool) -> None:  # noqa: FBT001 - a case
    with pytest.raises(AddressForbidden):
        Guard(allow_private=allow_private).check(address, 443)


@pytest.mark.parametrize(
    ("own", "address", "port"),
    [
        (("127.0.0.1", 5038), "127.0.0.1", 5038),
        (("127.0.0.1", 5038), "127.0.0.2", 5038),
        (("127.0.0.1", 5038), "::ffff:127.0.0.1", 5038),
        (("0.0.0.0", 8700), "127.0.0.1", 8700),  # noqa: S104 - compared, not bound
        (("::", 8700), "::1", 8700),
        (("10.0.0.5", 5038), "10.0.0.5", 5038),
        (("8.8.8.8", 5038), "8.8.8.8", 5038),
    ],
)
def test_the_pbx_and_ourselves_are_for_nobody(own: tuple[str, int], address: str, port: int) -> None:
    guard = Guard(allow_private=True, own={own})
    with pytest.raises(AddressForbidden, match="is callbridge or the PBX itself"):
        guard.check(address, port)
    guard.check(address, port + 1)


def test_the_same_port_on_another_machine_is_no_concern_of_ours() -> None:
    guard = Guard(allow_private=True, own={("0.0.0.0", 8088), ("127.0.0.1", 5038), ("10.0.0.5", 5038)})  # noqa: S104 - as above
    guard.check("10.0.0.9", 8088)
    guard.check("10.0.0.9", 5038)


async def test_our_own_names_are_known_by_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host == "lost.lan":
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    guard = Guard(allow_private=True, own={("pbx.lan", 5038), ("lost.lan", 8088)})
    guard.check("10.0.0.5", 5038)
    await guard.learn_names()
    with pytest.raises(AddressForbidden):
        guard.check("10.0.0.5", 5038)


def test_a_socket_is_made_for_a_good_address_alone() -> None:
    guard = Guard(allow_private=False)
    with guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))) as made:
        assert made.family == socket.AF_INET
    with pytest.raises(SocketRefused, match="private address"):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443)))


async def test_a_name_with_one_bad_answer_among_good_ones_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["8.8.8.8", "1.1.1.1", "192.168.0.1"]

    async def resolve(_self: ThreadedResolver, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=answer, port=port, family=family, proto=0, flags=0) for answer in answers
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    resolver = GuardedResolver(Guard(allow_private=False))
    with pytest.raises(AddressForbidden, match=r"192\.168\.0\.1"):
        await resolver.resolve("crm.example", 443)
    answers.pop()
    assert len(await resolver.resolve("crm.example", 443)) == 2
    await resolver.close()


def test_a_network_of_the_allow_list_is_open_and_no_other() -> None:
    guard = Guard(allow_private=False, allow_networks=("10.1.0.0/16", "fd00:1::/32"))
    guard.check("10.1.2.3", 443)
    guard.check("::ffff:10.1.2.3", 443)
    guard.check("fd00:1::5", 443)
    for address in ("10.2.0.1", "192.168.1.1", "127.0.0.1", "fd00:2::5"):
        with pytest.raises(AddressForbidden, match="private address"):
            guard.check(address, 443)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "224.0.0.1", "2002:7f00:1::1", "0.0.0.0"])  # noqa: S104 - judged, not bound
def test_no_allow_list_opens_what_is_for_nobody(address: str) -> None:
    guard = Guard(allow_private=True, allow_networks=("0.0.0.0/0", "::/0"))
    with pytest.raises(AddressForbidden):
        guard.check(address, 443)


def test_no_allow_list_opens_our_own_ports() -> None:
    guard = Guard(allow_private=False, allow_networks=("127.0.0.0/8",), own={("127.0.0.1", 5038)})
    guard.check("127.0.0.1", 5039)
    with pytest.raises(AddressForbidden, match="is callbridge or the PBX itself"):
        guard.check("127.0.0.1", 5038)


def test_a_port_of_ours_is_forbidden_on_every_address_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """AMI told as 127.0.0.1 mostly listens on the LAN's address too."""
    here = {"192.168.7.5", "127.0.0.1"}
    monkeypatch.setattr(guarding, "_is_here", lambda address: str(address) in here)
    guard = Guard(allow_private=True, own={("127.0.0.1", 5038)})
    with pytest.raises(AddressForbidden, match="is callbridge or the PBX itself"):
        guard.check("192.168.7.5", 5038)
    guard.check("192.168.7.6", 5038)
    guard.check("192.168.7.5", 5039)


async def test_a_name_that_changes_its_answer_after_it_was_judged_is_caught_at_its_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first answer is good; the second, used for the connection, is not."""
    answers = iter(["8.8.8.8", "127.0.0.1"])

    async def resolve(_self: ThreadedResolver, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        answer = next(answers)
        return [ResolveResult(hostname=host, host=answer, port=port, family=socket.AF_INET, proto=0, flags=0)]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    guard = Guard(allow_private=False)
    resolver = GuardedResolver(guard)
    [good] = await resolver.resolve("crm.example", 80)
    assert good["host"] == "8.8.8.8"
    with pytest.raises(AddressForbidden):
        await resolver.resolve("crm.example", 80)
    with pytest.raises(SocketRefused):
        guard.socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    await resolver.close()
