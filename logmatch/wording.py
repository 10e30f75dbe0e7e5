"""Wording: what sentences of several modules have in common: how many of something, and what a near miss meant."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST_NAME = 100
"""Characters: a longer text is no misspelt name, and to compare it takes time."""


def count(number: int, noun: str) -> str:
    """*number* things, as in a sentence."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *written* is most likely meant to be, whatever its case; None if none is near."""
    if len(written) > _LONGEST_NAME:
        return None
    import difflib  # in no run without a mistake

    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(written.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A hint that begins with the nearest of *known* and goes on after a space; empty if none is near."""
    near = nearest(written, known)
    return f"did you mean {near!r}? " if near is not None else ""


def listed(names: Iterable[str], last: str = "or") -> str:
    """The *names* as a sentence has them: "a, b or c"."""
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def share_of(share: float) -> str:
    """*share* (0 to 1) in percent; less than all is never rounded to 100 %."""
    return f"{share if share == 1 else min(share, 0.999):.1%}"
