"""The provider that resolvelib drives: the distribution's candidate first, then the index's wheels (rule R1).

One identifier is one project. Extras are the union of what is asked, so a later demand for an extra makes resolvelib
pin the project again. The distribution's candidates bring no dependencies into the search, for apt installs them and
their bounds do not count (rule R3); whether what stands below one stayed with the distribution is judged afterwards
(``resolver.resolve.closure``, rule R2).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from resolver import repositories
from resolver.errors import UnavailableError
from resolver.model import Absence, Listing, OsCandidate, PinsPolicy, Preference, Reason, Sdist, Wheel
from resolver.resolve import pins
from resolver.resolve.asks import Ask, Choice, Policy, from_metadata, hash_of, url_obstacle
from resolver.resolve.builds import Builds
from resolver.resolve.lessons import Lessons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.ports import Builder, Catalog, Index
    from resolver.resolve.closure import Demotion

WINDOW = 12
"""How many of the newest releases are looked at to find one that displaces nothing (``--prefer fewest``)."""

REJECTIONS = 3
"""How many releases without a fitting wheel are named, of those that were asked for."""

_File = TypeVar("_File", Sdist, Wheel)


class Refusal:
    """Why the distribution's candidate cannot serve a project: the first reason found, with its words."""

    __slots__ = ("cause", "detail", "reason")

    def __init__(self, reason: Reason, detail: str, cause: str | None = None) -> None:
        """Keep them; ``cause`` is whose demand it was, or the project below that is not the distribution's."""
        self.reason = reason
        self.detail = detail
        self.cause = cause


class Provider:
    """Answers resolvelib's five questions for one round; notes why it rejected what it rejected (rule R8)."""

    def __init__(
        self,
        catalog: Catalog,
        index: Index | None,
        policy: Policy,
        *,
        demoted: Mapping[NormalizedName, Demotion],
        constraints: Mapping[NormalizedName, Sequence[Ask]],
        builder: Builder | None = None,
        demands: dict[tuple[str, frozenset[str]], tuple[Ask, ...]] | None = None,
        extras_at_hand: bool = False,
    ) -> None:
        """Take what stays the same within one round.

        ``index`` None: never PyPI. ``demoted`` holds what was sent to the remainder, and why.
        ``constraints`` hold whenever their project is chosen, and ask for nothing by themselves. ``builder`` makes
        wheels of sdists, for the projects that the policy allows; None where the target is not here. ``demands``
        remembers what wheels ask for, from round to round. ``extras_at_hand``: extras that would have to be fetched
        count as present, and ``unchecked`` names their projects.
        """
        self._catalog = catalog
        self._index = index
        self._policy = policy
        self._demoted = demoted
        self._constraints = constraints
        self._builder = builder
        self.builds = Builds(builder, policy, catalog.target, self.note)
        self._environment = catalog.target.environment()
        self._order: dict[NormalizedName, int] = {}
        self._judged: dict[tuple[NormalizedName, tuple[int, ...]], tuple[Sequence[Ask], Refusal | None]] = {}
        self._demands = demands if demands is not None else {}
        self._extras_at_hand = extras_at_hand
        self.unchecked: set[NormalizedName] = set()
        self.refusals: dict[NormalizedName, Refusal] = {}
        self.notes: dict[NormalizedName, dict[str, None]] = {}
        self.listings: dict[NormalizedName, Listing] = {}
        """What the index said of the projects that it was asked about."""
        self.lessons = Lessons(constraints, self.os_refusal, self.wheels)

    def note(self, project: NormalizedName, text: str) -> None:
        """Remember one step of a project's story; told once."""
        self.notes.setdefault(project, {})[text] = None

    def identify(self, requirement_or_candidate: Ask | Choice) -> NormalizedName:
        """One identifier a project."""
        return requirement_or_candidate.project

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[NormalizedName],
        resolutions: Mapping[NormalizedName, Choice],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[NormalizedName, Iterator[Choice]],  # noqa: ARG002 - the same
        information: Mapping[NormalizedName, Iterator[Any]],  # noqa: ARG002 - the same
        backtrack_causes: Sequence[Any],  # noqa: ARG002 - the same
    ) -> Iterable[NormalizedName]:
        """Leave the choice to ``get_preference``; resolvelib asks this from 1.1 on."""
        return identifiers

    def get_preference(
        self,
        identifier: NormalizedName,
        resolutions: Mapping[NormalizedName, Choice],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[NormalizedName, Iterator[Choice]],  # noqa: ARG002 - the same
        information: Mapping[NormalizedName, Iterator[Any]],
        backtrack_causes: Sequence[Any],
    ) -> tuple[bool, bool, bool, int]:
        """Take what is cheap and certain first: conflicts, the distribution's, pins, then the order of asking."""
        asks = [entry.requirement for entry in information[identifier]]
        troubled = any(identifier == cause.requirement.project for cause in backtrack_causes)
        pinned = any(pins.pin_of(ask.specifier) for ask in asks)
        order = self._order.setdefault(identifier, len(self._order))
        return (not troubled, self.os_refusal(identifier, asks) is not None, not pinned, order)

    def find_matches(
        self,
        identifier: NormalizedName,
        requirements: Mapping[NormalizedName, Iterator[Ask]],
        incompatibilities: Mapping[NormalizedName, Iterator[Choice]],
    ) -> Callable[[], Iterator[Choice]]:
        """Give the candidates, best first, made only when looked at."""
        asks = list(requirements[identifier])
        everything = [*asks, *self._constraints.get(identifier, ())]
        bad = {(choice.version, choice.from_distro) for choice in incompatibilities[identifier]}
        extras = frozenset[str]().union(*(ask.extras for ask in everything))

        def matches() -> Iterator[Choice]:
            is_empty = True
            refusal = self.os_refusal(identifier, asks)
            if refusal is None:
                candidate = self._catalog.lookup(identifier)
                if isinstance(candidate, OsCandidate) and (candidate.version, True) not in bad:
                    is_empty = False
                    yield Choice(project=identifier, version=candidate.version, extras=extras, source=candidate)
            url = next((ask.url for ask in everything if ask.url), None)
            for wheel in self.wheels(identifier, everything, extras):
                if (wheel.version, False) not in bad:
                    is_empty = False
                    yield Choice(project=identifier, version=wheel.version, extras=extras, source=wheel, url=url)
            if is_empty:
                self.lessons.learn(asks)

        return matches

    def is_satisfied_by(self, requirement: Ask, candidate: Choice) -> bool:
        """Judge one demand alone (rule V3)."""
        if not requirement.extras <= candidate.extras or requirement.url not in {None, candidate.url}:
            return False
        if not candidate.from_distro:
            return pins.admits(requirement.specifier, candidate.version)
        bound = requirement.os_specifier
        return bound is None or pins.admits(bound, candidate.version)

    def get_dependencies(self, candidate: Choice) -> Iterable[Ask]:
        """Give what a choice asks for: of an OS package only its extras' requirements (rules R3, R4)."""
        if isinstance(candidate.source, OsCandidate):
            if not candidate.extras:
                return ()
            offered = self._catalog.extras(candidate.source, candidate.extras)
            lines = sorted({line for extra in candidate.extras for line in offered.get(extra, ())})
            asks = from_metadata(lines, candidate.project, frozenset(), self._environment, from_distro=True)
        else:
            asks = self._demands_of(candidate.source, candidate.extras)
        for ask in asks:
            self.lessons.heard(ask, candidate.project)
        if self._index is not None:
            self._index.prefetch(ask.project for ask in asks if self.os_refusal(ask.project, [ask]) is not None)
        return asks

    # --- what is asked of the two sides ---

    def os_refusal(self, project: NormalizedName, asks: Sequence[Ask]) -> Refusal | None:
        """Say why the distribution cannot serve these demands and the constraints; None where it can.

        resolvelib asks this of every open project in every step, so answers are kept, by the demands' identity.
        """
        key = (project, tuple(map(id, asks)))
        if key not in self._judged:
            refusal = self._os_refusal(project, [*asks, *self._constraints.get(project, ())])
            self._judged[key] = (asks, refusal)  # the demands stay alive, so that no other gets their id
            if refusal is not None:
                self.refusals[project] = refusal
                self.note(project, f"not from {self._catalog.target}: {refusal.detail}")
        return self._judged[key][1]

    def _os_refusal(self, project: NormalizedName, asks: Sequence[Ask]) -> Refusal | None:
        for ask in asks:
            if ask.url is not None:
                words = url_obstacle(ask) or f"{ask.by} names where to take it from: {ask.url.partition('#')[0]}"
                return Refusal(Reason.DIRECT_URL, words)
        candidate = self._catalog.lookup(project)
        if isinstance(candidate, Absence):
            return Refusal(candidate.reason, candidate.detail)
        if project in self._policy.exclude:
            return Refusal(Reason.EXCLUDED_BY_POLICY, "the configuration keeps it away from the distribution")
        return (
            self._version_refusal(candidate, asks)
            or self._extras_refusal(candidate, asks)
            or (Refusal(Reason.DEMOTED, found.chain, found.below) if (found := self._demoted.get(project)) else None)
        )

    def _version_refusal(self, candidate: OsCandidate, asks: Sequence[Ask]) -> Refusal | None:
        for ask in asks:
            if ask.hashes and self._policy.pins_for(ask.project) is PinsPolicy.EXACT:
                return Refusal(Reason.HASH_REQUIRED, f"{ask.by} gives hashes, which no OS package can have", ask.by)
            bound = ask.os_specifier
            if bound is not None and not pins.admits(bound, candidate.version):
                return Refusal(
                    pins.failure(candidate.version, bound),
                    f"{candidate.package.name} is {candidate.version}, {ask.by} asks for {bound}",
                    ask.by,
                )
        return None

    def _extras_refusal(self, candidate: OsCandidate, asks: Sequence[Ask]) -> Refusal | None:
        wanted = frozenset[str]().union(*(ask.extras for ask in asks))
        if not wanted:
            return None
        try:
            missing = sorted(wanted - self._catalog.extras(candidate, wanted).keys())
        except UnavailableError:
            if not self._extras_at_hand:
                raise
            self.unchecked.add(candidate.project)
            return None
        if not missing:
            return None
        return Refusal(
            Reason.EXTRA_MISSING,
            f"{candidate.package.name} {candidate.version} has no extra {', '.join(missing)}",
        )

    def extras_refusal(self, choice: Choice) -> Refusal | None:
        """Say why a wheel was chosen although the distribution's candidate meets every demand on it.

        An OS package brings requirements into the search only by its extras, so it must be one of those.
        """
        candidate = self._catalog.lookup(choice.project)
        if not choice.extras or isinstance(candidate, Absence):
            return None
        return Refusal(
            Reason.EXTRA_MISSING,
            f"{candidate.package.name} {candidate.version} has the extra {', '.join(sorted(choice.extras))}, but what"
            " that asks for cannot be met together with the rest",
        )

    def wheels(self, project: NormalizedName, asks: Sequence[Ask], extras: frozenset[str]) -> Iterator[Wheel]:
        """Give the index's wheels that meet the demands and whose own demands can be read, best first."""
        if self._index is None:
            self.note(project, "PyPI was not asked: only the distribution is allowed")
            return
        urls = {ask.url: ask for ask in asks if ask.url is not None}
        if urls and self._is_obstructed(project, list(urls.values())):
            return
        repository = next(filter(repositories.is_vcs, urls), None)
        if repository is not None:
            found: Iterable[Wheel] = self.builds.of_commit(project, repository, asks)
        else:
            wheels, sdists = self._fitting(project, asks, next(iter(urls.values()), None))
            found = chain(self._in_order(project, wheels, extras), self.builds.of_sdists(project, sdists))
        for wheel in found:
            if not self._is_readable(wheel, extras):
                continue
            missing = self.lessons.obstacle(project, self._demands_of(wheel, extras))
            if missing is None:
                yield wheel
            else:
                self.note(project, f"{wheel.version} cannot be used: nothing meets {missing}")

    def _is_readable(self, wheel: Wheel, extras: frozenset[str]) -> bool:
        try:
            self._demands_of(wheel, extras)
        except ValueError as error:
            self.note(wheel.project, f"{wheel.version} cannot be used: {error}")
            return False
        return True

    def _in_order(self, project: NormalizedName, fitting: list[Wheel], extras: frozenset[str]) -> Iterable[Wheel]:
        """Put first what displaces the fewest projects of the distribution (``--prefer fewest``), else the newest.

        The newest is taken at once where it displaces nothing; only else are others looked at.
        """
        if self._policy.prefer is Preference.NEWEST or len(fitting) <= 1:
            return fitting
        costs: dict[Version, frozenset[NormalizedName]] = {}
        window = fitting[:WINDOW]
        for place, wheel in enumerate(window):
            if place == 1 and self._index is not None:
                self._index.prefetch_metadata(window[1:])
            costs[wheel.version] = self._displaced(wheel, extras)
            if not costs[wheel.version]:
                break
        newest = fitting[0]
        best = min(fitting[: len(costs)], key=lambda wheel: len(costs[wheel.version]))
        if best is newest:
            return fitting
        spared = sorted(costs[newest.version] - costs[best.version])
        self.note(
            project,
            f"{best.version} rather than {newest.version}, which would take {', '.join(spared)} away from the"
            " distribution",
        )
        return [best, *(wheel for wheel in fitting if wheel is not best)]

    def _displaced(self, wheel: Wheel, extras: frozenset[str]) -> frozenset[NormalizedName]:
        """Give the projects that the distribution would serve, but not at the versions this wheel wants."""
        try:
            asks = self._demands_of(wheel, extras)
        except ValueError:
            return frozenset()  # whoever takes this wheel will say what is wrong with it
        return frozenset(
            ask.project
            for ask in asks
            if ask.project not in self._demoted
            and isinstance(candidate := self._catalog.lookup(ask.project), OsCandidate)
            and not pins.admits(ask.specifier, candidate.version)
        )

    def _listing(self, project: NormalizedName) -> Listing:
        """Ask the index, and keep what it says of the project as a whole (PEP 792)."""
        assert self._index is not None  # noqa: S101 - checked by the caller
        listing = self._index.listing(project)
        if project in self._policy.allow_sdist:
            rejected = (replace(one, is_young=one.is_young or one.is_young_sdist) for one in listing.rejected)
            listing = replace(listing, rejected=tuple(rejected))
        self.listings[project] = listing
        if not listing.exists:
            self.note(project, "the index does not know it")
        elif listing.status != "active":
            why = f": {listing.status_reason}" if listing.status_reason else ""
            self.note(project, f"the index calls it {listing.status}{why}")
        return listing

    def _is_obstructed(self, project: NormalizedName, asks: Sequence[Ask]) -> bool:
        """Note why the place that demands name will not do, if so."""
        may_build = project in self._policy.allow_sdist
        obstacle = next(filter(None, (url_obstacle(ask, may_build=may_build) for ask in asks)), None)
        if obstacle is None and len(asks) > 1:
            obstacle = f"several places are named for it: {', '.join(sorted(ask.url or '' for ask in asks))}"
        if obstacle is not None:
            self.note(project, obstacle)
        return obstacle is not None

    def _demands_of(self, wheel: Wheel, extras: frozenset[str]) -> tuple[Ask, ...]:
        """Give what a wheel asks for on the target."""
        key = (wheel.sha256, extras)
        if key not in self._demands:
            assert self._index is not None  # noqa: S101 - the wheel came from there
            if wheel.built is not None:
                assert self._builder is not None  # noqa: S101 - it was built there
                metadata = self._builder.metadata(wheel)
            else:
                metadata = self._index.metadata(wheel)
            asks = from_metadata(metadata.requires_dist, wheel.project, extras, self._environment)
            # Whichever release is taken in the end, what the distribution lacks will be asked of the index.
            self._index.prefetch(ask.project for ask in asks if self._is_absent(ask))
            self._demands[key] = asks
        return self._demands[key]

    def _is_absent(self, ask: Ask) -> bool:
        return ask.url is None and isinstance(self._catalog.lookup(ask.project), Absence)

    def _fitting(self, project: NormalizedName, asks: Sequence[Ask], at: Ask | None) -> tuple[list[Wheel], list[Sdist]]:
        """Filter what the index has, or the one file at the place that a demand names; newest first."""
        assert self._index is not None  # noqa: S101 - checked by the caller
        listing = self._listing(project) if at is None else self._index.at(project, at.url or "", hash_of(at) or "")
        wanted = [one for one in listing.rejected if all(pins.admits(ask.specifier, one.version) for ask in asks)]
        found = self._filtered(listing.wheels, asks), self._filtered(listing.sdists, asks)
        for rejection in wanted[:REJECTIONS]:
            self.note(project, f"the index's {rejection}")
        if len(wanted) > REJECTIONS:
            self.note(project, f"the index's {len(wanted) - REJECTIONS} earlier releases: no wheel that fits either")
        return found

    def _filtered(self, files: Sequence[_File], asks: Sequence[Ask]) -> list[_File]:
        """Leave out what the demands exclude: bounds, hashes, yanked files (PEP 592), pre-releases (PEP 440)."""
        hashes = [ask.hashes for ask in asks if ask.hashes]
        pinned = any(pins.pin_of(ask.specifier) for ask in asks)
        fitting = []
        for file in files:
            if not all(pins.admits(ask.specifier, file.version) for ask in asks):
                continue
            if any(f"sha256:{file.sha256}" not in allowed for allowed in hashes):
                self.note(file.project, f"{file.filename}: its sha256 is none of those that the requirement gives")
            elif file.yanked is not None and not pinned:
                self.note(file.project, f"{file.version} was yanked{': ' + file.yanked if file.yanked else ''}")
            else:
                fitting.append(file)
        if any(pins.names_prerelease(ask.specifier) for ask in asks) or self._policy.pre:
            return fitting
        finals = [file for file in fitting if not file.version.is_prerelease]
        return finals or fitting
