"""From outside to several phones at once."""

from tests.lab.room import Room
from tests.lab.scenes import scene


@scene("04-group-one-answers")
async def one_answers(room: Room) -> None:
    """Maria calls 210000010; 1001, 1002 and 1003 ring 1 s; 1002 answers; they talk 1 s; Maria hangs up."""
    maria = await room.customer()
    ana, bruno, carla = [await room.phone(extension) for extension in ("1001", "1002", "1003")]
    await maria.dial("210000010")
    await ana.rings()
    await bruno.rings()
    await carla.rings()
    await room.talk(1)
    await bruno.answer()
    await ana.closed()
    await carla.closed()
    await room.talk(1)
    await maria.hangup()
    await bruno.closed()


@scene("04-group-all-reject")
async def all_reject(room: Room) -> None:
    """Maria calls 210000010; 1001, 1002 and 1003 answer 486 at once; the PBX ends the call."""
    maria = await room.customer()
    for extension in ("1001", "1002", "1003"):
        await room.refuser(extension, "486 Busy Here")
    await maria.dial("210000010")
    await maria.closed()


@scene("04-group-nobody-answers")
async def nobody_answers(room: Room) -> None:
    """Maria calls 210000011; 1001, 1002 and 1003 ring 2 s, Dial gives up; the PBX ends the call."""
    maria = await room.customer()
    phones = [await room.phone(extension) for extension in ("1001", "1002", "1003")]
    await maria.dial("210000011")
    for phone in phones:
        await phone.rings()
    await maria.closed()
    for phone in phones:
        await phone.closed()


@scene("05-one-person-two-devices")
async def one_person_two_devices(room: Room) -> None:
    """Maria calls 210000005; 1005's desk phone and mobile ring; the mobile answers; 1 s; Maria hangs up."""
    maria, desk, mobile = await room.customer(), await room.device("desk"), await room.device("mobile")
    await maria.dial("210000005")
    await desk.rings()
    await mobile.rings()
    await mobile.answer()
    await desk.closed()
    await room.talk(1)
    await maria.hangup()
    await mobile.closed()


@scene("04-second-phone-after-the-first")
async def second_phone_after_the_first(room: Room) -> None:
    """Maria calls 210000006; 1001 rings 2 s, then 1002 rings and answers; 1 s; 1002 hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000006")
    await ana.rings()
    await bruno.rings()
    await ana.closed()
    await bruno.answer()
    await maria.established()
    await room.talk(1)
    await bruno.hangup()
    await maria.closed()


@scene("04-group-two-reject-one-answers")
async def two_reject_one_answers(room: Room) -> None:
    """Maria calls 210000010; 1001 and 1003 answer 486 at once; 1002 rings 1 s and answers; 1 s; 1002 hangs up."""
    maria, bruno = await room.customer(), await room.phone("1002")
    for extension in ("1001", "1003"):
        await room.refuser(extension, "486 Busy Here")
    await maria.dial("210000010")
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await maria.established()
    await room.talk(1)
    await bruno.hangup()
    await maria.closed()


@scene("04-group-caller-gives-up")
async def caller_gives_up(room: Room) -> None:
    """Maria calls 210000010; 1001, 1002 and 1003 ring 1 s; Maria hangs up."""
    maria = await room.customer()
    phones = [await room.phone(extension) for extension in ("1001", "1002", "1003")]
    await maria.dial("210000010")
    for phone in phones:
        await phone.rings()
    await room.talk(1)
    await maria.hangup()
    for phone in phones:
        await phone.closed()


@scene("05-two-devices-nobody-answers")
async def two_devices_nobody_answers(room: Room) -> None:
    """Maria calls 210000005; 1005's desk phone and mobile ring 1 s; Maria hangs up."""
    maria, desk, mobile = await room.customer(), await room.device("desk"), await room.device("mobile")
    await maria.dial("210000005")
    await desk.rings()
    await mobile.rings()
    await room.talk(1)
    await maria.hangup()
    await desk.closed()
    await mobile.closed()


@scene("05-two-devices-one-rejects")
async def two_devices_one_rejects(room: Room) -> None:
    """Maria calls 210000005; 1005's desk phone and mobile ring; the desk phone rejects; the mobile answers; 1 s."""
    maria, desk, mobile = await room.customer(), await room.device("desk"), await room.device("mobile")
    await maria.dial("210000005")
    await desk.rings()
    await mobile.rings()
    await desk.hangup()
    await desk.closed()
    await room.talk(0.5)
    await mobile.answer()
    await mobile.established()
    await room.talk(1)
    await mobile.hangup()
    await maria.closed()
