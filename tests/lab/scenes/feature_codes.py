"""Maria, outside, talks to 1001, who asks somebody by feature code, or is made to by AMI: one channel, two calls."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("17-attended-by-feature-code")
async def by_feature_code(room: Room) -> None:
    """1001 presses *2 201; 201 answers; 1 s; 1001 hangs up, which joins Maria and 201; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.hangup()
    await hang_up(maria, eva, room)


@scene("17-attended-by-ami")
async def by_ami(room: Room) -> None:
    """AMI's Atxfer sends 1001 to 201, who answers; 1 s; 1001 leaves Maria and 201 alone; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    channel = await room.channel_of("1001")
    await room.action("Atxfer", Channel=channel, Exten="201", Context="from-phones")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.hangup()
    await hang_up(maria, eva, room)


@scene("18-blonde-by-feature-code")
async def blonde_by_feature_code(room: Room) -> None:
    """1001 presses *2 201; 201 rings; 1001 hangs up; after 1 s 201 answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("201")
    await eva.rings()
    await ana.hangup()
    await room.talk(1)
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)


@scene("17-attended-by-feature-code-cancelled")
async def by_feature_code_cancelled(room: Room) -> None:
    """1001 presses *2 201; 201 answers; 1 s; 1001 presses *1, and has Maria again; 1 s; Maria hangs up."""
    maria, ana, eva = await _asks_by_feature_code(room, "201")
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.press("*1")
    await eva.closed()
    await hang_up(maria, ana, room)


@scene("17-attended-by-feature-code-target-hangs-up")
async def by_feature_code_target_hangs_up(room: Room) -> None:
    """1001 presses *2 201; 201 answers; 1 s; 201 hangs up, and 1001 has Maria again; 1 s; 1001 hangs up."""
    maria, ana, eva = await _asks_by_feature_code(room, "201")
    await eva.answer()
    await eva.established()
    await hang_up(eva, eva, room)
    await hang_up(ana, maria, room)


@scene("17-attended-by-feature-code-target-does-not-answer")
async def by_feature_code_target_does_not_answer(room: Room) -> None:
    """1001 presses *2 81002, which is 1002 for 2 s; it rings in vain; 1001 has Maria again; 1 s; Maria hangs up."""
    maria, ana, bruno = await _asks_by_feature_code(room, "81002", "1002")
    await bruno.closed()
    await room.talk(1)
    await hang_up(maria, ana, room)


@scene("17-attended-by-feature-code-customer-hangs-up")
async def by_feature_code_customer_hangs_up(room: Room) -> None:
    """1001 presses *2 201; 201 answers; Maria hangs up; 1 s later 1001 hangs up on 201."""
    maria, ana, eva = await _asks_by_feature_code(room, "201")
    await room.answers_who_asks(eva)
    await maria.hangup()
    await hang_up(ana, eva, room)


@scene("17-attended-by-ami-cancelled")
async def by_ami_cancelled(room: Room) -> None:
    """AMI's Atxfer sends 1001 to 201, who answers; 1 s; CancelAtxfer gives Maria back; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    channel = await room.channel_of("1001")
    await room.action("Atxfer", Channel=channel, Exten="201", Context="from-phones")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.action("CancelAtxfer", Channel=channel)
    await eva.closed()
    await hang_up(maria, ana, room)


@scene("17-attended-by-ami-customer-hangs-up")
async def by_ami_customer_hangs_up(room: Room) -> None:
    """AMI's Atxfer sends 1001 to 201, who answers; Maria hangs up; 1 s later 201 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    channel = await room.channel_of("1001")
    await room.action("Atxfer", Channel=channel, Exten="201", Context="from-phones")
    await eva.rings()
    await room.answers_who_asks(eva)
    await maria.hangup()
    await hang_up(eva, ana, room)


@scene("18-blonde-by-feature-code-no-answer")
async def blonde_by_feature_code_no_answer(room: Room) -> None:
    """1001 presses *2 851002, which is 1002 for 5 s; 1001 hangs up; nobody answers; 1001 is called back, answers."""
    maria, ana, bruno = await _asks_by_feature_code(room, "851002", "1002")
    await ana.hangup()
    await bruno.closed()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


async def _asks_by_feature_code(room: Room, wanted: str, extension: str = "201") -> tuple[Phone, Phone, Phone]:
    """1001 has Maria on hold, and the phone of whom she asks rings."""
    maria, ana = await maria_talks_to_ana(room)
    asked = await room.phone(extension)
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press(wanted)
    await asked.rings()
    await room.talk(0.5)  # until the PBX has heard that it rings, too
    return maria, ana, asked
