"""Maria, outside, talks to 1001, who hands her on; somebody leaves or refuses at an awkward moment."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("16-blind-to-nobody")
async def blind_to_nobody(room: Room) -> None:
    """1001 talks to Maria 1 s, sends her to 555, nobody's number: refused with 404, at which 1001's phone hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await room.talk(1)
    await ana.transfer("555")
    await maria.closed()


@scene("16-blind-transferrer-hangs-up")
async def blind_transferrer_hangs_up(room: Room) -> None:
    """1001 sends Maria to 201 by REFER, and hangs up at once; 201 rings 1 s, answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.transfer("201")
    await ana.hangup()
    await eva.rings()
    await room.talk(1)
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)


@scene("17-attended-target-busy")
async def target_busy(room: Room) -> None:
    """1001 holds Maria, calls 201, which answers 486: 1001's phone has Maria again by itself; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await room.refuser("201", "486 Busy Here")
    await ana.hold()
    await ana.dial("201")
    await ana.closed()
    await hang_up(maria, ana, room)


@scene("17-attended-held-call-ended-first")
async def held_call_ended_first(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings; 1001 ends Maria's call; 201 answers; 1 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await ana.hears_ringing()
    await ana.line(1)
    await ana.hangup()
    await maria.closed()
    await eva.answer()
    await eva.established()
    await hang_up(ana, eva, room)


@scene("17-attended-target-hangs-up-at-once")
async def target_hangs_up_at_once(room: Room) -> None:
    """1001 holds Maria, asks 201, who answers; REFER with Replaces; 201 hangs up once 1001 is out."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(ana, "201")
    await ana.closed()
    await eva.hangup()
    await maria.closed()


@scene("17-attended-to-a-call-that-is-over")
async def to_a_call_that_is_over(room: Room) -> None:
    """1001 holds Maria, asks 201, who answers; 1 s; 201 hangs up; REFER to it is refused: 1001's phone hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await eva.hangup()
    await ana.closed()
    await ana.line(1)
    await ana.refer(f"<sip:201@{room.pbx.ip}?Replaces=gone%3Bto-tag%3Done%3Bfrom-tag%3Dtwo>")
    await maria.closed()


@scene("17-attended-by-feature-code-busy")
async def by_feature_code_busy(room: Room) -> None:
    """1001 presses *2 201, which answers 486; 10 s of busy tone; 1001 has Maria again; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await room.refuser("201", "486 Busy Here")
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("201")
    await room.talk(16)
    await hang_up(maria, ana, room)


@scene("17-attended-by-feature-code-wrong-number")
async def by_feature_code_wrong_number(room: Room) -> None:
    """1001 presses *2 555, which is nobody's number; 1001 has Maria again; 4 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("555")
    await room.talk(5)
    await hang_up(maria, ana, room)


@scene("17-attended-by-feature-code-given-up-at-once")
async def by_feature_code_given_up_at_once(room: Room) -> None:
    """1001 presses *2, and hangs up before dialling anybody: nothing is left."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.press("*2")
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("17-attended-by-feature-code-customer-leaves-while-it-rings")
async def by_feature_code_customer_leaves(room: Room) -> None:
    """1001 presses *2 201, which rings; Maria hangs up: that ends it for 201, and for 1001."""
    maria, ana, eva = await _asks(room)
    await room.talk(1)
    await maria.hangup()
    await eva.closed()
    await ana.closed()


@scene("18-blonde-by-feature-code-rejected")
async def blonde_by_feature_code_rejected(room: Room) -> None:
    """1001 presses *2 201; 1001 hangs up; 201 rejects; 1001 is called back, answers; 1 s; Maria hangs up."""
    maria, ana, eva = await _asks(room)
    await ana.hangup()
    await room.talk(1)
    await eva.hangup()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("18-blonde-by-feature-code-called-back-in-vain")
async def blonde_by_feature_code_called_back_in_vain(room: Room) -> None:
    """1001 presses *2 201, hangs up; 201 rejects; 1001 is called back, rejects; Maria waits 1 s and hangs up."""
    maria, ana, eva = await _asks(room)
    await ana.hangup()
    await room.talk(1)
    await eva.hangup()
    await ana.rings()
    await ana.hangup()
    await room.talk(1)
    await maria.hangup()


@scene("18-blonde-by-feature-code-called-back-twice")
async def blonde_by_feature_code_called_back_twice(room: Room) -> None:
    """1001 presses *2 201, hangs up; 201 rejects, so does 1001; 10 s later 201 rings again, answers; Maria hangs up."""
    maria, ana, eva = await _asks(room)
    await ana.hangup()
    await room.talk(1)
    await eva.hangup()
    await ana.rings()
    await ana.hangup()
    await eva.rings()
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)


@scene("18-blonde-by-feature-code-customer-hangs-up")
async def blonde_by_feature_code_customer_hangs_up(room: Room) -> None:
    """1001 presses *2 201; 1001 hangs up; 201 rings 1 s; Maria hangs up."""
    maria, ana, eva = await _asks(room)
    await ana.hangup()
    await room.talk(1)
    await maria.hangup()
    await eva.closed()


@scene("18-blonde-by-refer-rejected")
async def blonde_by_refer_rejected(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings; REFER with Replaces; 201 rejects; Maria is left with the busy tone."""
    maria, ana, eva = await _consults(room)
    await room.joins(ana, "201")
    await room.talk(1)
    await eva.hangup()
    await room.talk(1)
    await maria.hangup()


@scene("18-blonde-by-refer-customer-hangs-up")
async def blonde_by_refer_customer_hangs_up(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings; REFER with Replaces; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await room.joins(ana, "201")
    await room.talk(1)
    await maria.hangup()
    await eva.closed()


@scene("18-blonde-answered-as-it-is-sent")
async def blonde_answered_as_it_is_sent(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings; 201 answers and the REFER with Replaces comes at once; Maria ends."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await room.joins(ana, "201")
    await eva.established()
    await hang_up(maria, eva, room)


async def _asks(room: Room) -> tuple[Phone, Phone, Phone]:
    """By feature code: 1001 has Maria on hold, and 201 rings."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("201")
    await eva.rings()
    await room.talk(0.5)  # until the PBX has heard that it rings, too
    return maria, ana, eva


async def _consults(room: Room) -> tuple[Phone, Phone, Phone]:
    """By a second call: 1001 has Maria on hold, and 201 rings."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await ana.hears_ringing()
    return maria, ana, eva
