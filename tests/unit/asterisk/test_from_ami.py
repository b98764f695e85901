"""Each row of the table with what a real Asterisk 22 said."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.asterisk.from_ami import (
    APPLICATIONS,
    DIAL_STATES,
    FILTERS,
    FROM_AMI,
    NEEDLESS,
    STATES,
    VARIABLES,
    facts_from,
    time_of,
)
from callbridge.asterisk.tape import Heard, read
from callbridge.calls import facts as f

TAPES = Path(__file__).parents[2] / "tapes"
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
QUEUE = "06-queue-ringall-second-answers"
RECORD = "26-recorded-by-command"
PARK = "22-park-and-retrieve"
BRIDGE = "5638d654-5c73-4128-9994-9ad6916a4bb5"


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22T{time}+00:00")


REAL = [
    (
        QUEUE,
        "Newchannel",
        f.ChannelBorn(
            "main",
            at("13:03:13.058270"),
            "1795352593.0",
            "PJSIP/trunk-00000000",
            "1795352593.0",
            calling=True,
            number="912345678",
            caller_name="Maria Silva",
            exten="210000020",
        ),
    ),
    (QUEUE, "Newexten", f.QueueTried("main", at("13:03:13.066418"), "1795352593.0", "sales")),
    (QUEUE, "Newstate", f.ChannelUp("main", at("13:03:13.060947"), "1795352593.0")),
    (QUEUE, "QueueCallerJoin", f.QueueJoined("main", at("13:03:13.066807"), "1795352593.0", "sales", 1)),
    (QUEUE, "AgentCalled", f.MemberCalled("main", at("13:03:13.067589"), "1795352593.1", "sales", "Bruno Reis")),
    (QUEUE, "DialBegin", f.DialBegan("main", at("13:03:13.067632"), "1795352593.1", "1795352593.0", "PJSIP/1002")),
    (QUEUE, "DialState", f.ChannelRang("main", at("13:03:13.070066"), "1795352593.2")),
    (QUEUE, "DialEnd", f.DialEnded("main", at("13:03:14.079193"), "1795352593.1", "1795352593.0", "ANSWER")),
    (QUEUE, "QueueCallerLeave", f.QueueLeft("main", at("13:03:14.079509"), "1795352593.0", "sales")),
    (QUEUE, "BridgeEnter", f.BridgeEntered("main", at("13:03:14.080950"), "1795352593.1", BRIDGE, holding=False)),
    (QUEUE, "HangupRequest", f.HangupAsked("main", at("13:03:15.082005"), "1795352593.0")),
    (QUEUE, "BridgeLeave", f.BridgeLeft("main", at("13:03:15.082607"), "1795352593.0", BRIDGE)),
    (QUEUE, "BridgeDestroy", f.BridgeGone("main", at("13:03:15.082902"), BRIDGE)),
    (QUEUE, "Hangup", f.ChannelGone("main", at("13:03:14.079233"), "1795352593.2", 26)),
    ("07-queue-timeout", "VarSet", f.QueueEnded("main", at("13:03:35.476440"), "1795352613.0", "TIMEOUT")),
    (
        "07-queue-timeout",
        "QueueCallerAbandon",
        f.QueueAbandoned("main", at("13:03:35.475566"), "1795352613.0", "sales"),
    ),
    (
        "09-queue-local-kept",
        "LocalBridge",
        f.LocalJoined("main", at("13:03:38.328667"), "1795352618.1", "1795352618.2"),
    ),
    (
        "11-outbound-answered",
        "NewCallerid",
        f.CallerIdChanged("main", at("13:03:49.084716"), "1795352629.1", "912345678", None),
    ),
    (
        "16-blind-answered",
        "BlindTransfer",
        f.BlindTransferred("main", at("13:26:14.359550"), "1795353974.1", "201"),
    ),
    (
        "17-attended-by-refer",
        "AttendedTransfer",
        f.AttendedTransferred("main", at("13:26:58.408192"), "1795354017.1", "1795354017.2"),
    ),
    (
        "22-park-in-ones-own-place",
        "ParkedCallSwap",
        f.CallParked("main", at("19:04:21.701074"), "1795374260.0", "701", "PJSIP/1001", instead=True),
    ),
    (
        "23-three-way-by-feature-code",
        "AttendedTransfer",
        f.AttendedTransferred("main", at("16:42:33.279208"), "1795365747.1", "1795365747.1", stays=True),
    ),
    ("20-pickup-by-code", "Pickup", f.CallPickedUp("main", at("16:41:27.131025"), "1795365687.2", "1795365687.1")),
    (PARK, "ParkedCall", f.CallParked("main", at("16:19:29.603019"), "1795364369.0", "701", "PJSIP/1001")),
    (PARK, "UnParkedCall", f.CallUnparked("main", at("16:19:30.657942"), "1795364369.0", "701", "1795364370.2")),
    (
        "13-click-to-dial-answered",
        "OriginateResponse",
        f.CallPlaced("main", at("16:23:21.413819"), "PJSIP/1001-00000000", "1795364600.0", "912345678"),
    ),
    (RECORD, "MixMonitorStart", f.RecordingBegan("main", at("16:40:31.798952"), "1795365631.0")),
    (RECORD, "MixMonitorMute", f.RecordingMuted("main", at("16:40:32.800867"), "1795365631.0", "both", muted=True)),
    (RECORD, "MixMonitorStop", f.RecordingStopped("main", at("16:40:34.804682"), "1795365631.0")),
    ("27-two-calls-at-once", "Hold", f.ChannelHeld("main", at("13:06:20.943246"), "1795352780.1")),
]

UNPARKED = (  # by nobody: headers of the parkee and the parker left out
    "Event: ParkedCallTimeOut\r\nPrivilege: call,all\r\nTimestamp: 1795354062.075785\r\n"
    "ParkeeChannel: PJSIP/trunk-00000000\r\nParkeeUniqueid: 1795354059.0\r\nParkeeLinkedid: 1795354059.0\r\n"
    "ParkerDialString: PJSIP/1001\r\nParkinglot: default\r\nParkingSpace: 701\r\nParkingTimeout: 0"
)
UNHOLD = (
    "Event: Unhold\r\nPrivilege: call,all\r\nTimestamp: 1795353963.790148\r\nChannel: PJSIP/1001-00000001\r\n"
    "ChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: 1001\r\nCallerIDName: Ana Costa\r\n"
    "ConnectedLineNum: 912345678\r\nConnectedLineName: Maria Silva\r\nLanguage: en\r\nAccountCode: \r\n"
    "Context: from-phones\r\nExten: \r\nPriority: 1\r\nUniqueid: 1795353961.1\r\nLinkedid: 1795353961.0"
)
RENAME = (  # as `manager show event Rename` has it: masquerades are rare on 22
    "Event: Rename\r\nPrivilege: call,all\r\nTimestamp: 1795352780.900000\r\nChannel: PJSIP/1001-00000001\r\n"
    "Newname: PJSIP/1001-00000001<MASQ>\r\nUniqueid: 1795352780.1"
)

WRITTEN = {"Unhold": UNHOLD, "Rename": RENAME, "ParkedCallTimeOut": UNPARKED}
"""What the tapes do not have."""

NEEDED = {
    "Newchannel": {"Uniqueid", "Channel"},
    "Newexten": {"Uniqueid"},
    "Newstate": {"Uniqueid"},
    "QueueCallerJoin": {"Uniqueid", "Queue"},
    "AgentCalled": {"DestUniqueid", "Queue"},
    "DialBegin": {"DestUniqueid"},
    "DialState": {"DestUniqueid"},
    "DialEnd": {"DestUniqueid", "DialStatus"},
    "QueueCallerLeave": {"Uniqueid", "Queue"},
    "QueueCallerAbandon": {"Uniqueid", "Queue"},
    "BridgeEnter": {"Uniqueid", "BridgeUniqueid"},
    "BridgeLeave": {"Uniqueid", "BridgeUniqueid"},
    "BridgeDestroy": {"BridgeUniqueid"},
    "HangupRequest": {"Uniqueid"},
    "Hangup": {"Uniqueid"},
    "VarSet": {"Uniqueid"},
    "LocalBridge": {"LocalOneUniqueid", "LocalTwoUniqueid"},
    "NewCallerid": {"Uniqueid"},
    "BlindTransfer": {"TransfererUniqueid"},
    "AttendedTransfer": {"OrigTransfererUniqueid", "SecondTransfererUniqueid"},
    "Hold": {"Uniqueid"},
    "Unhold": {"Uniqueid"},
    "OriginateResponse": {"Channel"},
    "MixMonitorStart": {"Uniqueid"},
    "MixMonitorMute": {"Uniqueid"},
    "MixMonitorStop": {"Uniqueid"},
    "Rename": {"Uniqueid", "Newname"},
    "Pickup": {"Uniqueid", "TargetUniqueid"},
    "ParkedCall": {"ParkeeUniqueid", "ParkingSpace"},
    "ParkedCallSwap": {"ParkeeUniqueid", "ParkingSpace"},
    "UnParkedCall": {"ParkeeUniqueid", "ParkingSpace"},
    "ParkedCallTimeOut": {"ParkeeUniqueid", "ParkingSpace"},
}


def parsed(text: str) -> Message:
    (message,) = AmiParser().receive(text.encode() + b"\r\n\r\n")
    return message


def first(tape: str, event: str) -> Message:
    """Return the first message of that name which tells something."""
    return next(
        heard.message
        for heard in read(TAPES / f"{tape}.tape", "main")
        if heard.message.event == event and facts_from("main", heard.message, heard.at)
    )


def example(event: str) -> Message:
    written = WRITTEN.get(event)
    return parsed(written) if written else first(*next((tape, name) for tape, name, _ in REAL if name == event))


def without(message: Message, *keys: str) -> Message:
    return Message.of(*(header for header in message.headers if header[0] not in keys))


def with_(message: Message, **headers: str) -> Message:
    return Message.of(*((key, headers.get(key, value)) for key, value in message.headers))


@pytest.mark.parametrize(("tape", "event", "fact"), REAL, ids=[event for _, event, _ in REAL])
def test_what_asterisk_said_is_this_fact(tape: str, event: str, fact: f.Fact) -> None:
    assert facts_from("main", first(tape, event), RECEIVED) == (fact,)


def test_rows_that_the_tapes_do_not_have() -> None:
    resumed = f.ChannelResumed("main", at("13:26:03.790148"), "1795353961.1")
    unparked = f.CallUnparked("main", at("13:27:42.075785"), "1795354059.0", "701")
    renamed = f.ChannelRenamed("main", at("13:06:20.900000"), "1795352780.1", "PJSIP/1001-00000001<MASQ>")

    assert facts_from("main", parsed(UNHOLD), RECEIVED) == (resumed,)
    assert facts_from("main", parsed(RENAME), RECEIVED) == (renamed,)
    assert facts_from("main", parsed(UNPARKED), RECEIVED) == (unparked,)


def test_every_row_of_the_table_is_shown_here() -> None:
    assert {event for _, event, _ in REAL} | set(WRITTEN) == set(FROM_AMI) == set(NEEDED)


@pytest.mark.parametrize(("event", "key"), [(event, key) for event, keys in NEEDED.items() for key in sorted(keys)])
def test_a_message_that_lacks_what_it_must_have_is_nonsense(event: str, key: str) -> None:
    message = example(event)
    (fact,) = facts_from("main", without(message, key), RECEIVED)

    assert fact == f.Nonsense("main", time_of(message) or RECEIVED, f"unreadable {event}")


@pytest.mark.parametrize("event", FROM_AMI)
def test_every_other_header_may_be_missing(event: str) -> None:
    message = example(event)
    for key, _ in message.headers[1:]:
        facts = facts_from("main", without(message, key), RECEIVED)
        assert any(isinstance(fact, f.Nonsense) for fact in facts) == (key in NEEDED[event]), key


@pytest.mark.parametrize("event", FROM_AMI)
def test_without_a_timestamp_it_happened_when_it_was_received(event: str) -> None:
    (fact,) = facts_from("main", without(example(event), "Timestamp"), RECEIVED)

    assert fact.at == RECEIVED


@pytest.mark.parametrize("written", ["", "now", "nan", "inf", "-inf", "1e400", "99999999999999"])
def test_a_timestamp_that_is_none_is_as_good_as_missing(written: str) -> None:
    message = with_(example("Hangup"), Timestamp=written)

    assert time_of(message) is None
    assert facts_from("main", message, RECEIVED)[0].at == RECEIVED


@pytest.mark.parametrize(
    "text",
    [
        "Event: SoftHangupRequest\r\nUniqueid: 1.1",
        "Event: QueueMemberStatus\r\nQueue: sales",
        "Event: VarSet\r\nUniqueid: 1.1\r\nVariable: QUEUEPOSITION\r\nValue: 1",
        "Event: VarSet\r\nUniqueid: 1.1\r\nVariable: QUEUESTATUS\r\nValue: ",
        "Event: VarSet\r\nUniqueid: 1.1\r\nVariable: MY_QUEUESTATUS\r\nValue: FULL",
        "Event: Newexten\r\nUniqueid: 1.1\r\nApplication: Playback\r\nAppData: Dial",
        "Event: Newexten\r\nUniqueid: 1.1\r\nApplication: VoiceMailMain\r\nAppData: 1001",
        "Event: Newstate\r\nUniqueid: 1.1\r\nChannelStateDesc: Down",
        "Event: DialState\r\nDestUniqueid: 1.1\r\nDialStatus: PROCEEDING",
        "Response: Success\r\nEvent: Hangup\r\nUniqueid: 1.1",
        "Action: Hangup\r\nUniqueid: 1.1",
    ],
)
def test_what_is_not_about_calls_tells_nothing(text: str) -> None:
    assert facts_from("main", parsed(text), RECEIVED) == ()


@pytest.mark.parametrize(("state", "kind"), [("Ring", f.ChannelCalls), ("Ringing", f.ChannelRang), ("Up", f.ChannelUp)])
def test_each_state_of_a_channel(state: str, kind: type[f.Fact]) -> None:
    (fact,) = facts_from("main", with_(example("Newstate"), ChannelStateDesc=state), RECEIVED)

    assert type(fact) is kind
    assert len(STATES) == 3


@pytest.mark.parametrize(("status", "kind"), [("RINGING", f.ChannelRang), ("PROGRESS", f.ChannelProgressed)])
def test_each_state_of_a_dial(status: str, kind: type[f.Fact]) -> None:
    (fact,) = facts_from("main", with_(example("DialState"), DialStatus=status), RECEIVED)

    assert type(fact) is kind
    assert len(DIAL_STATES) == 2


@pytest.mark.parametrize(("state", "calling"), [("Ring", True), ("Up", True), ("Down", False), ("Rsrvd", False)])
def test_a_channel_calls_if_its_device_began_it(state: str, calling: bool) -> None:  # noqa: FBT001 - a row of the table
    (fact,) = facts_from("main", with_(example("Newchannel"), ChannelStateDesc=state), RECEIVED)

    assert isinstance(fact, f.ChannelBorn)
    assert fact.calling is calling


@pytest.mark.parametrize(
    ("variable", "fact"),
    [
        ("QUEUESTATUS", f.QueueEnded("main", RECEIVED, "1.1", "FULL")),
        ("DIALSTATUS", f.DialFailed("main", RECEIVED, "1.1", "FULL")),
        ("TRANSFERERNAME", f.ConsultationBegan("main", RECEIVED, "1.1", "FULL")),
        ("MIXMONITOR_FILENAME", f.RecordingNamed("main", RECEIVED, "1.1", "FULL")),
    ],
)
def test_each_variable(variable: str, fact: f.Fact) -> None:
    text = f"Event: VarSet\r\nUniqueid: 1.1\r\nVariable: {variable}\r\nValue: FULL"

    assert facts_from("main", parsed(text), RECEIVED) == (fact,)
    assert facts_from("main", parsed(text.replace("\r\n", "\n")), RECEIVED) == (fact,)
    assert len(VARIABLES) == 4


@pytest.mark.parametrize("event", ["BlindTransfer", "AttendedTransfer"])
@pytest.mark.parametrize("result", ["Fail", "Invalid", "Not Permitted"])
def test_a_transfer_that_did_not_take_place_is_none(event: str, result: str) -> None:
    assert facts_from("main", with_(example(event), Result=result), RECEIVED) == ()


@pytest.mark.parametrize(
    ("application", "data", "fact"),
    [
        ("Dial", "PJSIP/1001,30,tT", f.DialTried("main", RECEIVED, "1.1", 1)),
        ("Dial", "PJSIP/1001&PJSIP/1002&PJSIP/1003,30,A(a&b)", f.DialTried("main", RECEIVED, "1.1", 3)),
        ("Queue", "sales,t,,,60", f.QueueTried("main", RECEIVED, "1.1", "sales")),
        ("Queue", "sales", f.QueueTried("main", RECEIVED, "1.1", "sales")),
        ("MixMonitor", "x.wav", f.RecordingAsked("main", RECEIVED, "1.1", bridged_only=False)),
        ("MixMonitor", "x.wav,ab,touch b", f.RecordingAsked("main", RECEIVED, "1.1", bridged_only=True)),
        ("MixMonitor", "x.wav,ar(b.wav)v(2),b", f.RecordingAsked("main", RECEIVED, "1.1", bridged_only=False)),
        ("VoiceMail", "1001@default,u", f.VoicemailBegan("main", RECEIVED, "1.1")),
    ],
)
def test_each_application(application: str, data: str, fact: f.Fact) -> None:
    text = f"Event: Newexten\r\nUniqueid: 1.1\r\nApplication: {application}\r\nAppData: {data}"

    assert facts_from("main", parsed(text), RECEIVED) == (fact,)
    assert len(APPLICATIONS) == 4


@pytest.mark.parametrize("cause", ["", "sixteen", "-1", "9" * 30])
def test_a_cause_that_is_no_number_is_none(cause: str) -> None:
    (fact,) = facts_from("main", with_(example("Hangup"), Cause=cause), RECEIVED)

    assert isinstance(fact, f.ChannelGone)
    assert fact.cause is None


@pytest.mark.parametrize(("technology", "holding"), [("holding_bridge", True), ("simple_bridge", False)])
def test_a_holding_bridge_is_known_by_its_technology(technology: str, holding: bool) -> None:  # noqa: FBT001 - a row of the table
    (fact,) = facts_from("main", with_(example("BridgeEnter"), BridgeTechnology=technology), RECEIVED)

    assert isinstance(fact, f.BridgeEntered)
    assert fact.holding is holding


def test_a_member_with_no_name_but_its_device_has_none() -> None:
    message = example("AgentCalled")
    (fact,) = facts_from("main", with_(message, MemberName=message["Interface"]), RECEIVED)

    assert isinstance(fact, f.MemberCalled)
    assert fact.member is None


def test_an_originated_call_is_dialled_by_nobody() -> None:
    (fact,) = facts_from("main", without(example("DialBegin"), "Uniqueid"), RECEIVED)

    assert isinstance(fact, f.DialBegan)
    assert fact.source is None


# ── names ──


@pytest.mark.parametrize(
    ("tape", "number", "name"),
    [
        ("25-name-quotes", "912345678", 'Ana "Nini" O\'Neil'),
        ("25-name-backslash", "912345678", "C:\\temp"),
        ("25-name-angle-brackets", "912345678", "Silva <b>Lda</b> & Filhos; 100%"),
        ("25-name-non-latin", "912345678", "Łukasz Żółć Иван 山田"),
        (
            "25-name-80-letters",
            "912345678",
            "Silva Silva Silva Silva Silva Silva Silva Silva Silva Silva Silva Silva Silva A",
        ),
        ("25-name-80-cyrillic", "912345678", "Иван Иван Иван Иван Иван Иван Иван Иван Ива"),
        ("25-name-none", "912345678", None),
        ("25-name-empty", "912345678", None),
        ("25-anonymous", "anonymous", "Anonymous"),
    ],
)
def test_a_name_is_what_the_caller_sent(tape: str, number: str, name: str | None) -> None:
    """As the phone had it in its From header. Asterisk itself cuts at 79 bytes, and drops what is left of a letter."""
    (fact,) = facts_from("main", first(tape, "Newchannel"), RECEIVED)

    assert isinstance(fact, f.ChannelBorn)
    assert (fact.number, fact.caller_name) == (number, name)


@pytest.mark.parametrize(
    ("channel", "written", "name"),
    [
        ("PJSIP/trunk-1", r"a\\b", r"a\b"),
        ("PJSIP/trunk-1", r"a\\\\b", r"a\b"),  # SIP's own escape, and AMI's over it
        ("IAX2/trunk-1", r"a\\\\b", r"a\\b"),
        ("PJSIP/trunk-1", r"\"Ana\"", '"Ana"'),
        ("PJSIP/trunk-1", r"\\\"Ana\\\"", '"Ana"'),
        ("IAX2/trunk-1", r"\\\"Ana\\\"", r"\"Ana\""),
        ("PJSIP/trunk-1", r"tab\tand\nline\r\a\b\f\v", "tab\tand\nline\r\a\b\f\v"),
        ("PJSIP/trunk-1", r"what\?", "what?"),
        ("PJSIP/trunk-1", "ends\\", "ends\\"),
        ("PJSIP/trunk-1", "<unknown>", None),
        ("PJSIP/trunk-1", " two  blanks ", " two  blanks "),
    ],
)
def test_the_escapes_of_ami_and_of_sip_are_undone_once_each(channel: str, written: str, name: str | None) -> None:
    message = with_(example("Newchannel"), Channel=channel, CallerIDName=written)
    (fact,) = facts_from("main", message, RECEIVED)

    assert isinstance(fact, f.ChannelBorn)
    assert fact.caller_name == name


# ── the filter ──


def passes(message: Message) -> bool:
    """Tell whether Asterisk would send this: what matches any of the filters, over the whole text."""
    return any(re.search(each, message.raw.decode(errors="replace")) for each in FILTERS)


def facts_of(tape: list[Heard]) -> list[f.Fact]:
    return [fact for heard in tape for fact in facts_from("main", heard.message, heard.at)]


@pytest.mark.parametrize("tape", sorted(path.stem for path in TAPES.glob("*.tape")))
def test_the_filter_keeps_all_that_tells_something(tape: str) -> None:
    whole = list(read(TAPES / f"{tape}.tape", "main"))
    filtered = [heard for heard in whole if passes(heard.message)]

    assert facts_of(filtered) == facts_of(whole)
    assert len(filtered) < len(whole), "nothing was filtered"


def read_needed(data: bytes, cut: int = 0) -> list[Message]:
    parser = AmiParser(needless=NEEDLESS)
    return [*parser.receive(data[:cut]), *parser.receive(data[cut:])]


@pytest.mark.parametrize("tape", sorted(path.stem for path in TAPES.glob("*.tape")))
def test_what_is_put_aside_unread_tells_nothing(tape: str) -> None:
    whole = [heard.message for heard in read(TAPES / f"{tape}.tape", "main")]
    needed = read_needed(b"".join(message.raw + b"\r\n\r\n" for message in whole))

    assert what_they_tell(needed) == what_they_tell(whole)
    assert all(passes(message) for message in needed)


def what_they_tell(messages: list[Message]) -> list[f.Fact]:
    return [fact for message in messages for fact in facts_from("main", message, RECEIVED)]


SEEN = b"Event: VarSet\r\nVariable: seen\r\nValue: 1\r\n\r\n"
HANGUP = b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n"


def test_what_is_needed_is_found_behind_what_is_not_wherever_the_network_cuts() -> None:
    data = SEEN + HANGUP + SEEN + SEEN + HANGUP
    assert all(read_needed(data, cut) == AmiParser().receive(HANGUP * 2) for cut in range(len(data)))


@pytest.mark.parametrize(
    "data",
    [
        b"Event: CoreShowChannel\r\nActionID: cb-1\r\n\r\n",
        b"Event: VarSet\r\nVariable: DIALSTATUS\r\nValue: BUSY\r\n\r\n",
        b"Event: VarSet\r\nVariable: DIALSTATUS\nValue: BUSY\r\n\r\n",
        b"Event: Hangup\nUniqueid: 1.1\r\n\r\n",
        b"Response: Success\r\nPing: Pong\r\n\r\n",
        b"Event: FullyBooted\r\n\r\n",
    ],
)
@pytest.mark.parametrize("before", [SEEN, SEEN.replace(b"\r\n\r\n", b"\n\n"), SEEN + b"\n\r\n"])
def test_what_somebody_waits_for_is_never_put_aside(before: bytes, data: bytes) -> None:
    *_, last = read_needed(before + data)
    assert [last] == AmiParser().receive(data)


def test_the_filter_keeps_what_tells_of_the_pbx_itself() -> None:
    for event in ("FullyBooted", "Shutdown"):
        assert passes(parsed(f"Event: {event}\r\nPrivilege: system,all"))


def test_the_filters_are_posix_extended_expressions() -> None:
    """No look-around, no non-capturing groups, no classes of Perl's: Asterisk hands them to regcomp(REG_EXTENDED)."""
    assert all(re.fullmatch(r"[A-Za-z_: |()]+", each) for each in FILTERS)


def test_a_files_name_is_read_as_it_is() -> None:
    """AMI writes variables as C strings."""
    text = "Event: VarSet\r\nUniqueid: 1.1\r\nVariable: MIXMONITOR_FILENAME\r\nValue: /m/O\\'Neil \\\\ co.wav"

    assert facts_from("main", parsed(text), RECEIVED) == (
        f.RecordingNamed("main", RECEIVED, "1.1", "/m/O'Neil \\ co.wav"),
    )
