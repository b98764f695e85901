"""Who sits at which extension."""

from datetime import datetime

from callbridge.calls.call import Agent, Party


class Roster:
    """The agents the PBX named, by (pbx, extension); `seen` gathers what the store should hear."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self.seen: dict[tuple[str, str], tuple[Agent, datetime]] = {}

    def learn(self, pbx: str, extension: str | None, name: str | None, at: datetime) -> None:
        """Remember that somebody at `extension` was seen; a name that only repeats the number is none."""
        if extension is None:
            return
        if name and name != extension:
            self._names[pbx, extension] = name
        self.seen[pbx, extension] = (self.agent(pbx, extension), at)

    @property
    def known(self) -> int:
        """How many agents the PBX named."""
        return len(self._names)

    def recall(self, pbx: str, party: Party) -> None:
        """Know again who sat where in a former life; a name heard since then is newer."""
        if party.extension and party.name:
            self._names.setdefault((pbx, party.extension), party.name)

    def agent(self, pbx: str, extension: str) -> Agent:
        """Return the agent at `extension`, with the name the PBX last gave."""
        return Agent(extension, self._names.get((pbx, extension)))

    def party(self, pbx: str, extension: str) -> Party:
        """Return the party at `extension`."""
        return Party(None, extension, self._names.get((pbx, extension)), extension)
