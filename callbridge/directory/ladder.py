"""In which order sources are climbed."""

from collections.abc import Iterator, Sequence

from callbridge.directory.lookup import Lookup
from callbridge.directory.own import Own, OwnRung, chosen, ends_alike, written
from callbridge.directory.source import Rung


def ladder(sources: Sequence[Own | Lookup]) -> tuple[Rung, ...]:
    """Return the rungs of sources: what people chose first, whoever has the number, at last whose only ends alike."""
    own = [source for source in sources if isinstance(source, Own)]
    return (
        *(OwnRung(each, chosen) for each in own),
        *_exact(sources),
        *(OwnRung(each, ends_alike) for each in own),
    )


def _exact(sources: Sequence[Own | Lookup]) -> Iterator[Rung]:
    for source in sources:
        yield OwnRung(source, written) if isinstance(source, Own) else source
