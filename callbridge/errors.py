"""Every error callbridge raises on purpose, as one tree.

::

    CallbridgeError
    ├── ConfigError            the configuration cannot be used; lists every mistake
    ├── PbxError               the PBX side
    │   ├── PbxUnreachable     no connection, or it went away
    │   ├── LoginRefused       the PBX knows us and says no: an alarm, never hammered
    │   ├── ProtocolError      what the peer sent is no AMI or ARI at all
    │   ├── UnsafeValue        a value that would smuggle a header or an action in
    │   ├── ActionFailed       the PBX answered an action with an error
    │   ├── CelUnreadable      the PBX's own log of channel events cannot be read
    │   └── ActionTimeout      no answer within the deadline, or the link went first
    ├── RecordingUnreadable    a recording's file is not there, or not ours to read
    ├── TapeDamaged            a tape cannot be read on; says where
    ├── StoreError             the database side
    │   ├── StoreUnavailable   cannot be opened or reached now; trying again may help
    │   ├── TooMuch            a question would take too long to answer; the text says how to ask for less
    │   ├── SchemaOutdated     run `callbridge db upgrade`
    │   └── SchemaTooNew       made by a newer callbridge; never touched
    ├── MailUnavailable        the mail server cannot be reached, or does not let us in
    ├── DirectoryError         a CRM that is asked whose number it is
    │   ├── SourceUnreachable  no connection, or it broke off
    │   ├── SourceLate         no whole answer within the deadline
    │   ├── SourceRefused      it answers with a status that is no answer; the error has it
    │   ├── AnswerUnusable     what it answers is not what it was asked for
    │   └── SourceResting      not asked at all: it failed too often, or too much is asked
    ├── StreamUnavailable      NATS cannot be reached, or cannot be used as a stream
    ├── NotThere               nothing of that name; the text says what was looked for
    ├── Conflicting            it does not go together with what is there; the text says why
    ├── AddressForbidden       the egress guard refuses this destination
    ├── AlreadyRunning         another daemon holds this data folder, or the port is in use
    └── NotRunning             the command needs a running daemon, and none answers

An error's text is one sentence on what is wrong and one on what to do. Adapters
translate what their libraries raise; nothing above them sees a library's error.
"""


class CallbridgeError(Exception):
    """The root: `str()` is fit to show to an admin, and holds no secret."""


class ConfigError(CallbridgeError):
    """The configuration cannot be used.

    `mistakes` holds one finished line each, with file, key and what to do.
    """

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class PbxError(CallbridgeError):
    """Something between us and the PBX."""


class PbxUnreachable(PbxError):
    """No connection could be made, or it went away."""


class LoginRefused(PbxError):
    """The PBX refused our name or secret, or its ACL refuses our address."""


class ProtocolError(PbxError):
    """The peer does not speak the protocol at all."""


class UnsafeValue(PbxError, ValueError):
    """A key or value holds CR, LF or NUL, or makes a line too long for Asterisk."""


class ActionFailed(PbxError):
    """The PBX answered an action with `Response: Error`; the text is its message."""


class CelUnreadable(PbxError):
    """The PBX's own log of channel events (CEL) is not there, not ours to read, or of another shape."""


class ActionTimeout(PbxError):
    """No answer came within the deadline, or the link went first. It may or may not have happened."""


class RecordingUnreadable(CallbridgeError):
    """A recording's file cannot be looked at; `why` is the word it is told with: missing, unreadable or no_folder."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(text)
        self.why = why


class TapeDamaged(CallbridgeError):
    """A tape cannot be read beyond a point; the text says which line or byte."""


class StoreError(CallbridgeError):
    """Something between us and the database."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, reached or written now."""


class TooMuch(StoreError):
    """What was asked for takes longer than one question may. The text is read by whoever asked."""


class SchemaOutdated(StoreError):
    """The schema is older than this program: `callbridge db upgrade`."""


class SchemaTooNew(StoreError):
    """The schema was made by a newer callbridge; this one must not touch it."""


class MailUnavailable(CallbridgeError):
    """The mail server cannot be reached, or does not let us in; trying again may help, or another configuration."""


class DirectoryError(CallbridgeError):
    """A source of the directory cannot say whose number it is. The text holds no number."""


class SourceUnreachable(DirectoryError):
    """No connection could be made, or it broke off."""


class SourceLate(DirectoryError):
    """No whole answer came within the deadline."""


class SourceRefused(DirectoryError):
    """It answered with a status that is no answer."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class AnswerUnusable(DirectoryError):
    """What it answered is too long, no JSON, or not of the shape that was asked for."""


class SourceResting(DirectoryError):
    """It was not asked: it failed too often lately, or too many questions wait for it."""


class StreamUnavailable(CallbridgeError):
    """NATS cannot be reached, refuses us, or has no JetStream."""


class NotThere(CallbridgeError):
    """There is nothing of the name or id that was asked for. The text is read by whoever asked."""


class Conflicting(CallbridgeError):
    """What was asked for does not go together with what is there. The text is read by whoever asked."""


class AddressForbidden(CallbridgeError):
    """The egress guard refuses the destination a webhook leads to."""


class AlreadyRunning(CallbridgeError):
    """Another daemon holds this data folder, or our port."""


class TableUnusable(CallbridgeError):
    """A file that is to be imported cannot be read, or its columns are not those that are wanted."""


class NotRunning(CallbridgeError):
    """No daemon answers on the control socket."""
