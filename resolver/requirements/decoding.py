"""Bytes → text, as pip guesses encodings: a byte order mark, else a PEP 263 comment, else UTF-8."""

from __future__ import annotations

import codecs
import re

from resolver.errors import InputError

# UTF-32 before UTF-16: the little-endian mark of the former begins with that of the latter.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")


def decode_requirements(data: bytes, shown: str) -> str:
    """Give a requirements file's text.

    Where pip falls back to the locale's encoding we stop: the same file must give the same plan everywhere (R7).
    Raises InputError for an archive or other binary, an unknown encoding, and bytes that do not fit the encoding.
    """
    if data.startswith(_ARCHIVES):
        raise InputError(
            "this is an archive; expected a requirements file, which is text",
            context=shown,
            hint="to install a local archive, write its path on a line of a requirements file",
        )
    encoding, body = _encoding(data)
    try:
        text = body.decode(encoding)
    except LookupError:
        raise InputError(
            f"the coding comment names {encoding!r}, which is not a text encoding that Python knows",
            context=f"{shown}:1",
            hint="save the file as UTF-8 and remove the comment",
        ) from None
    except ValueError as error:
        # ValueError rather than UnicodeError: some codecs (punycode, idna) raise the bare class.
        raise _undecodable(encoding, body, shown, error) from None
    if "\0" in text:
        raise InputError(
            "this is a binary file (it holds NUL characters), or UTF-16 without a byte order mark; expected text",
            context=f"{shown}:{text[: text.index(chr(0))].count(chr(10)) + 1}",
            hint="name a requirements file, or save this one as UTF-8",
        )
    return text


def decode_toml(data: bytes, shown: str) -> str:
    """Give a TOML file's text, which is UTF-8 without a byte order mark (TOML 1.0). Raises InputError otherwise."""
    if data.startswith(codecs.BOM_UTF8):
        raise InputError(
            "the file begins with a byte order mark, which TOML forbids",
            context=f"{shown}:1",
            hint="save it as UTF-8 without a byte order mark",
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _undecodable("utf-8", data, shown, error) from None


def _encoding(data: bytes) -> tuple[str, bytes]:
    """Give the encoding and the bytes it applies to."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, data[len(mark) :]
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (found := _CODING.search(line)):
            return found[1].decode("ascii"), data
    return "utf-8", data


def _undecodable(encoding: str, body: bytes, shown: str, error: ValueError) -> InputError:
    context, found = shown, "its bytes do not fit"
    if isinstance(error, UnicodeDecodeError):
        # The position is in bytes; a newline is one byte in every encoding that gets here without a mark.
        context = f"{shown}:{body[: error.start].count(bytes([10])) + 1}"
        found = f"byte 0x{body[error.start]:02x} does not fit"
    return InputError(
        f"the file cannot be read as {encoding}: {found}",
        context=context,
        hint="save it as UTF-8, or name its encoding in the first line: # -*- coding: latin-1 -*-",
    )
