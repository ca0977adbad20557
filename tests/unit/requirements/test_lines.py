"""Logical lines, by the examples of pip's manual and its corner cases."""

from __future__ import annotations

import pytest

from resolver.requirements.lines import logical_lines

ENVIRON = {"TOKEN": "secret", "A": "1", "EMPTY": "", "lower": "x", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", []),
        ("\n  \n\t\n# only a comment\n  # another\n", []),
        ("foo\nbar", [(1, "foo"), (2, "bar")]),
        ("foo\r\nbar\r\n", [(1, "foo"), (2, "bar")]),
        ("foo\rbar", [(1, "foo"), (2, "bar")]),
        ("  foo  ", [(1, "foo")]),
        ("foo # why", [(1, "foo")]),
        ("foo\t# why", [(1, "foo")]),
        ("foo#egg # why", [(1, "foo#egg")]),
        ("foo#bar", [(1, "foo#bar")]),
        ("foo \\\n  bar", [(1, "foo   bar")]),
        ("\n\nfoo==\\\n1.0\nbar", [(3, "foo==1.0"), (5, "bar")]),
        ("foo\\\n\\\nbar", [(1, "foobar")]),
        ("foo \\", [(1, "foo")]),
        ("foo \\\n# comment\nbar", [(1, "foo"), (3, "bar")]),
        ("foo\\\n# comment\nbar", [(1, "foo"), (3, "bar")]),
        ("# comment \\\nfoo", [(2, "foo")]),
        ("foo # comment \\\nbar", [(1, "foo")]),
        ("foo \\ \nbar", [(1, "foo \\"), (2, "bar")]),
        ("\\\n\\\n", []),
    ],
)
def test_joining_and_comments(content: str, lines: list[tuple[int, str]]) -> None:
    assert [(line.number, line.text) for line in logical_lines(content, {})] == lines


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("https://${TOKEN}@x", "https://secret@x"),
        ("${A}${A}${TOKEN}", "11secret"),
        ("${MISSING} ${EMPTY}", "${MISSING} ${EMPTY}"),
        ("${lower} $TOKEN %TOKEN% ${A-B} ${}", "${lower} $TOKEN %TOKEN% ${A-B} ${}"),
        ("${NESTED}", "${A}"),
    ],
)
def test_only_upper_case_variables_that_are_set_are_put_in(written: str, text: str) -> None:
    (line,) = logical_lines(written, ENVIRON)
    assert (line.text, line.written) == (text, written)
