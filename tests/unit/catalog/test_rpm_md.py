"""rpm-md: what is read is what stands there, however it is spelled, and damage is never a short answer (rule I6)."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import re
import tracemalloc
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.catalog import rpm_md
from resolver.catalog.rpm_md import Capability, Checksum, RpmPackage
from resolver.errors import DistrofirstError, PolicyError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

QUICK = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
SHA = "ab" * 32


# repomd.xml


def data_record(
    kind: str = "primary",
    href: str = "repodata/x-primary.xml.gz",
    checksum: tuple[str, str] = ("sha256", SHA),
    timestamp: str = "1736761560",
    more: str = "",
) -> str:
    return (
        f'<data type="{kind}"><checksum type="{checksum[0]}">{checksum[1]}</checksum><location href="{href}"/>'
        f"<timestamp>{timestamp}</timestamp>{more}</data>"
    )


def repomd(*records: str, revision: str = "1736761999") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo">'
        f"<revision>{revision}</revision>{''.join(records)}</repomd>"
    ).encode()


def test_repomd() -> None:
    more = f"<size>12</size><open-size>99</open-size><open-checksum type='sha512'>{'0F' * 64}</open-checksum>"
    found = rpm_md.parse_repomd(
        repomd(data_record("filelists", timestamp="1736761600"), data_record(more=more), revision=" 9-stream "), "x"
    )
    assert found == rpm_md.Repomd(
        primary=rpm_md.MetadataFile(
            type="primary",
            href="repodata/x-primary.xml.gz",
            checksum=Checksum(algorithm="sha256", digest=SHA),
            open_checksum=Checksum(algorithm="sha512", digest="0f" * 64),
            size=12,
            timestamp=1736761560,
        ),
        revision="9-stream",
        date="2025-01-13T09:46:40Z",
    )


@pytest.mark.parametrize(
    ("timestamp", "revision", "date"),
    [
        ("1736761560", "1", "2025-01-13T09:46:00Z"),
        ("1300000000.45", "", "2011-03-13T07:06:40Z"),  # as yum's createrepo wrote them
        ("", "1736761560", "2025-01-13T09:46:00Z"),
        ("", "12", ""),
        ("nan", "9-stream", ""),
        ("1e300", "inf", ""),
    ],
)
def test_the_date_is_the_newest_there_is(timestamp: str, revision: str, date: str) -> None:
    assert rpm_md.parse_repomd(repomd(data_record(timestamp=timestamp), revision=revision), "x").date == date


def test_a_zchunk_copy_is_passed_over() -> None:
    records = [data_record("primary_zck", "repodata/p.zck"), data_record(href="repodata/p.zck"), data_record()]
    assert rpm_md.parse_repomd(repomd(*records), "x").primary.href == "repodata/x-primary.xml.gz"
    for only in (records[:1], records[1:2]):
        with pytest.raises(UnavailableError, match="zchunk") as caught:
            rpm_md.parse_repomd(repomd(*only), "x")
        assert caught.value.hint
        assert "zchunk=0" in caught.value.hint


@pytest.mark.parametrize("algorithm", ["md5", "sha", "sha1", "SHA1"])
def test_a_weak_hash_is_refused(algorithm: str) -> None:
    with pytest.raises(PolicyError, match="vouches"):
        rpm_md.parse_repomd(repomd(data_record(checksum=(algorithm, "0" * 40))), "x")


@pytest.mark.parametrize("href", ["/etc/passwd", "../x.xml.gz", "repodata/../../x", "https://else.example/x.gz"])
def test_a_primary_outside_of_the_repository_is_refused(href: str) -> None:
    with pytest.raises(PolicyError, match="outside"):
        rpm_md.parse_repomd(repomd(data_record(href=href)), "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"<html>this mirror has moved</html>",
        b"<repomd/>",
        repomd(),
        repomd()[:-3],
        repomd(data_record())[:-1],
        repomd(data_record("filelists")),
        repomd(data_record(checksum=("crc32", "00"))),
        repomd(data_record(checksum=("sha256", "00"))),
        repomd(data_record(checksum=("sha256", "x" * 64))),
        repomd(data_record(more="<size>many</size>")),
        repomd('<data type="primary"/>'),
        repomd(f'<data type="primary"><checksum type="sha256">{SHA}</checksum></data>'),
        repomd('<data type="primary"><checksum>00</checksum><location href="a"/></data>'),
        repomd('<data type="primary"><location/></data>'),
        b'<!DOCTYPE repomd [<!ENTITY a "b">]>' + repomd(data_record()).partition(b"\n")[2],
        b'<?xml version="1.0" encoding="nonsense"?><repomd/>',
        b'<?xml version="1.0" encoding="utf-7"?><repomd/>',
    ],
)
def test_I6_what_is_no_repomd_with_a_primary_is_an_error(data: bytes) -> None:
    with pytest.raises(UnavailableError) as caught:
        rpm_md.parse_repomd(data, "the/repomd.xml")
    assert caught.value.context == "the/repomd.xml"
    assert caught.value.hint


@QUICK
@given(st.data())
def test_I6_any_damage_to_repomd_is_our_error(data: st.DataObject) -> None:
    damaged = damage(repomd(data_record(), data_record("primary_zck", "repodata/p.zck")), data)
    try:
        found = rpm_md.parse_repomd(damaged, "x")
    except DistrofirstError:
        return
    assert found.primary.href


# primary


def damage(good: bytes, data: st.DataObject) -> bytes:
    at, end = sorted((data.draw(st.integers(0, len(good))), data.draw(st.integers(0, len(good)))))
    match data.draw(st.sampled_from(("cut", "replace", "insert", "drop"))):
        case "cut":
            return good[:at]
        case "replace":
            return good[:at] + data.draw(st.binary(min_size=1, max_size=4)) + good[at + 1 :]
        case "insert":
            return good[:at] + data.draw(st.sampled_from((b"<", b"<!--", b"&x;", b"]]>", b"</package>"))) + good[at:]
        case _:
            return good[:at] + good[end:]


def reference(data: bytes, wanted: Iterable[str] = ()) -> list[RpmPackage]:
    """Straight on, without any thought of speed."""
    common, rpm = "{http://linux.duke.edu/metadata/common}", "{http://linux.duke.edu/metadata/rpm}"
    found = []
    # Package by package: all at once are hundreds of megabytes.
    for _, element in ET.iterparse(io.BytesIO(data)):  # noqa: S314 - our own data
        if element.tag != f"{common}package":
            continue
        version, checksum = element.find(f"{common}version"), element.find(f"{common}checksum")
        assert version is not None
        assert checksum is not None

        def entries(kind: str, element: ET.Element = element) -> list[dict[str, str]]:
            return [dict(one.attrib) for one in element.findall(f"{common}format/{rpm}{kind}/{rpm}entry")]

        def capabilities(kind: str) -> tuple[Capability, ...]:
            return tuple(
                Capability(
                    name=entry["name"],
                    flags=entry.get("flags", ""),
                    evr=(
                        (f"{entry['epoch']}:" if entry.get("epoch", "0") != "0" else "")
                        + entry.get("ver", "")
                        + (f"-{entry['rel']}" if "rel" in entry else "")
                    ),
                )
                for entry in entries(kind)
            )

        requires: list[str] = []
        for entry in entries("requires"):
            if entry["name"] not in requires:
                requires.append(entry["name"])
        package = RpmPackage(
            name=element.findtext(f"{common}name") or "",
            epoch=int(version.attrib["epoch"]),
            version=version.attrib["ver"],
            release=version.attrib["rel"],
            arch=element.findtext(f"{common}arch") or "",
            location=element.find(f"{common}location").attrib["href"],  # type: ignore[union-attr]
            checksum=Checksum(algorithm=checksum.attrib["type"], digest=checksum.text or ""),
            size=int(element.find(f"{common}size").attrib["package"]),  # type: ignore[union-attr]
            provides=capabilities("provides"),
            requires=tuple(requires),
            obsoletes=capabilities("obsoletes"),
        )
        provided = [package.name, *(one.name for one in package.provides)]
        named = [*provided, *package.requires, *(one.name for one in package.obsoletes)]
        if any("python" in name for name in named) or set(provided) & set(wanted):
            found.append(package)
        element.clear()
    return found


NAMES = st.sampled_from(
    ["python3", "python3-foo", "foo", "glibc", "a<b&c", 'quo"te', "it's", "ünï", "python3.11dist(foo)", "foo >= 1"]
)
VERSIONS = st.sampled_from(["1.0", "2~b1", "0", "1^post1", "é&"])
ENTRIES = st.lists(
    st.tuples(NAMES, st.sampled_from(["", "EQ", "LT"]), st.sampled_from("0123"), VERSIONS, st.sampled_from(["", "1"])),
    max_size=4,
)
PROSE = st.sampled_from(["", "A python library", "text", "a & b < c > d", "<package type='rpm'>", "</package>", "\r\n"])
PACKAGES = st.lists(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "epoch": st.sampled_from("012"),
            "version": VERSIONS,
            "prose": PROSE,
            "provides": ENTRIES,
            "requires": ENTRIES,
            "obsoletes": ENTRIES,
            "recommends": ENTRIES,
        }
    ),
    max_size=6,
)
FAKE = "</package><package type='rpm'>"


def with_prefixes(text: str) -> str:
    text = re.sub(r"<(/?)(?!rpm:)(\w)", r"<\1c:\2", text).replace("<rpm:", "<r:").replace("</rpm:", "</r:")
    return text.replace("xmlns=", "xmlns:c=").replace("xmlns:rpm=", "xmlns:r=")


STYLES: Mapping[str, Callable[[str], str]] = {
    "createrepo_c's": str,
    "single quotes": lambda text: re.sub(r'(\w+)="([^"\']*)"(?! encoding)', r"\1 = '\2'", text),
    "references": lambda text: text.replace("python", "&#112;yth&#x6f;n"),
    "a comment": lambda text: text.replace("  <format>", f"  <!-- {FAKE} --><format>", 1),
    "CDATA": lambda text: text.replace("<name>p", f"<name>p<![CDATA[{FAKE}]]>"),
    "a name in CDATA": lambda text: text.replace("<name>foo", "<name>py<![CDATA[thon-]]>foo"),
    "an instruction": lambda text: text.replace("<name>foo", f"<name>py<?x {FAKE}?>thon-foo"),
    "prefixes": with_prefixes,
    "blanks in end tags": lambda text: text.replace("</package>", "</package >"),
    "a blank in one end tag": lambda text: text.replace("</package>", "</package\n>", 1),
    "blanks in a start tag": lambda text: text.replace('<package type="rpm">', '<package\n  type="rpm" >', 1),
    "UTF-16": lambda text: text.replace("UTF-8", "UTF-16"),
    "Latin 1": lambda text: text.replace("UTF-8", "ISO-8859-1"),
    "no declaration": lambda text: text.partition("\n")[2],
}
"""How else XML may be written: from createrepo_c's way to another."""


def entries_as_xml(kind: str, entries: Iterable[tuple[str, str, str, str, str]]) -> str:
    lines = []
    for name, flags, epoch, version, release in entries:
        bound = f' flags="{flags}" epoch="{epoch}" ver={quoteattr(version)}' if flags else ""
        bound += f' rel="{release}"' if flags and release else ""
        lines.append(f"      <rpm:entry name={quoteattr(name)}{bound}/>\n")
    return f"    <rpm:{kind}>\n{''.join(lines)}    </rpm:{kind}>\n" if lines else ""


def document(packages: list[dict[str, Any]], style: str = "createrepo_c's", count: int | None = None) -> bytes:
    """Write primary.xml as createrepo_c does, and then in another style."""
    parts = []
    for one in packages:
        name, prose = escape(one["name"]), escape(one["prose"]).replace("\r", "&#13;")
        kinds = ("provides", "requires", "obsoletes", "recommends")
        sections = "".join(entries_as_xml(kind, one[kind]) for kind in kinds)
        parts.append(f"""\
<package type="rpm">
  <name>{name}</name>
  <arch>noarch</arch>
  <version epoch="{one["epoch"]}" ver={quoteattr(one["version"])} rel="1.fc43"/>
  <checksum type="sha256" pkgid="YES">{SHA}</checksum>
  <summary>{prose}</summary>
  <description>{prose}</description>
  <packager>{prose}</packager>
  <url/>
  <size package="12" installed="5" archive="0"/>
  <location href="n/{name.replace('"', "")}.rpm"/>
  <format>
    <rpm:license>{prose}</rpm:license>
{sections}    <file>/usr/bin/x</file>
  </format>
</package>
""")
    text = STYLES[style](f"""\
<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" \
packages="{len(packages) if count is None else count}">
{"".join(parts)}</metadata>
""")
    return text.encode({"UTF-16": "UTF-16", "Latin 1": "Latin 1"}.get(style, "UTF-8"))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@settings(QUICK, max_examples=500)
@given(
    PACKAGES,
    st.sampled_from(sorted(STYLES)),
    st.integers(1, 3000),
    st.sets(st.sampled_from(["glibc", "foo", "a<b&c", "ünï", 'quo"te'])),
)
def test_what_is_read_is_what_stands_there(
    packages: list[dict[str, Any]], style: str, size: int, wanted: set[str]
) -> None:
    data = document(packages, style)
    assert list(rpm_md.parse_primary(cut(data, size), "x", wanted=wanted)) == reference(data, wanted)


def sample(**changes: object) -> dict[str, Any]:
    empty = dict.fromkeys(("provides", "requires", "obsoletes", "recommends"), ())
    return {"name": "python3-foo", "epoch": "0", "version": "1.0", "prose": "x", **empty, **changes}


@pytest.mark.parametrize("size", [10, 500, 100_000])
@pytest.mark.parametrize(
    ("style", "dropped"),
    [
        ("createrepo_c's", 3),
        ("references", 3),
        ("an instruction", 3),
        ("single quotes", 0),
        ("UTF-16", 0),
        ("blanks in end tags", 0),
        ("a blank in one end tag", 0),
    ],
)
def test_what_is_not_parsed_is_createrepo_cs_form_alone(style: str, dropped: int, size: int) -> None:
    packages = [sample(name=name) for name in ("other", "other", "python3-foo", "other")]
    sieve = rpm_md._Sieve(())
    left = b"".join(sieve.sifted(cut(document(packages, style), size)))
    assert sieve.dropped == dropped
    assert left.count(b"<package ") == (4 - dropped if style != "UTF-16" else 0)


def test_the_parts_of_an_os_package() -> None:
    provides = [
        ("python3.11dist(foo)", "EQ", "1", "2.0", ""),
        ("python3-foo", "EQ", "0", "2.0", "1"),
        ("x", "", "0", "", ""),
    ]
    requires = [("(a < 2 with a >= 1)", "", "0", "", ""), ("b", "GE", "0", "1", ""), ("b", "LT", "0", "2", "")]
    (found,) = rpm_md.parse_primary([document([sample(epoch="2", provides=provides, requires=requires)])], "x")
    assert found.evr == "2:1.0-1.fc43"
    assert replace(found, epoch=0).evr == "1.0-1.fc43"
    assert (found.location, found.size, found.checksum.digest) == ("n/python3-foo.rpm", 12, SHA)
    assert [(one.name, one.flags, one.evr) for one in found.provides] == [
        ("python3.11dist(foo)", "EQ", "1:2.0"),
        ("python3-foo", "EQ", "2.0-1"),
        ("x", "", ""),
    ]
    assert found.requires == ("(a < 2 with a >= 1)", "b")


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"name": "glibc"}, False),
        ({"name": "libpython3"}, True),
        ({"name": "glibc", "prose": "python"}, False),
        ({"name": "glibc", "recommends": [("python3", "", "0", "", "")]}, False),
        ({"name": "glibc", "provides": [("python3dist(x)", "", "0", "", "")]}, True),
        ({"name": "glibc", "requires": [("python(abi)", "", "0", "", "")]}, True),
        ({"name": "glibc", "obsoletes": [("python2-x", "", "0", "", "")]}, True),
    ],
)
def test_what_may_matter(change: dict[str, Any], kept: bool) -> None:  # noqa: FBT001
    data = document([sample(**change)])
    assert bool(list(rpm_md.parse_primary([data], "x"))) is kept
    assert bool(list(rpm_md.parse_primary([data], "x", wanted={"glibc"}))) is (kept or change["name"] == "glibc")


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("name", ["python3-foo", "other"])
def test_I6_another_number_than_stated_is_an_error(count: int, name: str) -> None:
    data = document([sample(name=name), sample(name=name)], count=count)
    with pytest.raises(UnavailableError, match=f"states {count} OS packages and has 2") as caught:
        list(rpm_md.parse_primary([data], "the/primary.xml"))
    assert caught.value.context == "the/primary.xml"
    assert caught.value.hint


def test_a_primary_that_states_no_number_is_read_to_its_end() -> None:
    data = document([sample(), sample(name="other")]).replace(b' packages="2"', b"")
    assert b"packages=" not in data
    assert [one.name for one in rpm_md.parse_primary([data], "x")] == ["python3-foo"]


def test_what_stands_between_the_lines_is_passed_over() -> None:
    """A record of another kind, another namespace's elements, an entry that belongs to nothing."""
    more = b"<size package='1'/></format><x:format xmlns:x='y'><x:name>n</x:name></x:format></package>"
    data = document([sample(name="python3-foo", recommends=[("z", "", "0", "", "")])])
    (found,) = rpm_md.parse_primary([data.replace(b"</format>\n</package>", more)], "x")
    assert (found.name, found.size, found.requires) == ("python3-foo", 1, ())


GOOD = document([sample(), sample(name="other"), sample(name="python3-bar")])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"<html>this mirror has moved</html>",
        b"<metadata packages='0'/>",
        GOOD[:-3],
        GOOD.replace(b"</metadata>", b""),
        GOOD + b"more",
        GOOD + GOOD,
        GOOD.replace(b"<name>python3-foo</name>", b""),
        GOOD.replace(b"<name>python3-foo</name>", b"<name>python3-foo"),
        GOOD.replace(b'epoch="0"', b'epoch="none"', 1),
        GOOD.replace(b'rel="1.fc43"', b"", 1),
        GOOD.replace(b'package="12"', b'package="big"', 1),
        GOOD.replace(b'href="n/python3-foo.rpm"', b"", 1),
        GOOD.replace(b"UTF-8", b"nonsense"),
        GOOD.replace(b"python3-foo", b"python3-\xff"),
        GOOD.replace(b"python3-foo", b"python3&nbsp;foo"),
        GOOD.replace(b"?>\n", b'?>\n<!DOCTYPE metadata [<!ENTITY python "python">]>\n'),
        GOOD.replace(b"  <format>", b"  <format", 1),
        GOOD.replace(b"metadata/common", b"metadata/other"),
    ],
)
def test_I6_what_is_no_whole_primary_is_an_error(data: bytes) -> None:
    with pytest.raises(UnavailableError) as caught:
        list(rpm_md.parse_primary([data], "the/primary.xml"))
    assert caught.value.context == "the/primary.xml"
    assert caught.value.hint


@QUICK
@given(st.data(), st.integers(1, 3000))
def test_I6_any_damage_to_primary_is_our_error(data: st.DataObject, size: int) -> None:
    with contextlib.suppress(UnavailableError):
        list(rpm_md.parse_primary(cut(damage(GOOD, data), size), "x"))


@QUICK
@given(st.integers(0, len(GOOD) - 12), st.integers(1, 3000))
def test_I6_no_part_of_primary_passes_for_it(end: int, size: int) -> None:
    with pytest.raises(UnavailableError):
        list(rpm_md.parse_primary(cut(GOOD[:end], size), "x"))


@QUICK
@given(st.binary(max_size=300))
def test_I6_no_bytes_break_the_parsers(data: bytes) -> None:
    for parse in (lambda: rpm_md.parse_repomd(data, "x"), lambda: list(rpm_md.parse_primary([data], "x"))):
        with pytest.raises(UnavailableError):
            parse()


# The file


def record_of(path: Path) -> rpm_md.MetadataFile:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return rpm_md.MetadataFile(
        type="primary",
        href=path.name,
        checksum=Checksum(algorithm="sha256", digest=digest),
        open_checksum=None,
        size=None,
        timestamp=None,
    )


def test_another_checksum_is_refused_before_anything_is_given(tmp_path: Path) -> None:
    path = tmp_path / "primary.xml.gz"
    path.write_bytes(gzip.compress(GOOD))
    record = record_of(path)
    assert [one.name for one in rpm_md.read_primary(path, record)] == ["python3-foo", "python3-bar"]
    path.write_bytes(gzip.compress(GOOD.replace(b"foo", b"bad")))
    with pytest.raises(PolicyError, match=r"repomd\.xml says") as caught:
        next(rpm_md.read_primary(path, record))
    assert caught.value.context == str(path)


def test_I6_a_file_that_is_missing_or_no_file_is_an_error(tmp_path: Path) -> None:
    record = rpm_md.parse_repomd(repomd(data_record()), "x").primary
    for path in (tmp_path / "primary.xml.gz", tmp_path):
        with pytest.raises(UnavailableError, match="cannot be read") as caught:
            list(rpm_md.read_primary(path, record))
        assert caught.value.context == str(path)


def test_I6_a_file_that_was_broken_before_it_was_hashed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "primary.xml.gz"
    path.write_bytes(gzip.compress(GOOD)[:-9])
    with pytest.raises(UnavailableError, match="cannot be unpacked"):
        list(rpm_md.read_primary(path, record_of(path)))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "primary.xml.gz"
    others = [sample(name=f"other-{number}", prose="x" * 1000) for number in range(20_000)]
    path.write_bytes(gzip.compress(document([sample(), *others]), compresslevel=1))
    record = record_of(path)
    tracemalloc.start()
    try:
        assert len(list(rpm_md.read_primary(path, record))) == 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("name", "all_of_them", "kept", "date"),
    [
        ("centos-stream-9-appstream", 17_649, 1_942, "2025-01-13T09:46:00Z"),
        ("opensuse-tumbleweed-20230910", 11_269, 11_269, "2023-09-10T00:00:00Z"),
    ],
)
def test_real_repositories_are_read_as_they_stand(
    shared: Path, name: str, all_of_them: int, kept: int, date: str
) -> None:
    folder = shared / "data" / name
    found = rpm_md.parse_repomd((folder / "repodata" / "repomd.xml").read_bytes(), "repomd.xml")
    assert found.date == date
    path = folder / found.primary.href
    data = gzip.decompress(path.read_bytes())
    assert data.count(b"<package ") == all_of_them
    wanted = {"glibc", "python3"}
    expected = reference(data, wanted)
    del data
    assert list(rpm_md.read_primary(path, found.primary, wanted=wanted)) == expected
    assert sum(1 for _ in rpm_md.read_primary(path, found.primary)) == kept
