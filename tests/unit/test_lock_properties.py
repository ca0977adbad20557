"""A lock is read back as it was written, whatever words are in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

pytest.importorskip("hypothesis", reason="property tests need hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from resolver import lock as locks
from resolver.model import (
    AssignedIndex,
    Attested,
    Evidence,
    Lock,
    LockedProject,
    MetadataSource,
    OsPackage,
    Outcome,
    PinsPolicy,
    Publisher,
    Reason,
    Release,
    Sources,
    Target,
    Unattested,
    Unchecked,
    Wheel,
)

# Everything that TOML must escape, and some that it must not.
WORDS = st.text(st.sampled_from("aZ09 =.'\"\\#[]{}\n\r\t\b\x00\x1b\x7f\x85\u2028é漢🐍"), max_size=8)
MANY_WORDS = st.lists(WORDS, max_size=2).map(tuple)
NAMES = st.sampled_from(["a", "b-c", "d1", "e-f-g", "zope-interface"])
VERSIONS = st.sampled_from(["1.0", "0", "2024.1.1", "1!2.0", "1.0rc1", "1.0.post2", "2.0+cu121", "3.0.dev4"])
TIMES = st.sampled_from([None, "2026-03-04T05:06:07Z", "2026-03-04T05:06:07.089000Z", "2019-12-31T23:59:59.999999Z"])

PUBLISHERS = st.builds(
    Publisher,
    kind=WORDS,
    claims=st.dictionaries(WORDS.filter("kind".__ne__), WORDS, max_size=3).map(
        lambda found: tuple(sorted(found.items()))
    ),
)
ATTESTATIONS = (
    st.none()
    | st.just(Unattested())
    | st.builds(Unchecked, why=WORDS, next_step=st.none() | WORDS)
    | st.builds(Attested, publishers=st.lists(PUBLISHERS, min_size=1, max_size=2).map(tuple), predicates=MANY_WORDS)
)


@st.composite
def os_packages(draw: st.DrawFn, name: str) -> OsPackage:
    return OsPackage(
        name=draw(st.sampled_from(["", "python3-", "python313-", "Q_"])) + name,  # shared ones are a case of their own
        version=draw(st.sampled_from(["1.0", "1:2~rc1+dfsg-3+b1", "0^20260101git1a2b-1.fc43", "2.0-1.el9_4"])),
        architecture=draw(WORDS),
        repository=draw(WORDS),
        trusted=draw(st.booleans()),
    )


@st.composite
def distro_projects(draw: st.DrawFn, name: str) -> tuple[LockedProject, tuple[OsPackage, ...]]:
    package = draw(os_packages(name))
    extras = tuple(draw(os_packages(f"{name}+{extra}")) for extra in draw(st.sets(NAMES, max_size=2)))
    served = draw(projects(name, Outcome.DISTRO))
    whole = replace(
        served,
        os_package=package.name,
        extra_packages=tuple(extra.name for extra in extras),
        evidence=draw(st.sampled_from(Evidence)),
    )
    return whole, (package, *extras)


@st.composite
def pypi_projects(draw: st.DrawFn, name: str) -> tuple[LockedProject, Wheel]:
    project = draw(projects(name, Outcome.PYPI))
    filename = f"{name.replace('-', '_')}-{project.version}-py3-none-any.whl"
    wheel = Wheel(
        project=project.name,
        version=Version(project.version),
        filename=filename,
        url=f"https://files.example/{filename}",
        sha256=f"{draw(st.integers(0, 2**256 - 1)):064x}",
        size=draw(st.none() | st.integers(0, 2**40)),
        requires_python=draw(st.none() | WORDS),
        upload_time=draw(TIMES),
        attestation=draw(ATTESTATIONS),
    )
    return project, wheel


@st.composite
def projects(draw: st.DrawFn, name: str, outcome: Outcome) -> LockedProject:
    return LockedProject(
        name=canonicalize_name(name),
        outcome=outcome,
        version=draw(VERSIONS),
        metadata_version=draw(st.none() | WORDS),
        extras=draw(MANY_WORDS),
        requested_by=draw(MANY_WORDS),
        depends=tuple(map(canonicalize_name, draw(st.lists(NAMES, max_size=2)))),
        loosened=draw(st.none() | WORDS),
        reason=draw(st.none() | st.sampled_from(Reason)),
        detail=draw(st.none() | WORDS),
    )


@st.composite
def whole_locks(draw: st.DrawFn) -> Lock:
    names = sorted(draw(st.sets(NAMES, max_size=3)))
    served = draw(st.sets(st.sampled_from(names))) if names else set()
    ours = [draw(distro_projects(name)) for name in names if name in served]
    theirs = [draw(pypi_projects(name)) for name in names if name not in served]
    chosen = [project for project, _ in ours] + [project for project, _ in theirs]
    return Lock(
        target=Target(
            release=Release(distribution="ubuntu", version="24.04", codename=draw(st.none() | st.just("noble"))),
            architecture=draw(st.sampled_from(["amd64", "x86_64"])),
            python="3.13",
            python_full_version=draw(WORDS),
            glibc=draw(WORDS),
        ),
        metadata=MetadataSource(source=draw(WORDS), date=draw(WORDS)),
        pins=draw(st.sampled_from(PinsPolicy)),
        os_packages=tuple(package for _, packages in ours for package in packages),
        wheels=tuple(wheel for _, wheel in theirs),
        projects=tuple(sorted(chosen, key=lambda project: project.name)),
        inputs=draw(MANY_WORDS),
        requirements=draw(MANY_WORDS),
        sources=Sources(
            index=draw(st.none() | st.just("https://index.example/simple")),
            indexes=draw(
                st.just(())
                | st.tuples(
                    st.builds(AssignedIndex, url=st.just("https://ours.example/"), projects=MANY_WORDS, where=WORDS)
                )
            ),
            uploaded_before=draw(WORDS),
            uploaded_before_for=tuple(sorted(draw(st.dictionaries(NAMES.map(canonicalize_name), WORDS)).items())),
        ),
    )


@settings(max_examples=100, database=None, derandomize=True)
@given(whole_locks())
def test_R7_a_lock_is_read_back_as_it_was_and_written_the_same(lock: Lock) -> None:
    text = locks.dumps(lock)
    found = locks.loads(text, context="pylock.toml")
    assert found == lock
    assert locks.dumps(found) == text
