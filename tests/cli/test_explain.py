"""``distrofirst explain``: rule R8, every decision can be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.commandline import TRIXIE, Here

if TYPE_CHECKING:
    from tests.loopback import Loopback


@pytest.mark.parametrize(
    ("requirement", "code", "words"),
    [
        ("flask", 0, ["flask: python3-flask 3.1.1", "evidence: contents", "looked up in debian:13 (embedded"]),
        ("Flask>=9", 0, ["flask>=9: unresolved (version too old)", "next step: loosen >=9"]),
        ("no-such-project", 0, ["no-such-project: unresolved (not packaged)"]),
        ("psycopg2-binary", 0, ["python3-psycopg2", "evidence: override"]),
        ("attr", 0, ["attr: unresolved"]),
        ("flask; python_version<'3'", 0, ["flask: not needed"]),
    ],
)
def test_R8_direct_tells_what_was_looked_up(run: Here, requirement: str, code: int, words: list[str]) -> None:
    ran = run("explain", requirement, "--direct", *TRIXIE)
    assert (ran.code, ran.err) == (code, "")
    told = " ".join(ran.out.replace("│", " ").split())
    for each in words:
        assert each in told, ran.out


def test_R8_the_chain_to_the_index(run: Here, index: Loopback) -> None:
    ran = run("explain", "zz-alpha", "zz-absent", *TRIXIE)
    assert ran.code == 1
    assert "zz-alpha: PyPI 2.0 (not packaged)" in ran.out
    assert "zz_alpha-2.0-py3-none-any.whl" in ran.out
    assert "zz-absent: unmet (neither packaged nor on the index)" in ran.out
    assert "requests: python3-requests" in ran.out
    assert index.asked("/simple/zz-absent/") == 1


def test_what_is_no_requirement_is_bad_usage(run: Here) -> None:
    ran = run("explain", "flask>=", "--direct", *TRIXIE)
    assert (ran.code, ran.out) == (2, "")
    assert "'flask>=' is not a requirement" in ran.err


def test_nothing_to_explain_is_bad_usage(run: Here) -> None:
    ran = run("explain", *TRIXIE)
    assert ran.code == 2
    assert "REQUIREMENT" in ran.err
