"""One project's page of the Simple API, from bytes to file entries. Pure; knows neither HTTP nor targets.

Two spellings, one meaning: JSON (PEP 691, with the fields of PEP 592, 700, 714, 740 and 792) and HTML (PEP 503), for
mirrors that serve nothing else. A page is what a server says, so every field may have any shape: an entry that makes no
sense is left out, as pip does, and a page that makes none is an UnavailableError, never an empty project (rule R6).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit

from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCEPT: Final = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"  # PEP 691
)

_STATES = frozenset({"active", "archived", "quarantined", "deprecated"})
_SHA256_LENGTH = 64
_IS_HEX = re.compile(r"[0-9a-f]{64}").fullmatch


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """One file as the page lists it."""

    filename: str
    href: str
    """As written, without its fragment: may be relative to the page's ``base``."""
    sha256: str | None
    requires_python: str | None
    size: int | None
    upload_time: str | None
    yanked: str | None
    """The reason, maybe empty; None where the file is not yanked (PEP 592)."""
    core_metadata: str | None
    """The metadata file's sha256; empty where it exists without a hash; None where it does not (PEP 658, 714)."""
    provenance: str | None = None
    """Where its attestations are, as written; None where there are none (PEP 740)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One project's page. Of most files the name alone matters, so the rest of an entry is read on demand."""

    base: str
    """What relative links start from."""
    entries: tuple[tuple[str, Mapping[str, object]], ...]
    """File name and entry as served, in the page's order; none where the project is quarantined (PEP 792)."""
    read: Callable[[str, Mapping[str, object]], IndexFile]
    """Understands one of ``entries``."""
    status: str = "active"
    """``active``, ``archived``, ``deprecated`` or ``quarantined``."""
    status_reason: str | None = None

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """All files."""
        return tuple(self.read(filename, entry) for filename, entry in self.entries)


def parse(body: bytes, content_type: str, url: str) -> Page:
    """Read a page that the index at ``url`` served as ``content_type`` (lower case, without parameters).

    Raises UnavailableError for what is no page of the Simple API, or one of an unknown major version.
    """
    if content_type.endswith("json"):
        page = _parse_json(body, url)
    elif content_type in {"text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml"}:
        page = _parse_html(body, url)
    else:
        raise UnavailableError(
            f"the index answered with {content_type or 'no content type'}; expected a page of the Simple API",
            context=url,
            hint="check that index-url ends in the part that pip wants, usually /simple",
        )
    if page.status == "quarantined":  # PEP 792: its files are not to be installed, and should not be listed
        return replace(page, entries=())
    return page


def absolute(base: str, href: str) -> str:
    """Resolve a link against its page; empty where it leads to neither http nor https, or from https to http.

    Logins are left out, so that none ends up in a lock.
    """
    if href.startswith("https://") and "@" not in href and "[" not in href:
        return href  # nearly every link of a large index; taking it apart would cost more than all else on the page
    try:
        parts = urlsplit(href if href.startswith(("https://", "http://")) else urljoin(base, href))
    except ValueError:
        return ""
    allowed = {"https"} if base.startswith("https:") else {"https", "http"}
    if parts.scheme not in allowed or not parts.netloc:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


# JSON ---------------------------------------------------------------------------------------------------------


def _parse_json(body: bytes, url: str) -> Page:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _no_page(url, "the JSON cannot be read") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise _no_page(url, "the JSON has no list of files")
    meta = document.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, url)
    status, reason = _status(document.get("project-status"))
    entries = tuple(
        (item["filename"], item)
        for item in document["files"]
        if isinstance(item, dict) and isinstance(item.get("filename"), str) and isinstance(item.get("url"), str)
    )
    return Page(base=url, entries=entries, read=_json_file, status=status, status_reason=reason)


def _json_file(filename: str, entry: Mapping[str, object]) -> IndexFile:
    get = entry.get
    hashes, requires, size, uploaded = get("hashes"), get("requires-python"), get("size"), get("upload-time")
    yanked, provenance = get("yanked"), get("provenance")
    return IndexFile(
        filename=filename,
        href=str(entry["url"]).partition("#")[0],
        sha256=_sha256(hashes.get("sha256")) if isinstance(hashes, dict) else None,
        requires_python=requires if isinstance(requires, str) and requires else None,
        size=size if type(size) is int and size >= 0 else None,
        upload_time=uploaded if isinstance(uploaded, str) and uploaded else None,
        yanked=(yanked if isinstance(yanked, str) else "") if yanked else None,
        core_metadata=_json_metadata(get("core-metadata", get("dist-info-metadata"))),
        provenance=provenance if isinstance(provenance, str) and provenance else None,
    )


def _json_metadata(value: object) -> str | None:
    """PEP 714: the value is a bool, or the hashes of the metadata file."""
    if isinstance(value, dict):
        return _sha256(value.get("sha256")) or ""
    return "" if value is True else None


def _status(value: object) -> tuple[str, str | None]:
    """PEP 792: ``{"status": …, "reason": …}``; a state that is not known counts as active, as the PEP says."""
    if not isinstance(value, dict):
        return "active", None
    status, reason = value.get("status"), value.get("reason")
    if not isinstance(status, str) or status not in _STATES:
        return "active", None
    return status, reason if isinstance(reason, str) and reason else None


# HTML ---------------------------------------------------------------------------------------------------------


class _Anchors(HTMLParser):
    """Collects what PEP 503, 592, 629, 658, 740 and 792 put into a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.metas: dict[str, str] = {}
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))
        elif tag == "meta":
            found = dict(attrs)
            self.metas.setdefault(found.get("name") or "", found.get("content") or "")
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")


def _parse_html(body: bytes, url: str) -> Page:
    parser = _Anchors()
    try:
        parser.feed(body.decode("utf-8", "replace"))
        parser.close()
    except (AssertionError, ValueError) as error:  # html.parser asserts on some malformed declarations
        raise _no_page(url, "the HTML cannot be read") from error
    _check_version(parser.metas.get("pypi:repository-version"), url)
    status, reason = _status(
        {
            "status": parser.metas.get("pypi:project-status"),
            "reason": parser.metas.get("pypi:project-status-reason"),
        }
    )
    try:
        base = urljoin(url, parser.base) if parser.base else url
    except ValueError:
        base = url
    entries = tuple((filename, anchor) for anchor in parser.anchors if (filename := _filename(anchor)))
    return Page(base=base, entries=entries, read=_html_file, status=status, status_reason=reason)


def _filename(anchor: Mapping[str, str | None]) -> str:
    """Give the last part of the link's path, which PEP 503 wants to be the file's name."""
    path = (anchor.get("href") or "").partition("#")[0].partition("?")[0]
    return unquote(path.rpartition("/")[2])


def _html_file(filename: str, entry: Mapping[str, object]) -> IndexFile:
    anchor = {name: str(value or "") for name, value in entry.items()}
    href, _, fragment = anchor["href"].partition("#")
    metadata = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata", ""))
    return IndexFile(
        filename=filename,
        href=href,
        sha256=_hash_in(fragment),
        requires_python=anchor.get("data-requires-python") or None,
        size=None,
        upload_time=None,
        yanked=anchor.get("data-yanked"),
        core_metadata=_hash_in(metadata) or "" if metadata not in {"", "false"} else None,
        provenance=anchor.get("data-provenance") or None,
    )


def _hash_in(text: str) -> str | None:
    """Find the sha256 in ``sha256=…``, or in ``egg=x&sha256=…``."""
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name == "sha256":
            return _sha256(value)
    return None


# Both ---------------------------------------------------------------------------------------------------------


def _sha256(value: object) -> str | None:
    if not isinstance(value, str) or len(value) != _SHA256_LENGTH:
        return None
    value = value.lower()
    return value if _IS_HEX(value) else None


def _check_version(version: object, url: str) -> None:
    """PEP 629: another major version means that nothing may be concluded from the page."""
    if version is None or version == "":
        return
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise UnavailableError(
            f"the index speaks version {version!s:.20} of the Simple API; this program reads version 1",
            context=url,
            hint="update distrofirst, or use an index that serves version 1",
        )


def _no_page(url: str, what: str) -> UnavailableError:
    return UnavailableError(
        f"the index's answer is no page of the Simple API: {what}",
        context=url,
        hint="check index-url; a captive portal or a login page may have answered in its place",
    )
