"""Callers who reach no person."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up


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


@scene("24-announcement-caller-hangs-up")
async def announcement_caller_hangs_up(room: Room) -> None:
    """Maria calls 210000031; the PBX picks up and plays; after 0.5 s she hangs up."""
    maria = await room.customer()
    await maria.dial("210000031")
    await maria.established()
    await room.talk(0.5)
    await maria.hangup()
    await maria.closed()


@scene("24-early-announcement-caller-hangs-up")
async def early_announcement_caller_hangs_up(room: Room) -> None:
    """Maria calls 210000033; the PBX plays without picking up; after 0.5 s she hangs up."""
    maria = await room.customer()
    await maria.dial("210000033")
    await room.talk(0.5)
    await maria.hangup()
    await maria.closed()


@scene("24-menu-without-a-choice")
async def menu_without_a_choice(room: Room) -> None:
    """Maria calls 210000037, hears the menu and presses nothing; the PBX hangs up."""
    maria = await room.customer()
    await maria.dial("210000037")
    await maria.established()
    await maria.closed()


@scene("24-menu-then-answered")
async def menu_then_answered(room: Room) -> None:
    """Maria calls 210000030, presses 2; 1001 rings, answers; 1 s; Maria hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000030")
    await maria.established()
    await room.talk(0.5)
    await maria.press("2")
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("24-voicemail-at-once")
async def voicemail_at_once(room: Room) -> None:
    """Maria calls 210000036: voicemail picks up, beeps; she speaks 1 s and hangs up."""
    await _leaves_a_message(room, await room.customer(), "210000036")


@scene("24-voicemail-no-message")
async def voicemail_no_message(room: Room) -> None:
    """Maria calls 210000036: voicemail picks up; she hangs up at once."""
    maria = await room.customer()
    await maria.dial("210000036")
    await maria.established()
    await maria.hangup()
    await maria.closed()


@scene("24-voicemail-after-queue")
async def voicemail_after_queue(room: Room) -> None:
    """Maria calls 210000035: 1001 and 1002 ring 2 s in vain, the queue gives up; voicemail; she speaks, hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000035")
    await ana.rings()
    await bruno.rings()
    await ana.closed()
    await bruno.closed()
    await room.talk(1.5)
    await maria.hangup()
    await maria.closed()


async def _leaves_a_message(room: Room, maria: Phone, number: str) -> None:
    await maria.dial(number)
    await maria.established()
    await room.talk(1.5)
    await maria.hangup()
    await maria.closed()
