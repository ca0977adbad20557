"""Which grounds hold for a project, what they weigh together, and the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.model import Listing, Rejection
from resolver.model.review import Delta, Ground, Owners, ReviewItem, WeighedGround, WheelContents, WheelDifference
from resolver.review import ranking
from resolver.review.ranking import FIRST, WEIGHTS, Facts, order, weigh
from tests.unit.venv.samples import wheel

if TYPE_CHECKING:
    from resolver.model import Wheel

TODAY = date(2026, 11, 24)
RELEASES = ("debian:12", "debian:13")
LONG_AGO = "2020-01-01T00:00:00Z"
NOTHING = WheelDifference(
    files=Delta(),
    native=Delta(),
    names=Delta(),
    entry_points=Delta(),
    requires=Delta(),
    people=Delta(),
    sizes=(1, 1),
)


def uploaded(version: str, when: str | None = LONG_AGO) -> Wheel:
    return replace(wheel("demo", version), upload_time=when)


def listing(*wheels: Wheel, **more: object) -> Listing:
    return replace(Listing(project=canonicalize_name("demo"), wheels=wheels), **more)  # type: ignore[arg-type] # its own


ORDINARY = Facts(
    wheel=uploaded("6"),
    known_in=RELEASES,
    asked=RELEASES,
    listing=listing(*(uploaded(version) for version in "654321")),
    attested=True,
    contents=WheelContents(files={}, size=1),
    owners=Owners(now=("Owner: a",), since=TODAY - timedelta(days=1), before=None),
)
"""Nothing speaks against it, and nothing is unknown."""


def grounds(facts: Facts) -> dict[Ground, str]:
    return {one.ground: one.detail for one in weigh(facts, TODAY).grounds}


def changed(**delta: Delta) -> dict[Ground, str]:
    return grounds(replace(ORDINARY, difference=replace(NOTHING, **delta)))  # type: ignore[arg-type] # its own fields


def test_what_is_ordinary_has_no_ground_and_nothing_unchecked() -> None:
    item = weigh(ORDINARY, TODAY)
    assert (item.grounds, item.weight, item.first, item.unchecked) == ((), 0, False, ())


def test_every_ground_has_a_weight() -> None:
    assert WEIGHTS.keys() == set(Ground)
    assert all(weight > 0 for weight in WEIGHTS.values())
    assert all(WEIGHTS[ground] >= FIRST for ground in ranking.ALARMS - {Ground.YANKED})


def test_least_known_to_the_distributions() -> None:
    assert grounds(replace(ORDINARY, known_in=())) == {Ground.UNKNOWN: "in none of debian:12, debian:13"}
    assert grounds(replace(ORDINARY, known_in=("debian:13",))) == {Ground.PARTLY_KNOWN: "debian:13, of 2 releases"}


@pytest.mark.parametrize(
    ("when", "detail"),
    [
        ("2026-11-24T08:00:00Z", "uploaded 2026-11-24, 0 days ago"),
        ("2026-11-23T23:30:00-02:00", "uploaded 2026-11-24, 0 days ago"),
        ("2026-11-23T00:00:00", "uploaded 2026-11-23, 1 day ago"),
        ("2026-10-26T00:00:00Z", "uploaded 2026-10-26, 29 days ago"),
        ("2026-10-25T23:59:59Z", None),
    ],
)
def test_young(when: str, detail: str | None) -> None:
    assert grounds(replace(ORDINARY, wheel=uploaded("6", when))).get(Ground.YOUNG) == detail


def test_few_releases_count_those_that_do_not_fit_too() -> None:
    three = tuple(uploaded(version) for version in "654")
    old = tuple(Rejection(version=Version(version), why="only an sdist") for version in "321")
    assert grounds(replace(ORDINARY, listing=listing(*three))) == {
        Ground.FEW_RELEASES: "the index has 3 releases of it"
    }
    assert grounds(replace(ORDINARY, listing=listing(*three, rejected=old))) == {}


def test_a_young_project_and_one_whose_age_cannot_be_known() -> None:
    recent = (TODAY - timedelta(days=100)).isoformat()
    young = replace(ORDINARY, wheel=uploaded("6", recent), listing=listing(*(uploaded(v, recent) for v in "654321")))
    assert grounds(young) == {Ground.YOUNG_PROJECT: f"first release {recent}, 100 days ago"}
    assert young.listing is not None
    held = Rejection(version=Version("7"), why="too young", is_young=True)
    assert Ground.YOUNG_PROJECT in grounds(replace(young, listing=replace(young.listing, rejected=(held,))))
    hidden = Rejection(version=Version("0.1"), why="only an sdist")
    item = weigh(replace(young, listing=replace(young.listing, rejected=(hidden,))), TODAY)
    assert (item.grounds, item.unchecked) == (
        (),
        ("the project's age: the index does not tell it of every release",),
    )
    settled = replace(young.listing, wheels=(*young.listing.wheels, uploaded("0.2")), rejected=(hidden,))
    assert weigh(replace(young, listing=settled), TODAY).unchecked == ()


def test_what_the_index_says_now() -> None:
    every = [uploaded(version) for version in "654321"]
    others = tuple(every[1:])
    assert grounds(replace(ORDINARY, listing=listing(*others))) == {Ground.WITHDRAWN: "the index no longer lists 6"}
    held = Rejection(version=Version("6"), why="too young", is_young=True)
    assert grounds(replace(ORDINARY, listing=listing(*others, rejected=(held,)))) == {}
    yanked = replace(every[0], yanked="leaks keys")
    assert grounds(replace(ORDINARY, listing=listing(yanked, *others))) == {Ground.YANKED: "leaks keys"}
    gone = listing(status="quarantined", status_reason="malware")
    assert grounds(replace(ORDINARY, listing=gone)) == {Ground.QUARANTINED: "the index calls it quarantined: malware"}
    assert Ground.WITHDRAWN in grounds(replace(ORDINARY, listing=listing(exists=False)))
    for status, ground in (("archived", Ground.ARCHIVED), ("deprecated", Ground.DEPRECATED)):
        assert list(grounds(replace(ORDINARY, listing=listing(*every, status=status)))) == [ground]


def test_how_it_was_made_and_what_is_in_it() -> None:
    native = WheelContents(files={"a.so": "", "b.so": ""}, native=("a.so", "b.so"), size=1)
    assert grounds(replace(ORDINARY, contents=native)) == {Ground.NATIVE_CODE: "a.so, and 1 more"}
    assert list(grounds(replace(ORDINARY, built=True))) == [Ground.BUILT]
    assert list(grounds(replace(ORDINARY, attested=False))) == [Ground.NO_ATTESTATION]


def test_what_changed_in_it() -> None:
    assert changed() == {}
    assert changed(native=Delta(added=("demo/_x.so",))) == {Ground.NEW_NATIVE_CODE: "demo/_x.so"}
    assert changed(names=Delta(added=("six",), removed=("demo",))) == {Ground.NEW_NAME: "six"}
    moved = Delta(added=("console_scripts: a = b:c", "demo.plugins: a = d"), removed=("console_scripts: a = b:d",))
    assert changed(entry_points=moved) == {Ground.NEW_ENTRY_POINT: "demo.plugins: a = d"}
    bounds = Delta(added=("Requests>=2.31", "zz-new[x]>=1"), removed=("requests>=2",))
    assert changed(requires=bounds) == {Ground.NEW_DEPENDENCY: "zz-new"}
    assert changed(requires=Delta(added=("what is this",))) == {Ground.NEW_DEPENDENCY: "what is this"}
    assert changed(requires=Delta(removed=("six",)), files=Delta(changed=("a",))) == {}
    people = Delta(added=("Eve",), removed=("Alice",))
    assert changed(people=people) == {Ground.MAINTAINER_CHANGE: "its metadata now names Eve, and no longer Alice"}


@pytest.mark.parametrize(
    ("owners", "detail", "unchecked"),
    [
        (
            Owners(now=("Owner: b",), since=TODAY, before=("Owner: a",)),
            "Owner: b may upload, and Owner: a may no longer",
            0,
        ),
        (Owners(now=("Owner: a", "Owner: b"), since=TODAY, before=("Owner: a",)), "Owner: b may upload", 0),
        (Owners(now=("Owner: a",), since=TODAY, before=("Owner: a", "x: b")), "x: b may no longer", 0),
        (Owners(now=("Owner: b",), since=TODAY - timedelta(days=90), before=("Owner: a",)), None, 0),
        (Owners(now=("Owner: b",), since=TODAY, before=None), None, 1),
        (None, None, 1),
    ],
)
def test_T2_others_who_may_upload_it_and_no_word_of_them(
    owners: Owners | None, detail: str | None, unchecked: int
) -> None:
    item = weigh(replace(ORDINARY, owners=owners), TODAY)
    told = f"since 2026-11-24 {detail}" if detail else None
    assert {one.ground: one.detail for one in item.grounds}.get(Ground.MAINTAINER_CHANGE) == told
    assert len(item.unchecked) == unchecked


def test_T2_what_nobody_tells_is_not_checked() -> None:
    nothing = Facts(wheel=uploaded("6", None))
    item = weigh(nothing, TODAY)
    assert item.grounds == ()
    assert [what.partition(":")[0] for what in item.unchecked] == [
        "its age",
        "its releases",
        "whether a distribution knows it",
        "its content",
        "attestations",
        "who may upload it",
    ]


def test_grounds_stand_by_weight_and_one_holds_once() -> None:
    told = ((Ground.CHANGED, "b"), (Ground.UNFIT, "x"), (Ground.NEW, "a"), (Ground.UNFIT, "y"))
    item = weigh(replace(ORDINARY, told=told), TODAY)
    assert [(one.ground, one.detail) for one in item.grounds] == [
        (Ground.UNFIT, "x; y"),
        (Ground.NEW, "a"),
        (Ground.CHANGED, "b"),
    ]
    assert item.weight == sum(WEIGHTS[ground] for ground in (Ground.UNFIT, Ground.NEW, Ground.CHANGED))
    assert item.first


@given(st.dictionaries(st.from_regex(r"[a-c]{1,3}", fullmatch=True), st.integers(0, 2), max_size=8), st.integers(0, 9))
def test_R7_the_order_is_total_whatever_the_order_before(weights: dict[str, int], seed: int) -> None:
    items = [_item(name, weight) for name, weight in weights.items()]
    shuffled = Random(seed).sample(items, len(items))  # noqa: S311 - no secret
    ranked = order(shuffled)
    assert ranked == order(items) == order(ranked)
    keys = [(-item.weight, item.project) for item in ranked]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def _item(name: str, weight: int) -> ReviewItem:
    ground = WeighedGround(ground=Ground.NEW, detail="", weight=weight)
    return ReviewItem(
        project=canonicalize_name(name), version="1", filename="", path=None, grounds=(ground,), first=False
    )
