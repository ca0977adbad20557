"""Whatever stands in a file, the answer is a set or a DistrofirstError: never a traceback."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from resolver.errors import DistrofirstError
from resolver.model import Origin, RequirementSet
from resolver.requirements import parse_requirement, read_inputs
from resolver.requirements.surroundings import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

QUICK = hypothesis.settings(
    max_examples=150,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
NOWHERE = Surroundings(cwd="/nowhere", kind_of=lambda _: None)

PIECES = st.sampled_from(
    [
        *("foo", "==", ">=", "1.0", "*", "[x]", "[", "]", ";", " ; ", "@", " @ ", "https://", "git+", "file:", "#egg="),
        *(
            " ",
            "\t",
            "\n",
            "\r\n",
            "\\\n",
            "# ",
            "-r",
            "-e ",
            "-c",
            " --hash=",
            "sha256:",
            "--",
            "-",
            "'",
            '"',
            "(",
            ")",
        ),
        *("os_name", "python_version", " in ", "and", "or", "extra", "${A}", "\0", "\x85", "é", "../", ".whl", ".zip"),
        *("[[packages]]\n", "[project]\n", "dependencies = [", "{", "}", "name = ", '"""', "'''", ",", ".", "true"),
    ]
)


def answer(data: bytes, name: str, folder: Path) -> RequirementSet | None:
    (folder / name).write_bytes(data)
    with contextlib.suppress(DistrofirstError):
        return read_inputs([name], stdin=bytes, environ={"A": "x y"}, cwd=folder)
    return None


@pytest.mark.parametrize("name", ["r.txt", "pyproject.toml", "pylock.toml"])
@QUICK
@hypothesis.given(data=st.binary(max_size=200))
def test_any_bytes_are_answered(tmp_path: Path, name: str, data: bytes) -> None:
    answer(data, name, tmp_path)


@pytest.mark.parametrize("name", ["r.txt", "pyproject.toml", "pylock.toml"])
@QUICK
@hypothesis.given(pieces=st.lists(PIECES, max_size=25))
def test_any_pieces_of_the_formats_are_answered(tmp_path: Path, name: str, pieces: list[str]) -> None:
    found = answer("".join(pieces).encode(), name, tmp_path)
    for requirement in (*found.requirements, *found.constraints) if found else ():
        assert requirement.origin.line >= 1
        assert requirement.text


@QUICK
@hypothesis.given(text=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=15).map("".join)))
def test_any_argument_is_answered(text: str) -> None:
    with contextlib.suppress(DistrofirstError):
        parse_requirement(text, Origin(file="<command line>", line=1), around=NOWHERE)


@pytest.mark.parametrize(
    "text", ["foo==" + "9" * 5000, "[" * 5000, "foo[" * 5000, "foo;" + "(" * 5000, "foo @ " + "x" * 100_000, "\\" * 9]
)
def test_extremes_are_answered(tmp_path: Path, text: str) -> None:
    answer(text.encode(), "r.txt", tmp_path)
