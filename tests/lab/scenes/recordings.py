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


@scene("26-recorded-half-silenced")
async def half_silenced(room: Room) -> None:
    """AMI records Maria's channel; what she says is left out 0.5 s, then what she hears too, 0.5 s: a pause; 0.5 s."""
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("trunk")
    await room.action("MixMonitor", Channel=channel, File="half-silenced.wav")
    for direction, state in (("read", "1"), ("write", "1"), ("read", "0")):
        await room.talk(0.5)
        await room.action("MixMonitorMute", Channel=channel, Direction=direction, State=state)
    await hang_up(maria, ana, room, after_s=0.5)


@scene("26-recorded-paused-until-the-end")
async def paused_until_the_end(room: Room) -> None:
    """AMI records 1001's channel 1 s, pauses; 1 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("1001")
    await room.action("MixMonitor", Channel=channel, File="paused-until-the-end.wav")
    await room.talk(1)
    await room.action("MixMonitorMute", Channel=channel, Direction="both", State="1")
    await hang_up(ana, maria, room)


@scene("26-recorded-three-times")
async def three_times(room: Room) -> None:
    """AMI records Maria's channel to a wav, an alaw and a sln file at once; 1 s; it stops one; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("trunk")
    for form in ("wav", "alaw", "sln"):
        await room.action("MixMonitor", Channel=channel, File=f"forms/three-times.{form}")
    await room.talk(1)
    await room.action("StopMixMonitor", Channel=channel)
    await hang_up(maria, ana, room)


@scene("26-recorded-one-after-the-other")
async def one_after_the_other(room: Room) -> None:
    """AMI records Maria's channel 1 s and stops; 0.5 s; it records her to another file 0.5 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    channel = await room.channel_of("trunk")
    await room.action("MixMonitor", Channel=channel, File="one-after-the-other.wav")
    await room.talk(1)
    await room.action("StopMixMonitor", Channel=channel)
    await room.talk(0.5)
    await room.action("MixMonitor", Channel=channel, File="the-other.wav")
    await hang_up(maria, ana, room, after_s=0.5)


@scene("26-recorded-by-queue")
async def by_queue(room: Room) -> None:
    """Maria calls 210000041, a queue that records; 1001 and 1002 ring 1 s; 1002 answers; 2 s; Maria hangs up."""
    maria = await room.customer()
    ana, bruno = await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000041")
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room, after_s=2)


@scene("26-recorded-by-feature-code")
async def by_feature_code(room: Room) -> None:
    """Maria calls 210000042; 1001 answers, presses *3, talks 1.5 s, presses *3 again; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room, "210000042")
    await room.talk(0.5)
    await ana.press("*3")
    await room.talk(1.5)
    await ana.press("*3")
    await hang_up(maria, ana, room)


@scene("26-recorded-in-vain")
async def in_vain(room: Room) -> None:
    """Maria calls 210000043, recorded from the start; a queue rings 1001 and 1002 2 s in vain; the PBX hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000043")
    await ana.rings()
    await bruno.rings()
    await maria.closed()


@scene("26-recorded-file-missing")
async def file_missing(room: Room) -> None:
    """AMI records Maria's channel 1 s to a folder that cannot be made; Maria hangs up."""
    (room.pbx.home / "spool/monitor/taken").touch()
    maria, ana = await maria_talks_to_ana(room)
    await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File="taken/missing.wav")
    await hang_up(maria, ana, room)


@scene("26-recorded-elsewhere")
async def elsewhere(room: Room) -> None:
    """AMI records Maria's channel 1 s to a file that is not below the monitor folder; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    file = room.pbx.home / "spool/elsewhere.wav"
    await room.action("MixMonitor", Channel=await room.channel_of("trunk"), File=str(file))
    await hang_up(maria, ana, room)


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


@scene("26-recorded-while-asking")
async def while_asking(room: Room) -> None:
    """Maria, recorded, on hold, 1001 asks 201, recorded at both ends; REFER with Replaces; hers stops; she hangs up."""
    maria, ana = await maria_talks_to_ana(room, "210000040")
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.established()
    for endpoint in ("1001", "201"):
        await room.action("MixMonitor", Channel=await room.channel_of(endpoint), File=f"asking-{endpoint}.wav")
    await room.talk(1)
    await room.joins(ana, "201")
    await room.talk(0.5)
    await room.action("StopMixMonitor", Channel=await room.channel_of("trunk"))
    await hang_up(maria, eva, room, after_s=0.5)


@scene("26-recorded-while-asking-by-feature-code")
async def while_asking_by_feature_code(room: Room) -> None:
    """AMI records 1001, who presses *2 201; 201 answers, is recorded too; 1 s; 1001 hangs up; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await room.action("MixMonitor", Channel=await room.channel_of("1001"), File="asks.wav")
    await ana.press("*2")
    await room.talk(1.5)
    await ana.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.action("MixMonitor", Channel=await room.channel_of("201"), File="is-asked.wav")
    await room.talk(1)
    await ana.hangup()
    await hang_up(maria, eva, room)
