"""Rules P2 and P3: which wheel of each version a target would install."""

from __future__ import annotations

import json
import platform
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

from resolver.cooldown import Cooldown
from resolver.errors import InputError
from resolver.model import Release, Target
from resolver.pypi.simple import Page, parse
from resolver.pypi.wheels import WheelChooser, wheel_tags

if TYPE_CHECKING:
    from resolver.model import Listing

URL = "https://index.example/simple/demo/"
TRIXIE = Target(release=Release(distribution="debian", version="13"), architecture="amd64", python="3.13", glibc="2.41")
DEMO = canonicalize_name("demo")


def worded(listing: Listing) -> tuple[str, ...]:
    return tuple(map(str, listing.rejected))


def page(*names: str, **more: object) -> Page:
    """Give a page of files named so; ``more`` is said of each."""
    files = [{"filename": name, "url": name, "hashes": {"sha256": "0" * 64}, **more} for name in names]
    return parse(json.dumps({"files": files}).encode(), "application/json", URL)


def choose(*names: str, **more: object) -> Listing:
    return WheelChooser(TRIXIE).choose(DEMO, page(*names, **more))


def chosen(*names: str) -> list[str]:
    return [wheel.filename for wheel in choose(*names).wheels]


# Tags ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    sys.implementation.name != "cpython" or platform.libc_ver()[0] != "glibc", reason="CPython on glibc"
)
def test_the_tags_of_this_machine_are_those_of_packaging() -> None:
    here = wheel_tags("{}.{}".format(*sys.version_info), platform.machine(), platform.libc_ver()[1])
    assert here == list(sys_tags())


def test_debians_words_for_machines_and_uname_s_are_the_same() -> None:
    for debian, machine in (("amd64", "x86_64"), ("arm64", "aarch64"), ("armhf", "armv7l"), ("ppc64el", "ppc64le")):
        assert wheel_tags("3.11", debian, "2.36") == wheel_tags("3.11", machine, "2.36")


@pytest.mark.parametrize(
    ("architecture", "accepted", "refused"),
    [
        ("amd64", ["manylinux_2_36_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64", "linux_x86_64"],
         ["manylinux_2_37_x86_64", "manylinux_2_4_x86_64", "musllinux_1_2_x86_64", "manylinux_2_36_i686"]),
        ("arm64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"],
         ["manylinux2010_aarch64", "manylinux_2_16_aarch64"]),
        ("armhf", ["manylinux_2_17_armv7l", "linux_armv7l"], ["linux_armv6l", "manylinux_2_17_armv6l"]),
        ("armel", ["linux_armv6l"], ["manylinux_2_17_armv6l"]),
        ("i386", ["manylinux1_i686", "manylinux_2_5_i686"], ["manylinux1_x86_64"]),
        ("s390x", ["manylinux_2_36_s390x"], ["manylinux1_s390x"]),
        ("riscv64", ["manylinux_2_36_riscv64"], []),
    ],
)  # fmt: skip
def test_platforms_of_each_architecture(architecture: str, accepted: list[str], refused: list[str]) -> None:
    """PEP 513, 571, 599, 600."""
    platforms = {tag.platform for tag in wheel_tags("3.11", architecture, "2.36")}
    assert set(accepted) <= platforms
    assert not set(refused) & platforms


def test_without_a_known_glibc_no_manylinux_wheel_is_accepted() -> None:
    assert {tag.platform for tag in wheel_tags("3.11", "amd64", "")} == {"linux_x86_64", "any"}


@pytest.mark.parametrize(("python", "glibc"), [("3", "2.36"), ("", "2.36"), ("3.11", "new"), ("3.x", "2.36")])
def test_versions_that_are_none_are_bad_input(python: str, glibc: str) -> None:
    with pytest.raises(InputError, match="expected two numbers"):
        wheel_tags(python, "amd64", glibc)


# The choice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        ("https://elsewhere.example/p", "https://elsewhere.example/p"),
        ("p", f"{URL}p"),
        ("http://index.example/p", ""),
        ("file:///etc/passwd", ""),
        (None, None),
    ],
)
def test_attestations_are_fetched_no_less_safely_than_their_wheel(provenance: object, expected: str | None) -> None:
    """PEP 740; what is of no use is not the same as what is not there (rule T2)."""
    (wheel,) = choose("demo-1.0-py3-none-any.whl", provenance=provenance).wheels
    assert wheel.provenance == expected


def test_the_most_specific_wheel_wins_whatever_the_order() -> None:
    names = [
        "demo-1.0-py3-none-any.whl",
        "demo-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
        "demo-1.0-cp313-cp313-manylinux2014_x86_64.whl",
        "demo-1.0-cp310-abi3-manylinux_2_28_x86_64.whl",
    ]
    assert chosen(*names) == chosen(*reversed(names)) == [names[1]]
    assert chosen(names[0], names[3]) == [names[3]]


def test_a_compressed_set_counts_by_its_best_tag() -> None:
    assert chosen(
        "demo-1.0-cp313-cp313-manylinux_2_17_x86_64.whl",
        "demo-1.0-cp312.cp313-cp312.cp313-manylinux_2_12_x86_64.manylinux_2_39_x86_64.whl",
    ) == ["demo-1.0-cp312.cp313-cp312.cp313-manylinux_2_12_x86_64.manylinux_2_39_x86_64.whl"]


def test_the_highest_build_number_wins_as_a_number() -> None:
    names = ["demo-1.0-py3-none-any.whl", "demo-1.0-2-py3-none-any.whl", "demo-1.0-10b-py3-none-any.whl"]
    assert chosen(*names) == [names[2]]


def test_versions_come_newest_first_by_pep_440() -> None:
    names = [f"demo-{version}-py3-none-any.whl" for version in ("1.9", "1.10", "2.0rc1", "1!0.1", "1.10.post1")]
    assert [str(wheel.version) for wheel in choose(*names).wheels] == ["1!0.1", "2.0rc1", "1.10.post1", "1.10", "1.9"]


def test_two_spellings_of_one_version_are_one_version() -> None:
    assert len(choose("demo-1.0-py3-none-any.whl", "demo-1.0.0-cp313-none-any.whl").wheels) == 1


def test_P3_of_one_version_the_file_that_is_not_yanked_wins() -> None:
    good, bad = page("demo-1.0-py3-none-any.whl"), page("demo-1.0-cp313-none-any.whl", yanked="broken")
    both = replace(good, entries=(*bad.entries, *good.entries))
    (wheel,) = WheelChooser(TRIXIE).choose(DEMO, both).wheels
    assert (wheel.filename, wheel.yanked) == ("demo-1.0-py3-none-any.whl", None)


@pytest.mark.parametrize(
    "name",
    [
        "demo-1.0-py3-none-any.exe",
        "demo-1.0.whl",
        "demo-1.0-py3-none.whl",
        "demo-1.0-x-py3-none-any.whl",
        "demo-1.0-1-2-py3-none-any.whl",
        "demo-one-py3-none-any.whl",
        "demon-1.0-py3-none-any.whl",
        ".whl",
        "demo-.tar.gz",
        "demo.tar.gz",
        "other-1.0.tar.gz",
        "demo-1.0.tar.gz.asc",
    ],
)
def test_names_that_are_none_are_skipped(name: str) -> None:
    assert choose(name).wheels == ()


def test_a_name_counts_by_pep_503_and_a_version_without_its_escapes() -> None:
    (wheel,) = (
        WheelChooser(TRIXIE)
        .choose(
            canonicalize_name("demo-two"), page("Demo.Two-1.0_1-py3-none-any.whl", "demo__two-0.9-py3-none-any.whl")
        )
        .wheels[:1]
    )
    assert str(wheel.version) == "1.0.post1"


# Rejections ---------------------------------------------------------------------------------------------------


def test_each_rejection_says_why() -> None:
    assert worded(choose("demo-2.0.tar.gz", "demo-1.0.zip")) == ("2.0: only an sdist", "1.0: only an sdist")
    assert worded(choose("demo-2.0-cp312-cp312-win_amd64.whl", "demo-2.0.tar.gz")) == (
        "2.0: no wheel for CPython 3.13 on amd64",
    )
    assert worded(choose("demo-2.0-py3-none-any.whl", **{"requires-python": "<3.12"})) == (
        "2.0: requires Python <3.12",
    )
    assert worded(choose("demo-2.0-py3-none-any.whl", hashes={"md5": "0" * 32})) == ("2.0: the index gives no sha256",)
    assert worded(choose("demo-2.0-py3-none-any.whl", url="file:///demo.whl")) == ("2.0: its address cannot be used",)


def test_P2_sdists_are_kept_where_no_wheel_fits() -> None:
    listing = choose(
        "demo-4.0-py3-none-any.whl",
        "demo-4.0.tar.gz",
        "demo-3.0.zip",
        "demo-3.0.tar.gz",
        "demo-2.0-cp27-cp27m-win32.whl",
        "demo-2.0.tar.bz2",
        "demo-1.0.tar.Z",
    )
    assert [sdist.filename for sdist in listing.sdists] == ["demo-3.0.tar.gz", "demo-2.0.tar.bz2"]
    assert len(listing.rejected) == 3
    assert all(sdist.sha256 and sdist.url.startswith("https://") for sdist in listing.sdists)


@pytest.mark.parametrize(
    "about", [{"requires-python": "<3.12"}, {"hashes": {"md5": "0" * 32}}, {"url": "file:///demo-1.0.tar.gz"}]
)
def test_P2_P3_an_sdist_has_to_fit_as_a_wheel_has_to(about: dict[str, Any]) -> None:
    assert choose("demo-1.0.tar.gz", **about).sdists == ()


def test_what_came_closest_is_what_is_told() -> None:
    wrong_python = page("demo-1.0-py3-none-any.whl", **{"requires-python": "<3"})
    others = page("demo-1.0.tar.gz", "demo-1.0-cp27-cp27m-win32.whl")
    both = replace(others, entries=(*wrong_python.entries, *others.entries))
    assert worded(WheelChooser(TRIXIE).choose(DEMO, both)) == ("1.0: requires Python <3",)


def test_rejections_come_newest_first() -> None:
    rejected = worded(choose(*(f"demo-{number}.tar.gz" for number in range(100))))
    assert rejected[:2] == ("99: only an sdist", "98: only an sdist")
    assert len(rejected) == 100


@pytest.mark.parametrize(
    ("specifier", "runs"),
    [(">=3.8", True), (">=3.8,<4", True), ("==3.13.*", True), (">=3.14", False), (">=3.13.4", False), ("!=3.13", False),
     ("not a specifier", True), (">= '2.7'", True), ("", True)],
)  # fmt: skip
def test_P3_requires_python_is_judged_for_the_target(specifier: str, runs: bool) -> None:  # noqa: FBT001 -- a table
    assert bool(choose("demo-1.0-py3-none-any.whl", **{"requires-python": specifier}).wheels) == runs


def test_P3_the_full_version_counts_where_it_is_known() -> None:
    target = replace(TRIXIE, python_full_version="3.13.5")
    files = page("demo-1.0-py3-none-any.whl", **{"requires-python": ">=3.13.4"})
    assert WheelChooser(target).choose(DEMO, files).wheels


@pytest.mark.parametrize(
    ("uploaded", "why"),
    [
        ("2025-12-31T23:59:59.999999Z", None),
        ("2026-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:01Z", "uploaded 2026-01-01, after 2026-01-01 (cooldown)"),
        ("2026-01-01T00:30:00+02:00", None),
        ("2026-01-02T00:00:00", "uploaded 2026-01-02, after 2026-01-01 (cooldown)"),
        (None, "the index gives no upload time, which the cooldown needs"),
        ("yesterday", "the index gives no upload time, which the cooldown needs"),
    ],
)
def test_P3_the_cooldown(uploaded: str | None, why: str | None) -> None:
    chooser = WheelChooser(TRIXIE, cooldown=Cooldown(limit=datetime(2026, 1, 1, tzinfo=UTC)))
    listing = chooser.choose(DEMO, page("demo-1.0-py3-none-any.whl", **{"upload-time": uploaded}))
    assert worded(listing) == (() if why is None else (f"1.0: {why}",))


@pytest.mark.parametrize("uploaded", [None, "yesterday"])
def test_P3_a_lenient_cooldown_takes_what_has_no_upload_time_and_says_so(uploaded: str | None) -> None:
    limit = datetime(2026, 1, 1, tzinfo=UTC)
    names = {"upload-time": uploaded}
    listing = WheelChooser(TRIXIE, cooldown=Cooldown(limit=limit, strict=False)).choose(
        DEMO, page("demo-1.0-py3-none-any.whl", **names)
    )
    assert (len(listing.wheels), listing.age_unknown) == (1, True)
    strict = WheelChooser(TRIXIE, cooldown=Cooldown(limit=limit)).choose(DEMO, page("demo-1.0-py3-none-any.whl"))
    assert (strict.wheels, strict.age_unknown) == ((), False)
    assert not choose("demo-1.0-py3-none-any.whl").age_unknown


def test_P3_a_project_may_have_a_limit_of_its_own() -> None:
    young = page("demo-1.0-py3-none-any.whl", **{"upload-time": "2026-01-05T00:00:00Z"})
    limit = datetime(2026, 1, 1, tzinfo=UTC)
    for own, wheels in ((None, 1), (datetime(2026, 1, 6, tzinfo=UTC), 1), (datetime(2026, 1, 4, tzinfo=UTC), 0)):
        cooldown = Cooldown(limit=limit, limits=((DEMO, own),))
        assert len(WheelChooser(TRIXIE, cooldown=cooldown).choose(DEMO, young).wheels) == wheels
    assert WheelChooser(TRIXIE, cooldown=Cooldown(limit=limit)).choose(DEMO, young).rejected[0].is_young


def test_the_projects_status_is_kept() -> None:
    archived = replace(page("demo-1.0-py3-none-any.whl"), status="archived", status_reason="moved to demo2")
    listing = WheelChooser(TRIXIE).choose(DEMO, archived)
    assert (listing.status, listing.status_reason) == ("archived", "moved to demo2")
    assert listing.wheels


# Cost and robustness ------------------------------------------------------------------------------------------


def test_five_thousand_files_take_well_under_a_tenth_of_a_second() -> None:
    places = ("win_amd64", "win32", "macosx_11_0_arm64", "manylinux_2_17_x86_64.manylinux2014_x86_64", "linux_armv7l")
    tags = [f"cp3{minor}-cp3{minor}-{place}" for minor in range(5, 15) for place in places]
    names = [f"demo-1.{number}.0-{tag}.whl" for number in range(100) for tag in tags]
    hashes = {"sha256": "0" * 64}
    files = [{"filename": name, "url": f"https://files.example/{name}", "hashes": hashes} for name in names]
    body = json.dumps({"files": files}).encode()
    chooser = WheelChooser(TRIXIE)
    times = []
    for _ in range(3):
        start = time.process_time()
        listing = chooser.choose(DEMO, parse(body, "application/json", URL))
        times.append(time.process_time() - start)
    assert (len(names), len(listing.wheels)) == (5000, 100)
    assert min(times) < 0.1


NAMES = st.text(alphabet="demo-1.0rc!+_py3cp-noneany.whltargz", max_size=40).map("demo-{}".format)


@given(st.lists(NAMES | NAMES.map("{}.whl".format) | NAMES.map("{}.tar.gz".format), max_size=20))
def test_any_file_names_are_sorted_out(names: list[str]) -> None:
    listing = choose(*names)
    versions = [wheel.version for wheel in listing.wheels]
    assert versions == sorted(set(versions), reverse=True)
    assert choose(*reversed(names)) == listing, "the page's order carries no meaning (rule R7)"
