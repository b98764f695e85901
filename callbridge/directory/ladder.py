"""In which order sources are climbed."""

from collections.abc import Iterator, Sequence

from callbridge.directory.own import Own, OwnRung, chosen, chosen_or_written, ends_alike, written
from callbridge.directory.source import Outside, Rung


def ladder(sources: Sequence[Own | Outside]) -> tuple[Rung, ...]:
    """Return the rungs of sources: what people chose first, whoever has the number, at last whose only ends alike."""
    return tuple(_rungs(sources))


def _rungs(sources: Sequence[Own | Outside]) -> Iterator[Rung]:
    own = next((source for source in sources if isinstance(source, Own)), None)
    first = bool(sources) and sources[0] is own
    if own is not None and not first:
        yield OwnRung(own, chosen)
    for source in sources:
        if isinstance(source, Own):
            yield OwnRung(source, chosen_or_written if first else written)
        else:
            yield source
    if own is not None:
        yield OwnRung(own, ends_alike)
