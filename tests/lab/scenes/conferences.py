"""Three people and more."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


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


@scene("23-conference-alone")
async def conference_alone(room: Room) -> None:
    """Maria calls 210000050, where nobody comes; after 1 s she hangs up."""
    maria = await room.customer()
    await maria.dial("210000050")
    await maria.established()
    await room.talk(1)
    await maria.hangup()


@scene("23-conference-comes-late")
async def conference_comes_late(room: Room) -> None:
    """Maria calls 210000050, after 1 s 1001 calls 650; 1 s; 1001 leaves, after 1 s Maria."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000050")
    await maria.established()
    await room.talk(1)
    await ana.dial("650")
    await ana.established()
    await room.talk(1)
    await ana.hangup()
    await room.talk(1)
    await maria.hangup()


@scene("23-conference-of-a-call")
async def conference_of_a_call(room: Room) -> None:
    """1001 talks to Maria; an admin moves both to the conference; 1002 calls 650; 1 s; Maria, 1001, 1002 leave."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    here, there = await room.channel_of("trunk"), await room.channel_of("1001")
    await room.action(
        "Redirect",
        Channel=here,
        ExtraChannel=there,
        Context="conference",
        Exten="s",
        Priority="1",
        ExtraContext="conference",
        ExtraExten="s",
        ExtraPriority="1",
    )
    await room.talk(1)
    await bruno.dial("650")
    await bruno.established()
    await room.talk(1)
    for phone in (maria, ana, bruno):
        await phone.hangup()


@scene("23-conference-by-transfer")
async def conference_by_transfer(room: Room) -> None:
    """1002 calls 650; 1001, who talks to Maria, sends her to 650 by REFER; 1 s; Maria hangs up, then 1002."""
    bruno = await room.phone("1002")
    await bruno.dial("650")
    await bruno.established()
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("650")
    await ana.closed()
    await room.talk(1)
    await maria.hangup()
    await bruno.hangup()


@scene("23-three-way-by-phone")
async def three_way_by_phone(room: Room) -> None:
    """1001 talks to Maria, calls 201, who answers, takes Maria off hold and mixes both; 1 s; 1001 ends both calls."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await _adds_eva(room, ana)
    await ana.line(1)
    await ana.resume()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()
    await ana.line(2)
    await hang_up(ana, eva, room, after_s=0.2)


@scene("23-three-way-by-feature-code")
async def three_way_by_feature_code(room: Room) -> None:
    """1001 talks to Maria, presses *2 201, who answers, and *3: all talk; 1 s; 1001 leaves; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("*2")
    await room.talk(0.7)
    await ana.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.press("*3")
    await room.talk(1)
    await ana.hangup()
    await hang_up(maria, eva, room)


@scene("23-three-way-that-all-leave")
async def three_way_that_all_leave(room: Room) -> None:
    """1001 talks to Maria, presses *2 201, who answers, and *3: all three talk; 1 s; Maria, 201 and 1001 leave."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("*2")
    await room.talk(0.7)
    await ana.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.press("*3")
    await room.talk(1)
    await maria.hangup()
    await room.talk(1)
    await hang_up(eva, ana, room, after_s=0)


@scene("23-three-way-by-bridge-add")
async def three_way_by_bridge_add(room: Room) -> None:
    """1001 talks to Maria; 1002 dials *551001, which is BridgeAdd: all talk; 1 s; 1001 leaves; 1 s; Maria hangs up."""
    maria, ana, bruno = await _bruno_dials(room, "*551001")
    await ana.hangup()
    await hang_up(maria, bruno, room)


@scene("23-three-way-by-bridge-add-and-out")
async def three_way_by_bridge_add_and_out(room: Room) -> None:
    """1001 talks to Maria; 1002 dials *551001, which is BridgeAdd: all talk; 1 s; 1002 leaves; 1 s; 1001 hangs up."""
    maria, ana, bruno = await _bruno_dials(room, "*551001")
    await bruno.hangup()
    await hang_up(ana, maria, room)


@scene("23-bridged-by-ami")
async def bridged_by_ami(room: Room) -> None:
    """1001 talks to Maria, holds, calls 201, who answers; 1 s; an admin bridges Maria with 201; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await _adds_eva(room, ana)
    await room.talk(1)
    await room.action("Bridge", Channel1=await room.channel_of("trunk"), Channel2=await room.channel_of("201"))
    await hang_up(maria, eva, room)


@scene("23-two-calls-bridged-by-ami")
async def two_calls_bridged_by_ami(room: Room) -> None:
    """Maria talks to 1001, Rui to 1002; an admin bridges Maria with 1002: 1001 and Rui are out; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    here = await room.channel_of("trunk")
    rui, bruno = await room.customer("936000111", "Rui Sousa", host=101), await room.phone("1002")
    await rui.dial("210000062")
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await room.talk(1)
    await room.action("Bridge", Channel1=here, Channel2=await room.channel_of("1002"))
    await ana.closed()
    await rui.closed()
    await hang_up(maria, bruno, room)


@scene("23-supervisor-listens")
async def supervisor_listens(room: Room) -> None:
    """1001 talks to Maria; 1002 dials *561001 and listens to both; 1 s; Maria hangs up, and 1002 hears no more."""
    maria, ana, bruno = await _bruno_dials(room, "*561001")
    await maria.hangup()
    await ana.closed()
    await bruno.closed()


@scene("23-supervisor-whispers")
async def supervisor_whispers(room: Room) -> None:
    """1001 talks to Maria; 1002 dials *571001 and whispers to 1001; 1 s; 1002 hangs up; 1 s; Maria hangs up."""
    maria, ana, bruno = await _bruno_dials(room, "*571001")
    await bruno.hangup()
    await hang_up(maria, ana, room)


@scene("23-supervisor-barges-in")
async def supervisor_barges_in(room: Room) -> None:
    """1001 talks to Maria; 1002 dials *581001 and speaks to both; 1 s; 1002 hangs up; 1 s; Maria hangs up."""
    maria, ana, bruno = await _bruno_dials(room, "*581001")
    await bruno.hangup()
    await hang_up(maria, ana, room)


async def _bruno_dials(room: Room, code: str) -> tuple[Phone, Phone, Phone]:
    """1001 talks to Maria, 1002 has dialled a code to be with them, and 1 s has gone by."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await bruno.dial(code)
    await bruno.established()
    await room.talk(1)
    return maria, ana, bruno


async def _adds_eva(room: Room, ana: Phone) -> Phone:
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    return eva
