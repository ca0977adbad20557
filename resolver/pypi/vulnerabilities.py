"""What the index itself knows of a version's vulnerabilities: ``/pypi/NAME/VERSION/json`` beside its Simple API.

Few mirrors serve it, and an answer that is not there is no answer: a 404, a document of another version, or one
without the key is Unchecked, never clean (rule T2). ``/pypi/NAME/json`` is about the latest version, and counts where
that is the one in question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.errors import UnavailableError
from resolver.model import HttpNotFound, Unchecked
from resolver.model.audit import Advisory, Known
from resolver.pypi.json_api import base_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName

    from resolver.ports import Http

_NEXT_STEP = "name an advisory database in OSV's format: --advisories DIR"
_PATIENCE = 2
"""After so many projects in a row without an answer nobody is asked any more: there is no network, or no server."""


class IndexAdvisories:
    """``resolver.ports.ProjectAdvisories`` by the index's JSON API."""

    def __init__(self, http: Http, index_url: str, *, warn: Callable[[str], None]) -> None:
        """Take the Simple API's URL; ``warn`` is told once where nothing can be asked."""
        self._base = base_of(index_url)
        self._http = http
        self._warn = warn
        self._failures = 0
        self._last: UnavailableError | None = None

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:
        """Ask for the version, then for the latest."""
        if self._failures >= _PATIENCE and self._last is not None:
            return _failed(self._last)
        try:
            for path in (f"{quote(project)}/{quote(str(version))}", quote(project)):
                answer = self._http.get(f"{self._base}/{path}/json", accept="application/json")
                self._failures = 0
                if not isinstance(answer, HttpNotFound) and (known := read(answer.body, project, version, self._base)):
                    return known
        except UnavailableError as error:
            if self._last is None:
                self._warn(f"the index cannot be asked for vulnerabilities: {error}")
            self._failures += 1
            self._last = error
            return _failed(error)
        return Unchecked(why=f"the index serves no vulnerabilities of {project} {version}", next_step=_NEXT_STEP)


def _failed(error: UnavailableError) -> Unchecked:
    return Unchecked(why=f"the index cannot be asked: {error.message}", next_step=_NEXT_STEP)


def read(body: bytes, project: NormalizedName, version: Version, source: str) -> Known | None:
    """Read a document; None where it is not about exactly this version, or says nothing of vulnerabilities."""
    try:
        document = json.loads(body)
        about, listed = document["info"], document["vulnerabilities"]
        if canonicalize_name(about["name"]) != project or Version(about["version"]) != version:
            return None
        # One that cannot be understood makes the whole answer none: it might be the one that counts.
        advisories = [_advisory(item) for item in listed if item.get("withdrawn") is None]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidVersion):
        return None
    return Known(advisories=tuple(sorted(advisories, key=lambda advisory: advisory.id)), source=source)


def _advisory(item: Mapping[str, object]) -> Advisory:
    """Raise KeyError or TypeError for what is no vulnerability."""
    name = item["id"]
    if not isinstance(name, str) or not name:
        raise TypeError("a vulnerability without an id")
    aliases, fixed = item.get("aliases") or [], item.get("fixed_in") or []
    if not isinstance(aliases, list) or not isinstance(fixed, list):
        raise TypeError("names that are no list")
    return Advisory(
        id=name,
        aliases=tuple(sorted(str(alias) for alias in aliases if alias != name)),
        fixed=tuple(map(str, fixed)),
    )
