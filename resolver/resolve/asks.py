"""Who asks for what: requirements as the resolver sees them, and the candidates that may answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.requirements import Requirement as Pep508
from packaging.utils import NormalizedName, canonicalize_name

from resolver import repositories
from resolver.model import OsCandidate, PinsPolicy, Preference
from resolver.resolve import pins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from resolver.model import Requirement, Wheel


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the user allows and prefers."""

    pins: PinsPolicy = PinsPolicy.EXACT
    pins_of: tuple[tuple[NormalizedName, PinsPolicy], ...] = ()
    """Projects with a policy of their own, from the configuration."""
    prefer: Preference = Preference.FEWEST
    only_distro: bool = False
    pre: bool = False
    """Whether pre-releases are welcome everywhere (``--pre`` in a requirements file)."""
    exclude: frozenset[NormalizedName] = frozenset()
    """Projects that shall not come from the distribution."""
    allow_sdist: frozenset[NormalizedName] = frozenset()
    """Projects that may be built of an sdist where no wheel fits (rule P2)."""

    def pins_for(self, project: NormalizedName) -> PinsPolicy:
        """Give the policy for one project's pins."""
        return dict(self.pins_of).get(project, self.pins)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One demand on one project."""

    project: NormalizedName
    extras: frozenset[str] = frozenset()
    specifier: SpecifierSet
    """As written: what a wheel has to satisfy."""
    os_specifier: SpecifierSet | None
    """What the distribution's candidate has to satisfy (rule R9); None: anything will do (rule R3)."""
    hashes: frozenset[str] = frozenset()
    url: str | None = None
    by: str
    """``requirements.txt:3``, or the project that needs it."""
    constraint: bool = False
    direct: bool = False

    def __str__(self) -> str:
        """Word the demand: ``pydantic>=2 (app.txt:3)``."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        place = f" @ {self.url}" if self.url is not None else ""
        return f"{self.project}{extras}{self.specifier}{place} ({self.by})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One candidate for one project."""

    project: NormalizedName
    version: Version
    extras: frozenset[str]
    source: OsCandidate | Wheel
    url: str | None = None
    """The demand's URL that named it, as written."""

    @property
    def from_distro(self) -> bool:
        """Whether the distribution serves it."""
        return isinstance(self.source, OsCandidate)


def hash_of(ask: Ask) -> str | None:
    """Give the sha256 that a URL demand names, in its fragment or with ``--hash``."""
    fragment = (ask.url or "").partition("#")[2]
    named = [part.removeprefix("sha256=") for part in fragment.split("&") if part.startswith("sha256=")]
    named += [one.removeprefix("sha256:") for one in sorted(ask.hashes) if one.startswith("sha256:")]
    return named[0].lower() if named else None


def url_obstacle(ask: Ask, *, may_build: bool = False) -> str | None:
    """Say why a URL cannot be installed from, or None for a wheel with its hash, or a commit (rules P2, R5).

    ``may_build``: an sdist with its hash will do as well.
    """
    if ask.url is None:
        return None
    address = ask.url.partition("#")[0]
    if not ask.direct and not ask.constraint:
        return f"{ask.by} wants it from {address}; only the inputs may name a place"
    if repositories.is_vcs(ask.url):
        if ask.hashes:
            return f"{ask.by} gives a hash, which no repository has; its commit is the hash"
        obstacle = repositories.obstacle(ask.url)
        return f"{ask.by} names {obstacle}" if obstacle else None
    if not address.endswith(".whl") and not may_build:
        return f"{ask.by} names {address}, which would have to be built; only wheels are installed"
    what = "a wheel" if address.endswith(".whl") else "an sdist"
    return None if hash_of(ask) else f"{ask.by} names {what} without its hash: append #sha256=…"


def from_requirement(requirement: Requirement, name: NormalizedName, policy: PinsPolicy) -> Ask:
    """Turn an input's requirement into a demand; its marker has been evaluated."""
    return Ask(
        project=name,
        extras=frozenset(requirement.extras),
        specifier=requirement.specifier,
        os_specifier=pins.loosen(requirement.specifier, policy),
        hashes=frozenset(requirement.hashes),
        url=requirement.url,
        by=str(requirement.origin),
        constraint=requirement.constraint,
        direct=not requirement.constraint,
    )


@lru_cache(maxsize=4096)
def _pep508(line: str) -> Pep508:
    """Parse one line of Requires-Dist; a project's releases mostly repeat each other's."""
    return Pep508(line)


def from_metadata(
    lines: Iterable[str],
    parent: NormalizedName,
    extras: frozenset[str],
    environment: Mapping[str, str],
    *,
    from_distro: bool = False,
) -> tuple[Ask, ...]:
    """Turn Requires-Dist into demands, markers evaluated for the target and for each wanted extra (rule R4).

    Between OS packages upstream's bounds are not applied (rule R3): ``from_distro``. Raises ValueError for a line that
    is no requirement.
    """
    found = []
    for line in lines:
        try:
            requirement = _pep508(line)
            marker = requirement.marker
            if marker is not None and not any(
                marker.evaluate({**environment, "extra": extra}) for extra in ("", *sorted(extras))
            ):
                continue
        except ValueError as error:  # each of packaging's errors is one
            raise ValueError(f"{parent} requires {line!r}, which cannot be read: {error}") from error
        found.append(
            Ask(
                project=canonicalize_name(requirement.name),
                extras=frozenset(map(canonicalize_name, requirement.extras)),
                specifier=requirement.specifier,
                os_specifier=None if from_distro else requirement.specifier,
                url=requirement.url,
                by=parent,
            )
        )
    return tuple(found)
