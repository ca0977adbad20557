"""Versions as rpm's generator for Python writes them, turned back into PEP 440 (pythondistdeps.py, RpmVersion).

It strips trailing zeros and the local part, writes ``~`` before a pre-release, ``~~`` before a development release,
``^`` before a post-release and ``:`` after an epoch, so that rpm sorts as PEP 440 does. Of several suffixes it keeps
the first of pre, dev and post, and what is not PEP 440 it copies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from resolver.catalog import versions

if TYPE_CHECKING:
    from resolver.catalog.versions import Effective

_EPOCH = re.compile(r"([0-9]+):")
_PRE_RELEASE = re.compile(r"~(?=(?:a|b|c|rc|alpha|beta|pre|preview)[0-9]*$)")
_SUFFIX = re.compile(r"(?:~~(?=dev[0-9]*$)|\^(?=post[0-9]*$))")


def from_rpm(text: str) -> Version | None:
    """Give the version that ``2.4.8~b5``, ``0.1~~dev6``, ``2^post1`` or ``1:2.0`` stands for; None where it is none.

    Equal under PEP 440 to what the project's metadata says, but for a local part and for suffixes after the first: both
    are lost. A release, which only the OS package's own version has, is no part of it.
    """
    spelled = _EPOCH.sub(r"\1!", text, count=1) if _EPOCH.match(text) else text
    spelled = _SUFFIX.sub(".", _PRE_RELEASE.sub("", spelled))
    try:
        return Version(spelled)
    except InvalidVersion:
        return None


def effective(provided: str, evr: str, *, distrust: bool = False) -> Effective:
    """Judge what the version of a project is (rule V1) whose OS package of version ``evr`` provides it as ``provided``.

    ``provided`` is the capability's version, maybe empty; ``distrust`` an override's word that it means nothing. There
    is no older build to be read from (rule V2): both stand in one record.
    """
    version = from_rpm(provided)
    return versions.effective(provided if version is None else str(version), "", evr, distrust=distrust)
