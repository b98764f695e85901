"""How each blind transfer must be told."""

from typing import Final

from tests.live.tellings import ANA, BRUNO, CARLA, EVA, Handed, Telling, completed

BLIND_TO_EVA: Final = (Handed("blind", "1001", "201"),)
ONCE_ANSWERED: Final = "ringing answered transferred ringing answered"
FROM_QUEUE: Final = "queued ringing answered transferred ringing answered"

BLIND: Final = {
    "16-blind-answered": Telling(
        ONCE_ANSWERED,
        BLIND_TO_EVA,
        completed(agent=EVA, ended_by="caller", queue=None),
        {"talk_s": 2, "hold_s": 0, "ring_s": 0},
    ),
    "16-blind-rejected": Telling(
        "ringing answered transferred", BLIND_TO_EVA, completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-no-answer": Telling(
        "ringing answered transferred ringing",
        (Handed("blind", "1001", "1002"),),
        completed(agent=ANA, ended_by="pbx"),
        {"talk_s": 2},
    ),
    "16-blind-caller-gives-up": Telling(
        "ringing answered transferred ringing", BLIND_TO_EVA, completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-to-queue": Telling(
        "ringing answered transferred queued ringing answered",
        (Handed("blind", "1001", "601"),),
        completed(agent=BRUNO, queue="support", ended_by="caller"),
        {"talk_s": 1},
    ),
    "16-blind-to-queue-abandoned": Telling(
        "ringing answered transferred queued ringing left_queue",
        (Handed("blind", "1001", "601"),),
        completed(agent=ANA, queue="support", ended_by="caller"),
        {"wait_s": 1, "talk_s": 1},
    ),
    "16-blind-to-group": Telling(
        ONCE_ANSWERED, (Handed("blind", "1001", "661"),), completed(agent=CARLA, ended_by="callee"), {"talk_s": 1}
    ),
    "16-blind-to-outside": Telling(
        ONCE_ANSWERED, (Handed("blind", "1001", "912345678"),), completed(agent=ANA, ended_by="caller"), {"talk_s": 1}
    ),
    "16-blind-back-to-transferrer": Telling(
        f"{ONCE_ANSWERED} transferred ringing answered",
        (*BLIND_TO_EVA, Handed("blind", "201", "1001")),
        completed(agent=ANA, ended_by="caller"),
    ),
    "16-blind-by-feature-code": Telling(
        "ringing answered held resumed transferred ringing answered",
        BLIND_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
    ),
    "16-blind-by-feature-code-no-answer": Telling(
        "ringing answered held resumed transferred ringing",
        (Handed("blind", "1001", "1002"),),
        completed(agent=ANA, ended_by="pbx"),
    ),
    "16-blind-by-ami": Telling(ONCE_ANSWERED, BLIND_TO_EVA, completed(agent=EVA, ended_by="caller"), {"talk_s": 1}),
    "16-blind-of-own-call": Telling(
        ONCE_ANSWERED,
        BLIND_TO_EVA,
        completed(direction="outbound_manual", agent=EVA, ended_by="caller"),
        {"talk_s": 1},
    ),
    "16-blind-of-own-call-to-queue": Telling(
        "ringing answered transferred queued ringing answered",
        (Handed("blind", "1001", "601"),),
        completed(direction="outbound_manual", agent=BRUNO, queue="support", ended_by="callee"),
        {"wait_s": 1, "talk_s": 2},
    ),
    "19-blind-of-queue-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-of-menu-and-queue-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="sales", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-of-local-member-call": Telling(
        FROM_QUEUE,
        (Handed("blind", "1002", "201"),),
        completed(agent=EVA, queue="locals", ended_by="caller"),
        {"wait_s": 1, "ring_s": 1, "talk_s": 2},
    ),
    "19-blind-to-another-queue": Telling(
        "queued ringing answered transferred queued ringing answered",
        (Handed("blind", "1002", "601"),),
        completed(agent=ANA, queue="support", ended_by="caller"),
        {"wait_s": 2, "ring_s": 1, "talk_s": 3},
    ),
}
