"""Every word by which a line of the log says what happened."""

from enum import StrEnum


class Action(StrEnum):
    """Every `action` a log line may have. Alerts and searches hold on to these: a word never changes its meaning."""

    # The daemon
    DAEMON_STARTING = "daemon.starting"  # the configuration is read, nothing runs yet
    DAEMON_READY = "daemon.ready"  # everything runs; systemd has been told
    DAEMON_STOPPING = "daemon.stopping"  # SIGTERM or SIGINT came
    DAEMON_STOPPED = "daemon.stopped"  # everything is put away
    DAEMON_WATCHDOG = "daemon.watchdog"  # the event loop is late, or systemd's watchdog could not be fed
    DAEMON_UNCOMMITTED = "daemon.uncommitted"  # it ends with facts the database did not take: the PBX will be asked
    TASK_FAILED = "task.failed"  # a supervised task died of an error nobody foresaw; it is started again

    # Configuration
    CONFIG_WARNING = "config.warning"  # allowed, but unwise
    CONFIG_RELOADED = "config.reloaded"  # what was applied at once, what waits for a restart
    CONFIG_REFUSED = "config.refused"  # a reload found mistakes; the old configuration stays

    # The link to a PBX over AMI
    AMI_CONNECTING = "ami.connecting"  # a try begins
    AMI_CONNECTED = "ami.connected"  # logged in; with Asterisk's version
    AMI_LOST = "ami.lost"  # the link went away, by whose fault, and when the next try is
    AMI_UNREACHABLE = "ami.unreachable"  # no connection; with the wait before the next try
    AMI_REFUSED = "ami.refused"  # the PBX refused our name or secret: an alarm
    AMI_DEAF = "ami.deaf"  # the PBX has calls and tells us of none: our user may not read them
    AMI_ODDITY = "ami.oddity"  # bytes that are no message of AMI; kept, counted
    AMI_OVERFLOW = "ami.overflow"  # the queue was full; the link is dropped and resynced
    AMI_ACTION = "ami.action"  # an action was sent (debug), or failed

    # The link to a PBX over ARI
    ARI_CONNECTED = "ari.connected"
    ARI_LOST = "ari.lost"  # the websocket went away
    ARI_UNREACHABLE = "ari.unreachable"  # no connection; with the wait before the next try
    ARI_REFUSED = "ari.refused"  # 401 or 403: an alarm
    ARI_ODDITY = "ari.oddity"  # a message that is no JSON object, or a REST answer of a wrong shape

    # Knowing the truth again
    RESYNC_STARTED = "resync.started"
    RESYNC_DONE = "resync.done"  # with the gap and what was found
    RESYNC_FAILED = "resync.failed"  # the PBX did not answer in time; tried again
    BACKFILL_STARTED = "backfill.started"
    BACKFILL_DONE = "backfill.done"  # with the number of calls told afterwards
    BACKFILL_FAILED = "backfill.failed"  # CEL could not be read; `callbridge audit` finds what is untold
    BACKFILL_READABLE = "backfill.readable"  # CEL can be read again; the last gap stays untold

    # Calls
    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    RECORDING_UNREADABLE = "recording.unreadable"  # the file of a recording that is over cannot be looked at
    CALL_ODDITY = "call.oddity"  # a fact with no place in the tables; kept, counted

    # The missed list
    MISSED_EXPIRED = "missed.expired"  # rows left the list, for nobody did anything for too long; with the PBX
    MISSED_DELETED = "missed.deleted"  # rows that were off the list for long enough, with their history
    MISSED_STAYS = "missed.stays"  # what is too old cannot be taken off or deleted now; tried again

    # Whose number it is
    DIRECTORY_FAILED = "directory.failed"  # a source could not answer; the others were asked
    DIRECTORY_RESTS = "directory.rests"  # a source failed so often that it is left alone for a while
    DIRECTORY_RECOVERED = "directory.recovered"  # it answers again

    # From facts to the database
    PIPELINE_BEHIND = "pipeline.behind"  # facts wait longer than they should
    PIPELINE_COMMITTED = "pipeline.committed"  # one group commit (debug)
    STORE_OPENED = "store.opened"
    STORE_MIGRATED = "store.migrated"  # the schema was brought up to date
    STORE_UNAVAILABLE = "store.unavailable"  # reading or writing failed; tried again, nothing is lost
    STORE_RECOVERED = "store.recovered"  # it works again
    STORE_TAKEN = "store.taken"  # another daemon has taken the database over: this one ends
    STORE_BACKED_UP = "store.backed_up"

    # Telling subscribers
    DELIVERY_FAILED = "delivery.failed"  # a try failed; with the time of the next one
    DELIVERY_GIVEN_UP = "delivery.given_up"  # a dead letter: no try is left, refused for good, or waited for too long
    DELIVERY_FORGOTTEN = "delivery.forgotten"  # dead letters that were kept for long enough
    DELIVERY_FORBIDDEN = "delivery.forbidden"  # the egress guard refused the address
    DELIVERY_PAUSED = "delivery.paused"  # nothing more for this subscriber: a person said so, or it answered 410
    DELIVERY_RESUMED = "delivery.resumed"
    DELIVERY_READ_FAILED = "delivery.read_failed"  # what is due cannot be read from the database; tried again
    DELIVERY_SETTLE_FAILED = "delivery.settle_failed"  # what came of tries cannot be written; tried again
    DELIVERY_UNSETTLED = "delivery.unsettled"  # stopped before it could be written: some events are sent twice
    DELIVERY_SET_RIGHT = "delivery.set_right"  # the clock was set back: what was put off waits from now on
    DELIVERY_RESTARTED = "delivery.restarted"  # a part of the worker died and was started again

    # E-mails about missed calls
    NOTICE_SENT = "notice.sent"  # the mail server took a mail
    NOTICE_FAILED = "notice.failed"  # it did not take one; with the time of the next try
    NOTICE_GIVEN_UP = "notice.given_up"  # refused for good, too old, or nobody of that address is told any more
    NOTICE_UNREACHABLE = "notice.unreachable"  # no mail server, or it does not let us in; all mails wait
    NOTICE_STORE_FAILED = "notice.store_failed"  # what is to be sent cannot be read or settled; tried again

    # Between daemons and workers
    STREAM_CONNECTED = "stream.connected"
    STREAM_LOST = "stream.lost"  # NATS went away, or could not be reached; events wait in the database
    STREAM_MISSED = "stream.missed"  # events were not published, for too many waited: workers read the database
    STREAM_STALLED = "stream.stalled"  # a consumer had something and gave nothing; it is made again
    WORKER_SHARDS = "worker.shards"  # which shards this worker delivers now
    WORKER_LATE = "worker.late"  # its leases could not be renewed in time; it sends nothing until they are
    WORKER_ABSENT = "worker.absent"  # no worker lives, so nothing is delivered

    # The local side
    HTTP_LISTENING = "http.listening"
    HTTP_FAILED = "http.failed"  # a request broke on a mistake of ours; the asker got a 500
    EVENTS_CUT_OFF = "events.cut_off"  # whoever read /v1/events did not keep up; it comes again and loses nothing
    EXPORT_CUT_OFF = "export.cut_off"  # an export could not be read on, or whoever read it did not keep up
    CONTROL_LISTENING = "control.listening"  # the socket of the command line
    CONTROL_CUT_OFF = "control.cut_off"  # a follower of events did not keep up

    # Who may ask
    API_MADE = "api.made"  # a token, with its name and scopes
    API_REVOKED = "api.revoked"  # a token: it is good no longer
    API_REFUSED = "api.refused"  # an address sent too many wrong tokens: somebody guesses, or a CRM has an old one

    # Others
    TAPE_RECORDING = "tape.recording"
    LIBRARY_SAID = "library.said"  # a warning from a library we use, by Python's own logging
    LOG_UNNAMED = "log.unnamed"  # a line without an action: a mistake in the program
