"""Recall and precision over whole rpm-md repositories: what they provide is found, and nothing else is (I1 to I7, V1).

The real command line is asked, once for each Python of a repository, for every project that any of its packages was
ever built of, and for the 15,000 most downloaded names of PyPI; the answers are held against ``rpm_truth``, which
shares no code with distrofirst, and a sample of them against dnf.

``python3 -m tests.contract.test_rpm_recall`` prints the counts.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from packaging.version import Version

from tests.contract import rpm_truth
from tests.contract.test_recall import popular_names
from tests.system.hosts import CHECKOUT, SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.contract.rpm_truth import Carrier, Truth

    Answers = Callable[["Repository", str], Mapping[str, Mapping[str, Any]]]

NOBODY: Final = "decided by nobody"
SAMPLE: Final = 300
SEED: Final = 20261122


@dataclass(frozen=True, kw_only=True, eq=False)
class Repository:
    """One of the repositories in ``shared/data``, and how it is asked about."""

    folder: str
    target: str
    architecture: str
    overrides: str
    prefixes: Mapping[str, str]
    """By Python: what is put before a project's name where an OS package is named after it."""
    at_least: Mapping[str, int]
    """By Python: how many projects there are, rounded down."""

    @property
    def path(self) -> Path:
        return SHARED / "data" / self.folder


REPOSITORIES: Final = (
    Repository(
        folder="centos-stream-9-appstream",
        target="centos:9",
        architecture="x86_64",
        overrides="fedora.toml",
        prefixes={"3.9": "python3-", "3.11": "python3.11-", "3.12": "python3.12-"},
        at_least={"3.9": 160, "3.11": 20, "3.12": 18},
    ),
    Repository(
        folder="opensuse-tumbleweed-20230910",
        target="opensuse:tumbleweed",
        architecture="aarch64",
        overrides="suse.toml",
        prefixes={"3.9": "python39-", "3.10": "python310-", "3.11": "python311-"},
        at_least={"3.9": 3200, "3.10": 3200, "3.11": 3700},
    ),
)
PLACES: Final = tuple((repository, python) for repository in REPOSITORIES for python in repository.prefixes)


@dataclass(kw_only=True)
class Judgement:
    """The answers for one Python, sorted; each list holds lines for people."""

    right: int = 0
    elsewhere: int = 0
    """Projects of other Pythons, and said to be that (rule I4)."""
    decided: list[str] = field(default_factory=list)
    """Right too, and several OS packages carry it; how it was decided."""
    derived: list[str] = field(default_factory=list)
    """Right too, by the OS package's version, for the metadata's means nothing (rule V1)."""
    undecided: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Only outdated or obsolete builds carry it, and it is not served."""
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


# --- asking ---


def ask(repository: Repository, python: str, names: Iterable[str], cache: Path) -> dict[str, dict[str, Any]]:
    """Let the command line report on names, without the network; give its projects by name."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "names.txt"
        listed.write_text("".join(f"{name}\n" for name in sorted(names)))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "resolver", "report", "--quiet", "--direct", "--format", "json", "--offline"),
                *("--target", repository.target, "--arch", repository.architecture, "--python", python),
                *("--repo", f"file:{repository.path}", str(listed)),
            ],
            cwd=cache,
            env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    [report] = json.loads(done.stdout)["targets"]
    assert report["python"] == python
    return {project["name"]: project for project in report["projects"]}


def everything(truth: Truth) -> set[str]:
    """Name every project that any build for any Python carries."""
    return {name for names in truth.once.values() for name in names}


def overrides(repository: Repository) -> dict[str, Mapping[str, Any]]:
    table = tomllib.loads((CHECKOUT / "mappings" / repository.overrides).read_text())
    return {
        entry["project"]: entry
        for entry in table.get("override", ())
        if repository.target in entry.get("releases", [repository.target])
    }


# --- judging ---


def judge(repository: Repository, python: str, truth: Truth, answers: Mapping[str, Mapping[str, Any]]) -> Judgement:
    """Hold the answers for every project that the repository carries for any Python against the repository."""
    found = Judgement()
    known = overrides(repository)
    carriers, once = truth.carriers[python], truth.once[python]
    for name in sorted(everything(truth)):
        answer = answers[name]
        line = _line(answer)
        here = carriers.get(name, frozenset())
        chosen = next((one for one in here if one.package == answer["os_package"]), None)
        carried_by = ", ".join(sorted(f"{one.package} {one.version}" for one in here))
        if not here:
            if answer["os_package"] is not None and name not in known:
                found.wrong.append(f"{line}; nothing carries it for {python}")
            elif name in once:
                found.gone.append(f"{line}; once {', '.join(sorted({one.package for one in once[name]}))}")
            elif answer["reason"] == "other-python" or name in known or not _carried_now(truth, name):
                found.elsewhere += 1
            else:
                found.wrong.append(f"{line}; it is another Python's")
        elif answer["os_package"] is None:
            where = found.undecided if answer["reason"] == "ambiguous" else found.missing
            where.append(f"{line}; carried by {carried_by}")
        elif chosen is None or answer["outcome"] != "distro" or not _is_right(answer, chosen):
            found.wrong.append(f"{line}; carried by {carried_by}")
        else:
            found.right += 1
            if rpm_truth.stands_for(chosen.version) != Version(answer["version"]):
                found.derived.append(f"{line} is {answer['version']}")
            if len({one.package for one in here}) > 1:
                found.decided.append(f"{line}, of {carried_by}: {_decided_by(repository, python, answer, known)}")
    return found


def _line(answer: Mapping[str, Any]) -> str:
    said = answer["metadata_version"] or answer["detail"]
    return f"{answer['name']}: {answer['os_package']} {answer['os_version']} ({said})"


def _carried_now(truth: Truth, name: str) -> bool:
    return any(name in names for names in truth.carriers.values())


def _is_right(answer: Mapping[str, Any], carrier: Carrier) -> bool:
    """Tell whether an answer gives this build, and the version that rpm's spelling stands for.

    Where that means nothing it has to be one that the OS package's version starts with.
    """
    version = Version(answer["version"])
    stated = rpm_truth.stands_for(carrier.version)
    if stated is not None and not rpm_truth.means_nothing(stated, carrier):
        return bool(answer["os_version"] == carrier.evr and version == stated)
    upstream = carrier.evr.rpartition(":")[2].rpartition("-")[0]
    numbers = [int(number) for number in re.findall(r"\d+", upstream)]
    starts = [numbers, numbers[1:]] if upstream.startswith("0~") else [numbers]
    release = list(version.release)
    return answer["os_version"] == carrier.evr and any(release == start[: len(release)] for start in starts)


def _decided_by(
    repository: Repository, python: str, answer: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
) -> str:
    name, package = answer["name"], answer["os_package"]
    if name in known and answer["evidence"] == "override":
        return f"by override: {known[name]['reason']}"
    suffix = package.removeprefix(repository.prefixes[python])
    return "by name" if suffix != package and re.sub(r"[-_.]+", "-", suffix).lower() == name else NOBODY


def without_evidence(
    repository: Repository, python: str, truth: Truth, answers: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[str], int]:
    """Give which names were served without a Provides, which by an override alone, and how many were served."""
    known = overrides(repository)
    unproven: list[str] = []
    reviewed: list[str] = []
    served = 0
    for name, answer in sorted(answers.items()):
        served += answer["outcome"] == "distro"
        carriers = {one.package for one in truth.carriers[python].get(name, ())}
        if answer["os_package"] is not None and answer["os_package"] not in carriers:
            by_override = name in known and answer["evidence"] == "override"
            (reviewed if by_override else unproven).append(f"{name}: {answer['os_package']}")
    return unproven, reviewed, served


def traps(repository: Repository, python: str, truth: Truth) -> list[str]:
    """Name the projects whose namesake among the OS packages carries others."""
    prefix = repository.prefixes[python]
    carried = {one.package: name for name, found in truth.carriers[python].items() for one in found}
    names = {re.sub(r"[-_.]+", "-", p.removeprefix(prefix)).lower(): p for p in carried if p.startswith(prefix)}
    return sorted(
        name
        for name, package in names.items()
        if package not in {one.package for one in truth.carriers[python].get(name, ())}
    )


@dataclass(kw_only=True)
class SecondWitness:
    """What dnf says of a sample of projects, beside the answers."""

    asked: int
    alike: int = 0
    explained: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)


def against_dnf(
    repository: Repository, truth: Truth, answers: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> SecondWitness:
    """Hold a sample of the answers, by Python and project, against who provides the projects according to dnf."""
    once = sorted((python, name) for python in answers for name in truth.once[python])
    sample = random.Random(SEED).sample(once, min(SAMPLE, len(once)))  # noqa: S311 - no secret
    capabilities = {place: {one.provided for one in truth.once[place[0]][place[1]]} for place in sample}
    with tempfile.TemporaryDirectory() as scratch:
        provided = rpm_truth.dnf_answers(
            repository.path, repository.architecture, sorted(set().union(*capabilities.values())), Path(scratch)
        )
    found = SecondWitness(asked=len(sample))
    for python, name in sample:
        theirs = {build for spelling in capabilities[python, name] for build in provided.get(spelling, ())}
        answer = answers[python][name]
        ours = {(answer["os_package"], answer["os_version"])} if answer["os_package"] else set()
        reasons = [
            _why(build, truth, truth.carriers[python].get(name, frozenset()), truth.once[python][name])
            for build in theirs - ours
        ]
        line = f"{python} {_line(answer)}; dnf: {', '.join(' '.join(build) for build in sorted(theirs))}"
        if theirs == ours:
            found.alike += 1
        elif ours <= theirs and all(reasons):
            found.explained.append(f"{line}: {'; '.join(sorted(map(str, reasons)))}")
        else:
            found.unexplained.append(line)
    return found


def _why(build: tuple[str, str], truth: Truth, carriers: Iterable[Carrier], once: Iterable[Carrier]) -> str | None:
    """Say why a build that dnf names need not be the answer; None where nothing says so."""
    package, evr = build
    if package not in truth.packages:
        return f"{package} is obsoleted by another OS package, which a query for provides does not heed"
    if package not in {one.package for one in carriers}:
        return f"{package} {evr} is outdated, and its newest build does not provide it"
    if (package, evr) in {(one.package, one.evr) for one in carriers}:
        return f"{package} carries it too, and was not chosen"
    if (package, evr) in {(one.package, one.evr) for one in once}:
        return f"{package} {evr} is outdated: its newest build is of another architecture, and dnf gives one of each"
    return None


# --- the tests ---


@cache
def truth_of(repository: Repository) -> Truth:
    if not repository.path.is_dir():
        pytest.skip(f"there is no {repository.folder} in shared/data beside the checkout")
    if subprocess.run(
        ["/usr/bin/python3", "-I", "-c", "import rpm"], check=False, stderr=subprocess.DEVNULL
    ).returncode:
        pytest.skip("/usr/bin/python3 cannot import rpm: install the OS package python3-rpm")
    return rpm_truth.read(repository.path, repository.architecture)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a cache for all questions of a run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def answers(folder: Path) -> Answers:
    """Give what answers for every project of a repository's Python, asked once."""
    return cache(lambda repository, python: ask(repository, python, everything(truth_of(repository)), folder))


_IDS = [f"{repository.target}-{python}" for repository, python in PLACES]
_MAIN = {"opensuse:tumbleweed-3.11"}


@pytest.mark.parametrize(("repository", "python"), PLACES, ids=_IDS)
def test_I1_I4_V1_everything_that_is_provided_is_found(repository: Repository, python: str, answers: Answers) -> None:
    truth = truth_of(repository)
    judgement = judge(repository, python, truth, answers(repository, python))
    assert judgement.wrong == []
    assert judgement.missing == []
    assert judgement.undecided == []
    assert not [line for line in judgement.decided if NOBODY in line]
    assert judgement.right == len(truth.carriers[python])
    assert judgement.right >= repository.at_least[python], "the truth itself has shrunk: is it read rightly?"


@pytest.mark.parametrize(
    ("repository", "python"),
    [
        # Nine seconds each: in CI one Python of one place that an environment is made of.
        pytest.param(*place, id=name, marks=() if name in _MAIN else pytest.mark.all_sets)
        for place, name in zip(PLACES, _IDS, strict=True)
    ],
)
def test_I2_no_well_known_name_is_served_without_evidence(repository: Repository, python: str, folder: Path) -> None:
    truth = truth_of(repository)
    answers = ask(repository, python, popular_names(SHARED), folder)
    unproven, _, served = without_evidence(repository, python, truth, answers)
    assert unproven == []
    assert served


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda repository: repository.target)
def test_I1_dnf_names_the_same_packages(repository: Repository, answers: Answers) -> None:
    if shutil.which("dnf") is None:
        pytest.skip("dnf is not there: install the OS package dnf")
    truth = truth_of(repository)
    witness = against_dnf(repository, truth, {python: answers(repository, python) for python in repository.prefixes})
    assert witness.unexplained == []
    assert witness.alike > witness.asked * 0.9


def main() -> None:
    """Print the counts."""
    say = sys.stdout.write
    rows, details = [], []
    for repository in REPOSITORIES:
        truth = truth_of(repository)
        answers = {}
        with tempfile.TemporaryDirectory() as cache_folder:
            for python in repository.prefixes:
                place = f"{repository.target}, Python {python}"
                answers[python] = ask(repository, python, everything(truth), Path(cache_folder))
                judged = judge(repository, python, truth, answers[python])
                popular = ask(repository, python, popular_names(SHARED), Path(cache_folder))
                unproven, reviewed, served = without_evidence(repository, python, truth, popular)
                rows.append(
                    f"| {place} | {len(truth.carriers[python])} | {judged.right} | {len(judged.decided)}"
                    f" | {len(judged.undecided)} | {len(judged.wrong)} | {len(judged.missing)} | {len(judged.derived)}"
                    f" | {len(judged.gone)} | {judged.elsewhere} | {served} | {len(unproven)} |"
                )
                listed = {
                    "several carry it, decided": judged.decided,
                    "several carry it, undecided": judged.undecided,
                    "WRONG": judged.wrong,
                    "MISSING": judged.missing,
                    "by the OS package's version": judged.derived,
                    "outdated or obsolete builds alone": judged.gone,
                    "well-known names by override alone": reviewed,
                    "well-known names WITHOUT EVIDENCE": unproven,
                    "namesakes that carry other projects": [" ".join(traps(repository, python, truth))],
                }
                details += [f"\n## {place}\n", *_listed(listed)]
        if shutil.which("dnf"):
            witness = against_dnf(repository, truth, answers)
            details += [
                f"\n## {repository.target}: dnf on {witness.asked} projects (seed {SEED})\n",
                f"alike {witness.alike}, explained {len(witness.explained)}, unexplained {len(witness.unexplained)}",
                *_listed({"explained": witness.explained, "UNEXPLAINED": witness.unexplained}),
            ]
        else:
            details.append("\ndnf is not there, and was not asked")
    say(
        "| place | projects | right | of several | undecided | wrong | missing | derived | gone | other Pythons"
        " | well-known served | without evidence |\n" + "|---" * 12 + "|\n"
    )
    say("\n".join((*rows, *details, "")))


def _listed(lists: Mapping[str, list[str]]) -> list[str]:
    return [
        line for title, lines in lists.items() if any(lines) for line in (f"{title}:", *(f"  - {x}" for x in lines))
    ]


if __name__ == "__main__":
    main()
