"""Who may upload a project, as its index says, and who could when it was asked before.

An index tells who may now (``ownership`` of ``/pypi/NAME/json``) and keeps no history, so the cache does: each state
with the first day that it was seen on. A project is asked about once a day, and all runs of a day agree (rule R7).
Where the index does not tell, or nothing was seen before, nothing is known of a change (rule T2).
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from resolver.errors import UnavailableError
from resolver.model import HttpNotFound
from resolver.model.review import Owners
from resolver.pypi.json_api import base_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.utils import NormalizedName

    from resolver.ports import Cache, Http

_KIND = "owners"
_FORMAT = "1"
_MOST_STATES = 20
_PATIENCE = 2
"""After so many projects in a row that an index tells nothing of, it is not asked about others."""


class OwnersSeen:
    """Asks indexes and remembers. ``way`` gives the client and the Simple API's URL of a project's own index."""

    def __init__(self, way: Callable[[NormalizedName], tuple[Http, str]], cache: Cache, today: date) -> None:
        """Ask nobody yet; ``today`` is in UTC."""
        self._way = way
        self._cache = cache
        self._today = today
        self._failures: dict[str, int] = {}

    def of(self, project: NormalizedName) -> Owners | None:
        """Give who may upload a project; None where nobody tells."""
        http, url = self._way(project)
        base = base_of(url)
        key = f"{_FORMAT}\n{base}\n{project}"
        asked, states = _remembered(self._cache.read_json(_KIND, key))
        if asked != self._today:
            now = self._ask(http, base, project)
            if now is None:
                return None
            if not states or states[-1][1] != now:
                states = [*states, (self._today, now)][-_MOST_STATES:]
            self._cache.write_json(
                _KIND, key, [self._today.isoformat(), [[day.isoformat(), names] for day, names in states]]
            )
        since, latest = states[-1]
        return Owners(now=latest, since=since, before=states[-2][1] if len(states) > 1 else None)

    def _ask(self, http: Http, base: str, project: NormalizedName) -> tuple[str, ...] | None:
        failures = self._failures.get(base, 0)
        if failures >= _PATIENCE:
            return None
        try:
            answer = http.get(f"{base}/{quote(project)}/json", accept="application/json")
        except UnavailableError:
            found = None
        else:
            found = None if isinstance(answer, HttpNotFound) else read(answer.body)
        self._failures[base] = failures + 1 if found is None else 0
        return found


def read(body: bytes) -> tuple[str, ...] | None:
    """Read the roles, and the organization if there is one, out of a project's document; None where it has none."""
    try:
        ownership = json.loads(body)["ownership"]
        roles = {f"{one['role']}: {one['user']}" for one in ownership["roles"]}
        if ownership.get("organization"):
            roles.add(f"Organization: {ownership['organization']}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(sorted(roles)) or None


def _remembered(value: object) -> tuple[date | None, list[tuple[date, tuple[str, ...]]]]:
    """Give back what was written, nothing for anything else."""
    try:
        asked, states = cast("Any", value)
        seen = [(date.fromisoformat(day), tuple(map(str, names))) for day, names in states]
        return (date.fromisoformat(asked), seen) if seen else (None, [])
    except (ValueError, TypeError):
        return None, []
