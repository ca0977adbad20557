from __future__ import annotations

import re
from dataclasses import replace

import pytest

from resolver.model import Decision, OsPackage, Outcome, Reason
from resolver.report import explanation
from resolver.report.reasons import words
from tests.unit.report.samples import candidate, distro, gaps, plan, resolution, without

FASTAPI = """\
fastapi>=0.120: PyPI 0.121.0 (version too old)
├─ asked for by
│  └─ requirements.txt:2
├─ the distribution's candidate, set aside
│  ├─ OS package python3-fastapi 0.115.11-1 (all) from Debian trixie/main
│  ├─ version 0.115.11 (its metadata says 0.115.11)
│  └─ evidence: contents,
│     usr/lib/python3/dist-packages/fastapi-0.115.11.dist-info/METADATA in
│     python3-fastapi
├─ looked up and weighed
│  ├─ looked up fastapi: python3-fastapi 0.115.11-1 by Contents
│  ├─ 0.115.11 is not in >=0.120
│  └─ index: 0.121.0 fits
├─ reason: version too old, python3-fastapi has 0.115.11
├─ taken from PyPI
│  ├─ fastapi-0.121.0-py3-none-any.whl
│  ├─ sha256 0000000000000000000000000000000000000000000000000000000000000a79
│  └─ the index offers no attestation of it
├─ needs
│  ├─ pydantic: python3-pydantic 2.10.6-1
│  └─ starlette: PyPI 0.49.1 (version too old)
└─ next step: debian:sid has 0.121.3
"""


def test_R8_the_whole_story_of_a_project() -> None:
    rendered = explanation.render([plan()], projects={"fastapi"}, width=80)
    assert rendered.endswith("\n\n" + FASTAPI)
    assert rendered.startswith("debian:13, Python 3.13, amd64 (metadata: apt, 2026-11-15T08:15:00Z; pins:")


def test_without_names_the_listed_projects_are_explained() -> None:
    *trees, last = explanation.render([plan()]).split("\n\n")[1:]
    assert last == "Warnings:\n- certifi's copy on PyPI would lose the local CAs\n"
    heads = [re.split(r"[=<>:]", tree, maxsplit=1)[0] for tree in trees]
    assert heads == [decision.name for decision in plan().decisions if decision.direct]


@pytest.mark.parametrize("reason", Reason)
def test_R8_every_reason_is_worded_with_its_detail(reason: Reason) -> None:
    decision = next(decision for decision in gaps().decisions if decision.reason is reason and decision.detail)
    rendered = explanation.render([gaps()], projects={decision.name}, width=200)
    assert f"reason: {words(reason)}, detail of {reason.value}" in rendered
    assert f"next step: step for {reason.value}" in rendered


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        pytest.param(distro("a", "1.0"), "served by", id="chosen"),
        pytest.param(
            distro("a", "1.0", os=candidate("a", "1.0", metadata_version=None, note="taken from the OS package")),
            "version 1.0 (it has no Python metadata; taken from the OS package)",
            id="no metadata",
        ),
        pytest.param(
            distro("a", "1.0", loosened="==0.9"), "the pin ==0.9 was loosened by the pins policy", id="loosened"
        ),
        pytest.param(
            without("a", Outcome.INAPPLICABLE, Reason.MARKER_FALSE),
            "a: not needed (does not apply to this target)",
            id="inapplicable",
        ),
        pytest.param(
            distro("a", "1.0", extras=("socks",), specifier=">=1"), "a[socks]>=1: python3-a 1.0-1", id="extras"
        ),
        pytest.param(distro("a", "1.0", depends=("elsewhere",)), "└─ elsewhere", id="a dependency nobody decided"),
    ],
)
def test_what_is_said(decision: Decision, said: str) -> None:
    assert said in explanation.render([resolution([decision])])


def test_T1_an_unverified_repository_is_said_to_be_one() -> None:
    package = OsPackage(name="python3-a", version="1-1", architecture="all", repository="Somebody", trusted=False)
    found = replace(candidate("a", "1"), package=package)
    decision = without("a", Outcome.UNMET, Reason.UNTRUSTED_REPOSITORY, os=found)
    assert "from Somebody, signature not verified" in explanation.render([resolution([decision])])
    assert "not verified" not in explanation.render([plan()])


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_lines_wrap_at_spaces_alone(width: int | None) -> None:
    rendered = explanation.render([plan(), gaps()], width=width)
    for line in rendered.splitlines():
        assert len(line) <= (width or 100) or " " not in line.lstrip("├│└─ "), line
    assert "usr/lib/python3/dist-packages/fastapi-0.115.11.dist-info/METADATA" in rendered


def test_nothing_from_strangers_reaches_the_terminal() -> None:
    hostile = "\x1b[2J\r\x07"
    decision = without(
        "a" + hostile,
        Outcome.UNMET,
        Reason.NO_WHEEL,
        detail=hostile,
        trail=(hostile,),
        requested_by=(hostile,),
        os=candidate("a", "1", package=hostile, note=hostile),
    )
    rendered = explanation.render([resolution([decision])])
    assert all(character.isprintable() or character == "\n" for character in rendered)


def test_R7_the_same_plan_is_explained_the_same() -> None:
    assert explanation.render([plan(), gaps()]) == explanation.render([plan(), gaps()])
