"""How each transfer must be told in which somebody leaves or refuses at an awkward moment."""

from typing import Any, Final

from tests.live.asked_first import ASKED, ATTENDED_TO_EVA, BACK
from tests.live.tellings import ANA, EVA, Handed, Telling, completed, talk

BLONDE_TO_EVA: Final = (Handed("blonde", "1001", "201"),)
LEFT: Final[dict[str, Any]] = talk(agent=None, ended_by="caller", answered_at=None)
"""What was asked, where 201 had not answered when it was handed on."""


def blonde(heard: str, **more: Any) -> Telling:
    """Return a blonde transfer to 201, with what is heard after it."""
    return Telling(
        f"{ASKED} ringing {heard}".strip(), BLONDE_TO_EVA, completed(**more), {}, "ringing", LEFT, merged=True
    )


AWKWARD: Final = {
    "16-blind-to-nobody": Telling("ringing answered", (), completed(agent=ANA, ended_by="callee"), {"talk_s": 1}),
    "16-blind-transferrer-hangs-up": Telling(
        "ringing answered transferred ringing answered",
        (Handed("blind", "1001", "201"),),
        completed(agent=EVA, ended_by="caller"),
        {"talk_s": 2},
    ),
    "17-attended-target-busy": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {"talk_s": 1},
        "",
        talk(state="busy", reason="busy", agent=None, ended_by="pbx"),
    ),
    "17-attended-held-call-ended-first": Telling(
        "ringing answered held",
        (),
        completed(agent=ANA, ended_by="callee"),
        {},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
    ),
    "17-attended-target-hangs-up-at-once": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="callee"),
        {"hold_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
        merged=True,
    ),
    "17-attended-to-a-call-that-is-over": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="callee"),
        {"hold_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="callee"),
    ),
    "17-attended-by-feature-code-busy": Telling(
        BACK,
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "",
        talk(state="busy", reason="busy", agent=None, ended_by="pbx"),
    ),
    "17-attended-by-feature-code-wrong-number": Telling(BACK, (), completed(agent=ANA, ended_by="caller")),
    "17-attended-by-feature-code-given-up-at-once": Telling(BACK, (), completed(agent=ANA, ended_by="callee")),
    "17-attended-by-feature-code-customer-leaves-while-it-rings": Telling(
        "ringing answered held",
        (),
        completed(agent=ANA, ended_by="caller"),
        {},
        "ringing",
        talk(state="cancelled", agent=None, ended_by="caller"),
    ),
    "18-blonde-by-feature-code-rejected": blonde("ringing answered", agent=ANA, ended_by="caller"),
    "18-blonde-by-feature-code-called-back-in-vain": blonde("ringing", agent=ANA, ended_by="caller"),
    "18-blonde-by-feature-code-called-back-twice": blonde("ringing ringing answered", agent=EVA, ended_by="caller"),
    "18-blonde-by-feature-code-customer-hangs-up": blonde("", agent=ANA, ended_by="caller"),
    "18-blonde-by-refer-rejected": blonde("", agent=ANA, ended_by="caller"),
    "18-blonde-by-refer-customer-hangs-up": blonde("", agent=ANA, ended_by="caller"),
    "18-blonde-answered-as-it-is-sent": Telling(
        ASKED,
        ATTENDED_TO_EVA,
        completed(agent=EVA, ended_by="caller"),
        {"talk_s": 1},
        "ringing answered",
        talk(agent=EVA, ended_by="caller"),
        merged=True,
    ),
}
