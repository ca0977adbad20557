"""Versions as rpm's generator for Python writes them, turned back into PEP 440 (pythondistdeps.py, RpmVersion).

It strips trailing zeros and the local part, writes ``~`` before a pre-release, ``~~`` before a development release,
``^`` before a post-release and ``:`` after an epoch, so that rpm sorts as PEP 440 does. Of several suffixes it keeps
the first of pre, dev and post, and what is not PEP 440 it copies.
"""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

_EPOCH = re.compile(r"([0-9]+):")
_PRE_RELEASE = re.compile(r"~(?=(?:a|b|c|rc|alpha|beta|pre|preview)[0-9]*$)")
_RPMS_OWN = re.compile("[~^:]")
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


def spelled(provided: str, os_version: str) -> str:
    """Spell a provided version by PEP 440, or give it as it is where it is none.

    As the OS package does where that is the same version: rpm cut 2.31.0 to 2.31.
    """
    if provided == os_version and not _RPMS_OWN.search(provided):
        return provided
    version = from_rpm(provided)
    if version is None:
        return provided
    try:
        return os_version if Version(os_version) == version else str(version)
    except InvalidVersion:
        return str(version)
