"""Our errors as findings of `callbridge check`."""

from callbridge.config import Finding, Level


def problem(where: str, what: str, error: Exception) -> Finding:
    """Return an error as a finding: its first sentence says what is wrong, the rest what to do."""
    text, _, advice = str(error).partition(". ")
    return Finding(Level.PROBLEM, where, f"{what}: {text.rstrip('.')}", advice)
