"""What Requires entries name: rpm's boolean dependencies, and evidence for one interpreter (rules I4 and I5)."""

from __future__ import annotations

import csv
import gzip
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.catalog.rpm_requires import PythonCapability, dist_of, needs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("foo", [["foo"]]),
        ("foo >= 1:2.0-3", [["foo"]]),
        ("foo<2", None),
        ("libssl.so.3(OPENSSL_3.0.0)(64bit)", [["libssl.so.3(OPENSSL_3.0.0)(64bit)"]]),
        ("libm.so.6()(64bit)", [["libm.so.6()(64bit)"]]),
        ("python3.11dist(requests[socks])", [["python3.11dist(requests[socks])"]]),
        ("python3dist(a) = 2~b1", [["python3dist(a)"]]),
        ("/usr/bin/python3", [["/usr/bin/python3"]]),
        ("with", [["with"]]),
        ("(NetworkManager)", [["NetworkManager"]]),
        ("((a))", [["a"]]),
        ("( a  and\tb )", [["a"], ["b"]]),
        ("(a and b and a)", [["a"], ["b"]]),
        ("(a or b or c)", [["a", "b", "c"]]),
        ("(a or a)", [["a"]]),
        ("(x < 2 or x > 2)", [["x"]]),
        ("(python3.9dist(x) >= 2.4.8 with python3.9dist(x) < 2.5)", [["python3.9dist(x)"]]),
        ("((x < 2 or x > 2) with (x < 3 or x > 3) with x >= 1)", [["x"]]),
        ("(a with b with c)", [["a"]]),
        ("(a without b)", [["a"]]),
        ("((a and b) or c)", [["a", "c"], ["b", "c"]]),
        ("((a and b) or (c and d))", [["a", "c"], ["a", "d"], ["b", "c"], ["b", "d"]]),
        ("(a and (b or c))", [["a"], ["b", "c"]]),
        ("((a with b) and (c without d))", [["a"], ["c"]]),
        # Conditions are no promise.
        ("(a if b)", []),
        ("(a if b else c)", []),
        ("(a unless b)", []),
        ("(a unless b else c)", []),
        ("((a and b) if (c or d))", []),
        ("(a and (b if c))", [["a"]]),
        ("((a if b) or c)", []),
        ("((a if b) with c)", []),
    ],
)
def test_what_is_needed_for_certain(text: str, groups: list[list[str]] | None) -> None:
    # rpm separates by blanks alone, so "foo<2" is a name as a whole.
    assert needs(text) == (tuple(map(tuple, groups)) if groups is not None else ((text,),))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "(", ")", "()", "(a", "a)", "(a))", "(a) b", "a b", "a(b", "(a(b and c)"),
        *("(a b)", "(a and)", "(and a)", "(a and and b)", "(a AND b)", "(a xor b)"),
        *("a >=", "(a >= )", ">= 1", "(a >= and b)x", "a =>> 1", "a >=< 1", "a >= 1 2"),
        *("(a and b or c)", "(a or b and c)", "(a with b and c)", "(a without b without c)"),
        *("(a if b if c)", "(a if b and c)", "(a else b)", "(a and b else c)", "(a if b else c else d)"),
        "(" * 4000,
        "(" * 60 + "a" + ")" * 60,
        "((a and b and c) or " + " or ".join(["(d and e and f)"] * 9) + ")",
    ],
)
def test_what_rpm_would_not_take_either(text: str) -> None:
    with pytest.raises(ValueError, match="is no dependency"):
        needs(text)


@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(
            st.sampled_from(["(", ")", "a", "b(c)", " and ", " or ", " if ", " else ", " ", " with ", ">= 1"])
        ).map("".join),
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        groups = needs(text)
    except ValueError:
        return
    assert all(group and all(group) for group in groups)


def test_all_that_rpms_own_tests_require(shared: Path) -> None:
    """Every requirement on one project names that project, whatever its bounds became."""
    path = shared / "data" / "rpm-python-generator" / "pep508_to_rpm_richdeps.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    assert len(rows) > 80
    for requirement, expected in rows:
        project = re.split(r"[=<>!~\[]", requirement)[0]
        for text in expected.split(" | "):
            ((name,),) = needs(text)
            found = dist_of(name)
            assert found is not None
            assert (found.python, found.project) == ("3.9", re.sub(r"[-_.]+", "-", project)), text


NOT_RICH = {
    "-python39-bleach without python39-bleach = 5.0.0",
    "-python310-bleach without python310-bleach = 5.0.0",
    "-python311-bleach without python311-bleach = 5.0.0",
    "-python3-ruamel.yaml >= 0.17.31 and python3-ruamel.yaml < 0.18",
}
"""Damaged before we got them: they have a minus in the parenthesis's place."""


@pytest.mark.parametrize(
    ("name", "rich", "refused"),
    [("centos-stream-9-appstream", 137, set()), ("opensuse-tumbleweed-20230910", 272, NOT_RICH)],
)
def test_all_that_real_repositories_require(shared: Path, name: str, rich: int, refused: set[str]) -> None:
    (path,) = (shared / "data" / name / "repodata").glob("*primary.xml.gz")
    text = gzip.decompress(path.read_bytes()).decode()
    sections = re.findall(r"<rpm:requires>(.*?)</rpm:requires>", text, re.DOTALL)
    entries = {unescape(entry) for section in sections for entry in re.findall(r'name="([^"]*)"', section)}
    assert sum(entry.startswith("(") for entry in entries) == rich
    found = set()
    for entry in entries:
        try:
            needs(entry)
        except ValueError:
            found.add(entry)
    assert found == refused


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ("python3.11dist(requests)", ("3.11", "requests", None)),
        ("python3.11dist(requests[socks])", ("3.11", "requests", "socks")),
        ("python3dist(requests)", ("3", "requests", None)),
        ("python2.7dist(zope.interface)", ("2.7", "zope-interface", None)),
        ("python3.13dist(ruamel.yaml)", ("3.13", "ruamel-yaml", None)),
        ("python3.9dist(Foo_Bar[Some.Extra])", ("3.9", "foo-bar", "some-extra")),
        ("python3.9dist(2ping)", ("3.9", "2ping", None)),
        ("bundled(python3.11dist(requests))", None),
        ("python3.11dist(requests) >= 2", None),
        ("python3.11dist(-x)", None),
        ("python3.11dist()", None),
        ("python3.11dist(a[])", None),
        ("python3.11dist(a[b,c])", None),
        ("python3.11dist(na\u00efve)", None),
        ("python\u0663dist(a)", None),
        ("python3.11dist(a)\n", None),
        ("Python3.11dist(a)", None),
        ("pythondist(a)", None),
        ("python3.11-requests", None),
        ("python(abi)", None),
        ("", None),
    ],
)
def test_I4_a_capability_names_one_interpreter(capability: str, expected: tuple[str, str, str | None] | None) -> None:
    found = dist_of(capability)
    assert (None if found is None else (found.python, found.project, found.extra)) == expected


@given(st.text(max_size=20))
def test_I4_any_capability_is_answered(text: str) -> None:
    found = dist_of(f"python3.11dist({text})")
    assert found is None or isinstance(found, PythonCapability)
