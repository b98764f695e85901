"""What a missed list shows, in the words of stories."""

from callbridge.calls import facts as f
from callbridge.calls.missed import Attempt, AttemptKind, MissedRow, MissedRules, MissedState
from tests.stories.someone import Someone
from tests.stories.story import Story


class MissedList:
    """What a database would hold of the list: rows and lines as they were written last."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._rows: dict[str, MissedRow] = {}
        self._lines: dict[tuple[str, int], Attempt] = {}

    def _look(self) -> None:
        missed = self._story.tracker.take_changes().missed
        self._rows.update({row.id: row for row in missed.rows})
        self._lines.update({(line.row, line.number): line for line in missed.attempts})

    @property
    def rows(self) -> list[MissedRow]:
        self._look()
        return list(self._rows.values())

    def row(self) -> MissedRow:
        """The only row there ever was."""
        (row,) = self.rows
        return row

    @property
    def open(self) -> list[MissedRow]:
        found = [row for row in self.rows if row.state is MissedState.OPEN]
        assert {row.id: row for row in found} == {
            row.id: row for row in self._story.tracker.board.missed.open.values()
        }, "what is remembered is what was written"
        return found

    def lines(self, row: MissedRow | None = None) -> list[Attempt]:
        """The history of a row, of the only one if none is named."""
        row = row or self.row()
        found = [line for key, line in sorted(self._lines.items()) if key[0] == row.id]
        assert [line.number for line in found] == list(range(1, row.attempts + 1))
        return found

    @property
    def history(self) -> list[str]:
        """Each line in a word or two."""
        return [_in_words(line) for line in self.lines()]

    # ── what people and rules do ──

    def is_hidden_by(self, person: str, row: MissedRow | None = None) -> None:
        self._story.says(f.MissedHidden("main", self._story.now, (row or self.row()).id, person))

    def is_restored_by(self, person: str, row: MissedRow | None = None) -> None:
        self._story.says(f.MissedRestored("main", self._story.now, row or self.row(), person))

    def says(self, person: str, text: str, kind: AttemptKind = AttemptKind.NOTE) -> None:
        self._story.says(f.MissedAttempted("main", self._story.now, self.row(), kind, person, text))

    def goes_by(self, rules: MissedRules) -> None:
        self._story.says(f.MissedRulesSet("main", self._story.now, rules))


def _in_words(line: Attempt) -> str:
    answers = {True: " answered", False: " not answered", None: " goes on"}
    return line.kind.value + (answers[line.answered] if line.kind is AttemptKind.CALLBACK else "")


def misses(story: Story, number: str | None = "912345678", *, seconds: float = 5) -> Someone:
    """Somebody calls, 1001 rings, nobody answers."""
    caller = story.someone(number, name="Maria Silva").calls("210000000")
    story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=seconds)
    caller.hangs_up()
    return caller


def calls_back(story: Story, number: str = "912345678", *, agent: str = "1001") -> tuple[Someone, Someone]:
    """One of ours calls them, and their phone rings."""
    ana = story.someone(agent, name="Ana Costa" if agent == "1001" else "Rui Dias")
    ana.calls(f"0{number}")
    return ana, story.someone(number).rings()
