"""The advisory database on disk: what is read, what is refused, and that nothing malformed reads as clean."""

from __future__ import annotations

import contextlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import hypothesis
import hypothesis.strategies as st
import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.audit import osv
from resolver.errors import InputError
from resolver.model import Release, Unchecked
from resolver.model.audit import Fix, Known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def advisory(
    name: str = "Zope.Interface", *events: dict[str, str], key: str = "GHSA-1", ecosystem: str = "PyPI", **more: object
) -> dict[str, Any]:
    listed = list(events) or [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": listed}]}
    return {"id": key, "affected": [affected], **more}


def write(folder: Path, *documents: object) -> Path:
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    return folder


def ids(database: osv.Database, name: str, version: str) -> list[str]:
    answer = database.of(canonicalize_name(name), Version(version))
    assert isinstance(answer, Known)
    return [found.id for found in answer.advisories]


def test_names_are_normalized_and_versions_compared(tmp_path: Path) -> None:
    database = osv.read(write(tmp_path, advisory(aliases=["PYSEC-1", "CVE-2026-1"], database_specific={"x": 1})))
    answer = database.of(canonicalize_name("zope_interface"), Version("1.9+local.1"))
    assert isinstance(answer, Known)
    (found,) = answer.advisories
    assert (found.id, found.aliases, found.fixed) == ("GHSA-1", ("CVE-2026-1", "PYSEC-1"), ("2.0",))
    assert found.cves == {"CVE-2026-1"}
    assert answer.source == str(tmp_path)
    assert ids(database, "zope-interface", "2.0") == ids(database, "other", "1.0") == []


def test_a_local_version_is_the_public_one(tmp_path: Path) -> None:
    database = osv.read(write(tmp_path, advisory("torch", {"introduced": "0"}, {"last_affected": "2.1"})))
    assert ids(database, "torch", "2.1+cu118") == ["GHSA-1"]


def test_a_withdrawn_advisory_affects_nothing(tmp_path: Path) -> None:
    withdrawn = advisory(key="GHSA-2", withdrawn="2026-01-01T00:00:00Z")
    assert ids(osv.read(write(tmp_path, withdrawn)), "zope-interface", "1.0") == []
    assert ids(osv.read(write(tmp_path, withdrawn, advisory(withdrawn=None))), "zope-interface", "1.0") == ["GHSA-1"]


def test_T2_a_database_without_pypi_knows_nothing_of_it(tmp_path: Path) -> None:
    answer = osv.read(write(tmp_path, advisory(ecosystem="npm"))).of(canonicalize_name("x"), Version("1"))
    assert isinstance(answer, Unchecked)
    assert "no advisory about PyPI" in answer.why


def test_T2_what_cannot_be_told_is_unclear(tmp_path: Path) -> None:
    commits = {"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [{"type": "GIT", "events": [{"fixed": "ab"}]}]}
    answer = osv.read(write(tmp_path, {"id": "OSV-1", "affected": [commits]})).of(canonicalize_name("x"), Version("1"))
    assert isinstance(answer, Known)
    assert not answer.advisories
    assert [found.id for found in answer.unclear] == ["OSV-1"]


@pytest.mark.parametrize("shape", ["folder", "nested", "zip", "zip in a folder", "file", "array"])
def test_every_shape_of_a_database(tmp_path: Path, shape: str) -> None:
    place, text = tmp_path / "db", json.dumps(advisory())
    if shape in {"zip", "zip in a folder"}:
        place = tmp_path / "db" / "all.zip" if "folder" in shape else tmp_path / "all.zip"
        place.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("GHSA-1.json", text)
            archive.writestr("README", "no advisory")
        place = tmp_path / "db" if "folder" in shape else place
    elif shape in {"file", "array"}:
        place = tmp_path / "one.json"
        place.write_text(f"[{text}]" if shape == "array" else text)
    else:
        folder = place / "a" / "b" if shape == "nested" else place
        folder.mkdir(parents=True)
        (folder / "GHSA-1.json").write_text(text)
        (folder / "README.md").write_text("no advisory")
    assert ids(osv.read(place), "zope.interface", "1.0") == ["GHSA-1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("\xff", "not JSON"),
        ("3", "expected an object"),
        ("[3]", "[0]: expected an object"),
        ("{}", "id: expected a string, found nothing"),
        ('{"id": 3}', "id: expected a string, found an integer"),
        ('{"id": "A", "affected": {}}', "affected: expected an array, found a table"),
        ('{"id": "A", "affected": [null]}', "affected[0]: expected a table, found null"),
        ('{"id": "A", "affected": [{"package": {"ecosystem": "PyPI"}}]}', "affected[0].package.name: expected"),
        ('{"id": "A", "aliases": [1]}', "aliases[0]: expected a string"),
        (
            '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "versions": [1.0]}]}',
            "affected[0].versions[0]: expected a string, found a number",
        ),
        (
            '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [{"events": []}]}]}',
            "affected[0].ranges[0].type: expected a string",
        ),
        (
            (
                '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"},'
                ' "ranges": [{"type": "ECOSYSTEM", "events": [{"begun": "0"}]}]}]}'
            ),
            "affected[0].ranges[0].events[0].introduced: expected one of introduced",
        ),
    ],
)
def test_malformed_is_bad_input_with_file_and_path(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        osv.read(tmp_path)
    assert caught.value.context == str(tmp_path / "bad.json")
    assert message in caught.value.message
    assert caught.value.hint


def test_nothing_there_is_bad_input(tmp_path: Path) -> None:
    for place, message in ((tmp_path / "none", "No such file"), (tmp_path, "there is no advisory in it")):
        with pytest.raises(InputError, match=message):
            osv.read(place)


def test_a_damaged_zip_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", "{}" * 100)
    whole = path.read_bytes()
    for data in (whole[:30], b"", whole.replace(b"{}{}", b"{}}}")):
        path.write_bytes(data)
        with pytest.raises(InputError, match="zip cannot be read"):
            osv.read(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_an_error_of_ours(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a.json", '{"id": "x"}' * 50)
    content = bytearray(path.read_bytes())
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with contextlib.suppress(InputError):
            osv.read(path)
    begin = 30 + len("a.json") + 4
    content[begin : begin + 20] = bytes(byte ^ 0xFF for byte in content[begin : begin + 20])
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        osv.read(path)


@pytest.mark.parametrize(
    ("release", "ecosystem", "expected"),
    [
        (("debian", "12"), "Debian:12", "Debian:12"),
        (("debian", "13"), "Debian:12", None),
        (("ubuntu", "24.04"), "Ubuntu:24.04:LTS", "Ubuntu:24.04:LTS"),
        (("almalinux", "9"), "AlmaLinux:9", "AlmaLinux:9"),
        (("rocky", "9"), "Rocky Linux:9", "Rocky Linux:9"),
        (("opensuse", "leap-15.6"), "openSUSE:Leap 15.6", "openSUSE:Leap 15.6"),
        (("opensuse", "tumbleweed"), "openSUSE:Tumbleweed", "openSUSE:Tumbleweed"),
        (("fedora", "43"), "PyPI", None),
    ],
)
def test_a_release_in_osvs_words(
    tmp_path: Path, release: tuple[str, str], ecosystem: str, expected: str | None
) -> None:
    database = osv.read(write(tmp_path, advisory(ecosystem=ecosystem)))
    assert database.ecosystem(Release(distribution=release[0], version=release[1])) == expected


def rank(groups: Sequence[Sequence[str]]) -> list[list[int]]:
    return [[sorted(set(group)).index(version) for version in group] for group in groups]


def test_an_os_package_is_found_by_its_source(tmp_path: Path) -> None:
    events = ({"introduced": "0"}, {"fixed": "2.28-1+deb12u1"})
    database = osv.read(
        write(tmp_path, advisory("requests", *events, key="DSA-1", ecosystem="Debian:12", upstream=["CVE-2026-1"]))
    )

    def ask(version: str) -> tuple[Known, tuple[Fix, ...]]:
        return database.of_os_package("Debian:12", ("python3-requests", version), ("requests", version), rank)

    old, no_fixes = ask("2.28-1")
    new, fixes = ask("2.28-1+deb12u1")
    assert ([found.id for found in old.advisories], no_fixes) == (["DSA-1"], ())
    assert not new.advisories
    assert fixes == (Fix(cve="CVE-2026-1", version="2.28-1+deb12u1", source="DSA-1"),)


KEYS = st.sampled_from(
    ["id", "aliases", "affected", "package", "ecosystem", "name", "ranges", "type", "events", "introduced", "fixed"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["PyPI", "x", "0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=8,
)
AFFECTED = st.fixed_dictionaries(
    {"package": st.just({"ecosystem": "PyPI", "name": "x"}) | JSON},
    optional={"versions": st.lists(st.text(max_size=4)) | JSON, "ranges": JSON},
)
DOCUMENT = st.fixed_dictionaries({"id": st.text(max_size=3) | JSON}, optional={"affected": st.lists(AFFECTED) | JSON})


@hypothesis.given(data=st.binary(max_size=60) | (DOCUMENT | JSON).map(lambda value: json.dumps(value).encode()))
@hypothesis.settings(
    max_examples=60, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "it.json").write_bytes(data)
    try:
        database = osv.read(tmp_path / "it.json")
    except InputError as error:
        assert error.context == str(tmp_path / "it.json")  # noqa: PT017 - reading it is as good
    else:
        assert isinstance(database.of(canonicalize_name("x"), Version("1.0")), Known | Unchecked)
