"""How often a source was asked and failed."""

from callbridge.directory.source import SourceHealth
from callbridge.logs import Action, logger, scrub

log = logger()


class Tally:
    """Counts for one source."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._asked = 0
        self._failed = 0
        self._last_error: str | None = None

    def asked(self) -> None:
        self._asked += 1

    def failed(self, error: Exception) -> None:
        """Take note of a failure, in the log too."""
        self._failed += 1
        self._last_error = scrub(str(error) or type(error).__name__)
        log.warning("not answered", action=Action.DIRECTORY_FAILED, source=self.name, error=self._last_error)

    def health(self, *, resting: bool = False) -> SourceHealth:
        return SourceHealth(self.name, self._asked, self._failed, resting, self._last_error)
