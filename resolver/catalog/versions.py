"""Which version a project has inside an OS package (rules V1 and V2).

The metadata version is the version; Debian's is only consulted where the metadata holds a placeholder, or was
read from an older build than the candidate. Turning a Debian upstream version into a PEP 440 one is guesswork by
nature, so whatever is derived carries a note that says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

_REALLY = re.compile(r"\+(?:really|actually)[.+]?")
_REPACKED = re.compile(r"~(?:dfsg|ds|github|pypi)(?![a-z])")
_PRE_RELEASES = (
    (re.compile(r"~\.?(?:rc|c|pre)\.?(\d*)"), "rc"),
    (re.compile(r"~\.?(?:beta|b)\.?(\d*)"), "b"),
    (re.compile(r"~\.?(?:alpha|a)\.?(\d*)"), "a"),
    (re.compile(r"~{1,2}\.?dev\.?(\d*)"), ".dev"),
)
_POST_RELEASE = re.compile(r"\^post(\d+)", re.ASCII)
_ONLY_DATE = re.compile(r"0~(\d{6,8}(?:\.\d+)*)$", re.ASCII)
_LEADING = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """A version to judge specifiers by, and the note that explains it where it is not the metadata's."""

    version: Version
    note: str | None = None
    is_current: bool = True
    """Whether the metadata version speaks of the candidate, not of an earlier build (rule V2)."""


def upstream_part(os_version: str) -> str:
    """Strip the epoch, and Debian's revision or rpm's release: ``1:2.0+dfsg-3`` gives ``2.0+dfsg``.

    As in deb-version(7) and rpm-version(7).
    """
    without_epoch = os_version.partition(":")[2] if ":" in os_version else os_version
    return without_epoch.rpartition("-")[0] or without_epoch


def derive(os_version: str) -> Version:
    """Translate a Debian or rpm version into PEP 440 as well as it can be done; never fails.

    ``2.0~rc1+dfsg-1`` gives 2.0rc1, ``8.2.0+0.really.8.1.8-1`` 8.1.8, ``0.4~git2019-1`` 0.4.dev0. What was only packed
    anew is the release itself: ``2.0~dfsg-1`` gives 2.0. What comes after a release is that release, as with ``+``:
    rpm's ``2.0^20230101git1a2b-1`` gives 2.0; but ``2.0^post1-1`` names what it is.
    """
    text = upstream_part(os_version)
    if "really" in text or "actually" in text:
        text = _REALLY.split(text.replace("+0.really", "+really"))[-1]
    text = _POST_RELEASE.sub(r".post\1", text.partition("+")[0]).partition("^")[0]
    text = _REPACKED.split(text)[0]
    if date := _ONLY_DATE.match(text):
        text = date[1]
    for pattern, letter in _PRE_RELEASES:
        text = pattern.sub(lambda match, letter=letter: f"{letter}{match[1] or 0}", text)  # type: ignore[misc]  # mypy sees a two-argument lambda
    base, snapshot, _ = text.partition("~")
    if snapshot and ".dev" not in base:
        base += ".dev0"
    try:
        return Version(base)
    except InvalidVersion:
        leading = _LEADING.search(base)
        return Version(leading[0] if leading else "0")


def effective(metadata_version: str, seen_in: str, candidate: str, *, distrust: bool = False) -> Effective:
    """Judge what a candidate's version is (rules V1 and V2).

    ``metadata_version`` is what the trace says (maybe empty), ``seen_in`` the OS version of the build that the
    trace was read from (empty: the candidate's own), ``candidate`` the OS version that would be installed.
    ``distrust`` is an override's word that the metadata version means nothing.
    """
    derived = derive(candidate)
    upstream = upstream_part(candidate)
    if seen_in and upstream_part(seen_in) != upstream:
        note = f"derived from {upstream}: the metadata was read from {seen_in}"
        return Effective(version=derived, note=note, is_current=False)
    try:
        version = Version(metadata_version)
    except InvalidVersion:
        says = f"says {metadata_version!r}" if metadata_version else "names no version"
        return Effective(version=derived, note=f"derived from {upstream}: the metadata {says}")
    if distrust or is_placeholder(version):
        if derived == version or is_placeholder(derived):
            return Effective(version=version)
        return Effective(version=derived, note=f"derived from {upstream}: the metadata says {metadata_version}")
    if version.dev is not None and derived.dev is None and version.base_version == derived.base_version:
        return Effective(version=derived, note=f"the release {derived}: the metadata says {metadata_version}")
    return Effective(version=version)


def is_placeholder(version: Version) -> bool:
    """Tell what build tools write when they do not know: ``0``, ``0.0.0.dev0``, ``999``, ``1.0a0+gitunknown``."""
    return not any(version.release) or version.release == (999,) or "unknown" in (version.local or "")


def is_stated(metadata_version: str) -> bool:
    """Tell whether a metadata version says something: it is one by PEP 440, and no placeholder."""
    try:
        return not is_placeholder(Version(metadata_version))
    except InvalidVersion:
        return False
