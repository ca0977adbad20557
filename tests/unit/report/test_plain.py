from __future__ import annotations

import pytest

from resolver.model import Outcome
from resolver.report.plain import count, percent, printable, source


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.9, "90 %"),
        (2 / 3, "66.6 %"),
        (0.283, "28.3 %"),  # 0.283 * 1000 is below 283 in binary fractions
        (0.57, "57 %"),
        (0.99996, "99.9 %"),  # 100 % is only what lacks nothing
    ],
)
def test_percent_rounds_down(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("café >=2", "café >=2"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines", "two\\nlines"),
        ("right\u202eleft", "right\\u202eleft"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, said: str) -> None:
    assert printable(text) == said


def test_count_knows_one_from_many() -> None:
    assert [count(number, "project") for number in (0, 1, 2)] == ["0 projects", "1 project", "2 projects"]


def test_source_words_each_outcome_apart() -> None:
    assert source(Outcome.PYPI, "2.1") == "PyPI 2.1"
    assert len({source(outcome, None) for outcome in Outcome}) == len(Outcome)
