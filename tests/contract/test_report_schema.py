"""cli.md, Report JSON: the keys and words that checks outside the project rely on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from resolver.model import Reason
from resolver.report import as_json
from tests.unit.report.samples import distro, gaps, plan, pypi, resolution

if TYPE_CHECKING:
    from resolver.model import Resolution

TARGET_KEYS = {"target", "python", "architecture", "metadata", "summary", "projects"}
SUMMARY_KEYS = {
    "requirements",
    "projects",
    "distro",
    "pypi",
    "unmet",
    "inapplicable",
    "coverage",
    "coverage_by_pins",
}
PROJECT_KEYS = {
    "name",
    "outcome",
    "version",
    "requested_by",
    "specifier",
    "os_package",
    "os_version",
    "repository",
    "evidence",
    "metadata_version",
    "loosened",
    "reason",
    "detail",
}
OUTCOMES = {"distro", "pypi", "unmet", "inapplicable", "unresolved"}
REASONS = {
    "not-packaged",
    "version-too-old",
    "version-too-new",
    "version-excluded",
    "other-python",
    "extra-missing",
    "ambiguous",
    "no-evidence",
    "demoted",
    "direct-url",
    "hash-required",
    "untrusted-repository",
    "excluded-by-policy",
    "not-on-index",
    "no-wheel",
    "marker-false",
}


def load(*resolutions: Resolution) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_json.render(resolutions))
    return document


def test_the_keys_are_those_of_the_contract_and_a_known_few_more() -> None:
    document = load(plan(), gaps())
    assert document.keys() == {"schema", "targets", "not_consulted"}
    assert document["schema"] == "distrofirst/report/1"
    for target in document["targets"]:
        assert target.keys() == TARGET_KEYS | {"pins", "warnings", "gains", "together"}
        assert target["metadata"].keys() == {"source", "date"}
        assert target["summary"].keys() == SUMMARY_KEYS | {"unresolved"}
        assert target["summary"]["coverage_by_pins"].keys() == {"exact", "compatible", "minimum", "prefer"}
        for project in target["projects"]:
            assert project.keys() == PROJECT_KEYS | {
                "direct",
                "chain",
                "next_step",
                "concerns",
                "attestation",
                "origin",
                "component",
                "security_support",
            }


def test_outcomes_and_reasons_are_the_contracts_words() -> None:
    projects = [project for target in load(plan(), gaps())["targets"] for project in target["projects"]]
    assert {project["outcome"] for project in projects} == OUTCOMES
    assert {project["reason"] for project in projects} == REASONS | {None}
    assert {project["reason"] for project in projects if project["outcome"] == "distro"} == {None}


def test_a_project_of_the_distribution() -> None:
    projects = {project["name"]: project for project in load(plan())["targets"][0]["projects"]}
    assert projects["requests"] == {
        "name": "requests",
        "outcome": "distro",
        "version": "2.32.3",
        "requested_by": ["requirements.txt:1"],
        "direct": True,
        "specifier": ">=2.31",
        "os_package": "python3-requests",
        "os_version": "2.32.3+dfsg-5",
        "repository": "Debian trixie/main",
        "evidence": "contents",
        "metadata_version": "2.32.3",
        "loosened": None,
        "reason": None,
        "detail": None,
        "chain": [],
        "next_step": None,
        "concerns": [],
        "attestation": None,
        "origin": None,
        "component": None,
        "security_support": None,
    }


def test_I5_extras_that_are_os_packages_change_no_key() -> None:
    plain = distro("requests", "2.32.3", extras=("socks",))
    assert plain.os is not None
    extra = replace(plain.os.package, name="python3-requests+socks")
    rich = replace(plain, os=replace(plain.os, extra_packages=(("socks", extra),)))
    assert load(resolution([rich])) == load(resolution([plain]))


def test_a_candidate_that_was_set_aside_is_still_named() -> None:
    projects = {project["name"]: project for project in load(plan())["targets"][0]["projects"]}
    fastapi = projects["fastapi"]
    assert (fastapi["outcome"], fastapi["version"]) == ("pypi", "0.121.0")
    assert (fastapi["os_package"], fastapi["os_version"]) == ("python3-fastapi", "0.115.11-1")
    assert projects["stripe"]["os_package"] is None


def test_R9_the_loosened_pin_is_named() -> None:
    projects = {project["name"]: project for project in load(plan())["targets"][0]["projects"]}
    assert projects["psycopg2-binary"]["loosened"] == "==2.9.9"
    assert [name for name, project in projects.items() if project["loosened"]] == ["psycopg2-binary"]


def test_the_summary() -> None:
    assert load(plan())["targets"][0]["summary"] == {
        "requirements": 10,
        "projects": 17,
        "distro": 13,
        "pypi": 4,
        "unmet": 0,
        "unresolved": 0,
        "inapplicable": 1,
        "coverage": 0.7647,
        "coverage_by_pins": {"exact": 0.4, "minimum": 0.6667, "compatible": 0.6, "prefer": 0.9},
    }


def test_the_target_and_what_the_answer_rests_on() -> None:
    target = load(plan())["targets"][0]
    assert (target["target"], target["python"], target["architecture"]) == ("debian:13", "3.13", "amd64")
    assert target["metadata"] == {"source": "apt", "date": "2026-11-15T08:15:00Z"}
    assert target["pins"] == "prefer"
    assert target["warnings"] == ["certifi's copy on PyPI would lose the local CAs"]


def test_R7_sorted_keys_and_the_same_bytes() -> None:
    rendered = as_json.render([plan(), gaps()])
    assert rendered == as_json.render([plan(), gaps()])
    assert rendered == json.dumps(json.loads(rendered), indent=2, sort_keys=True) + "\n"


def test_targets_and_projects_keep_their_order() -> None:
    document = load(gaps(), plan())
    assert [target["pins"] for target in document["targets"]] == ["exact", "prefer"]
    names = [project["name"] for project in document["targets"][1]["projects"]]
    assert names == sorted(names)


@pytest.mark.parametrize("name", ["café", "\x1b[2J", "\ud800", '"'])
def test_any_text_survives(name: str) -> None:
    found = load(resolution([distro("requests", "2", requested_by=(name,))]))
    assert found["targets"][0]["projects"][0]["requested_by"] == [name]
    assert as_json.render([resolution([distro("requests", "2", requested_by=(name,))])]).isascii()


def test_T2_a_report_verifies_no_attestation_and_says_so() -> None:
    plain = pypi("a", "1")
    assert plain.wheel is not None
    signed = replace(plain, wheel=replace(plain.wheel, provenance="https://index.example/p"))
    by_url = replace(plain, reason=Reason.DIRECT_URL)
    found = [project["attestation"] for project in load(resolution([plain, signed, by_url]))["targets"][0]["projects"]]
    assert found == [
        {"status": "none-offered", "offered": False},
        {"status": "not-checked", "offered": True},
        {"status": "not-checked", "offered": None},
    ]
