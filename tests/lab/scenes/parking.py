"""Calls that wait in a car park."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import ana_talks_to_maria, hang_up, maria_talks_to_ana


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


@scene("22-park-and-retrieve-oneself")
async def park_and_retrieve_oneself(room: Room) -> None:
    """1001 parks Maria by REFER; after 1 s 1001 dials 701; 1 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await ana.dial("701")
    await ana.established()
    await hang_up(ana, maria, room)


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


@scene("22-park-comes-back-to-nobody")
async def park_comes_back_to_nobody(room: Room) -> None:
    """1001 parks Maria by REFER; after 3 s the PBX rings 1001 again for 2 s, and lets Maria go."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    await ana.rings()
    await maria.closed()


@scene("22-park-hangup")
async def park_hangup(room: Room) -> None:
    """1001 parks Maria by REFER; after 1 s Maria, still parked, hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await maria.hangup()


@scene("22-park-by-feature-code")
async def park_by_feature_code(room: Room) -> None:
    """1001 presses #72, hears 701 and is let go; after 1 s 1002 dials 701; 1 s; 1002 hangs up."""
    maria, ana = await maria_talks_to_ana(room, "210000008")
    bruno = await room.phone("1002")
    await ana.press("#72")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(bruno, maria, room)


@scene("22-park-by-dialplan")
async def park_by_dialplan(room: Room) -> None:
    """1001 sends Maria to 709 by REFER, where the dialplan parks her; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.transfer("709")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-by-ami")
async def park_by_ami(room: Room) -> None:
    """An admin parks Maria, who talks to 1001; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    here, there = await room.channel_of("trunk"), await room.channel_of("1001")
    await room.action("Park", Channel=here, TimeoutChannel=there)
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-after-hold")
async def park_after_hold(room: Room) -> None:
    """1001 holds Maria, after 1 s parks her by REFER; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.hold()
    await room.talk(1)
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-of-ones-own-call")
async def park_of_ones_own_call(room: Room) -> None:
    """1001 called Maria, and parks her by REFER; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    ana, maria = await ana_talks_to_maria(room)
    bruno = await room.phone("1002")
    await ana.transfer("700")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-in-ones-own-place")
async def park_in_ones_own_place(room: Room) -> None:
    """1001 holds Maria, dials 700; 1 s; REFER with Replaces puts her there; 1 s; 1002 dials 701; 1 s; Maria leaves."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.hold()
    await ana.dial("700")
    await ana.established()
    await room.talk(1)
    await room.joins(ana, "700")
    await ana.closed()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-in-ones-own-place-comes-back")
async def park_in_ones_own_place_comes_back(room: Room) -> None:
    """1001 holds Maria, dials 700; REFER with Replaces puts her there; 3 s; 1001 rings, answers; 1 s; Maria leaves."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.hold()
    await ana.dial("700")
    await ana.established()
    await room.joins(ana, "700")
    await ana.closed()
    await ana.closed()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("22-park-unanswered")
async def park_unanswered(room: Room) -> None:
    """Maria calls 210000009, where the dialplan parks her; after 1 s 1002 dials 701; 1 s; Maria hangs up."""
    maria, bruno = await room.customer(), await room.phone("1002")
    await maria.dial("210000009")
    await maria.established()
    await room.talk(1)
    await bruno.dial("701")
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("22-park-unanswered-and-given-up")
async def park_unanswered_and_given_up(room: Room) -> None:
    """Maria calls 210000009, where the dialplan parks her; after 1 s she hangs up."""
    maria = await room.customer()
    await maria.dial("210000009")
    await maria.established()
    await room.talk(1)
    await maria.hangup()


@scene("22-park-of-two")
async def park_of_two(room: Room) -> None:
    """1001 parks Maria at 701, 1002 parks Rui at 702; 1002 dials 701, 1001 dials 702; 1 s; Maria and Rui hang up."""
    maria, ana = await maria_talks_to_ana(room)
    rui, bruno = await room.customer("936000111", "Rui Costa", host=101), await room.phone("1002")
    await rui.dial("210000062")
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await ana.transfer("700")
    await ana.closed()
    await bruno.transfer("700")
    await bruno.closed()
    await bruno.dial("701")
    await bruno.established()
    await ana.dial("702")
    await ana.established()
    await hang_up(maria, bruno, room)
    await hang_up(rui, ana, room, after_s=0.2)


@scene("22-park-of-nobody")
async def park_of_nobody(room: Room) -> None:
    """1002 dials 705, where nobody is parked, and is refused."""
    bruno = await room.phone("1002")
    await bruno.dial("705")
    await bruno.closed()
