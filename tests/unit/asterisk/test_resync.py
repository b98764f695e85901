"""What a PBX says of itself when it is asked, in the words of Asterisk 22.10."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from callbridge.asterisk import resync
from callbridge.asterisk.ami.answers import Response
from callbridge.asterisk.ami.message import Message
from callbridge.calls import facts as f
from callbridge.errors import ActionFailed, ActionTimeout, PbxError

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
ASKED = f.StateAsked("main", NOW)
MARIA = {
    "Event": "CoreShowChannel",
    "Channel": "PJSIP/trunk-00000005",
    "ChannelStateDesc": "Up",
    "CallerIDNum": "912345678",
    "CallerIDName": "Maria Silva",
    "Exten": "sales",
    "Uniqueid": "1795363527.5",
    "Linkedid": "1795363527.5",
    "Application": "Queue",
    "ApplicationData": "sales,tT",
    "Duration": "00:01:07",
    "BridgeId": "b1",
}
MARIAS_STATUS = {"Event": "Status", "Uniqueid": "1795363527.5", "DNID": "210000020"}


def message(headers: Mapping[str, str], *more: tuple[str, str]) -> Message:
    return Message.of(*headers.items(), *more)


class Pbx:
    """Answers each question with what a test gives it: items, or the error it fails with; else with nothing."""

    def __init__(self, **answers: list[Message] | PbxError) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, action: str, *_: tuple[str, str]) -> Response:
        self.asked.append(action)
        answer = self.answers.get(action, [])
        if isinstance(answer, PbxError):
            raise answer
        first = answer[0] if answer else message({"Response": "Success"})
        return Response(first, tuple(answer))


async def state_of(**answers: list[Message] | PbxError) -> f.StateRead:
    (state,) = [fact for fact in await resync.read_state(ASKED, Pbx(**answers)) if isinstance(fact, f.StateRead)]
    return state


async def test_a_caller_who_waits_is_found_with_what_they_dialled_and_since_when_they_are_there() -> None:
    entry = {"Event": "QueueEntry", "Queue": "sales", "Uniqueid": "1795363527.5", "Wait": "42", "Position": "1"}
    state = await state_of(
        CoreShowChannels=[message(MARIA)], QueueStatus=[message(entry)], Status=[message(MARIAS_STATUS)]
    )

    (maria,) = state.channels
    assert (maria.number, maria.caller_name, maria.exten) == ("912345678", "Maria Silva", "210000020")
    assert (maria.calling, maria.up, maria.bridge) == (True, True, "b1")
    assert maria.queue == "sales"
    assert maria.since == NOW - timedelta(seconds=67)
    assert state.waiting == {"1795363527.5": "sales"}
    assert state.waits_since == {"1795363527.5": NOW - timedelta(seconds=42)}


async def test_a_phone_the_pbx_dials_does_not_call() -> None:
    ringing = MARIA | {"Application": "AppQueue", "ChannelStateDesc": "Ringing", "BridgeId": ""}
    (phone,) = (await state_of(CoreShowChannels=[message(ringing)])).channels

    assert (phone.calling, phone.ringing, phone.up, phone.bridge) == (False, True, False, None)


async def test_bridges_that_hold_are_told_from_those_that_join() -> None:
    bridges = [
        message({"Event": "BridgeListItem", "BridgeUniqueid": "b1", "BridgeTechnology": "simple_bridge"}),
        message({"Event": "BridgeListItem", "BridgeUniqueid": "b2", "BridgeTechnology": "holding_bridge"}),
        message({"Event": "BridgeListItem", "BridgeUniqueid": "b3", "BridgeCreator": "ConfBridge"}),
    ]
    state = await state_of(BridgeList=bridges)

    assert state.holding_bridges == {"b2"}
    assert state.rooms == {"b3"}


async def test_who_is_on_hold_and_why_a_queue_was_left_are_read_from_the_status() -> None:
    lines = ("CHANNEL(onhold)=1", "QUEUESTATUS=TIMEOUT", "MIXMONITOR_FILENAME=(null)", "TRANSFERERNAME=")
    state = await state_of(
        CoreShowChannels=[message(MARIA)], Status=[message(MARIAS_STATUS, *(("Variable", line) for line in lines))]
    )

    (maria,) = state.channels
    assert (maria.on_hold, maria.queue_status, maria.recording, maria.asked_by) == (True, "TIMEOUT", None, None)


async def test_a_local_channel_made_to_consult_somebody_names_who_asks() -> None:
    line = ("Variable", "TRANSFERERNAME=PJSIP/1001-00000001")
    (maria,) = (await state_of(CoreShowChannels=[message(MARIA)], Status=[message(MARIAS_STATUS, line)])).channels

    assert maria.asked_by == "PJSIP/1001-00000001"


@pytest.mark.parametrize(("application", "dials"), [("Dial", True), ("Park", False)])
async def test_whom_the_dialplan_has_dial_and_who_answered_them_is_read(application: str, *, dials: bool) -> None:
    line = ("Variable", "DIALEDPEERNAME=PJSIP/1001-00000001")
    channels = [message(MARIA | {"Application": application})]
    (maria,) = (await state_of(CoreShowChannels=channels, Status=[message(MARIAS_STATUS, line)])).channels

    assert (maria.dials, maria.answered_by) == (dials, "PJSIP/1001-00000001")


async def test_who_is_parked_is_found_in_their_slot() -> None:
    parked = {"Event": "ParkedCall", "ParkeeUniqueid": "1795363527.5", "ParkingSpace": "701"}

    assert (await state_of(ParkedCalls=[message(parked)])).parked == {"1795363527.5": "701"}


def device(name: str, state: str = "INUSE") -> Message:
    return message({"Event": "DeviceStateChange", "Device": name, "State": state})


CAR_PARK = {"Event": "BridgeListItem", "BridgeUniqueid": "b1", "BridgeType": "parking"}


async def test_who_is_in_a_car_park_is_parked_also_where_the_pbx_may_not_say_in_which_slot() -> None:
    state = await state_of(
        CoreShowChannels=[message(MARIA)],
        BridgeList=[message(CAR_PARK)],
        ParkedCalls=ActionFailed("Permission denied"),
        DeviceStateList=[
            device("park:701@parkedcalls"),
            device("park:702@parkedcalls", "NOT_INUSE"),
            device("PJSIP/1001"),
        ],
    )

    assert state.parked == {"1795363527.5": None}
    assert state.slots == {"701"}


async def test_a_pbx_is_not_asked_for_its_devices_where_all_slots_are_known() -> None:
    parked = {"Event": "ParkedCall", "ParkeeUniqueid": "1795363527.5", "ParkingSpace": "701"}
    pbx = Pbx(CoreShowChannels=[message(MARIA)], BridgeList=[message(CAR_PARK)], ParkedCalls=[message(parked)])
    await resync.read_state(ASKED, pbx)

    assert "DeviceStateList" not in pbx.asked


async def test_who_is_in_a_car_park_is_parked_where_even_its_slots_are_not_told() -> None:
    refused = {name: ActionFailed("Permission denied") for name in ("ParkedCalls", "DeviceStateList")}
    state = await state_of(CoreShowChannels=[message(MARIA)], BridgeList=[message(CAR_PARK)], **refused)

    assert (state.parked, state.slots) == ({"1795363527.5": None}, frozenset())


async def test_what_only_some_pbxs_tell_is_left_open_where_they_refuse() -> None:
    refused = {
        name: ActionFailed("Permission denied") for name in ("BridgeList", "QueueStatus", "ParkedCalls", "Status")
    }
    state = await state_of(CoreShowChannels=[message(MARIA)], **refused)

    (maria,) = state.channels
    assert (maria.exten, maria.on_hold, maria.queue_status) == ("sales", None, None)
    assert (state.waiting, state.parked, state.holding_bridges) == ({}, {}, frozenset())


async def test_a_pbx_too_busy_for_its_status_is_known_by_its_channels() -> None:
    state = await state_of(CoreShowChannels=[message(MARIA)], Status=ActionTimeout("no answer"))

    assert len(state.channels) == 1


async def test_a_pbx_that_does_not_list_its_channels_is_not_known() -> None:
    with pytest.raises(ActionTimeout):
        await resync.read_state(ASKED, Pbx(CoreShowChannels=ActionTimeout("no answer")))


@pytest.mark.parametrize(("channels", "asked"), [(0, False), (1, True), (resync.MOST_ASKED + 1, False)])
async def test_each_channel_is_asked_for_its_status_only_where_they_are_few(*, channels: int, asked: bool) -> None:
    pbx = Pbx(CoreShowChannels=[message(MARIA | {"Uniqueid": f"1795363527.{number}"}) for number in range(channels)])
    await resync.read_state(ASKED, pbx)

    assert ("Status" in pbx.asked) == asked


@pytest.mark.parametrize("duration", ["", "1:2", "a:b:c", "99999999999999:00:00", "9999999999:00:00"])
async def test_a_duration_that_is_none_tells_no_beginning(duration: str) -> None:
    (maria,) = (await state_of(CoreShowChannels=[message(MARIA | {"Duration": duration})])).channels

    assert maria.since is None


async def test_a_start_is_told_where_the_pbx_says_so() -> None:
    status = message({"Response": "Success", "CoreStartupDate": "2026-11-22", "CoreStartupTime": "09:30:00"})
    ping = message({"Response": "Success", "Timestamp": "1795341600.500000"})
    heard = await resync.read_start("main", Pbx(CoreStatus=[status], Ping=[ping]), NOW)

    assert heard == f.LinkUp("main", datetime.fromtimestamp(1795341600.5, UTC), NOW.replace(hour=9, minute=30))


async def test_a_pbx_that_may_not_say_when_it_started_is_heard_all_the_same() -> None:
    assert await resync.read_start("main", Pbx(CoreStatus=ActionFailed("denied")), NOW) == f.LinkUp("main", NOW, None)


async def test_a_list_of_channels_is_their_ids() -> None:
    (listed,) = await resync.list_channels(ASKED, Pbx(CoreShowChannels=[message(MARIA)]))

    assert listed == f.ChannelsListed("main", NOW, frozenset({"1795363527.5"}))


@pytest.mark.parametrize(
    ("application", "state", "dnid", "placed"),
    [
        ("AppDial2", "Ringing", "", True),
        ("AppDial2", "Down", None, True),
        ("Dial", "Up", "", True),
        ("Queue", "Up", "", True),
        ("Queue", "Up", "210000020", False),
        ("Dial", "Ring", "210000000", False),
        ("Dial", "Ring", "", False),
        ("AppDial", "Up", "", False),
        ("AppQueue", "Ringing", "", False),
        ("Dial", "Up", None, False),
    ],
)
def test_a_channel_on_which_nobody_dialled_was_called_by_the_pbx(
    application: str, state: str, dnid: str | None, *, placed: bool
) -> None:
    """None: the PBX was not asked for its `Status`, or does not say."""
    more = None if dnid is None else message({"Event": "Status", "DNID": dnid})

    assert resync.is_placed(application, state, more) is placed
