"""Calls that go elsewhere than they were sent: picked up, forwarded, parked."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("20-pickup-by-code")
async def pickup_by_code(room: Room) -> None:
    """Maria calls 1001, which rings; 1002 dials *81001 and has her; 1 s; Maria hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000000")
    await ana.rings()
    await bruno.dial("*81001")
    await bruno.established()
    await ana.closed()
    await hang_up(maria, bruno, room)


@scene("21-forward-by-302")
async def forward_by_302(room: Room) -> None:
    """Maria calls 1001, whose phone answers 302 to 201; 201 rings, answers; 1 s; Maria hangs up."""
    maria, eva = await room.customer(), await room.phone("201")
    await room.forwarder("1001", "201")
    await maria.dial("210000000")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)


@scene("21-forward-to-outside")
async def forward_to_outside(room: Room) -> None:
    """Rui (936000111) calls 1001, whose phone answers 302 to 912345678; Maria answers; 1 s; Rui hangs up."""
    rui, maria = await room.customer("936000111", "Rui Costa", host=101), await room.customer()
    await room.forwarder("1001", "912345678")
    await rui.dial("210000000")
    await maria.rings()
    await maria.answer()
    await maria.established()
    await hang_up(rui, maria, room)


@scene("21-forward-on-no-answer")
async def forward_on_no_answer(room: Room) -> None:
    """Maria calls 210000007: 1001 rings 2 s, the dialplan goes on to Local/201; 201 answers; 1 s; 201 hangs up."""
    maria, ana, eva = await room.customer(), await room.phone("1001"), await room.phone("201")
    await maria.dial("210000007")
    await ana.rings()
    await eva.rings()
    await eva.answer()
    await eva.established()
    await hang_up(eva, maria, room)


@scene("22-park-and-retrieve")
async def park_and_retrieve(room: Room) -> None:
    """1001 sends Maria to 700 by REFER, which parks her at 701; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-comes-back")
async def park_comes_back(room: Room) -> None:
    """1001 parks Maria by REFER; after 3 s the PBX rings 1001 again, who answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("22-park-hangup")
async def park_hangup(room: Room) -> None:
    """1001 parks Maria by REFER; after 1 s Maria, still parked, hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await maria.hangup()


@scene("23-conference")
async def conference(room: Room) -> None:
    """Maria calls 210000050, 1001 and 1002 call 650: one conference; 1 s; they leave: Maria, 1001, 1002."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000050")
    await maria.established()
    for phone in (ana, bruno):
        await phone.dial("650")
        await phone.established()
    await room.talk(1)
    for phone in (maria, ana, bruno):
        await phone.hangup()
