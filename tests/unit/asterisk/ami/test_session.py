"""A log-in to AMI, without a socket: the test is the PBX, and holds the clock."""

import hashlib

import pytest
from pydantic import SecretStr

from callbridge.asterisk.ami import answers, session
from callbridge.asterisk.ami.answers import Answered, Failed
from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.session import AmiSession, Closed, LoggedIn, SessionEvent, State
from callbridge.asterisk.ami.settings import Login, Patience
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.errors import ActionFailed, ActionTimeout, LoginRefused, PbxUnreachable, ProtocolError

BANNER = "Asterisk Call Manager/11.0.0\r\n"
SECRET = "s3cr3t-of-the-pbx"  # noqa: S105 - it opens nothing


class Pbx:
    """What the PBX says and reads. The clock stands still but for `passes`."""

    def __init__(self, *, plain_allowed: bool = False, filters: tuple[str, ...] = ()) -> None:
        self.now = 1000.0
        login = Login("callbridge", SecretStr(SECRET), filters=filters)
        self.session = AmiSession(login, Patience(), plain_allowed=plain_allowed, id_prefix="cb", now=self.now)
        self._parser = AmiParser()

    def says(self, *lines: str) -> list[SessionEvent]:
        text = "\r\n".join(lines) + "\r\n\r\n" if lines[0] != BANNER else BANNER
        return self.session.receive_data(text.encode(), self.now)

    def passes(self, seconds: float) -> list[SessionEvent]:
        self.now += seconds
        return self.session.tick(self.now)

    def reads(self) -> list[Message]:
        return self._parser.receive(self.session.data_to_send())

    def reads_one(self, action: str) -> Message:
        (message,) = (m for m in self.reads() if m.name == action)
        return message

    def lets_in(self) -> "Pbx":
        self.says(BANNER)
        self.says("Response: Success", f"ActionID: {self.reads_one('Challenge').action_id}", "Challenge: 203021194")
        self.says("Response: Success", f"ActionID: {self.reads_one('Login').action_id}")
        assert self.session.state is State.LOGGED_IN
        self.answers_own_questions()
        return self

    def answers_own_questions(self) -> None:
        for message in self.reads():
            self.says("Response: Error", f"ActionID: {message.action_id}", "Message: Permission denied")

    def is_asked(self, action: str, *, as_list: bool = False, within: float = 5.0) -> str:
        return self.session.act(action, deadline=self.now + within, as_list=as_list)


# --- logging in


def test_the_secret_itself_never_travels() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    challenge = pbx.reads_one("Challenge")
    assert challenge["AuthType"] == "MD5"
    pbx.says("Response: Success", f"ActionID: {challenge.action_id}", "Challenge: 203021194")
    login = pbx.reads_one("Login")
    assert login["Key"] == hashlib.md5(f"203021194{SECRET}".encode(), usedforsecurity=False).hexdigest()
    assert SECRET.encode() not in login.raw
    assert pbx.says("Response: Success", f"ActionID: {login.action_id}") == [LoggedIn(BANNER.strip())]


def test_nothing_is_said_before_the_banner() -> None:
    pbx = Pbx()
    assert pbx.reads() == []
    pbx.session.receive_data(b"Asterisk Call", pbx.now)
    assert pbx.reads() == []


def test_a_refused_secret_is_told_as_such_and_shows_no_secret() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Challenge').action_id}", "Challenge: 1")
    (closed,) = pbx.says(
        "Response: Error", f"ActionID: {pbx.reads_one('Login').action_id}", "Message: Authentication failed"
    )
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason, LoginRefused)
    assert "'callbridge'" in str(closed.reason)
    assert SECRET not in str(closed.reason) + repr(pbx.session._login)


@pytest.mark.parametrize("plain_allowed", [True, False])
def test_the_secret_goes_in_plain_only_where_that_was_allowed(*, plain_allowed: bool) -> None:
    pbx = Pbx(plain_allowed=plain_allowed)
    pbx.says(BANNER)
    told = pbx.says("Response: Error", f"ActionID: {pbx.reads_one('Challenge').action_id}", "Message: no MD5")
    if plain_allowed:
        assert pbx.reads_one("Login")["Secret"] == SECRET
    else:
        assert SECRET.encode() not in pbx.session.data_to_send()
        assert [type(event.reason) for event in told if isinstance(event, Closed)] == [LoginRefused]


@pytest.mark.parametrize("junk", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 300, b"\n"])
def test_a_peer_that_is_no_pbx_is_told_from_one_that_refuses(junk: bytes) -> None:
    pbx = Pbx()
    (closed,) = pbx.session.receive_data(junk, pbx.now)
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason, ProtocolError)
    assert pbx.reads() == []


def test_a_peer_that_talks_for_ever_without_letting_us_in_is_cut_off() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    events: list[SessionEvent] = []
    for _ in range(100):
        events += pbx.session.receive_data(b"Event: Noise\r\n\r\n" * 100, pbx.now)
    (closed,) = events
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason, ProtocolError)


def test_events_that_pour_in_with_the_log_in_are_heard() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Challenge').action_id}", "Challenge: 1")
    answer = f"Response: Success\r\nActionID: {pbx.reads_one('Login').action_id}\r\n\r\n".encode()
    logged_in, *news = pbx.session.receive_data(answer + b"Event: Newstate\r\n\r\n" * 10_000, pbx.now)
    assert isinstance(logged_in, LoggedIn)
    assert len(news) == 10_000


@pytest.mark.parametrize("said", [b"", b"Asterisk Call Manager/11.0.0\r\n"])
def test_a_silent_log_in_ends_at_its_deadline(said: bytes) -> None:
    pbx = Pbx()
    if said:
        pbx.session.receive_data(said, pbx.now)
    assert pbx.session.next_deadline() == pbx.now + 10
    assert pbx.passes(9.9) == []
    (closed,) = pbx.passes(0.2)
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason, PbxUnreachable)


def test_events_before_the_log_in_are_not_heard() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    assert pbx.says("Event: Hangup") == []


# --- what the PBX is


@pytest.mark.parametrize(
    ("ami", "asterisk"),
    [("7.0.3", "18"), ("9.0.0", "20"), ("10.0.0", "21"), ("11.0.0", "22"), ("12.0.0", "23"), ("99", None)],
)
def test_the_banner_betrays_the_version_of_asterisk(ami: str, asterisk: str | None) -> None:
    pbx = Pbx()
    pbx.session.receive_data(f"Asterisk Call Manager/{ami}\r\n".encode(), pbx.now)
    assert pbx.session.pbx_version == asterisk


def test_the_version_is_asked_and_known_once_answered() -> None:
    pbx = Pbx()
    pbx.says(BANNER)
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Challenge').action_id}", "Challenge: 1")
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Login').action_id}")
    asked = pbx.reads_one("CoreSettings").action_id
    assert pbx.says("Response: Success", f"ActionID: {asked}", "AsteriskVersion: 22.10.1+dfsg") == []
    assert pbx.session.pbx_version == "22.10.1+dfsg"


def test_fully_booted_is_heard_and_known() -> None:
    pbx = Pbx().lets_in()
    assert not pbx.session.fully_booted
    (event,) = pbx.says("Event: FullyBooted", "Uptime: 25")
    assert isinstance(event, Message)
    assert pbx.session.fully_booted


def test_a_filter_refused_for_want_of_privilege_is_noted_and_not_fatal() -> None:
    pbx = Pbx(filters=("!Event: VarSet", "Event: Hangup"))
    pbx.says(BANNER)
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Challenge').action_id}", "Challenge: 1")
    pbx.says("Response: Success", f"ActionID: {pbx.reads_one('Login').action_id}")
    first, second = (message for message in pbx.reads() if message.name == "Filter")
    assert (first["Operation"], first["Filter"]) == ("Add", "!Event: VarSet")
    assert pbx.says("Response: Error", f"ActionID: {first.action_id}", "Message: Permission denied") == []
    assert pbx.says("Response: Success", f"ActionID: {second.action_id}") == []
    assert pbx.session.filters_refused == ("!Event: VarSet",)
    assert pbx.session.state is State.LOGGED_IN


# --- actions and their answers


def test_answers_find_their_actions_in_any_order() -> None:
    pbx = Pbx().lets_in()
    first, second = pbx.is_asked("Ping"), pbx.is_asked("ListCommands")
    assert first != second
    (later,) = pbx.says("Response: Success", f"ActionID: {second}", "Which: second")
    (sooner,) = pbx.says("Response: Success", f"ActionID: {first}", "Which: first")
    assert isinstance(later, Answered)
    assert isinstance(sooner, Answered)
    assert (later.action_id, later.response.message["Which"]) == (second, "second")
    assert (sooner.action_id, sooner.response.message["Which"]) == (first, "first")


def test_an_error_says_why_in_the_words_of_the_pbx() -> None:
    pbx = Pbx().lets_in()
    asked = pbx.is_asked("Hangup")
    (failed,) = pbx.says("Response: Error", f"ActionID: {asked}", "Message: No such channel")
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ActionFailed)
    assert str(failed.error) == "The PBX refused Hangup: No such channel"


@pytest.mark.parametrize("start", [["EventList: start"], []])
@pytest.mark.parametrize("end", [["EventList: Complete"], ["EventList: cancelled"], []])
def test_a_list_comes_whole_and_no_item_passes_for_news(start: list[str], end: list[str]) -> None:
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('CoreShowChannels', as_list=True)}"
    assert pbx.says("Response: Success", asked, *start) == []
    assert pbx.says("Event: CoreShowChannel", asked, "Channel: one") == []
    (news,) = pbx.says("Event: Hangup", "Channel: live")
    assert isinstance(news, Message)
    assert pbx.says("Event: CoreShowChannel", asked, "Channel: two") == []
    (answered,) = pbx.says("Event: CoreShowChannelsComplete", asked, *end)
    assert isinstance(answered, Answered)
    assert [item["Channel"] for item in answered.response.items] == ["one", "two"]


def test_a_list_that_nobody_expected_is_one_all_the_same() -> None:
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('QueueStatus')}"
    assert pbx.says("Response: Success", asked, "EventList: start") == []
    assert pbx.says("Event: QueueParams", asked) == []
    (answered,) = pbx.says("Event: QueueStatusComplete", asked, "EventList: Complete")
    assert isinstance(answered, Answered)
    assert len(answered.response.items) == 1


def test_a_list_without_end_fails_and_frees_what_it_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_LIST_ITEMS", 3)
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('Status', as_list=True)}"
    pbx.says("Response: Success", asked, "EventList: start")
    told = [event for _ in range(10) for event in pbx.says("Event: Status", asked)]
    assert [type(event) for event in told] == [Failed]


def test_the_outcome_of_an_originate_is_news_and_no_answer() -> None:
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('Originate')}"
    (answered,) = pbx.says("Response: Success", asked, "Message: Originate successfully queued")
    assert isinstance(answered, Answered)
    (news,) = pbx.says("Event: OriginateResponse", asked, "Response: Failure")
    assert isinstance(news, Message)


def test_another_clients_action_id_is_news() -> None:
    pbx = Pbx().lets_in()
    (news,) = pbx.says("Event: OriginateResponse", "ActionID: somebody-else", "Response: Success")
    assert isinstance(news, Message)


def test_an_action_without_answer_fails_at_its_own_deadline() -> None:
    pbx = Pbx().lets_in()
    patient, hasty = pbx.is_asked("Status", within=4), pbx.is_asked("Hangup", within=2)
    assert pbx.session.next_deadline() == pbx.now + 2
    (failed,) = pbx.passes(2)
    assert isinstance(failed, Failed)
    assert failed.action_id == hasty
    assert isinstance(failed.error, ActionTimeout)
    (failed,) = pbx.passes(2)
    assert isinstance(failed, Failed)
    assert failed.action_id == patient


def test_what_comes_after_the_deadline_is_counted_and_is_no_news() -> None:
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('Status', as_list=True, within=1)}"
    pbx.passes(1)
    assert pbx.says("Response: Success", asked, "EventList: start") == []
    assert pbx.says("Event: Status", asked) == []
    assert pbx.says("Event: StatusComplete", asked, "EventList: Complete") == []
    assert pbx.session.late_answers == 3


def test_a_late_list_is_no_news_though_nobody_knew_that_it_would_be_one() -> None:
    pbx = Pbx().lets_in()
    asked = f"ActionID: {pbx.is_asked('QueueStatus', within=1)}"
    pbx.passes(1)
    assert pbx.says("Response: Success", asked, "EventList: start") == []
    assert pbx.says("Event: QueueParams", asked) == []


def test_pending_actions_fail_with_the_link_and_are_never_sent_again() -> None:
    pbx = Pbx().lets_in()
    asked = pbx.is_asked("Originate")
    assert [message.name for message in pbx.reads()] == ["Originate"]
    failed, closed = pbx.session.connection_lost(PbxUnreachable("The line was cut."))
    assert isinstance(failed, Failed)
    assert (failed.action_id, type(failed.error)) == (asked, ActionTimeout)
    assert isinstance(closed, Closed)
    assert pbx.reads() == []
    assert pbx.session.connection_lost(PbxUnreachable("again")) == []


def test_nothing_is_sent_unless_logged_in() -> None:
    pbx = Pbx()
    with pytest.raises(PbxUnreachable):
        pbx.is_asked("Originate")
    pbx.lets_in()
    pbx.session.connection_lost(PbxUnreachable("cut"))
    with pytest.raises(PbxUnreachable):
        pbx.is_asked("Originate")
    assert pbx.reads() == []


def test_the_number_of_pending_actions_is_bounded_and_a_ping_still_goes_out() -> None:
    pbx = Pbx().lets_in()
    for _ in range(session.MAX_PENDING):
        pbx.is_asked("Status", within=60)
    with pytest.raises(PbxUnreachable, match="500 actions wait"):
        pbx.is_asked("Status")
    pbx.reads()
    pbx.passes(5)
    assert [message.name for message in pbx.reads()] == ["Ping"]


# --- half-open links


def test_a_silent_pbx_is_pinged_and_a_dead_one_found_within_ten_seconds() -> None:
    pbx = Pbx().lets_in()
    assert pbx.session.next_deadline() == pbx.now + 5
    assert pbx.passes(5) == []
    assert [message.name for message in pbx.reads()] == ["Ping"]
    assert pbx.session.next_deadline() == pbx.now + 5
    assert pbx.passes(4.9) == []
    (closed,) = pbx.passes(0.1)
    assert isinstance(closed, Closed)
    assert isinstance(closed.reason, PbxUnreachable)


def test_a_pong_starts_the_silence_anew() -> None:
    pbx = Pbx().lets_in()
    for _ in range(5):
        assert pbx.passes(5) == []
        ping = pbx.reads_one("Ping")
        assert pbx.passes(4) == []
        assert pbx.says("Response: Success", f"ActionID: {ping.action_id}", "Ping: Pong") == []
    assert pbx.session.state is State.LOGGED_IN


def test_a_pbx_that_talks_is_not_pinged_and_not_given_up() -> None:
    pbx = Pbx().lets_in()
    for _ in range(20):
        assert pbx.passes(4) == []
        pbx.says("Event: Newstate")
    assert pbx.reads() == []


def test_a_pong_that_waits_behind_many_events_is_waited_for() -> None:
    pbx = Pbx().lets_in()
    pbx.passes(5)
    for _ in range(20):
        pbx.says("Event: Newstate")
        assert pbx.passes(4) == []
    assert pbx.session.state is State.LOGGED_IN
