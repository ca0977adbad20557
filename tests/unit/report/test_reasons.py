from __future__ import annotations

import pytest

from resolver.model import Reason
from resolver.report.reasons import words


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_few_words(reason: Reason) -> None:
    said = words(reason)
    assert said
    assert len(said) <= 40
    assert said == said.strip()
    assert not said.endswith(".")


def test_no_two_reasons_read_the_same() -> None:
    assert len({words(reason) for reason in Reason}) == len(Reason)
