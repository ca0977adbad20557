"""Pages of the Simple API, JSON and HTML, good and bad."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.errors import DistrofirstError, UnavailableError
from resolver.pypi.simple import IndexFile, absolute, parse

URL = "https://index.example/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
SHA = "0123456789abcdef" * 4


def json_page(*files: Any, **more: Any) -> bytes:  # noqa: ANN401 -- whatever a server may say
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": list(files), **more}).encode()


def entry(**more: object) -> dict[str, object]:
    return {
        "filename": "demo-1.0-py3-none-any.whl",
        "url": "x/demo-1.0-py3-none-any.whl",
        "hashes": {"sha256": SHA},
        **more,
    }


def one(body: bytes, content_type: str = JSON) -> IndexFile:
    (file,) = parse(body, content_type, URL).files
    return file


def anchor(attributes: str = "", href: str = f"x/demo-1.0-py3-none-any.whl#sha256={SHA}") -> bytes:
    return f"<html><body><a href='{href}' {attributes}>demo</a></body></html>".encode()


PLAIN = IndexFile(
    filename="demo-1.0-py3-none-any.whl",
    href="x/demo-1.0-py3-none-any.whl",
    sha256=SHA,
    requires_python=None,
    size=None,
    upload_time=None,
    yanked=None,
    core_metadata=None,
)


def test_both_spellings_of_a_file_mean_the_same() -> None:
    assert one(json_page(entry())) == PLAIN
    assert one(anchor(), HTML) == PLAIN
    assert one(anchor(), "text/html") == PLAIN


def test_all_fields_of_json() -> None:
    file = one(
        json_page(
            entry(**{"requires-python": ">=3.8", "size": 7, "upload-time": "2026-01-01T00:00:00Z", "yanked": "why"})
        )
    )
    assert (file.requires_python, file.size, file.upload_time, file.yanked) == (
        ">=3.8",
        7,
        "2026-01-01T00:00:00Z",
        "why",
    )


def test_all_attributes_of_html() -> None:
    file = one(anchor('data-requires-python="&gt;=3.8" data-yanked="why &amp; when"'), HTML)
    assert (file.requires_python, file.yanked) == (">=3.8", "why & when")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, ""), (False, None), (None, None), ("", None), ("why", "why"), (1, "")],
)
def test_yanked_in_json(value: object, expected: str | None) -> None:
    """PEP 592, PEP 691."""
    assert one(json_page(entry(yanked=value))).yanked == expected


@pytest.mark.parametrize(("attributes", "expected"), [("data-yanked", ""), ('data-yanked=""', ""), ("", None)])
def test_yanked_in_html(attributes: str, expected: str | None) -> None:
    assert one(anchor(attributes), HTML).yanked == expected


@pytest.mark.parametrize("name", ["core-metadata", "dist-info-metadata"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"sha256": SHA}, SHA),
        ({"sha256": "short"}, ""),
        ({}, ""),
        (True, ""),
        (False, None),
        (None, None),
        ("true", None),
    ],
)
def test_both_names_of_core_metadata_in_json(name: str, value: object, expected: str | None) -> None:
    """PEP 714."""
    assert one(json_page(entry(**{name: value}))).core_metadata == expected


@pytest.mark.parametrize("name", ["data-core-metadata", "data-dist-info-metadata"])
@pytest.mark.parametrize(
    ("value", "expected"), [(f"sha256={SHA}", SHA), ("true", ""), ("md5=1", ""), ("false", None), ("", None)]
)
def test_both_names_of_core_metadata_in_html(name: str, value: str, expected: str | None) -> None:
    assert one(anchor(f'{name}="{value}"'), HTML).core_metadata == expected


def test_the_new_name_of_core_metadata_wins() -> None:
    assert one(json_page(entry(**{"core-metadata": False, "dist-info-metadata": True}))).core_metadata is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("https://index.example/p", "https://index.example/p"), (None, None), ("", None), (7, None), ({"url": "x"}, None)],
)
def test_provenance_in_json_and_in_html(value: object, expected: str | None) -> None:
    """PEP 740."""
    assert one(json_page(entry(provenance=value))).provenance == expected
    assert one(anchor(f'data-provenance="{expected or ""}"'), HTML).provenance == expected


@pytest.mark.parametrize(
    "hashes", [{}, None, {"md5": "0" * 32}, {"sha256": SHA[:-1]}, {"sha256": "g" * 64}, {"sha256": 5}]
)
def test_P2_a_hash_that_is_no_sha256_is_none(hashes: object) -> None:
    assert one(json_page(entry(hashes=hashes))).sha256 is None


def test_a_hash_in_capitals_is_the_same_hash() -> None:
    assert one(json_page(entry(hashes={"sha256": SHA.upper()}))).sha256 == SHA


@pytest.mark.parametrize(
    "bad",
    [
        None,
        5,
        "text",
        [],
        {},
        {"filename": "a.whl"},
        {"url": "a"},
        {"filename": 1, "url": "a"},
        {"filename": "a", "url": []},
    ],
)
def test_an_entry_without_name_or_address_is_left_out(bad: object) -> None:
    assert parse(json_page(bad, entry()), JSON, URL).files == (PLAIN,)


def test_fields_of_the_wrong_type_say_nothing() -> None:
    odd = {"requires-python": 3, "size": "7", "upload-time": 5}
    assert one(json_page(entry(**odd))) == PLAIN
    assert one(json_page(entry(size=True))).size is None
    assert one(json_page(entry(size=-1))).size is None


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.99"])
def test_any_minor_version_is_read(version: str) -> None:
    """PEP 629."""
    assert parse(json_page(meta={"api-version": version}), JSON, URL).files == ()
    parse(f'<meta name="pypi:repository-version" content="{version}">'.encode(), HTML, URL)


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "x", 1.0])
def test_another_major_version_is_refused(version: object) -> None:
    with pytest.raises(UnavailableError, match="version 1"):
        parse(json_page(meta={"api-version": version}), JSON, URL)
    with pytest.raises(UnavailableError, match="version 1"):
        parse(f'<meta name="pypi:repository-version" content="{version}x">'.replace("1.0x", "2").encode(), HTML, URL)


@pytest.mark.parametrize("status", ["archived", "deprecated"])
def test_the_projects_status_is_told(status: str) -> None:
    """PEP 792."""
    page = parse(json_page(entry(), **{"project-status": {"status": status, "reason": "moved"}}), JSON, URL)
    assert (page.status, page.status_reason, len(page.files)) == (status, "moved", 1)
    head = (
        f'<meta name="pypi:project-status" content="{status}"><meta name="pypi:project-status-reason" content="moved">'
    )
    assert parse(head.encode() + anchor(), HTML, URL).status_reason == "moved"


def test_P3_a_quarantined_project_has_no_files() -> None:
    page = parse(json_page(entry(), **{"project-status": {"status": "quarantined"}}), JSON, URL)
    assert (page.status, page.files) == ("quarantined", ())


@pytest.mark.parametrize("status", [None, "archived", {}, {"status": 5}, {"status": "on-holiday"}])
def test_an_unknown_status_is_active(status: object) -> None:
    assert parse(json_page(**{"project-status": status}), JSON, URL).status == "active"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"files": {}}', JSON),
        (b'{"meta": {"api-version": "1.0"}}', JSON),
        (b"[" * 100_000, JSON),
        (b'{"files": [], "n": ' + b"9" * 5000 + b"}", JSON),
        (b"\xff\xfe\x00", JSON),
        (b"hello", "text/plain"),
        (b"hello", ""),
        (b"PK", "application/zip"),
    ],
)
def test_R6_what_is_no_page_is_an_error_and_no_empty_project(body: bytes, content_type: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        parse(body, content_type, URL)
    assert caught.value.context == URL
    assert caught.value.hint


def test_plain_json_is_taken_from_static_mirrors() -> None:
    assert parse(json_page(entry()), "application/json", URL).files == (PLAIN,)


# Addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("demo.whl", f"{URL}demo.whl"),
        ("../../files/demo.whl", "https://index.example/files/demo.whl"),
        ("/files/demo.whl", "https://index.example/files/demo.whl"),
        ("//files.example/demo.whl", "https://files.example/demo.whl"),
        ("https://files.example/demo.whl?x=1", "https://files.example/demo.whl?x=1"),
        ("https://me:secret@files.example/demo.whl", "https://files.example/demo.whl"),
        ("http://files.example/demo.whl", ""),
        ("file:///etc/passwd", ""),
        ("https://[::1/demo.whl", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_addresses(href: str, expected: str) -> None:
    assert absolute(URL, href) == expected


def test_an_index_over_http_may_name_files_over_http() -> None:
    assert absolute("http://127.0.0.1/simple/demo/", "http://127.0.0.1/a.whl") == "http://127.0.0.1/a.whl"


def test_html_has_its_own_base_and_escapes() -> None:
    body = b'<base href="https://files.example/d/"><a href="a%2Bb-1.0.tar.gz?x=1#sha256=zz">whatever</a>'
    page = parse(body, HTML, URL)
    assert page.base == "https://files.example/d/"
    assert page.files[0].filename == "a+b-1.0.tar.gz"
    assert page.files[0].sha256 is None


def test_html_entries_without_a_file_are_left_out() -> None:
    assert parse(b"<a>x</a><a href>y</a><a href='../'>up</a><A HREF=''>z</A>", HTML, URL).files == ()


# Whatever a server may say ------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["filename", "url", "hashes", "requires-python", "size", "upload-time", "yanked", "core-metadata"]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("meta", "files", "project-status", "versions"), VALUES)))
def test_any_json_is_a_page_or_an_error_of_ours(document: dict[str, object]) -> None:
    readable(json.dumps(document).encode(), JSON)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)), max_size=4))
def test_any_entries_are_read(entries: list[dict[str, object]]) -> None:
    for file in parse(json_page(*entries), JSON, URL).files:
        absolute(URL, file.href)


@given(st.binary(max_size=300), st.sampled_from([JSON, HTML, "text/html", "application/json", "x/y"]))
def test_any_bytes_are_a_page_or_an_error_of_ours(body: bytes, content_type: str) -> None:
    readable(body, content_type)


@given(st.text(alphabet="<>a/!-=\"'&#; hrefdatbs[]?%\n", max_size=120))
def test_any_html_is_a_page_or_an_error_of_ours(text: str) -> None:
    readable(text.encode(), HTML)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_address_is_one_or_none(base: str, href: str) -> None:
    assert absolute(base, href) == "" or absolute(base, href).startswith(("https://", "http://"))


def readable(body: bytes, content_type: str) -> None:
    try:
        files = parse(body, content_type, URL).files
    except DistrofirstError:
        return
    for file in files:
        absolute(URL, file.href)
