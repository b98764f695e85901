"""Maria, outside, talks to 1001, who asks 201 first."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("17-attended-by-refer")
async def by_refer(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; 1 s; REFER with Replaces joins Maria and 201; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(ana, "201")
    await hang_up(maria, eva, room)


@scene("17-attended-cancelled")
async def cancelled(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; 1 s; 1001 ends that, resumes Maria; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.hangup()
    await eva.closed()
    await ana.resume()
    await hang_up(maria, ana, room)


@scene("17-attended-target-does-not-answer")
async def target_does_not_answer(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings 1 s; 1001 gives up, resumes Maria; 1 s; 1001 hangs up."""
    maria, ana, eva = await _consults(room)
    await room.talk(1)
    await ana.hangup()
    await eva.closed()
    await ana.resume()
    await hang_up(ana, maria, room)


@scene("17-attended-customer-hangs-up")
async def customer_hangs_up(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; Maria hangs up; 1 s later 1001 hangs up on 201."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await maria.hangup()
    await ana.closed()
    await hang_up(ana, eva, room)


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


@scene("18-blonde-by-refer")
async def blonde_by_refer(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings; REFER with Replaces meanwhile; 201 answers; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await room.talk(1)
    await room.joins(ana, "201")
    await eva.answer()
    await eva.established()
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


async def _consults(room: Room) -> tuple[Phone, Phone, Phone]:
    """1001 has Maria on hold, and 201 rings."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await ana.hears_ringing()
    return maria, ana, eva
