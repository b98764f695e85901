"""Recorded calls: MixMonitor writes below the spool folder's `monitor`."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("26-recorded-by-dialplan")
async def by_dialplan(room: Room) -> None:
    """Maria calls 210000040, recorded once bridged; 1001 answers; 2 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room, "210000040")
    await hang_up(maria, ana, room, after_s=2)


@scene("26-recorded-unanswered")
async def unanswered(room: Room) -> None:
    """Maria calls 210000040; 1001 rings 1 s; Maria hangs up: a recording of nothing."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000040")
    await ana.rings()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()


@scene("26-recorded-by-command")
async def by_command(room: Room) -> None:
    """Maria talks to 1001; AMI records Maria's channel 1 s, pauses 1 s, resumes 1 s, stops; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("trunk")
    await room.action("MixMonitor", Channel=channel, File="by-command.wav")
    await room.talk(1)
    await room.action("MixMonitorMute", Channel=channel, Direction="both", State="1")
    await room.talk(1)
    await room.action("MixMonitorMute", Channel=channel, Direction="both", State="0")
    await room.talk(1)
    await room.action("StopMixMonitor", Channel=channel)
    await hang_up(maria, ana, room, after_s=0.2)


@scene("26-recorded-across-a-transfer")
async def across_a_transfer(room: Room) -> None:
    """Maria calls 210000040; 1001 answers, sends her to 201 by REFER; 201 answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room, "210000040")
    eva = await room.phone("201")
    await room.talk(1)
    await ana.transfer("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)
