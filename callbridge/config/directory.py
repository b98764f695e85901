"""`[directory]`: whose number it is, and which CRMs are asked."""

from typing import Annotated

from pydantic import Field

from callbridge.config import words
from callbridge.config.secret import Secret
from callbridge.config.table import Table


class Lookup(Table):
    """A CRM that is asked whose number it is, by HTTP."""

    name: words.Name
    url: Annotated[words.LookUpUrl, Field(repr=False)]
    """Not shown: some CRMs want a token in its query."""
    secret: Secret | None = None
    secret_file: str | None = None
    secret_env: str | None = None
    secret_header: words.HeaderName = "Authorization"  # noqa: S105 - a header's name
    """Which header the secret goes in: as `Bearer …` in this one, bare in any other."""
    headers: words.Headers = words.NO_HEADERS
    tls_ca: words.AbsolutePath | None = None
    """As for AMI; for an `https://` url."""
    deadline_s: Annotated[float, Field(gt=0, le=10)] = 0.8
    """From the question to the last byte of the answer, with all waiting in between."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    rest_after: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row, after which it is left alone for a while."""
    rest_s: words.Seconds = 10.0


class Directory(Table):
    """Whose number is it."""

    country: words.Country | None = None
    """Of stored numbers without one; None means that of the first PBX."""
    sources: Annotated[tuple[words.Name, ...], Field(strict=False)] = ("own",)
    """In the order in which they are asked."""
    customer_url: words.CustomerUrl | None = None
    cache_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """Of answers of CRMs; our own customers are read each time."""
    cache_unknown_s: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    cache_size: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Of each CRM's answers."""
    register_directions: Annotated[tuple[words.RegisteredDirection, ...], Field(strict=False)] = ()
    """Of which calls the daemon makes customers, where their number is unknown."""
    register_type: words.OneLine = "lead"
    lookup: Annotated[tuple[Lookup, ...], Field(strict=False)] = ()
