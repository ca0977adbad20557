"""What one run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.cooldown import Cooldown
from resolver.model import PinsPolicy, Preference
from resolver.resolve import Policy
from resolver.targets import HOST

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from resolver.model import AssignedIndex, NamedRepository


ALL = "all"
"""Instead of a name: every listed project whose bound keeps the distribution's version out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """One run, as the command line and the configuration ask for it."""

    inputs: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    targets: tuple[str, ...] = (HOST,)
    architecture: str | None = None
    python: str | None = None
    """``3.11``: one of several that a release has side by side; None: its main one."""
    repositories: tuple[NamedRepository, ...] = ()
    pins: PinsPolicy = PinsPolicy.EXACT
    pins_for: tuple[tuple[NormalizedName, PinsPolicy], ...] = ()
    prefer: Preference = Preference.FEWEST
    only_distro: bool = False
    exclude: frozenset[NormalizedName] = frozenset()
    allow_sdist: frozenset[NormalizedName] = frozenset()
    """Projects that may be built of an sdist where no wheel fits (rule P2)."""
    cooldown: Cooldown = field(default_factory=Cooldown)
    """What nothing that is chosen from the index may be younger than (rule P3)."""
    indexes: tuple[AssignedIndex, ...] = ()
    """Where single projects come from instead of the default index (rule P1)."""
    popular: Path | None = None
    """A list of names that others may be mistaken for, beside those that the distributions know."""
    reviewed: frozenset[NormalizedName] = frozenset()
    """Names that look like others and are meant."""
    strict: bool = False
    """Whether ``lock`` and ``install`` refuse what somebody has to decide, instead of warning of it."""
    relax: tuple[str, ...] = ()
    """Projects whose bounds a report sets aside, each by itself, to tell what that would buy; or ``ALL``."""
    direct: bool = False
    offline: bool = False
    venv: Path = Path("venv")
    lock: Path | None = None
    allow: frozenset[tuple[str, NormalizedName]] = frozenset()
    """What a review lets pass of a wheel: the fault's value and the project (rule P4)."""
    user_only: bool = False
    """Whether OS packages are somebody else's to install."""
    dry_run: bool = False
    fail_under: float | None = None
    """The coverage, in per cent, below which ``install`` changes nothing; None: whatever it is."""
    output: Path | None = None
    mirror: Path | None = None
    """A folder that ``mirror`` made, from which a lock is installed without a network."""
    advisories: Path | None = None
    """A database of known vulnerabilities, in OSV's format."""

    @property
    def policy(self) -> Policy:
        """What of it the resolver has to know."""
        return Policy(
            pins=self.pins,
            pins_of=self.pins_for,
            prefer=self.prefer,
            only_distro=self.only_distro,
            exclude=self.exclude,
            allow_sdist=self.allow_sdist,
        )
