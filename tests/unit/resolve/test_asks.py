"""Who asks for what: requirements as demands (rules R3, R4, R5, R6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from resolver.model import PinsPolicy, Release, Target
from resolver.resolve import asks
from resolver.resolve.asks import Ask, Policy

ENVIRONMENT = Target(
    release=Release(distribution="debian", version="13"), architecture="amd64", python="3.13"
).environment()
PARENT = canonicalize_name("parent")


def made(*lines: str, extras: frozenset[str] = frozenset(), from_distro: bool = False) -> list[str]:
    found = asks.from_metadata(lines, PARENT, extras, ENVIRONMENT, from_distro=from_distro)
    assert {one.by for one in found} <= {"parent"}
    assert not any(one.direct or one.constraint for one in found)
    return [str(one).removesuffix(" (parent)") for one in found]


@pytest.mark.parametrize(
    ("line", "extras", "expected"),
    [
        ("Foo_Bar>=1", (), ["foo-bar>=1"]),
        ("foo (>=1)", (), ["foo>=1"]),
        ("foo[B_b,a]", (), ["foo[a,b-b]"]),
        ('foo; python_version<"3"', (), []),
        ('foo; python_version>="3.13"', (), ["foo"]),
        ('foo; sys_platform=="win32"', (), []),
        ('foo; platform_machine=="x86_64"', (), ["foo"]),
        ('foo; extra=="x"', (), []),
        ('foo; extra=="x"', ("x",), ["foo"]),
        ('foo; extra=="X_y"', ("x-y",), ["foo"]),
        ('foo; extra=="x" and extra=="y"', ("x", "y"), []),
        ('foo; extra=="x" or extra=="y"', ("y",), ["foo"]),
        ('foo; extra!="x"', ("x",), ["foo"]),
        ('foo; extra=="x" and python_version<"3"', ("x",), []),
    ],
)
def test_R4_markers_are_evaluated_for_the_target_and_each_extra(
    line: str, extras: tuple[str, ...], expected: list[str]
) -> None:
    assert made(line, extras=frozenset(extras)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "foo>1.*",
        "foo bar",
        "",
        "foo; nonsense",
        'foo; os_name ~= "posix"',
        'foo; platform_release >= "5"',
        "foo[",
        "=1",
    ],
)
def test_R6_a_line_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="parent requires"):
        made("good", line)


def test_R3_between_os_packages_no_bound_counts() -> None:
    (plain,) = asks.from_metadata(["foo>=2"], PARENT, frozenset(), ENVIRONMENT)
    (below,) = asks.from_metadata(["foo>=2"], PARENT, frozenset(), ENVIRONMENT, from_distro=True)
    assert plain.os_specifier == SpecifierSet(">=2")
    assert (below.os_specifier, below.specifier) == (None, SpecifierSet(">=2"))


def test_R5_a_url_in_metadata_stays_with_its_demand() -> None:
    assert made("foo @ https://files.example/foo-1.whl") == ["foo @ https://files.example/foo-1.whl"]


def test_R9_a_project_may_have_a_pins_policy_of_its_own() -> None:
    policy = Policy(pins=PinsPolicy.MINIMUM, pins_of=((canonicalize_name("numpy"), PinsPolicy.PREFER),))
    assert policy.pins_for(canonicalize_name("numpy")) is PinsPolicy.PREFER
    assert policy.pins_for(canonicalize_name("scipy")) is PinsPolicy.MINIMUM


SHA = "ab" * 32
COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("url", "hashes", "words"),
    [
        (f"https://files.example/foo-1-py3-none-any.whl#sha256={SHA}", (), None),
        (f"https://files.example/foo-1-py3-none-any.whl#egg=foo&sha256={SHA}", (), None),
        ("https://files.example/foo-1-py3-none-any.whl", (f"sha256:{SHA}",), None),
        ("https://files.example/foo-1-py3-none-any.whl", (), "without its hash"),
        ("https://files.example/foo-1-py3-none-any.whl", (f"sha512:{SHA}",), "without its hash"),
        (f"https://files.example/foo-1.tar.gz#sha256={SHA}", (), "would have to be built"),
        ("git+https://git.example/foo@main", (), "without a full commit hash"),
        ("git+https://git.example/foo@abc1234", (), "without a full commit hash"),
        (f"git+https://git.example/foo@{COMMIT}", (), None),
        (f"git+https://git.example/foo@{COMMIT}", (f"sha256:{SHA}",), "no repository has"),
        (f"hg+https://hg.example/foo@{COMMIT}", (), "a repository of hg; only git's are fetched"),
        ("file:///srv/foo", (), "would have to be built"),
        (None, (), None),
    ],
)
def test_R5_what_stands_between_a_url_and_its_installation(
    url: str | None, hashes: tuple[str, ...], words: str | None
) -> None:
    ask = Ask(
        project=canonicalize_name("foo"),
        specifier=SpecifierSet(),
        os_specifier=SpecifierSet(),
        url=url,
        hashes=frozenset(hashes),
        by="app.txt:1",
        direct=True,
    )
    obstacle = asks.url_obstacle(ask)
    assert (obstacle is None) == (words is None)
    assert words is None or words in str(obstacle)
    if url is not None:
        told = asks.url_obstacle(replace(ask, direct=False, by="other"))
        assert told is not None
        assert "only the inputs may name a place" in told
