"""Calls that ring at one phone and are taken at another."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up


@scene("20-pickup-by-code")
async def by_code(room: Room) -> None:
    """Maria calls 1001, which rings; 1002 dials *81001 and has her; 1 s; Maria hangs up."""
    maria, bruno = await _picks_up(room, "*81001")
    await hang_up(maria, bruno, room)


@scene("20-pickup-of-the-group")
async def of_the_group(room: Room) -> None:
    """Maria calls 1001, which rings; 1002 dials *8, for whatever rings in the office; 1 s; 1002 hangs up."""
    maria, bruno = await _picks_up(room, "*8")
    await hang_up(bruno, maria, room)


@scene("20-pickup-of-a-number")
async def of_a_number(room: Room) -> None:
    """Maria calls 1001, which rings; 1002 dials *7 for whatever rings for the company's number; 1 s; Maria hangs up."""
    maria, bruno = await _picks_up(room, "*7")
    await hang_up(maria, bruno, room)


@scene("20-pickup-by-replaces")
async def by_replaces(room: Room) -> None:
    """Maria calls 1001, which rings 1 s; 1002's phone takes the ringing over by SIP's Replaces; 1 s; Maria hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await room.talk(1)
    taker = await room.taker("1002", ana)
    await taker.dial("1001")
    await maria.established()
    await ana.closed()
    await room.talk(1)
    await maria.hangup()
    await taker.closed()


@scene("20-pickup-out-of-a-queue")
async def out_of_a_queue(room: Room) -> None:
    """Maria waits in sales, 1001 rings; 1003, no member, dials *81001; 1 s; Maria hangs up."""
    maria, ana, carla = await room.customer(), await room.phone("1001"), await room.phone("1003")
    await room.refuser("1002", "486 Busy Here")
    await maria.dial("210000020")
    await ana.rings()
    await room.talk(1)
    await carla.dial("*81001")
    await carla.established()
    await ana.closed()
    await hang_up(maria, carla, room)


@scene("20-pickup-out-of-a-group")
async def out_of_a_group(room: Room) -> None:
    """Maria calls the group: 1001, 1002, 1003 ring; 201 dials *81001; 1 s; 201 hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    group = [await room.phone(extension) for extension in ("1001", "1002", "1003")]
    await maria.dial("210000010")
    for phone in group:
        await phone.rings()
    await eva.dial("*81001")
    await eva.established()
    for phone in group:
        await phone.closed()
    await hang_up(eva, maria, room)


@scene("20-pickup-of-a-colleagues-call")
async def of_a_colleagues_call(room: Room) -> None:
    """201 calls 1001, which rings; 1002 dials *81001; 1 s; 201 hangs up."""
    eva, ana, bruno = await room.phone("201"), await room.phone("1001"), await room.phone("1002")
    await eva.dial("1001")
    await ana.rings()
    await bruno.dial("*81001")
    await bruno.established()
    await ana.closed()
    await hang_up(eva, bruno, room)


@scene("20-pickup-of-nothing")
async def of_nothing(room: Room) -> None:
    """1002 dials *8 while nothing rings, and is refused."""
    bruno = await room.phone("1002")
    await bruno.dial("*8")
    await bruno.closed()


async def _picks_up(room: Room, code: str) -> tuple[Phone, Phone]:
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000000")
    await ana.rings()
    await bruno.dial(code)
    await bruno.established()
    await ana.closed()
    return maria, bruno
