from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver import lock as locks
from resolver.errors import DistrofirstError, InputError, PolicyError, UnmetError
from resolver.model import (
    Attested,
    Build,
    Commit,
    Concern,
    Decision,
    Evidence,
    Lock,
    Origin,
    Outcome,
    PinsPolicy,
    Publisher,
    Reason,
    Release,
    Requirement,
    RequirementSet,
    Sdist,
    Target,
    Unattested,
    Unchecked,
    Worry,
)
from tests.unit.report.samples import TARGET, candidate, distro, gaps, plan, pypi, resolution, wheel, without

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from resolver.model import Attestation

ASKED = RequirementSet(
    requirements=(
        Requirement(
            name=None,
            specifier=SpecifierSet(">=2.31"),
            origin=Origin(file="requirements.txt", line=1),
            text='requests[socks] >=2.31 ; python_version > "3"',
        ),
    ),
    inputs=("requirements.txt", "requirements-dev.txt"),
)


def made(*decisions: Decision) -> Lock:
    return locks.from_resolution(resolution(decisions) if decisions else plan(), ASKED)


def again(lock: Lock) -> Lock:
    return locks.loads(locks.dumps(lock), context="pylock.debian-13.toml")


# From a plan to a lock


def test_both_halves_of_a_plan_are_locked() -> None:
    lock = made()
    assert lock.pins is PinsPolicy.PREFER
    assert lock.inputs == ("requirements.txt", "requirements-dev.txt")
    assert lock.requirements == ('requests[socks] >=2.31 ; python_version > "3"',)
    assert [each.project for each in lock.wheels] == ["fastapi", "httpx", "starlette", "stripe"]
    names = [project.name for project in lock.projects]
    assert names == sorted(names)
    assert "pywin32" not in names, "what does not apply to the target is no part of the plan"
    assert len(names) == 17


def test_I5_one_os_package_for_several_projects_is_locked_once() -> None:
    packages = [package.name for package in made().os_packages]
    assert packages == sorted(set(packages))
    assert packages.count("python3-azure") == 1
    assert "python3-fastapi" not in packages, "a candidate that was set aside is not installed"


def with_extras(*chosen: str) -> Decision:
    """Decide for the distribution's requests, of which two extras are OS packages of their own."""
    plain = candidate("requests", "2.32.3", metadata_version="2.32.3")
    extra_packages = tuple(
        (extra, replace(plain.package, name=f"python3-requests+{extra}")) for extra in ("security", "socks")
    )
    return distro("requests", "2.32.3", os=replace(plain, extra_packages=extra_packages), extras=chosen)


@pytest.mark.parametrize(
    ("chosen", "packages"),
    [
        ((), []),
        (("socks",), ["python3-requests+socks"]),
        (("security", "socks"), ["python3-requests+security", "python3-requests+socks"]),
        (("socks", "use-chardet"), ["python3-requests+socks"]),
    ],
)
def test_I5_the_chosen_extras_that_are_os_packages_are_locked_with_their_project(
    chosen: tuple[str, ...], packages: list[str]
) -> None:
    lock = made(with_extras(*chosen))
    (project,) = lock.projects
    assert (project.os_package, list(project.extra_packages)) == ("python3-requests", packages)
    assert [package.name for package in lock.os_packages] == ["python3-requests", *packages]
    assert again(lock) == lock
    (written,) = tomllib.loads(locks.dumps(lock))["tool"]["distrofirst"]["projects"]
    assert written.get("extra-packages") == (packages or None), "no key without a value"


def test_I5_an_extra_of_a_project_from_pypi_is_no_os_package() -> None:
    decision = replace(with_extras("socks"), outcome=Outcome.PYPI, wheel=wheel("requests", "2.32.3"))
    lock = made(decision)
    assert lock.os_packages == ()
    assert lock.projects[0].extra_packages == ()


def test_X1_os_packages_have_exact_versions_and_wheels_have_hashes() -> None:
    lock = made()
    requests = next(package for package in lock.os_packages if package.name == "python3-requests")
    assert (requests.version, requests.repository) == ("2.32.3+dfsg-5", "Debian trixie/main")
    assert all(re.fullmatch("[0-9a-f]{64}", each.sha256) for each in lock.wheels)


def test_R8_each_project_keeps_its_reason() -> None:
    projects = {project.name: project for project in made().projects}
    fastapi = projects[wheel("fastapi", "1").project]
    assert (fastapi.outcome, fastapi.reason) == (Outcome.PYPI, Reason.VERSION_TOO_OLD)
    assert fastapi.detail == "python3-fastapi has 0.115.11"
    assert fastapi.requested_by == ("requirements.txt:2",)
    assert fastapi.os_package is None
    assert fastapi.evidence is None


def test_R9_the_policy_and_each_loosened_pin_are_locked() -> None:
    assert {project.name: project.loosened for project in made().projects if project.loosened} == {
        "psycopg2-binary": "==2.9.9"
    }


def test_V1_the_metadata_version_is_what_verify_will_find() -> None:
    found = {project.name: (project.version, project.metadata_version) for project in made().projects}
    assert found[wheel("kiwisolver", "1").project] == ("1.4.7", "0.0.0")
    assert found[wheel("opencv-python", "1").project] == ("4.10.0", None)
    assert found[wheel("stripe", "1").project] == ("12.3.0", "12.3.0")


def test_R7_nothing_of_this_machine_is_locked() -> None:
    host, elsewhere = plan(), replace(plan(), target=replace(TARGET, is_host=False))
    assert locks.dumps(locks.from_resolution(host, ASKED)) == locks.dumps(locks.from_resolution(elsewhere, ASKED))
    assert not any(package.installed for package in made().os_packages)


def test_a_url_that_named_no_project_is_locked_by_its_wheels_name() -> None:
    url = "https://files.example/thing-1.0-py3-none-any.whl"
    decision = replace(pypi("thing", "1.0", reason=Reason.DIRECT_URL), name=url)
    assert [project.name for project in made(decision).projects] == ["thing"]


def test_a_plan_with_gaps_names_each_one() -> None:
    with pytest.raises(PolicyError) as caught:
        locks.from_resolution(gaps(), ASKED)
    error = caught.value
    assert error.context == "debian:13"
    lacking = [each for each in gaps().decisions if each.outcome in {Outcome.UNMET, Outcome.UNRESOLVED}]
    assert len(lacking) == 15
    assert len(error.message.splitlines()) == 1 + len(lacking)
    for each in lacking:
        assert f"{each.name}==1.0 (asked for by {each.requested_by[0]}): {each.reason}: {each.detail}" in error.message
        assert error.hint is not None
        assert each.next_step is not None
        assert each.next_step in error.hint
    assert "project-marker-false" not in error.message


@pytest.mark.parametrize("reason", Reason)
def test_T1_a_gap_is_a_refusal_where_an_untrusted_repository_would_fill_it(reason: Reason) -> None:
    with pytest.raises(DistrofirstError) as caught:
        made(without("a", Outcome.UNMET, reason))
    assert caught.value.exit_code == (5 if reason is Reason.UNTRUSTED_REPOSITORY else 1)


def test_a_gap_without_a_next_step_points_to_explain() -> None:
    decision = replace(without("a", Outcome.UNRESOLVED, Reason.NOT_PACKAGED), reason=None, requested_by=())
    with pytest.raises(UnmetError, match=r"a \(asked for by nobody\): unresolved") as caught:
        made(decision)
    assert "distrofirst explain" in str(caught.value.hint)


@pytest.mark.parametrize("broken", [replace(distro("a", "1"), os=None), replace(pypi("a", "1"), wheel=None)])
def test_a_decision_without_its_file_is_an_error_of_ours(broken: Decision) -> None:
    with pytest.raises(ValueError, match="a comes from"):
        made(broken)


# The file


@pytest.mark.parametrize(
    ("release", "name"),
    [
        (Release(distribution="debian", version="13"), "pylock.debian-13.toml"),
        (Release(distribution="debian", version="sid"), "pylock.debian-sid.toml"),
        (Release(distribution="ubuntu", version="24.04"), "pylock.ubuntu-24-04.toml"),
        (Release(distribution="opensuse", version="leap-16.0"), "pylock.opensuse-leap-16-0.toml"),
    ],
)
def test_the_name_is_one_that_pep_751_allows(release: Release, name: str) -> None:
    assert locks.default_name(replace(TARGET, release=release)) == name
    assert re.fullmatch(r"pylock\.[^.]+\.toml", name)


def test_R7_the_same_lock_has_the_same_bytes() -> None:
    assert locks.dumps(made()) == locks.dumps(made())
    assert locks.dumps(again(made())) == locks.dumps(made())


@pytest.mark.parametrize(
    "lock",
    [
        pytest.param(made(), id="a whole plan"),
        pytest.param(made(distro("a", "1")), id="the distribution alone"),
        pytest.param(made(pypi("a", "1")), id="PyPI alone"),
        pytest.param(made(with_extras("security", "socks")), id="extras that are OS packages"),
        pytest.param(made(without("a", Outcome.INAPPLICABLE, Reason.MARKER_FALSE)), id="nothing"),
        pytest.param(replace(made(), inputs=(), requirements=()), id="no inputs"),
        pytest.param(
            replace(
                made(),
                target=Target(
                    release=Release(distribution="opensuse", version="leap-16.0"),
                    architecture="x86_64",
                    python="3.13",
                    python_full_version="3.13.5",
                    glibc="2.41",
                ),
            ),
            id="another target",
        ),
        pytest.param(
            replace(made(), os_packages=tuple(replace(package, trusted=False) for package in made().os_packages)),
            id="not trusted",
        ),
        pytest.param(
            made(pypi("a", "1", wheel=replace(wheel("a", "1"), size=None, requires_python=None, upload_time=None))),
            id="an index that tells little",
        ),
    ],
)
def test_a_lock_is_read_back_as_it_was(lock: Lock) -> None:
    assert again(lock) == lock


def test_pep_751_the_file_says_where_it_holds() -> None:
    document = tomllib.loads(locks.dumps(made()))
    assert document["lock-version"] == "1.0"
    assert document["created-by"] == "distrofirst"
    assert document["requires-python"] == "==3.13.*"
    marker = Marker(document["environments"][0])
    assert marker.evaluate(TARGET.environment())
    assert not marker.evaluate({**TARGET.environment(), "python_version": "3.11"})
    assert not marker.evaluate({**TARGET.environment(), "platform_machine": "aarch64"})
    assert not marker.evaluate({**TARGET.environment(), "sys_platform": "win32"})


@pytest.mark.parametrize(
    ("architecture", "machine"),
    [("arm64", "aarch64"), ("s390x", "s390x"), ("x86_64", "x86_64"), ("armhf", None), ("i386", None)],
)
def test_where_the_kernel_names_the_machine_the_lock_does_not(architecture: str, machine: str | None) -> None:
    lock = replace(made(), target=replace(TARGET, architecture=architecture, is_host=False))
    (marker,) = tomllib.loads(locks.dumps(lock))["environments"]
    assert re.findall('platform_machine == "(.*)"', marker) == ([machine] if machine else [])


def test_P2_one_wheel_each_with_url_size_and_hash() -> None:
    packages = tomllib.loads(locks.dumps(made()))["packages"]
    assert [package["name"] for package in packages] == ["fastapi", "httpx", "starlette", "stripe"]
    for package in packages:
        (file,) = package["wheels"]
        assert file.keys() == {"name", "upload-time", "url", "size", "hashes"}
        assert file["hashes"].keys() == {"sha256"}


@pytest.mark.parametrize(
    ("field", "given", "locked"),
    [
        ("upload_time", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"),
        ("upload_time", "2026-03-04T05:06:07.089Z", "2026-03-04T05:06:07.089000Z"),
        ("upload_time", "2026-03-04T05:06:07", "2026-03-04T05:06:07Z"),
        ("upload_time", "2026-03-04T07:06:07+02:00", "2026-03-04T05:06:07Z"),
        ("upload_time", "yesterday", None),
        ("requires_python", ">=3.6.*", None),  # no PEP 440: it would make the whole lock invalid
        ("requires_python", ">=3.9,!=3.9.1", ">=3.9,!=3.9.1"),
        ("yanked", "broken", None),  # PEP 751 has no room for it
    ],
)
def test_what_an_index_says_is_locked_only_where_it_is_valid(field: str, given: str, locked: str | None) -> None:
    careless: dict[str, Any] = {field: given}
    lock = made(pypi("a", "1", wheel=replace(wheel("a", "1"), **careless)))
    assert getattr(lock.wheels[0], field) == locked
    assert again(lock) == lock


RELEASE = Publisher(kind="GitHub", claims=(("repository", "example/a"), ("workflow", "release.yml")))
VERIFIED = Attested(publishers=(RELEASE,), predicates=("https://index.example/attestations/publish/v1",))


def known(attestation: Attestation | None, lock: Lock | None = None) -> Lock:
    """Give a lock of whose wheels that is known."""
    lock = lock or made(pypi("a", "1"))
    return replace(lock, wheels=tuple(replace(each, attestation=attestation) for each in lock.wheels))


def test_pep_751_attestation_identities_are_the_publishers_and_nothing_else() -> None:
    (package,) = tomllib.loads(locks.dumps(known(VERIFIED)))["packages"]
    identity = {"kind": "GitHub", "repository": "example/a", "workflow": "release.yml"}
    assert package["attestation-identities"] == [identity]


def test_T2_what_is_not_verified_has_no_identity_and_is_told_apart() -> None:
    outcomes = (VERIFIED, Unattested(), Unchecked(why="no answer", next_step="wait"), None)
    for outcome in outcomes:
        text = locks.dumps(known(outcome))
        assert ("attestation-identities" in text) == (outcome is VERIFIED)
        assert again(known(outcome)).wheels[0].attestation == outcome


@pytest.mark.parametrize(
    ("attestation", "path", "value", "message"),
    [
        (VERIFIED, "tool.distrofirst.attestation.status", "none-offered", "expected exactly where"),
        (VERIFIED, "attestation-identities", [], "expected exactly where"),
        (VERIFIED, "attestation-identities", [{"repository": "x"}], r"identities\[0\].kind: expected a string"),
        (VERIFIED, "attestation-identities", [{"kind": "GitHub", "id": 1}], r"identities\[0\].id: expected a string"),
        (VERIFIED, "attestation-identities", ["GitHub"], r"identities\[0\]: expected a table"),
        (VERIFIED, "tool.distrofirst.attestation.status", "clean", "none-offered or not-checked, found 'clean'"),
        (Unattested(), "tool.distrofirst.attestation.status", "verified", "expected exactly where"),
        (Unchecked(why="x"), "tool.distrofirst.attestation", {"status": "not-checked"}, "attestation.why: expected"),
    ],
)
def test_an_attestation_that_was_edited_is_refused_with_its_place(
    attestation: Attestation, path: str, value: object, message: str
) -> None:
    document = tomllib.loads(locks.dumps(known(attestation)))
    put(f"packages[0].{path}", value)(document)
    with pytest.raises(InputError, match=message) as caught:
        locks.loads(tomli_w.dumps(document), context="pylock.toml")
    assert caught.value.message.startswith("packages[0].")


def test_the_file_passes_pep_751s_own_validation() -> None:
    pylock = pytest.importorskip("packaging.pylock", reason="packaging validates pylock files from 26.0 on")
    found = pylock.Pylock.from_dict(tomllib.loads(locks.dumps(known(VERIFIED, made()))))
    assert [package.name for package in found.packages] == ["fastapi", "httpx", "starlette", "stripe"]
    for lock in (built_lock(), commit_lock()):
        found = pylock.Pylock.from_dict(tomllib.loads(locks.dumps(lock)))
        assert [package.name for package in found.packages] == ["a", "b"]


# What was built


def built_lock() -> Lock:
    sdist = Sdist(
        project=canonicalize_name("a"),
        version=Version("1"),
        filename="a-1.tar.gz",
        url="https://files.example/a-1.tar.gz",
        sha256="cd" * 32,
        size=77,
        requires_python=">=3.6.*",
        upload_time="yesterday",
    )
    of_it = replace(
        wheel("a", "1"),
        url=sdist.url,
        size=77,
        requires_python=sdist.requires_python,
        upload_time=sdist.upload_time,
        built=Build(source=sdist, requires=(wheel("tool", "2"),)),
    )
    return made(pypi("a", "1", wheel=of_it), pypi("b", "1"))


def test_P2_a_build_is_locked_whole() -> None:
    lock = built_lock()
    assert again(lock) == lock
    assert locks.dumps(again(lock)) == locks.dumps(lock)
    document = tomllib.loads(locks.dumps(lock))
    package = document["packages"][0]
    assert package["sdist"] == {
        "name": "a-1.tar.gz",
        "url": "https://files.example/a-1.tar.gz",
        "size": 77,
        "hashes": {"sha256": "cd" * 32},
    }
    assert "wheels" not in package
    (build,) = document["tool"]["distrofirst"]["builds"]
    assert (build["name"], build["wheel"]) == ("a", "a-1-py3-none-any.whl")
    assert build["hashes"]["sha256"] == wheel("a", "1").sha256
    (tool,) = build["requires"]
    assert (tool["project"], tool["version"], tool["hashes"]["sha256"]) == ("tool", "2", wheel("tool", "2").sha256)


def test_T2_a_build_has_no_attestation_and_its_lock_says_so() -> None:
    lock = known(Unchecked(why="built here"), built_lock())
    assert again(lock) == lock
    assert "attestation-identities" not in locks.dumps(lock)


def test_a_lock_without_builds_has_no_word_of_them() -> None:
    assert "builds" not in tomllib.loads(locks.dumps(made()))["tool"]["distrofirst"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "a-1.tar.gz"', 'name = "../a-1.tar.gz"', "packages[0].sdist.name: not the file name of an sdist"),
        ('wheel = "a-1-', 'wheel = "b-1-', "tool.distrofirst.builds[0].wheel: expected a wheel of a 1, found b-1-"),
        ('name = "tool-2-', 'name = "evil-2-', "builds[0].requires[0].name: expected a wheel of tool 2"),
    ],
)
def test_a_build_that_does_not_agree_with_itself(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        locks.loads(locks.dumps(built_lock()).replace(old, new), context="pylock.debian-13.toml")


def test_every_sdist_has_its_build_and_every_build_its_sdist() -> None:
    for key, message in (("builds", "projects need a, found nothing"), ("sdist", "no project needs a")):
        document = tomllib.loads(locks.dumps(built_lock()))
        del (document["tool"]["distrofirst"] if key == "builds" else document["packages"][0])[key]
        with pytest.raises(InputError, match=message):
            locks.loads(tomli_w.dumps(document), context="pylock.debian-13.toml")
    document = tomllib.loads(locks.dumps(built_lock()))
    document["packages"][0]["wheels"] = document["packages"][1]["wheels"]
    with pytest.raises(InputError, match="expected one of a wheel, an sdist and a commit, found several"):
        locks.loads(tomli_w.dumps(document), context="pylock.debian-13.toml")


def commit_lock() -> Lock:
    commit = Commit(
        project=canonicalize_name("a"),
        url="https://forge.example/a.git",
        commit="01" * 20,
        subdirectory="deep er/down",
        tree="ef" * 32,
    )
    concern = Concern(worry=Worry.INCOMPLETE, text="a lock does not repeat it")
    build = Build(source=commit, requires=(wheel("tool", "2"),), concerns=(concern,))
    of_it = replace(
        wheel("a", "1.0.dev3+gabc"), url=str(commit), size=None, requires_python=None, upload_time=None, built=build
    )
    return made(pypi("a", "1.0.dev3+gabc", wheel=of_it), pypi("b", "1"))


def test_R5_a_commit_is_locked_whole() -> None:
    lock = commit_lock()
    assert again(lock) == lock
    assert locks.dumps(again(lock)) == locks.dumps(lock)
    document = tomllib.loads(locks.dumps(lock))
    assert document["packages"][0] == {  # without a version, which PEP 751 forbids for a source tree
        "name": "a",
        "vcs": {
            "type": "git",
            "url": "https://forge.example/a.git",
            "commit-id": "01" * 20,
            "subdirectory": "deep er/down",
        },
    }
    (build,) = document["tool"]["distrofirst"]["builds"]
    assert (build["version"], build["tree"]) == ("1.0.dev3+gabc", {"sha256": "ef" * 32})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('type = "git"', 'type = "hg"', "packages[0].vcs.type: expected git, found hg"),
        ("01" * 20, "main", "packages[0].vcs.url: expected a repository and a commit that may be built from, found"),
        ("https://forge", "ext::forge", "packages[0].vcs.url: expected a repository and a commit"),
        ("https://forge", "https://me:secret@forge", "packages[0].vcs.url: expected a repository and a commit"),
        ("https://forge.example/a.git", "https://forge.example/a@b#c", "packages[0].vcs.url: expected a repository"),
        ("deep er/down", "deep/../../up", "packages[0].vcs.url: expected a repository and a commit"),
        ("ef" * 32, "ef", "builds[0].tree.sha256: expected 64 hexadecimal digits"),
        ('version = "1.0.dev3+gabc"\nwheel', 'version = "2"\nwheel', "builds[0].wheel: expected a wheel of a 2"),
    ],
)
def test_R5_a_commit_of_a_lock_is_judged_like_a_requirements(old: str, new: str, message: str) -> None:
    text = locks.dumps(commit_lock())
    assert old in text
    with pytest.raises(InputError, match=re.escape(message)):
        locks.loads(text.replace(old, new), context="pylock.debian-13.toml")


def test_P2_pip_is_not_given_what_it_would_build() -> None:
    with pytest.raises(PolicyError, match="a would be built by pip, without a sandbox"):
        locks.dumps_requirements(built_lock())


# Reading back


def test_the_plain_truth_of_a_file_that_is_no_toml() -> None:
    with pytest.raises(InputError, match="not TOML") as caught:
        locks.loads("[[packages]\n", context="mine.toml")
    assert caught.value.context == "mine.toml"
    assert "line 1" in caught.value.message


def test_somebody_elses_pylock_file_is_told_apart() -> None:
    with pytest.raises(InputError, match="not one that distrofirst wrote") as caught:
        locks.loads('lock-version = "1.0"\ncreated-by = "pip"\npackages = []\n', context="pylock.toml")
    assert "INPUT" in str(caught.value.hint)


def _at(document: dict[str, Any], path: str) -> tuple[Any, Any]:
    """The table or array that holds the value at ``packages[0].wheels``, and its last key."""
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    for step in steps[:-1]:
        document = document[step]  # type: ignore[index]  # an integer where the path goes through an array
    return document, steps[-1]


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        table, key = _at(document, path)
        table[key] = value

    return change


def drop(path: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        table, key = _at(document, path)
        del table[key]

    return change


def repeat(path: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        table, key = _at(document, path)
        table[key].append(table[key][0])

    return change


T = "tool.distrofirst"
ODD_WHEEL = "starlette-0.49.1-py3-none-../any.whl"
OTHER_WHEEL = "httpx-0.28.1-py3-none-any.whl"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("lock-version"), "lock-version: expected a string, found nothing"),
        (put("lock-version", "2.0"), "lock-version: expected 1.0, found 2.0"),
        (put("lock-version", 1.0), "lock-version: expected a string, found a number"),
        (drop(T), "[tool.distrofirst] is missing: a pylock file, but not one that distrofirst wrote"),
        (put("tool", 1), "tool: expected a table, found an integer"),
        (
            put(f"{T}.schema", "distrofirst/lock/9"),
            f"{T}.schema: expected distrofirst/lock/1, found distrofirst/lock/9",
        ),
        (put(f"{T}.pins", "maybe"), f"{T}.pins: expected one of exact, minimum, compatible, prefer, found 'maybe'"),
        (put(f"{T}.inputs", "requirements.txt"), f"{T}.inputs: expected an array, found a string"),
        (put(f"{T}.requirements", ["a", 1]), f"{T}.requirements[1]: expected a string, found an integer"),
        (drop(f"{T}.target"), f"{T}.target: expected a table, found nothing"),
        (put(f"{T}.target.release", "trixie"), f"{T}.target.release: expected DISTRIBUTION:VERSION, found 'trixie'"),
        (put(f"{T}.target.python", "3"), f"{T}.target.python: expected X.Y, found '3'"),
        (drop(f"{T}.metadata.date"), f"{T}.metadata.date: expected a string, found nothing"),
        (put(f"{T}.os-packages", {}), f"{T}.os-packages: expected an array, found a table"),
        (put(f"{T}.os-packages[1]", "apt"), f"{T}.os-packages[1]: expected a table, found a string"),
        (drop(f"{T}.os-packages[1].version"), f"{T}.os-packages[1].version: expected a string, found nothing"),
        *(
            (
                put(f"{T}.os-packages[0].name", name),
                f"{T}.os-packages[0].name: expected the name of an OS package",
            )
            for name in ("--pipe=id", "-oDPkg::Pre-Invoke::", "", "a b", "a=1", "a:i386 -x", "a\n", "é")
        ),
        *(
            (
                put(f"{T}.os-packages[0].version", version),
                f"{T}.os-packages[0].version: expected the version of an",
            )
            for version in ("1.0-", "-1", "", "1 2", "1.0\n")
        ),
        (put(f"{T}.target.architecture", "../x"), f"{T}.target.architecture: expected an architecture, found '../x'"),
        (put(f"{T}.target.codename", 'x"; '), f"{T}.target.codename: expected a codename, found 'x\"; '"),
        (put(f"{T}.os-packages[0].trusted", "no"), f"{T}.os-packages[0].trusted: expected a boolean, found a string"),
        (repeat(f"{T}.os-packages"), f"{T}.os-packages[12]: python3-anyio stands here twice"),
        (drop(f"{T}.os-packages[0]"), f"{T}.os-packages: projects need python3-anyio, found nothing"),
        (put(f"{T}.os-packages[0].name", "evil"), f"{T}.os-packages: projects need python3-anyio, found nothing"),
        (drop(f"{T}.projects[12]"), f"{T}.os-packages: no project needs python3-pydantic"),
        (put(f"{T}.projects[0].outcome", "unmet"), f"{T}.projects[0].outcome: expected distro or pypi, found unmet"),
        (
            put(f"{T}.projects[0].name", "Any.Io"),
            f"{T}.projects[0].name: expected the normalized name any-io, found Any.Io",
        ),
        (put(f"{T}.projects[0].version", "new"), f"{T}.projects[0].version: expected a version (PEP 440), found 'new'"),
        (drop(f"{T}.projects[0].os-package"), f"{T}.projects[0].os-package: expected a string, found nothing"),
        (
            put(f"{T}.projects[0].evidence", "hearsay"),
            f"{T}.projects[0].evidence: expected one of {', '.join(Evidence)}, found 'hearsay'",
        ),
        (
            put(f"{T}.projects[5].reason", "just so"),
            f"{T}.projects[5].reason: expected one of {', '.join(Reason)}, found 'just so'",
        ),
        (repeat(f"{T}.projects"), f"{T}.projects[17]: anyio stands here twice"),
        (drop("packages"), "packages: expected an array, found nothing"),
        (drop("packages[0]"), "packages: projects need fastapi 0.121.0, found nothing"),
        (drop(f"{T}.projects[5]"), "packages: no project needs fastapi 0.121.0"),
        (repeat("packages"), "packages[4]: fastapi stands here twice"),
        (
            put("packages[2].name", "Starlette"),
            "packages[2].name: expected the normalized name starlette, found Starlette",
        ),
        (put("packages[2].version", "x"), "packages[2].version: expected a version (PEP 440), found 'x'"),
        (drop("packages[2].wheels"), "packages[2].wheels: expected an array, found nothing"),
        (put("packages[2].wheels", []), "packages[2].wheels: expected one wheel, found 0"),
        (repeat("packages[2].wheels"), "packages[2].wheels: expected one wheel, found 2"),
        (put("packages[2].wheels[0].name", "a.zip"), "packages[2].wheels[0].name: not the file name of a wheel: "),
        (
            put("packages[2].wheels[0].name", OTHER_WHEEL),
            f"packages[2].wheels[0].name: expected a wheel of starlette 0.49.1, found {OTHER_WHEEL}",
        ),
        (
            put("packages[2].wheels[0].name", ODD_WHEEL),
            f"packages[2].wheels[0].name: expected a wheel of starlette 0.49.1, found {ODD_WHEEL}",
        ),
        (
            put("packages[2].wheels[0].url", "ftp://files.example/a.whl"),
            "packages[2].wheels[0].url: expected an http, https or file URL, found 'ftp://files.example/a.whl'",
        ),
        (
            put("packages[2].wheels[0].url", "https://files.example/a.whl\nevil==1"),
            "packages[2].wheels[0].url: expected an http, https or file URL, found 'https://files.example/a.whl\\nevil==1'",
        ),
        (put("packages[2].wheels[0].size", "9"), "packages[2].wheels[0].size: expected an integer, found a string"),
        (
            put("packages[2].wheels[0].size", value=True),
            "packages[2].wheels[0].size: expected an integer, found a boolean",
        ),
        (put("packages[2].wheels[0].size", -1), "packages[2].wheels[0].size: expected a number of bytes, found -1"),
        (
            put("packages[2].wheels[0].upload-time", "2026"),
            "packages[2].wheels[0].upload-time: expected a time, found a string",
        ),
        (drop("packages[2].wheels[0].hashes"), "packages[2].wheels[0].hashes: expected a table, found nothing"),
        (
            put("packages[2].wheels[0].hashes", {"md5": "0"}),
            "packages[2].wheels[0].hashes.sha256: expected a string, found nothing",
        ),
        (
            put("packages[2].wheels[0].hashes.sha256", "AB" * 32),
            "packages[2].wheels[0].hashes.sha256: expected 64 hexadecimal digits in lower case, found 'ABAB",
        ),
    ],
)
def test_a_lock_that_was_tampered_with_is_refused(change: Callable[[dict[str, Any]], None], message: str) -> None:
    tomli_w = pytest.importorskip("tomli_w")
    document = tomllib.loads(locks.dumps(made()))
    change(document)
    with pytest.raises(InputError) as caught:
        locks.loads(tomli_w.dumps(document), context="pylock.debian-13.toml")
    assert caught.value.message.startswith(message)
    assert caught.value.context == "pylock.debian-13.toml"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(f"{T}.projects[0].extra-packages", "python3-requests+socks"), "expected an array, found a string"),
        (put(f"{T}.projects[0].extra-packages", ["evil"]), f"{T}.os-packages: projects need evil, found nothing"),
        (drop(f"{T}.os-packages[1]"), f"{T}.os-packages: projects need python3-requests+socks, found nothing"),
        (drop(f"{T}.projects[0].extra-packages"), f"{T}.os-packages: no project needs python3-requests+socks"),
        (put(f"{T}.os-packages[1].name", "evil"), f"{T}.os-packages: projects need python3-requests+socks"),
        (put(f"{T}.projects[0].extra-packages[0]", 1), "expected a string, found an integer"),
    ],
)
def test_I5_every_extra_has_its_os_package_and_every_os_package_its_project(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    tomli_w = pytest.importorskip("tomli_w")
    document = tomllib.loads(locks.dumps(made(with_extras("socks"))))
    change(document)
    with pytest.raises(InputError) as caught:
        locks.loads(tomli_w.dumps(document), context="pylock.fedora-43.toml")
    assert message in caught.value.message


def test_I5_only_what_the_distribution_serves_has_extras_that_are_os_packages() -> None:
    tomli_w = pytest.importorskip("tomli_w")
    document = tomllib.loads(locks.dumps(made(pypi("a", "1"))))
    put(f"{T}.projects[0].extra-packages", ["python3-a+b"])(document)
    with pytest.raises(InputError) as caught:
        locks.loads(tomli_w.dumps(document), context="pylock.fedora-43.toml")
    assert caught.value.message.startswith(f"{T}.projects[0].extra-packages: ")


def test_a_local_time_has_no_place_in_a_lock() -> None:
    text = locks.dumps(made()).replace("05:06:07.089000+00:00", "05:06:07")
    with pytest.raises(InputError, match=r"packages\[0\].wheels\[0\].upload-time: expected a time with its offset"):
        locks.loads(text, context="pylock.toml")


def test_keys_of_a_later_version_are_passed_over() -> None:
    text = locks.dumps(made()).replace('lock-version = "1.0"', 'lock-version = "1.1"\nnovel = true')
    assert locks.loads(text, context="pylock.toml") == made()


# The requirements file


def test_the_remainder_as_a_hash_pinned_requirements_file() -> None:
    lock = made(distro("requests", "2.32.3"), pypi("stripe", "12.3.0", requested_by=("requirements.txt:8", "other")))
    assert locks.dumps_requirements(lock) == (
        "# The remainder for debian:13, Python 3.13, amd64, written by distrofirst.\n"
        "# Install with: pip install --no-deps --require-hashes -r FILE\n"
        "# It relies on these OS packages:\n"
        "#   python3-requests 2.32.3-1\n"
        "stripe==12.3.0 \\\n"
        f"    --hash=sha256:{wheel('stripe', '12.3.0').sha256}\n"
        "    # via requirements.txt:8, other\n"
    )


def test_what_was_asked_for_by_url_is_pinned_by_url() -> None:
    lock = made(pypi("stripe", "12.3.0", reason=Reason.DIRECT_URL))
    found = wheel("stripe", "12.3.0")
    assert f"\nstripe @ {found.url} \\\n    --hash=sha256:{found.sha256}\n" in locks.dumps_requirements(lock)
    assert "# It relies on no OS package.\n" in locks.dumps_requirements(lock)


def test_a_file_name_cannot_add_a_requirement() -> None:
    lock = made(
        pypi("a", "1", requested_by=("x\nevil==1:3",)),
        distro("b", "1", os=candidate("b", "1", package="python3-b\nevil==1")),
    )
    lines = locks.dumps_requirements(lock).splitlines()
    assert [line for line in lines if not line.lstrip().startswith("#")] == [
        "a==1 \\",
        f"    --hash=sha256:{wheel('a', '1').sha256}",
    ]


def test_an_epoch_and_a_local_version_survive() -> None:
    odd = replace(wheel("a", "1"), version=Version("1!2.0+cu121"), filename="a-1!2.0+cu121-py3-none-any.whl")
    lock = made(pypi("a", "1", wheel=odd))
    assert again(lock) == lock
    assert "\na==1!2.0+cu121 \\\n" in locks.dumps_requirements(lock)


def test_a_lock_of_ours_is_told_from_every_other_file(tmp_path: Path) -> None:
    path = tmp_path / "pylock.debian-13.toml"
    path.write_text(locks.dumps(made()))
    assert locks.is_ours(path)
    assert not locks.is_ours(tmp_path / "none.toml")
    for text in (
        "requests\n",
        '[tool.distrofirst]\npins = "exact"\n',
        'lock-version = "1.0"\npackages = []\n',
        'lock-version = "1.0"\ntool = 1\n',
        "\x00",
    ):
        path.write_text(text)
        assert not locks.is_ours(path)
    path.write_bytes(b"\xff")
    assert not locks.is_ours(path)
