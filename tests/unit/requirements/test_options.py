"""The options of a line: pip's quoting, abbreviations and refusals."""

from __future__ import annotations

import re

import pytest

from resolver.errors import InputError
from resolver.model import Origin
from resolver.requirements.options import parse_options, split_line

HERE = Origin(file="r.txt", line=7)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("foo", ("foo", "")),
        ("-r base.txt", ("", "-r base.txt")),
        ("foo --hash=sha256:a", ("foo", "--hash=sha256:a")),
        ('foo ; python_version < "3" --hash=x', ('foo ; python_version < "3"', "--hash=x")),
        ("foo-bar", ("foo-bar", "")),
        ("foo\t--pre", ("foo\t--pre", "")),
        ("foo - bar", ("foo", "- bar")),
    ],
)
def test_a_line_splits_at_its_first_word_that_begins_with_a_dash(line: str, parts: tuple[str, str]) -> None:
    assert split_line(line) == parts


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", ()),
        ("--hash=sha256:aa --hash=sha512:bb", (("--hash", "sha256:aa"), ("--hash", "sha512:bb"))),
        ("--hash sha384:aa", (("--hash", "sha384:aa"),)),
        ("--hash='sha256:aa'", (("--hash", "sha256:aa"),)),
        ("-i https://x", (("--index-url", "https://x"),)),
        ("--pypi-url=https://x", (("--index-url", "https://x"),)),
        ("--extra-index https://x", (("--extra-index-url", "https://x"),)),
        ("-rbase.txt", (("--requirement", "base.txt"),)),
        ("--requirement=a.txt", (("--requirement", "a.txt"),)),
        ("-c 'a b.txt'", (("--constraint", "a b.txt"),)),
        ("-e .", (("--editable", "."),)),
        ("--pre --no-index", (("--pre", None), ("--no-index", None))),
        ("--no-binary :all: --only-binary foo,bar", (("--no-binary", ":all:"), ("--only-binary", "foo,bar"))),
        ("--prefer-binary --require-hashes", (("--prefer-binary", None), ("--require-hashes", None))),
        ("--trusted-host x -f links", (("--trusted-host", "x"), ("--find-links", "links"))),
        ("--use-feature=fast-deps", (("--use-feature", "fast-deps"),)),
        ("-C a=b", (("--config-settings", "a=b"),)),
        ("--all-releases foo --only-final bar", (("--all-releases", "foo"), ("--only-final", "bar"))),
    ],
)
def test_every_option_that_pip_knows(text: str, given: tuple[tuple[str, str | None], ...]) -> None:
    options = parse_options(text, text, HERE)
    assert options.given == given
    assert options.ignored == ()


def test_words_that_belong_to_no_option_are_kept_apart() -> None:
    assert parse_options("-r a.txt b.txt -- --pre", "", HERE).ignored == ("b.txt", "--pre")


def test_a_second_line_starts_afresh() -> None:
    parse_options("-r a.txt", "", HERE)
    assert parse_options("-r b.txt", "", HERE).values("--requirement") == ("b.txt",)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("--idx-url x", "no such option: --idx-url", "did you mean --index-url"),
        ("--upgrade", "no such option: --upgrade", "on its command line only"),
        ("-U", "no such option: -U", "on its command line only"),
        ("--zzz", "no such option: --zzz", "options that a requirements file may hold: .*--find-links"),
        ("--re x", "ambiguous option: --re", None),
        ("-r", "-r option requires 1 argument", None),
        ("--pre=yes", "--pre option does not take a value", None),
        ("--no-binary --pre", "takes :all:", None),
        ("--config-settings x", "takes KEY=VALUE, found 'x'", None),
        ("-r 'a", "without its other half", "close the quote"),
        ("--hash=abc", "takes ALGORITHM:DIGEST, found 'abc'", "pip hash"),
        ("--hash=sha256:", "takes ALGORITHM:DIGEST, found 'sha256:'", "pip hash"),
        ("--hash=md5:aa", "'md5' is not accepted by --hash; expected one of sha256, sha384, sha512", "pip hash"),
    ],
)
def test_what_pip_refuses_is_refused_with_the_next_step(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_options(text, text, HERE)
    assert caught.value.context == "r.txt:7"
    assert re.search(hint or "^$", caught.value.hint or "")
