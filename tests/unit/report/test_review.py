"""What a review looks like; the document's keys are a contract."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from resolver.model.review import Delta, Ground, Review, ReviewItem, WeighedGround, WheelDifference
from resolver.report.review import as_json, text

HASH = "0123456789abcdef" * 4
CACHE = Path("/root/.cache/distrofirst/wheels")
DIFFERENCE = WheelDifference(
    files=Delta(
        added=("demo/_speed.so", "demo/b.py", "dist-info/licenses/LICENSE"),
        removed=("demo/c.py",),
        changed=("demo/a.py",),
    ),
    native=Delta(added=("demo/_speed.so",)),
    names=Delta(),
    entry_points=Delta(added=("console_scripts: fix = demo:fix",), removed=("console_scripts: demo = demo:main",)),
    requires=Delta(added=("six",)),
    people=Delta(),
    sizes=(812, 4_300_000),
)


def ground(which: Ground, detail: str, weight: int) -> WeighedGround:
    return WeighedGround(ground=which, detail=detail, weight=weight)


def item(name: str, *grounds: WeighedGround, first: bool = False) -> ReviewItem:
    return ReviewItem(
        project=canonicalize_name(name),
        version="1.0",
        filename=f"{name}-1.0-py3-none-any.whl",
        path=CACHE / HASH / f"{name}-1.0-py3-none-any.whl",
        grounds=grounds,
        first=first,
    )


REVIEW = Review(
    target="debian:12",
    since="old.toml",
    projects=41,
    remainder=4,
    items=(
        replace(
            item(
                "demo",
                ground(Ground.NEW_NATIVE_CODE, "demo/_speed.so", 35),
                ground(
                    Ground.UNKNOWN, "in none of debian:12, \x1b[2Jdebian:13, debian:sid, fedora:43, ubuntu:24.04", 30
                ),
                ground(Ground.CHANGED, "before, 0.9", 5),
                first=True,
            ),
            requested_by=("requirements.txt:1", "b", "c", "d", "e"),
            former="0.9",
            former_path=Path("/srv/wheels/demo-0.9-py3-none-any.whl"),
            difference=DIFFERENCE,
        ),
        replace(
            item("zz-two", ground(Ground.FEW_RELEASES, "the index has 1 release of it", 15)), unchecked=("its age",)
        ),
        replace(item("zz-three"), path=None, unchecked=("its age", "its content", "attestations")),
    ),
    unchanged=(canonicalize_name("six"),),
    gone=((canonicalize_name("old"), "1.0"),),
    served=((canonicalize_name("flask"), "python3-flask 2.2.2-3"),),
    asked=("debian:12", "debian:13"),
)


def test_what_is_to_be_looked_at_first_is_told_whole_and_the_others_in_a_line() -> None:
    assert text(REVIEW, width=None, verbose=False).splitlines() == [
        "debian:12, since old.toml",
        "4 of 41 projects come from PyPI: 1 to look at first, 2 later, 1 unchanged",
        "",
        "1. demo 0.9 → 1.0 (70), asked for by requirements.txt:1, b, c and 2 more",
        "   new native code (35): demo/_speed.so",
        "   unknown to distributions (30): in none of debian:12, \\x1b[2Jdebian:13,",
        "     debian:sid, fedora:43, ubuntu:24.04",
        "   changed (5): 1 file changed, 3 added, 1 removed; 812 bytes → 4.3 MB",
        "     + demo/_speed.so (compiled)",
        "     + demo/b.py",
        "     ~ demo/a.py",
        "     - demo/c.py",
        "     … 1 more (-v names them)",
        "   wheel: /root/.cache/distrofirst/wheels/01234567*/*.whl",
        "   before: /srv/wheels/demo-0.9-py3-none-any.whl",
        "",
        "later (-v tells more):",
        "2. zz-two 1.0 (15): few releases",
        "3. zz-three 1.0 (0): nothing in particular",
        "",
        "No longer needed: old 1.0",
        "Now from the distribution: flask (python3-flask 2.2.2-3)",
        "Unchanged: six",
        "Not checked of zz-two, zz-three: its age",
        "Not checked of zz-three: its content; attestations",
    ]


def test_verbose_tells_everything() -> None:
    told = text(REVIEW, width=80, verbose=True)
    assert "asked for by requirements.txt:1, b, c, d, e" in " ".join(told.split())
    for line in (
        "     + dist-info/licenses/LICENSE",
        "   requires: + six",
        "   entry points: + console_scripts: fix = demo:fix",
        "   entry points: - console_scripts: demo = demo:main",
        "2. zz-two 1.0 (15)",
        "   few releases (15): the index has 1 release of it",
    ):
        assert line in told.splitlines()
    assert "later" not in told.partition("\n\n")[2]


@pytest.mark.parametrize("width", [None, 10, 60, 200])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_but_for_paths(width: int | None, *, verbose: bool) -> None:
    lines = text(REVIEW, width=width, verbose=verbose).splitlines()
    limit = max(width or 80, 40)
    assert all(len(line) <= limit for line in lines if "/" not in line.split()[-1:][0:1] and "wheel" not in line)
    assert "\x1b" not in "".join(lines)


def test_without_a_lock_and_without_a_remainder() -> None:
    alone = replace(REVIEW, since=None, items=REVIEW.items[2:], remainder=1, unchanged=(), gone=(), served=())
    assert text(alone, width=None, verbose=False).splitlines()[:2] == [
        "debian:12",
        "1 of 41 projects comes from PyPI: 0 to look at first, 1 later",
    ]
    nothing = replace(alone, items=(), remainder=0)
    assert text(nothing, width=None, verbose=False).splitlines() == [
        "debian:12",
        "0 of 41 projects come from PyPI: 0 to look at first, 0 later",
    ]


def test_the_document() -> None:
    document = json.loads(as_json(REVIEW))
    assert as_json(REVIEW) == json.dumps(document, indent=2, sort_keys=True) + "\n"
    first = document["items"].pop(0)
    assert document == {
        "schema": "distrofirst/review/1",
        "target": "debian:12",
        "since": "old.toml",
        "summary": {"projects": 41, "pypi": 4, "first": 1, "unchanged": 1},
        "releases": ["debian:12", "debian:13"],
        "items": [
            {
                "name": "zz-two",
                "version": "1.0",
                "filename": "zz-two-1.0-py3-none-any.whl",
                "path": f"{CACHE}/{HASH}/zz-two-1.0-py3-none-any.whl",
                "requested_by": [],
                "weight": 15,
                "first": False,
                "grounds": [{"ground": "few-releases", "detail": "the index has 1 release of it", "weight": 15}],
                "unchecked": ["its age"],
                "former": None,
                "changes": None,
            },
            {
                "name": "zz-three",
                "version": "1.0",
                "filename": "zz-three-1.0-py3-none-any.whl",
                "path": None,
                "requested_by": [],
                "weight": 0,
                "first": False,
                "grounds": [],
                "unchecked": ["its age", "its content", "attestations"],
                "former": None,
                "changes": None,
            },
        ],
        "unchanged": ["six"],
        "gone": [{"name": "old", "version": "1.0"}],
        "served": [{"name": "flask", "os_package": "python3-flask 2.2.2-3"}],
    }
    assert first["former"] == {"version": "0.9", "path": "/srv/wheels/demo-0.9-py3-none-any.whl"}
    assert first["changes"] == {
        "files": {
            "added": ["demo/_speed.so", "demo/b.py", "dist-info/licenses/LICENSE"],
            "removed": ["demo/c.py"],
            "changed": ["demo/a.py"],
        },
        "native": {"added": ["demo/_speed.so"], "removed": []},
        "names": {"added": [], "removed": []},
        "entry_points": {
            "added": ["console_scripts: fix = demo:fix"],
            "removed": ["console_scripts: demo = demo:main"],
        },
        "requires": {"added": ["six"], "removed": []},
        "people": {"added": [], "removed": []},
        "size": {"before": 812, "after": 4300000},
    }
