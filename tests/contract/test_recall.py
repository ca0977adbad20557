"""Recall and precision over everything: what the archive carries is found, and nothing else is (rules I1 to I7, V1).

The real command line is asked, once a release, for every project that Contents shows, and for the 15,000 most
downloaded names of PyPI; the answers are held against ``archive_truth``, which shares no code with distrofirst.

``python3 -m tests.contract.test_recall`` prints the counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import archive_truth
from tests.system.hosts import CHECKOUT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.contract.archive_truth import Truth

pytestmark = pytest.mark.network

SUITES = {"debian:12": "bookworm", "debian:13": "trixie"}
PYTHONS = {"debian:12": "3.11", "debian:13": "3.13"}
NOBODY = "decided by nobody"
WAYS = ("embedded", "updated")
"""What answers: the index in mappings/ without network, or one that ``update`` has just fetched."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A release, what its archive says, and a cache that distrofirst answers from."""

    target: str
    truth: Truth
    cache: Path


@dataclass(kw_only=True)
class Judgement:
    """The answers of one release, sorted; each list holds lines for people."""

    right: int = 0
    ambiguous: list[str] = field(default_factory=list)
    """Several OS packages carry it; how it was decided."""
    undecided: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unoffered: list[str] = field(default_factory=list)
    """In Contents, but its OS packages are not offered for the architecture, or are another interpreter's."""


@dataclass(kw_only=True)
class Popular:
    """The answers for the names that PyPI's users download most."""

    served: int = 0
    by_override: list[str] = field(default_factory=list)
    without_evidence: list[str] = field(default_factory=list)
    traps: list[str] = field(default_factory=list)
    """Names X for which python3-X carries other projects."""
    silent: int = 0
    """Names X for which python3-X carries no metadata."""
    caught: list[str] = field(default_factory=list)
    """Those for which python3-X was answered all the same."""


# --- asking ---


def ask(target: str, names: Iterable[str], cache: Path) -> dict[str, dict[str, Any]]:
    """Let the command line report on names, without the network; give its projects by name."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "names.txt"
        listed.write_text("".join(f"{name}\n" for name in sorted(names)))
        done = _distrofirst(
            cache, "report", "--direct", "--format", "json", "--target", target, "--offline", str(listed)
        )
    [report] = json.loads(done)["targets"]
    return {project["name"]: project for project in report["projects"]}


def prepare(target: str, way: str, cache: Path) -> None:
    """Fill an empty cache where that is the way."""
    if way == "updated":
        _distrofirst(cache, "update", "--target", target)


def _distrofirst(cache: Path, *arguments: str) -> str:
    """Run it from the checkout, with a cache of its own and nobody's configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "resolver", *arguments],
        cwd=cache,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


def popular_names(shared: Path) -> list[str]:
    [path] = shared.glob("data/pypi-top/*.json")
    return [re.sub(r"[-_.]+", "-", row["project"]).lower() for row in json.loads(path.read_text())["rows"]]


def overrides(target: str) -> dict[str, Mapping[str, Any]]:
    table = tomllib.loads((CHECKOUT / "mappings" / "debian.toml").read_text())
    return {
        re.sub(r"[-_.]+", "-", entry["project"]).lower(): entry
        for entry in table["override"]
        if target in entry.get("releases", [target])
    }


# --- judging ---


def judge_recall(target: str, truth: Truth, answers: Mapping[str, Mapping[str, Any]]) -> Judgement:
    """Hold the answers for every project that the archive carries against the archive."""
    found = Judgement()
    known = overrides(target)
    for name, everywhere in sorted(truth.carriers.items()):
        usable = [one for one in everywhere if one.python in {"3", PYTHONS[target]} and one.package in truth.packages]
        packages = sorted({one.package for one in usable})
        answer = answers[name]
        chosen, said = answer["os_package"], answer["metadata_version"]
        line = f"{name}: {chosen} {said} ({answer['evidence'] or answer['detail']})"
        stated = {one.version for one in usable if one.package == chosen}
        if not packages:
            shipped = ", ".join(f"{one.package} (Python {one.python})" for one in everywhere)
            (found.unoffered if chosen is None else found.wrong).append(f"{line}; shipped by {shipped}")
        elif chosen is None:
            where = found.undecided if answer["reason"] == "ambiguous" else found.missing
            where.append(f"{line}; carried by {', '.join(packages)}")
        elif answer["outcome"] != "distro" or chosen not in packages or (said or "") not in _best(stated):
            found.wrong.append(f"{line}; the archive has {sorted((one.package, one.version) for one in usable)}")
        else:
            found.right += 1
            if len(packages) > 1:
                found.ambiguous.append(f"{name}: {chosen} of {', '.join(packages)}, {_decided_by(name, chosen, known)}")
    return found


def _best(stated: set[str]) -> set[str]:
    """Of a folder with and one without a version, the one with it speaks."""
    return {version for version in stated if version} or stated


def _decided_by(name: str, chosen: str, known: Mapping[str, Mapping[str, Any]]) -> str:
    if known.get(name, {}).get("package") == chosen:
        return f"by override: {known[name]['reason']}"
    return "by name" if chosen == f"python3-{name}" else NOBODY


def judge_popular(target: str, truth: Truth, answers: Mapping[str, Mapping[str, Any]]) -> Popular:
    """Hold the answers for well-known names, most of which the archive does not carry, against the archive."""
    found = Popular()
    known = overrides(target)
    carried = {one.package for carriers in truth.carriers.values() for one in carriers}
    for name, answer in sorted(answers.items()):
        carriers = {one.package for one in truth.carriers.get(name, ())}
        chosen = answer["os_package"]
        if answer["outcome"] == "distro":
            found.served += 1
        if chosen is not None and chosen not in carriers:
            reviewed = name in known and answer["evidence"] == "override"
            (found.by_override if reviewed else found.without_evidence).append(f"{name}: {chosen}")
        namesake = f"python3-{name}"
        if namesake not in truth.packages or namesake in carriers:
            continue
        if namesake in carried:
            found.traps.append(name)
        else:
            found.silent += 1
        if chosen == namesake and name not in known:
            found.caught.append(name)
    return found


# --- the tests ---


def _truth(suite: str) -> Truth:
    address = archive_truth.mirror()
    if address is None:
        pytest.skip("apt has no Debian source here to take the truth from")
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distrofirst-tests"
    root = Path(os.environ.get("DISTROFIRST_TEST_CACHE") or default) / "truth" / suite
    root.mkdir(parents=True, exist_ok=True)
    try:
        return archive_truth.fetch(root, address, suite)
    except archive_truth.TornMirrorError as error:
        pytest.skip(str(error))


@pytest.fixture(
    scope="module",
    params=[
        ("debian:12", "embedded"),
        pytest.param(("debian:12", "updated"), marks=pytest.mark.all_sets),
        ("debian:13", "embedded"),
    ],
    ids="-".join,
)
def setting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    target, way = request.param
    truth = _truth(SUITES[target])
    if way == "embedded" and truth.date.strftime("%Y-%m-%dT%H:%M:%SZ") > _embedded_date(target):
        pytest.skip(f"the archive has changed since then: distrofirst update --target {target} -o mappings")
    cache = tmp_path_factory.mktemp(way)
    prepare(target, way, cache)
    return Setting(target=target, truth=truth, cache=cache)


def _embedded_date(target: str) -> str:
    with (CHECKOUT / "mappings" / f"{target.replace(':', '-')}.idx").open() as file:
        file.readline()
        return str(json.loads(file.readline())["date"])


def test_I1_V1_every_project_of_the_archive_is_found(setting: Setting) -> None:
    known = setting.truth.carriers
    judgement = judge_recall(setting.target, setting.truth, ask(setting.target, known, setting.cache))
    assert judgement.wrong == []
    assert judgement.missing == []
    assert judgement.undecided == []
    assert not [line for line in judgement.ambiguous if NOBODY in line]
    assert judgement.right + len(judgement.unoffered) == len(known)
    assert judgement.right > 5000, "the truth itself has shrunk: is it read rightly?"


def test_I2_no_well_known_name_is_served_without_evidence(setting: Setting, shared: Path) -> None:
    names = popular_names(shared)
    judgement = judge_popular(setting.target, setting.truth, ask(setting.target, names, setting.cache))
    assert judgement.without_evidence == []
    assert judgement.caught == []
    assert {"attr", "serial", "dotenv", "zmq"} <= set(judgement.traps), "the truth has no traps: is it read rightly?"


def main() -> None:
    """Print the counts of all releases and ways."""
    say = sys.stdout.write
    for target, suite in SUITES.items():
        truth = _truth(suite)
        say(
            f"\n## {target}, the archive as of {truth.date:%Y-%m-%d}\n\n"
            f"{len(truth.carriers)} projects; counting versioned folders alone {truth.versioned}:"
            f" impossible names {sorted(truth.impossible)},"
            f" without any version {sorted(n for n, c in truth.carriers.items() if not any(o.version for o in c))}\n"
        )
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
                prepare(target, way, Path(folder))
                recall = judge_recall(target, truth, ask(target, truth.carriers, Path(folder)))
                popular = judge_popular(target, truth, ask(target, popular_names(SHARED), Path(folder)))
            say(
                f"\n{way}: right {recall.right}, of which ambiguous and decided {len(recall.ambiguous)};"
                f" undecided {len(recall.undecided)}, wrong {len(recall.wrong)}, not found {len(recall.missing)},"
                f" not offered {len(recall.unoffered)}\n"
            )
            for line in (*recall.ambiguous, *recall.undecided, *recall.wrong, *recall.missing, *recall.unoffered):
                say(f"  - {line}\n")
            say(
                f"well-known names: {popular.served} served, {len(popular.by_override)} by override alone"
                f" ({', '.join(popular.by_override)}), without evidence {len(popular.without_evidence)}\n"
                f"traps: {len(popular.traps)} names whose python3-NAME carries other projects, {popular.silent} whose"
                f" python3-NAME carries none; fallen into {len(popular.caught)}\n"
                f"  {' '.join(popular.traps)}\n"
            )
            for line in (*popular.without_evidence, *popular.caught):
                say(f"  - {line}\n")


if __name__ == "__main__":
    main()
