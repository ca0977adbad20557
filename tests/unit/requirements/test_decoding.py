"""Bytes → text: every encoding that pip recognizes, and clear words for what is no text."""

from __future__ import annotations

import codecs

import pytest

from resolver.errors import InputError
from resolver.requirements.decoding import decode_requirements, decode_toml


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"foo\n", "foo\n"),
        ("naïve".encode(), "naïve"),
        (codecs.BOM_UTF8 + b"foo", "foo"),
        (codecs.BOM_UTF16_LE + "foo\r\n".encode("utf-16-le"), "foo\r\n"),
        (codecs.BOM_UTF16_BE + "foo".encode("utf-16-be"), "foo"),
        (codecs.BOM_UTF32_LE + "foo".encode("utf-32-le"), "foo"),
        (codecs.BOM_UTF32_BE + "foo".encode("utf-32-be"), "foo"),
        (b"# -*- coding: latin-1 -*-\n# \xe9", "# -*- coding: latin-1 -*-\n# é"),
        (b"# first\n# vim: set fileencoding=cp1252:\n# \x80", "# first\n# vim: set fileencoding=cp1252:\n# €"),
        (b"#coding:utf8\nfoo", "#coding:utf8\nfoo"),
    ],
)
def test_encodings_that_pip_recognizes(data: bytes, text: str) -> None:
    assert decode_requirements(data, "r.txt") == text


def test_a_coding_comment_counts_in_the_first_two_lines_only() -> None:
    with pytest.raises(InputError, match="utf-8: byte 0xe9") as caught:
        decode_requirements(b"#\n#\n# coding: latin-1\n\xe9", "r.txt")
    assert caught.value.context == "r.txt:4"
    assert "coding: latin-1" in str(caught.value.hint)


def test_a_mark_wins_over_a_coding_comment() -> None:
    assert decode_requirements(codecs.BOM_UTF8 + "# coding: latin-1\n# é".encode(), "r.txt").endswith("é")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04....", "this is an archive"),
        (b"\x1f\x8b\x08", "this is an archive"),
        (b"foo\n\0bar", "binary file"),
        ("foo\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"# coding: klingon\n", "'klingon', which is not a text encoding"),
        (b"# coding: base64\n", "'base64', which is not a text encoding"),
        (codecs.BOM_UTF16_LE + b"f", "cannot be read as utf-16-le"),
        (b"# coding: punycode\n\xff", "cannot be read as punycode"),
        (b"\xff\xff", "cannot be read as utf-8: byte 0xff"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        decode_requirements(data, "r.txt")
    assert str(caught.value.context).startswith("r.txt")
    assert caught.value.hint


def test_toml_is_utf8_without_a_mark() -> None:
    assert decode_toml("a = 'é'".encode(), "p.toml") == "a = 'é'"
    with pytest.raises(InputError, match="byte order mark"):
        decode_toml(codecs.BOM_UTF8, "p.toml")
    with pytest.raises(InputError, match="utf-8: byte 0xe9") as caught:
        decode_toml(b"a = 1\nb = '\xe9'", "p.toml")
    assert caught.value.context == "p.toml:2"
