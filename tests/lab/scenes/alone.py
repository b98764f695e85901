"""Callers who reach no person."""

from tests.lab.room import Room
from tests.lab.scenes import scene


@scene("24-announcement")
async def announcement(room: Room) -> None:
    """Maria calls 210000031; the PBX picks up, plays 1.5 s and hangs up."""
    maria = await room.customer()
    await maria.dial("210000031")
    await maria.established()
    await maria.closed()


@scene("24-early-announcement")
async def early_announcement(room: Room) -> None:
    """Maria calls 210000033; the PBX plays 1.5 s without picking up, then says busy."""
    maria = await room.customer()
    await maria.dial("210000033")
    await maria.closed()


@scene("24-menu-hangs-up")
async def menu_hangs_up(room: Room) -> None:
    """Maria calls 210000030, hears the menu 1 s and hangs up."""
    maria = await room.customer()
    await maria.dial("210000030")
    await maria.established()
    await room.talk(1)
    await maria.hangup()


@scene("24-voicemail")
async def voicemail(room: Room) -> None:
    """Maria calls 210000032; 1001 rings 2 s in vain; voicemail picks up, beeps; she speaks 1 s and hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000032")
    await ana.rings()
    await ana.closed()
    await maria.established()
    await room.talk(1.5)
    await maria.hangup()
    await maria.closed()
