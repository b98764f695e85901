"""Calls that go on to somebody else before anybody answers: the phone sends them on, or the dialplan."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up


@scene("21-forward-by-302")
async def by_302(room: Room) -> None:
    """Maria calls 1001, whose phone answers 302 to 201; 201 rings, answers; 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.forwarder("1001", "201")
    await maria.dial("210000000")
    await _answers(eva)
    await hang_up(maria, eva, room)


@scene("21-forward-by-302-after-ringing")
async def by_302_after_ringing(room: Room) -> None:
    """Maria calls 1001, whose phone rings 1 s, then answers 302 to 201; 201 rings, answers; 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.late_forwarder("1001", "201")
    await maria.dial("210000000")
    await _answers(eva)
    await hang_up(maria, eva, room)


@scene("21-forward-by-302-out-of-a-group")
async def by_302_out_of_a_group(room: Room) -> None:
    """201 calls 661: 1002 and 1003 ring; after 1 s 1003's phone answers 302 to 1001, who answers; 1 s; 201 hangs up."""
    eva, bruno, ana = await room.phone("201"), await room.phone("1002"), await room.phone("1001")
    await room.late_forwarder("1003", "1001")
    await eva.dial("661")
    await bruno.rings()
    await _answers(ana)
    await hang_up(eva, ana, room)


@scene("21-forward-to-outside")
async def to_outside(room: Room) -> None:
    """Rui (936000111) calls 1001, whose phone answers 302 to 912345678; Maria answers; 1 s; Rui hangs up."""
    rui, maria = await room.customer("936000111", "Rui Costa", host=101), await room.customer()
    await room.forwarder("1001", "912345678")
    await rui.dial("210000000")
    await _answers(maria)
    await hang_up(rui, maria, room)


@scene("21-forward-of-a-colleagues-call")
async def of_a_colleagues_call(room: Room) -> None:
    """1003 calls 1001, whose phone answers 302 to 912345678; Maria answers; 1 s; 1003 hangs up."""
    carla, maria = await room.phone("1003"), await room.customer()
    await room.forwarder("1001", "912345678")
    await carla.dial("1001")
    await _answers(maria)
    await hang_up(carla, maria, room)


@scene("21-forward-chained")
async def chained(room: Room) -> None:
    """Maria calls 1001, which answers 302 to 1002, which answers 302 to 201, who answers; 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.forwarder("1001", "1002")
    await room.forwarder("1002", "201")
    await maria.dial("210000000")
    await _answers(eva)
    await hang_up(maria, eva, room)


@scene("21-forward-in-a-loop")
async def in_a_loop(room: Room) -> None:
    """Maria calls 1001, which answers 302 to 1002, which answers 302 to 1001, and so on until the PBX gives up."""
    maria = await room.customer()
    await room.forwarder("1001", "1002")
    await room.forwarder("1002", "1001")
    await maria.dial("210000000")
    await maria.closed()


@scene("21-forward-to-a-busy-phone")
async def to_a_busy_phone(room: Room) -> None:
    """Maria calls 1001, which answers 302 to 1002, which is busy."""
    maria = await room.customer()
    await room.forwarder("1001", "1002")
    await room.refuser("1002", "486 Busy Here")
    await maria.dial("210000000")
    await maria.closed()


@scene("21-forward-given-up")
async def given_up(room: Room) -> None:
    """Maria calls 1001, whose phone answers 302 to 201; 201 rings 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.forwarder("1001", "201")
    await maria.dial("210000000")
    await eva.rings()
    await room.talk(1)
    await maria.hangup()
    await eva.closed()


@scene("21-forward-on-no-answer")
async def on_no_answer(room: Room) -> None:
    """Maria calls 210000007: 1001 rings 2 s, the dialplan goes on to Local/201; 201 answers; 1 s; 201 hangs up."""
    maria, ana, eva = await room.customer(), await room.phone("1001"), await room.phone("201")
    await maria.dial("210000007")
    await ana.rings()
    await _answers(eva)
    await hang_up(eva, maria, room)


@scene("21-forward-on-busy")
async def on_busy(room: Room) -> None:
    """Maria calls 210000060: 1001 is busy, the dialplan goes on to 201; 201 answers; 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.refuser("1001", "486 Busy Here")
    await maria.dial("210000060")
    await _answers(eva)
    await hang_up(maria, eva, room)


@scene("21-forward-on-no-answer-to-outside")
async def on_no_answer_to_outside(room: Room) -> None:
    """Rui calls 210000061: 1001 rings 2 s, the dialplan goes on to 912345678; Maria answers; 1 s; Maria hangs up."""
    rui, maria = await room.customer("936000111", "Rui Costa", host=101), await room.customer()
    ana = await room.phone("1001")
    await rui.dial("210000061")
    await ana.rings()
    await _answers(maria)
    await hang_up(maria, rui, room)


@scene("21-forward-always")
async def always(room: Room) -> None:
    """1003 calls 204, which the dialplan always sends on to 201; 201 answers; 1 s; 1003 hangs up."""
    carla, eva = await room.phone("1003"), await room.phone("201")
    await carla.dial("204")
    await _answers(eva)
    await hang_up(carla, eva, room)


@scene("21-forward-always-to-outside")
async def always_to_outside(room: Room) -> None:
    """1003 calls 203, which the dialplan always sends on to 912345678; Maria answers; 1 s; Maria hangs up."""
    carla, maria = await room.phone("1003"), await room.customer()
    await carla.dial("203")
    await _answers(maria)
    await hang_up(maria, carla, room)


async def _answers(phone: Phone) -> None:
    await phone.rings()
    await phone.answer()
    await phone.established()
