"""One person with one phone, and what a PBX says of what they do."""

from typing import TYPE_CHECKING, Self

from callbridge.calls import facts as f

if TYPE_CHECKING:
    from tests.stories.story import Story

TRUNK = "PJSIP/trunk"
NORMAL, BUSY, REJECTED, FORWARDED, ELSEWHERE, CONGESTED, GIVEN_UP = 16, 17, 21, 23, 26, 34, 127


class Someone:
    def __init__(self, story: "Story", number: str | None, name: str | None, pbx: str) -> None:
        self._story, self.number, self.name, self.pbx = story, number, name, pbx
        self.channel = ""
        self.wanted: str | None = None
        self.caller: Someone | None = None
        """Whose call this phone is called for; None for whoever calls."""
        self.phones: list[Someone] = []
        """Who is being called for this caller."""
        self.queue: str | None = None
        self.bridge: str | None = None
        self.local: Someone | None = None
        """The half of a Local channel next to this phone; of that half, the far one."""
        self.is_up = False
        self.is_ringing = False
        self.is_placed = False
        """Whether the PBX called it by itself."""
        self.parked_at: str | None = None
        """The slot of the car park they wait in."""

    # ── calling ──

    def calls(self, wanted: str | None) -> Self:
        """Dial `wanted`."""
        self.wanted = wanted
        self._is_born(calling=True)
        self._story.callers.append(self)
        return self

    def picks_up(self) -> None:
        """The channel goes up: of a caller that only means that the PBX plays them something."""
        self._begins_to_call()
        self.is_up = True
        self._says(f.ChannelUp)

    def is_called(self, by: "Someone | None" = None) -> Self:
        """The PBX dials this phone for `by`, else for whoever called last."""
        self.caller = by or self._story.callers[-1]
        self._is_born(calling=False)
        self._is_dialled()
        return self

    def is_called_first(self) -> Self:
        """The PBX places a call by itself, and dials this phone to begin with."""
        self.is_placed = True
        self._is_born(calling=False)
        self._says(f.DialBegan, None, self._where)
        self._story.callers.append(self)
        return self

    def is_called_first_through_local(self) -> "Someone":
        """As `is_called_first`, by way of a Local channel; return its half that goes on to whoever is wanted."""
        far = self._half(";1")
        near = self._half(";2", beside=far)
        self.local, far.is_placed = near, True
        far._says(f.DialBegan, None, f"{self.number}@from-phones")
        far._says(f.LocalJoined, near.channel)
        self._is_born(calling=False, linkedid=far.channel)
        self._says(f.DialBegan, near.channel, self._where)
        return far

    def comes(self) -> None:
        """Pick up, and be alone with the PBX: nobody else is called yet."""
        self.picks_up()
        self._says(f.DialEnded, self.local.channel if self.local else None, "ANSWER")
        if self.local is not None:
            self._enters(self._story.new_bridge(), self, self.local)

    def is_called_through_local(self, by: "Someone | None" = None, *, phone_first: bool = False) -> Self:
        """As `is_called`, with a Local channel in between, as queues with `Local/…` members do it.

        With `phone_first` the dial of the phone is said before the one of the Local channel.
        """
        self.caller = by or self._story.callers[-1]
        far, near = self._half(";1"), self._half(";2")
        near.local, self.local = far, near
        far._says(f.LocalJoined, near.channel)
        if not phone_first:
            far._says(f.DialBegan, self.caller.channel, f"{self.number}@members")
        self._is_born(calling=False)
        self._says(f.DialBegan, near.channel, self.number)
        if phone_first:
            far._says(f.DialBegan, self.caller.channel, f"{self.number}@members")
        self.caller.phones.append(self)
        return self

    def rings(self, by: "Someone | None" = None) -> Self:
        if not self.channel:
            self.is_called(by)
        self.is_ringing = True
        self._says(f.ChannelRang)
        return self

    def answers(self) -> None:
        """Pick up and talk: all other phones stop, the caller leaves the queue, both sides are bridged."""
        caller = self._caller
        self.picks_up()
        self._says(f.DialEnded, caller.channel, "ANSWER")
        for other in [each for each in caller.phones if each is not self]:
            other.stops("CANCEL", ELSEWHERE)
        caller.leaves_queue()
        if not caller.is_up:
            caller.picks_up()
        self.talks_with(caller)

    def talks_with(self, other: "Someone") -> None:
        """Both enter one bridge; with a Local channel in between, one at each end of it."""
        if self.local is None or self.local.local is None:
            self._enters(self._story.new_bridge(), self, other)
        else:
            self._enters(self._story.new_bridge(), self, self.local)
            self._enters(self._story.new_bridge(), self.local.local, other)

    def holds(self) -> None:
        self._says(f.ChannelHeld)

    def resumes(self) -> None:
        self._says(f.ChannelResumed)

    # ── picking up what rings elsewhere ──

    def picks_up_from(self, rung: "Someone", code: str = "*8") -> None:
        """Dial `code` and have the call for which the phone of `rung` rings."""
        self.calls(code)
        self.picks_up()
        self.has_picked_up(rung)

    def has_picked_up(self, rung: "Someone") -> None:
        self._says(f.CallPickedUp, rung.channel)
        self.answers_instead_of(rung)

    def takes_over(self, rung: "Someone", *, gone_first: bool = False) -> None:
        """Ask by SIP's Replaces for the call that rings at `rung`: no word of a pick-up then."""
        self.calls(rung.number)
        self.picks_up()
        self.answers_instead_of(rung, gone_first=gone_first)

    def answers_instead_of(self, rung: "Someone", *, gone_first: bool = False) -> None:
        caller = rung._caller
        if gone_first:
            rung._is_gone(ELSEWHERE)
        self._says(f.DialEnded, caller.channel, "ANSWER")
        if not gone_first:
            rung._is_gone(ELSEWHERE)
        self._takes_the_place_beside(caller)
        for other in [each for each in caller.phones if each is not self]:
            other.stops("CANCEL", ELSEWHERE)
        caller.leaves_queue()
        if not caller.is_up:
            caller.picks_up()
        self.talks_with(caller)

    # ── conferences ──

    def dials_into(self, room: str, number: str = "650") -> None:
        """Call the number of a conference room, which answers by itself."""
        self.calls(number)
        self.picks_up()
        self.enters_room(room)

    def enters_room(self, room: str) -> None:
        self._leaves_bridge()
        self.bridge = room
        self._story.says(f.BridgeEntered(self.pbx, self._story.now, self.channel, room, room=True))

    def joins(self, other: "Someone") -> None:
        """Come into the bridge `other` is in."""
        assert other.bridge is not None, "talks to nobody"
        self._enters(other.bridge, self)

    def leaves_room(self) -> None:
        """Hang up; the others stay."""
        self._says(f.HangupAsked)
        self._is_gone(NORMAL)

    # ── parking ──

    def parks(self, other: "Someone", slot: str = "701") -> None:
        """Refer `other` to the car park, as Asterisk 22 tells it of SIP's REFER."""
        other._leaves_bridge()
        other.is_parked(slot, f"PJSIP/{self.number}")
        self._is_gone(NORMAL)

    def is_parked(self, slot: str = "701", parker: str | None = None) -> None:
        self.parked_at = slot
        self._says(f.CallParked, slot, parker)
        self.bridge = "car-park"
        self._says(f.BridgeEntered, self.bridge, True)

    def fetches(self, other: "Someone") -> None:
        """Dial the slot where `other` is parked."""
        assert other.parked_at is not None, "not parked"
        self.calls(other.parked_at)
        self.picks_up()
        self.has_fetched(other)

    def has_fetched(self, other: "Someone") -> None:
        other.is_unparked(by=self)
        self._takes_the_place_beside(other)
        self.talks_with(other)

    def is_unparked(self, by: "Someone | None" = None) -> None:
        """Out of the car park, fetched or because its time there is over."""
        self._says(f.CallUnparked, self.parked_at, by.channel if by else None)
        self.parked_at = None
        self._leaves_bridge()

    def _takes_the_place_beside(self, other: "Someone") -> None:
        """From now on, who hangs up hangs up on the other."""
        if other.caller is None:
            self.caller = other
            other.phones.append(self)
        else:
            other.caller = self
            self.phones.append(other)

    # ── not answering ──

    def is_busy(self) -> None:
        self._refuses("BUSY", BUSY)

    def rejects(self) -> None:
        """603 Decline: to Dial() no different from a phone that is not there."""
        self._refuses("NOANSWER", REJECTED)

    def is_congested(self) -> None:
        self._refuses("CONGESTION", CONGESTED)

    def does_not_exist(self) -> None:
        self._refuses("NOANSWER", 1)

    def stops(self, status: str = "NOANSWER", cause: int | None = 0) -> None:
        """The PBX no longer calls this phone."""
        self._says(f.DialEnded, self._caller.channel, status)
        self._is_gone(cause)

    def forwards_to(self, number: str) -> None:
        """302 Moved Temporarily: the PBX dials `number` by a Local channel, and says CANCEL of this phone."""
        if not self.channel:
            self.is_called()
        self._says(f.HangupAsked)
        self._says(f.DialEnded, self._caller.channel, "CANCEL", number)
        self._is_gone(FORWARDED)

    # ── queues ──

    def waits_in(self, queue: str, position: int = 1) -> None:
        self._begins_to_call()
        self.queue = queue
        self._says(f.QueueTried, queue)
        self._says(f.QueueJoined, queue, position)

    def leaves_queue(self) -> None:
        if self.queue is not None:
            self._says(f.QueueLeft, self.queue)
            self.queue = None

    def is_sent_on_by(self, queue: str, status: str) -> None:
        """The queue lets the caller go, with the PBX's own word for why; members stop ringing first."""
        for phone in list(self.phones):
            phone.stops()
        if self.queue is not None:
            self._says(f.QueueAbandoned, queue)  # Asterisk 22 says so of every exit but a key
            self.leaves_queue()
        else:
            self._says(f.QueueTried, queue)
        self._says(f.QueueEnded, status)

    def presses_a_key_to_leave(self) -> None:
        for phone in list(self.phones):
            phone.stops("CANCEL")
        self.leaves_queue()

    # ── the end ──

    def hangs_up(self) -> None:
        """Hang up, with all that Asterisk does then."""
        self._says(f.HangupAsked)
        if self.caller is not None:
            self._is_gone(NORMAL)
            return self.caller.is_hung_up_on()
        self._takes_its_call_back()
        return self._is_gone(NORMAL if self.bridge else GIVEN_UP)

    def is_hung_up_on(self, cause: int = NORMAL) -> None:
        """The PBX ends it: the dialplan is over, or the other side hung up."""
        self._is_gone(cause)

    def _takes_its_call_back(self) -> None:
        for phone in list(self.phones):
            if phone.bridge:
                phone.is_hung_up_on()
            else:
                phone.stops("CANCEL", GIVEN_UP)
        if self.queue is not None:
            self._says(f.QueueAbandoned, self.queue)
            self.leaves_queue()

    # ── what the PBX says ──

    @property
    def is_inside(self) -> bool:
        return self.number is not None and self._story.tracker.board.profile(self.pbx).is_extension(self.number)

    @property
    def _caller(self) -> "Someone":
        assert self.caller is not None, "nobody calls this phone"
        return self.caller

    def _says(self, kind: type[f.ChannelFact], *more: object) -> None:
        self._story.says(kind(self.pbx, self._story.now, self.channel, *more))

    def _begins_to_call(self) -> None:
        if not self.channel:
            self.calls("210000000")

    def _is_born(self, *, calling: bool, name: str | None = None, linkedid: str | None = None) -> None:
        self.channel, count = self._story.new_channel(self.pbx)
        self._is_calling = calling
        self._is_named = name or f"{f'PJSIP/{self.number}' if self.is_inside else TRUNK}-{count:08x}"
        linkedid = linkedid or (self.caller.channel if self.caller else self.channel)
        number = None if self.caller and not self.is_inside else self.number
        self._linkedid = linkedid
        self._says(f.ChannelBorn, self._is_named, linkedid, calling, number, self.name, self.wanted)

    @property
    def _where(self) -> str:
        """The dial string of this phone."""
        return f"{self.number}" if self.is_inside else f"{self.number}@trunk"

    def _is_dialled(self) -> None:
        self._says(f.DialBegan, self._caller.channel, self._where)
        self._caller.phones.append(self)

    def _half(self, which: str, beside: "Someone | None" = None) -> "Someone":
        half = Someone(self._story, None, None, self.pbx)
        half.caller = self.caller
        half._is_born(
            calling=False,
            name=f"Local/{self.number}@members-00000001{which}",
            linkedid=beside.channel if beside else None,
        )
        return half

    def _enters(self, bridge: str, *people: "Someone") -> None:
        for each in people:
            each.bridge = bridge
            each._says(f.BridgeEntered, bridge)

    def _refuses(self, status: str, cause: int) -> None:
        if not self.channel:
            self.is_called()
        self._says(f.HangupAsked)
        self.stops(status, cause)

    def _leaves_bridge(self) -> None:
        if self.bridge is not None:
            self._says(f.BridgeLeft, self.bridge)
            self.bridge = None

    def _is_gone(self, cause: int | None) -> None:
        self._leaves_bridge()
        self._says(f.ChannelGone, cause)
        if self.caller is not None and self in self.caller.phones:
            self.caller.phones.remove(self)
        if self.local is not None:
            self.local._is_gone(cause)

    def as_seen(self) -> f.ChannelSeen:
        """What a resync finds of this phone."""
        return f.ChannelSeen(
            self.channel,
            self._is_named,
            self._linkedid,
            up=self.is_up,
            ringing=self.is_ringing and not self.is_up,
            calling=self._is_calling or (self.caller is None and self.is_placed and self.is_up),
            number=None if self.caller and not self.is_inside else self.number,
            caller_name=self.name,
            exten=self.wanted,
            bridge=self.bridge,
            since=None,
        )
