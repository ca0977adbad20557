"""Words that people can read safely, whatever an index or an archive put into them."""

from __future__ import annotations

from math import floor

from resolver.model import Outcome


def printable(text: str) -> str:
    r"""Spell out everything that a terminal might obey (escape sequences, newlines) as Python would.

    File names, versions and messages come from strangers; ``\x1b[2J`` in one of them must not clear the screen.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def percent(share: float) -> str:
    """Give a share of 0 to 1 as ``66.6 %``, rounded down: only what is whole reads as 100 %."""
    tenths = floor(round(share * 1000, 6))  # the inner rounding undoes binary noise: 0.283 * 1000 is 282.999…
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth} %" if tenth else f"{whole} %"


def count(number: int, noun: str) -> str:
    """Give ``1 project``, ``2 projects``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def source(outcome: Outcome, version: str | None) -> str:
    """Word where a project that the distribution does not serve comes from: ``PyPI 2.1``, ``unmet``."""
    if outcome is Outcome.PYPI:
        return f"PyPI {printable(version)}" if version else "PyPI"
    return "not needed" if outcome is Outcome.INAPPLICABLE else outcome.value
