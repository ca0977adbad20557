"""Names are judged by what the distributions know, the user's list, and what the user reviewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.errors import InputError
from resolver.model import AssignedIndex
from resolver.names import Names, read_popular

if TYPE_CHECKING:
    from pathlib import Path


def test_the_known_names_are_read_once_and_only_when_needed() -> None:
    read = []

    def known() -> frozenset[str]:
        read.append(1)
        return frozenset({"requests"})

    index = AssignedIndex(url="https://one.example/simple", projects=("requezts", "re-*"), where="x")
    names = Names(known, popular=None, reviewed=frozenset({canonicalize_name("Request")}), assigned=(index,))
    for reviewed in ("request", "requezts", "re-quests"):
        assert names(canonicalize_name(reviewed)) is None
    assert read == []
    assert names(canonicalize_name("reqests")) is not None
    assert names(canonicalize_name("requests")) is None
    assert read == [1]


@pytest.mark.parametrize(
    "text",
    [
        "Requests\n# a comment\n\nzope.interface  # and one more\n",
        json.dumps(
            {
                "last_update": "2026",
                "rows": [{"project": "requests", "download_count": 1}, {"project": "Zope_Interface"}],
            }
        ),
    ],
)
def test_both_forms_of_the_list(tmp_path: Path, text: str) -> None:
    path = tmp_path / "popular"
    path.write_text(text)
    assert read_popular(path) == {"requests", "zope-interface"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "no rows"),
        (b'{"rows": [1]}', "no rows"),
        (b'{"rows": [{"name": "x"}]}', "no rows"),
        (b'{"rows": [{"project": 1}]}', "1 is no project's name"),
        (b"requests==2", "'requests==2' is no project's name"),
        (b"\xff", "decode"),
        (None, "No such file"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "popular"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_popular(path)
    assert why in caught.value.message
    assert caught.value.context == str(path)
