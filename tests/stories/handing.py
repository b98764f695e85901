"""What a PBX says when somebody hands a call on; each part of it may stay unsaid."""

from callbridge.calls import facts as f
from callbridge.calls.call import Call, Party
from tests.stories.someone import Someone
from tests.stories.story import Story

ANA = Party(None, "1001", "Ana Costa", "1001")
EVA = Party(None, "201", "Eva Pinto", "201")
BEGINNING = ["call.started", "call.ringing", "call.answered"]


def talking(story: Story) -> tuple[Someone, Someone]:
    """Maria calls, Ana answers; they talk for ten seconds."""
    maria = story.someone("912345678", name="Maria Silva").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=10)
    return maria, ana


def eva_of(story: Story) -> Someone:
    return story.someone("201", name="Eva Pinto")


def transfer(story: Story) -> dict[str, object]:
    told = story.told("call.transferred").details["transfer"]
    assert isinstance(told, dict)
    return told


def customers(story: Story) -> Call:
    return story.calls[0]


def asked(story: Story) -> Call:
    _, call = story.calls
    return call


def say(story: Story, who: Someone, kind: type[f.ChannelFact], *more: object) -> None:
    story.says(kind(who.pbx, story.now, who.channel, *more))


def leaves(story: Story, who: Someone) -> None:
    """Go out of the bridge one is in."""
    bridge, who.bridge = who.bridge, None
    if bridge is not None:
        say(story, who, f.BridgeLeft, bridge)


def enters(story: Story, who: Someone, bridge: str) -> None:
    leaves(story, who)
    who.bridge = bridge
    say(story, who, f.BridgeEntered, bridge)


def goes(story: Story, who: Someone) -> None:
    """Be hung up by the PBX, after a transfer."""
    leaves(story, who)
    say(story, who, f.ChannelGone, 16)


def now_with(one: Someone, other: Someone) -> None:
    """Whoever of the two hangs up, the other is hung up on."""
    one.caller, one.phones, other.caller, other.phones = None, [other], one, []


def sends(story: Story, by: Someone, other: Someone, to: str | None, *, said: bool = True) -> None:
    """Blind, by REFER: `other` is on the way to `to`, and `by` is out."""
    leaves(story, by)
    if said:
        say(story, by, f.BlindTransferred, to)
    say(story, by, f.ChannelGone, 16)
    leaves(story, other)
    other.caller, other.phones = None, []
    story.callers.append(other)


def asks(story: Story, ana: Someone, eva: Someone, wanted: str = "201") -> Someone:
    """Hold, and call somebody on a second line, who rings; return that line."""
    ana.holds()
    line = story.someone(ana.number, name=ana.name).calls(wanted)
    eva.rings(line)
    return line


def joins(story: Story, lines: tuple[Someone, Someone], other: Someone, asked: Someone, *, said: bool = True) -> None:
    """Attended, by REFER with Replaces on the first of two lines: `other` gets the place of the second line."""
    first, second = lines
    bridge = second.bridge
    first.resumes()
    leaves(story, other)
    leaves(story, second)
    if bridge is not None:
        enters(story, other, bridge)
    if said:
        say(story, first, f.AttendedTransferred, second.channel)
    goes(story, first)
    goes(story, second)
    now_with(other, asked)


class ByCode:
    """A consultation by feature code: one channel of Ana's, and a Local channel to Eva's phone."""

    def __init__(self, story: Story, ana: Someone, other: Someone, wanted: str = "201", *, said: bool = True) -> None:
        self.story, self.ana, self.other = story, ana, other
        self.held_in, self.asked_in = ana.bridge or "", story.new_bridge()
        self.near, self.far = (self._half(wanted, which) for which in (";1", ";2"))
        ana.holds()
        if said:
            say(story, self.near, f.ConsultationBegan, self._named)
            say(story, self.far, f.ConsultationBegan, self._named)
        say(story, self.near, f.LocalJoined, self.far.channel)
        enters(story, self.near, self.asked_in)
        enters(story, ana, self.asked_in)

    @property
    def _named(self) -> str:
        channel = self.story.tracker.board.channel("main", self.ana.channel)
        assert channel is not None
        return channel.name

    def _half(self, wanted: str, which: str) -> Someone:
        half = self.story.someone(None)
        half.channel, _ = self.story.new_channel("main")
        name = f"Local/{wanted}@from-phones-00000000{which}"
        say(self.story, half, f.ChannelBorn, name, self.other.channel, which == ";2", None, None, wanted)
        return half

    def rings(self, eva: Someone) -> None:
        eva.rings(self.far)

    def answers(self, eva: Someone) -> None:
        eva.picks_up()
        say(self.story, eva, f.DialEnded, self.far.channel, "ANSWER")
        bridge = self.story.new_bridge()
        enters(self.story, eva, bridge)
        enters(self.story, self.far, bridge)
        now_with(self.ana, eva)

    def leaves(self, eva: Someone, *, said: bool = True, joined: bool = True) -> None:
        """Hang up, which joins the others, or lets the other hear it ring."""
        say(self.story, self.ana, f.HangupAsked)
        leaves(self.story, self.ana)
        if joined:
            enters(self.story, self.near, self.held_in)
        if said:
            say(self.story, self.ana, f.AttendedTransferred, self.ana.channel)
        say(self.story, self.ana, f.ChannelGone, 16)
        now_with(self.other, eva)

    def brings_in(self, eva: Someone, *, said: bool = True, first: bool = False) -> None:
        """Have all three talk; with `first` whoever asked is there before who was asked."""
        for each in (self.ana, self.near) if first else (self.near, self.ana):
            enters(self.story, each, self.held_in)
        if said:
            say(self.story, self.ana, f.AttendedTransferred, self.ana.channel, True)
        self.is_optimised(eva)

    def comes_back(self) -> None:
        """Have the held call again."""
        enters(self.story, self.ana, self.held_in)
        self.ana.resumes()
        now_with(self.other, self.ana)

    def is_optimised(self, eva: Someone) -> None:
        """The Local channel goes, and whoever was behind it takes its place."""
        place = self.near.bridge
        assert place is not None
        leaves(self.story, self.near)
        enters(self.story, eva, place)
        self.is_gone()

    def is_gone(self) -> None:
        goes(self.story, self.near)
        goes(self.story, self.far)
