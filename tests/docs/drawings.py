"""Each drawing of docs/: the code's tables as Markdown and mermaid."""

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import callbridge
from callbridge.actions import Action
from callbridge.api.call_filters import CallFilters
from callbridge.api.missed_models import MissedFilters
from callbridge.calls import forwards, recovery, ringing, switchboard, transfers
from callbridge.calls.call import CallState, LegState, Reason
from callbridge.calls.events import EventType
from callbridge.calls.lifecycle import MOVES
from callbridge.calls.missed import MissedState
from callbridge.calls.outcome import BY_REASON, CAUSES, STATUSES
from callbridge.calls.queues import EXITS
from callbridge.calls.tracker import LAWS
from callbridge.cli._customer_table import COLUMNS
from callbridge.delivery import disabling
from callbridge.delivery.retry import RETRY
from tests.docs import api
from tests.docs.ends import ends
from tests.docs.hearsay import readings
from tests.docs.readme import ROOT
from tests.docs.scenarios import scenarios
from tests.docs.words import CAUSE_NAMES, REASONS

__all__ = ["DRAWINGS", "told"]


NONE: Final = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(word: object) -> str:
    return f"`{word}`"


def first_sentence(thing: object) -> str:
    """Return the first sentence of a docstring, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".").replace("|", "\\|")


# ── the house ─────────────────────────────────────────────────────────────────


def layers() -> str:
    """The layers as import-linter is told them, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (each for each in settings["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    return "\n".join(["```text", *contract["layers"], "```"])


def house_map() -> str:
    """Every module with what it says of itself, folder by folder."""
    house = Path(callbridge.__path__[0])
    modules = [path for path in sorted(house.rglob("*.py"), key=_room) if "versions" not in path.parts and _says(path)]
    width = max(len(str(path.relative_to(house))) for path in modules)
    return "\n".join(["```text", *(f"{path.relative_to(house)!s:<{width}}  {_says(path)}" for path in modules), "```"])


def _room(path: Path) -> tuple[Path, bool, str]:
    return path.parent, path.name != "__init__.py", path.name


def _says(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")


# ── a leg's life ──────────────────────────────────────────────────────────────


def moves_picture() -> str:
    arrows: dict[tuple[LegState, LegState], list[str]] = {}
    for (state, fact), after in MOVES.items():
        if after is not state:
            arrows.setdefault((state, after), []).append(fact.__name__)
    lines = [f"    {one} --> {two}: {', '.join(facts)}" for (one, two), facts in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> new", *lines, "    down --> [*]", "```"])


def moves_table() -> str:
    states = [state for state in LegState if any(state is one for one, _ in MOVES)]
    facts = dict.fromkeys(fact for _, fact in MOVES)
    rows = [[code(fact.__name__), *(MOVES.get((state, fact), NONE) for state in states)] for fact in facts]
    return table(["fact", *(f"from {state}" for state in states)], rows)


# ── what is heard, and which law it falls under ───────────────────────────────


def from_ami_table() -> str:
    return table(["AMI event", "fact", "which means"], from_ami_rows())


def from_ami_rows() -> Iterable[Sequence[str]]:
    for event, only, fact in readings():
        yield code(event) + (f", {code(only)}" if only else ""), code(fact.__name__), first_sentence(fact)


def laws_table() -> str:
    rows = [
        [code(fact.__name__), code(f"{law.__module__.rpartition('.')[2]}.{law.__name__}"), first_sentence(law)]
        for fact, law in LAWS.items()
    ]
    return table(["fact", "law", "what it does"], rows)


# ── how calls end ─────────────────────────────────────────────────────────────


def ends_table() -> str:
    rows = [[code(state), ", ".join(code(reason) if reason else "null" for reason in why)] for state, why in ends()]
    return table(["`state`", "`reason`"], rows)


def by_reason_table() -> str:
    rows = [[str(place), code(reason), code(state)] for place, (reason, state) in enumerate(BY_REASON.items(), 1)]
    return table(["weight", "`reason`", "`state`"], rows)


def causes_table() -> str:
    rows = [[str(cause), CAUSE_NAMES[cause], code(reason), code(BY_REASON[reason])] for cause, reason in CAUSES.items()]
    return table(["Q.850", "its name", "`reason`", "`state`"], rows)


def statuses_table() -> str:
    rows = [[code(status), code(reason), code(BY_REASON[reason])] for status, reason in STATUSES.items()]
    return table(["dial status", "`reason`", "`state`"], rows)


def exits_table() -> str:
    rows = [[code(status), code(reason.removeprefix("queue_")), code(reason)] for status, reason in EXITS.items()]
    head = ["`QUEUESTATUS`", "`reason` in `call.left_queue`", "`reason` of a call that ends with it"]
    return table(head, rows)


def reasons_table() -> str:
    states: Mapping[Reason, list[str]] = {
        reason: [code(state) for state, why in ends() if reason in why] for reason in Reason
    }
    rows = [[code(reason), ", ".join(states[reason]) or NONE, REASONS[reason]] for reason in Reason]
    return table(["`reason`", "ends a call as", "means"], rows)


# ── how calls are handed on ───────────────────────────────────────────────────


def transfers_picture() -> str:
    """Where whoever is handed on is, and the way from there to the next."""
    ways = [
        f"    {'asking' if asked else 'talking'} --> {ON_THE_WAY[transfers.LEADS_TO[kind]]}: {kind}"
        for (asked, _), kind in transfers.KINDS.items()
    ]
    around = [
        "    [*] --> talking: call.answered",
        "    talking --> asking: call.held",
        "    asking --> talking: call.resumed",
        "    on_the_way --> talking: call.answered",
        "    on_the_way --> [*]: nobody answers",
        "    talking --> [*]: call.ended",
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *around, *ways, "```"])


def transfers_table() -> str:
    yes = {True: "yes", False: "no"}
    rows = [
        [yes[asked], yes[answered] if asked else NONE, code(kind), code(transfers.LEADS_TO[kind])]
        for (asked, answered), kind in transfers.KINDS.items()
    ]
    return table(["was the next one asked", "had they answered", "`kind`", "the call is then"], rows)


ON_THE_WAY: Final[Mapping[CallState, str]] = {CallState.RINGING: "on_the_way", CallState.ANSWERED: "talking"}
"""What the call is after a transfer, as a place in the picture."""


# ── the missed list ───────────────────────────────────────────────────────────


def missed_picture() -> str:
    """Where a caller's row is, and what brings it there; what leaves it where it is stands beside it."""
    stays = [step for (state, step), after in recovery.MOVES.items() if state is after and state is MissedState.OPEN]
    arrows = [
        f"    {state or '[*]'} --> {after}: {step}"
        for (state, step), after in recovery.MOVES.items()
        if state is not after
    ]
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", *arrows, f"    open --> open: {', '.join(stays)}", "```"],
    )


def missed_steps() -> str:
    rows = []
    for step in recovery.Step:
        states = [f"{state} → {after}" for (state, one), after in recovery.MOVES.items() if one is step and state]
        begins = [f"→ {after}" for (state, one), after in recovery.MOVES.items() if one is step and state is None]
        rows.append([code(step), STEPS[step], ", ".join((*begins, *states)), recovery.STATUSES.get(step, NONE)])
    return table(["what happens", "which is", "`state`", "`status` is then"], rows)


STEPS: Final[Mapping[recovery.Step, str]] = {
    recovery.Step.MISSED: "they call, and nobody answers",
    recovery.Step.CALLED: "one of ours calls them",
    recovery.Step.CALLED_BACK: "… and they answer; or are dialled, where `recovered_when` says so",
    recovery.Step.GOT_THROUGH: "they call, and somebody answers",
    recovery.Step.MESSAGED: "a person writes down a message that was sent",
    recovery.Step.NOTED: "a person writes down anything else",
    recovery.Step.HIDDEN: "a person takes the row off the list",
    recovery.Step.RESTORED: "a person puts it back",
    recovery.Step.EXPIRED: "the last try is older than `expire_after_days`",
}


# ── what is told, what is logged ──────────────────────────────────────────────


def told() -> frozenset[EventType]:
    """Return the events that some law tells: all others are fixed words for what comes."""
    laws = {inspect.getmodule(law) for law in LAWS.values()}
    sources = "".join(
        inspect.getsource(module)
        for module in (*laws, switchboard, ringing, forwards, transfers, disabling)
        if module is not None
    )
    return frozenset(EventType[name] for name in re.findall(r"EventType\.(\w+)", sources))


def retries_table() -> str:
    rows = [(str(number), _wait_in_words(wait)) for number, wait in enumerate(RETRY, 1)]
    return table(("try", "after the one before"), rows)


def _wait_in_words(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    units = ((3600, "h"), (60, "min"), (1, "s"))
    return next((f"{seconds // size} {unit}" for size, unit in units if seconds >= size), "at once")


def told_table() -> str:
    now, later = ([code(kind) for kind in EventType if (kind in told()) is wanted] for wanted in (True, False))
    return f"Told: {', '.join(now)}.\n\nFixed words, not told yet: {', '.join(later)}."


def actions_table() -> str:
    return "\n\n".join(f"**{title}**\n\n{table(['`action`', 'means'], rows)}" for title, rows in actions().items())


def actions() -> Mapping[str, list[Sequence[str]]]:
    """Return the words of `Action` under its own headings, each with its own comment."""
    found: dict[str, list[Sequence[str]]] = {}
    title = ""
    for line in inspect.getsource(Action).splitlines():
        if heading := re.fullmatch(r"    # (.+)", line):
            title = heading[1]
        elif word := re.fullmatch(r'    \w+ = "([\w.]+)"(?:  # (.+))?', line):
            found.setdefault(title, []).append([code(word[1]), word[2] or "as it says"])
    assert sum(map(len, found.values())) == len(Action), "a word of Action is written in a way not read here"
    return found


def customer_columns() -> str:
    return table(("column", "also"), [(code(name), ", ".join(also)) for name, also in COLUMNS.items()])


DRAWINGS: Final[Mapping[str, Callable[[], str]]] = {
    "moves-picture": moves_picture,
    "moves": moves_table,
    "from-ami": from_ami_table,
    "layers": layers,
    "map": house_map,
    "laws": laws_table,
    "ends": ends_table,
    "by-reason": by_reason_table,
    "causes": causes_table,
    "statuses": statuses_table,
    "exits": exits_table,
    "reasons": reasons_table,
    "transfers-picture": transfers_picture,
    "transfers": transfers_table,
    "missed-picture": missed_picture,
    "missed-steps": missed_steps,
    "told": told_table,
    "retries": retries_table,
    "actions": actions_table,
    "scenarios": scenarios,
    "customer-columns": customer_columns,
    "api-paths": api.paths,
    "call-filters": lambda: api.filters(CallFilters),
    "missed-filters": lambda: api.filters(MissedFilters),
    "api-scopes": api.scopes,
    "api-problems": api.problems,
}
"""By the name that stands in a page."""
