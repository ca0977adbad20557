"""Joint resolution: one plan over both sources (rules R1 to R9).

Resolve with the distribution's candidates first; demote whatever stands above a project of the remainder (R2);
resolve again until nothing changes. The demoted set only grows, so this ends. A demand that nothing meets does not
stop the rest: it is set aside with its reason, and the others are resolved without it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from resolver.errors import UnavailableError
from resolver.model import Absence, OsCandidate, Reason
from resolver.resolve import closure, pins
from resolver.resolve.asks import Ask, Choice, Policy, url_obstacle
from resolver.resolve.lessons import HopelessError, LearnedError
from resolver.resolve.provider import Provider, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Listing
    from resolver.ports import Builder, Catalog, Index

MAX_STEPS = 20_000
"""resolvelib's steps in one round before the search is given up."""


FEW = 3
"""How many of the demands below a hopeless one are named."""


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What the rounds came to."""

    choices: dict[NormalizedName, Choice]
    asks: dict[NormalizedName, list[Ask]]
    """Who asked for each chosen project, between choices; the closure of OS packages is not in here."""
    needs: dict[NormalizedName, tuple[NormalizedName, ...]]
    """What each wheel needs, sorted."""
    refusals: Mapping[NormalizedName, Refusal]
    unmet: dict[NormalizedName, str]
    """Demands set aside, with the explanation."""
    notes: dict[NormalizedName, list[str]]
    listings: Mapping[NormalizedName, Listing]
    """What the index said of the projects that it was asked about."""
    buildable: frozenset[NormalizedName] = frozenset()
    """Projects whose sdist would do, if it might be built."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    """Why one attempt came to nothing."""

    unmet: dict[NormalizedName, str]
    """Demands to set aside, with the explanation."""
    blamed: tuple[NormalizedName, ...] = ()
    """Those of them that other demands may be as guilty as."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What one search came to."""

    choices: Mapping[NormalizedName, Choice]
    demands: Sequence[Ask]
    """What the choices ask of each other, by project."""


@dataclass(kw_only=True)
class Engine:
    """One resolution; use once."""

    catalog: Catalog
    index: Index | None
    policy: Policy
    roots: Sequence[Ask]
    constraints: Sequence[Ask]
    builder: Builder | None = None
    _buildable: set[NormalizedName] = field(default_factory=set)
    _demands: dict[tuple[str, frozenset[str]], tuple[Ask, ...]] = field(default_factory=dict)
    _demoted: dict[NormalizedName, closure.Demotion] = field(default_factory=dict)
    _unmet: dict[NormalizedName, str] = field(default_factory=dict)
    _notes: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    _listings: dict[NormalizedName, Listing] = field(default_factory=dict)
    _refusals: dict[NormalizedName, Refusal] = field(default_factory=dict)
    """Of what was set aside, as things stood then."""

    def run(self) -> Outcome:
        """Resolve to the end. Raises UnavailableError where the index cannot answer (never a plan without it)."""
        while True:
            outcome = self._round()
            chosen = {
                project: choice.source.packages(choice.extras)
                for project, choice in outcome.choices.items()
                if isinstance(choice.source, OsCandidate)
            }
            new = closure.demotions(self.catalog, chosen, self._displacement(outcome))
            if not new:
                return outcome
            self._demoted.update(new)

    def _round(self) -> Outcome:
        """Resolve once under the demotions so far, setting aside what cannot be met, and no more than that."""
        blamed: list[NormalizedName] = []
        found = self._attempt()
        while isinstance(found, _Failure):
            self._unmet.update(found.unmet)
            blamed.extend(found.blamed)
            found = self._attempt()
        for project in blamed if len(blamed) > 1 else ():
            # What was blamed first may have been innocent of the conflict that a later one settled.
            why = self._unmet.pop(project)
            again = self._attempt()
            if isinstance(again, _Failure):
                self._unmet[project] = why
            else:
                found = again
        return replace(
            found,
            unmet=dict(self._unmet),
            notes={name: list(told) for name, told in self._notes.items()},
            buildable=frozenset(self._buildable),
        )

    def _attempt(self) -> Outcome | _Failure:
        """Resolve without what was set aside so far."""
        roots = [ask for ask in self.roots if ask.project not in self._unmet]
        provider = Provider(
            self.catalog,
            self.index,
            self.policy,
            demoted=self._demoted,
            constraints=_by_project([*roots, *self.constraints]),
            builder=self.builder,
            demands=self._demands,
        )
        easy, hard = self._divide(provider, roots)
        found = self._search(provider, hard)
        self._listings.update(provider.listings)
        self._buildable |= provider.builds.held_back
        for project, notes in provider.notes.items():
            self._notes.setdefault(project, {}).update(notes)
        if isinstance(found, _Failure):
            self._refusals.update({name: provider.refusals[name] for name in found.unmet if name in provider.refusals})
            return found
        choices = {
            project: Choice(project=project, version=candidate.version, extras=frozenset(), source=candidate)
            for project, candidate in easy.items()
        }
        choices.update(found.choices)
        asks = _by_project([*roots, *found.demands])
        return Outcome(
            choices=choices,
            asks=asks,
            needs=_needs(asks),
            refusals=self._refusals | _refusals(provider, choices, asks),
            unmet={},
            notes={},
            listings=self._listings,
        )

    def _divide(self, provider: Provider, roots: Sequence[Ask]) -> tuple[dict[NormalizedName, OsCandidate], list[Ask]]:
        """Part what the distribution serves at once from what has to be searched for.

        Most files are served whole; they need no search. What is parted off still binds the search, for all roots are
        its constraints.
        """
        easy: dict[NormalizedName, OsCandidate] = {}
        hard: list[Ask] = []
        for project, asks in _by_project(roots).items():
            candidate = self.catalog.lookup(project)
            plain = not any(ask.extras for ask in asks)
            if plain and isinstance(candidate, OsCandidate) and provider.os_refusal(project, asks) is None:
                easy[project] = candidate
            else:
                hard.extend(asks)
        if self.index is not None:
            lost = dict.fromkeys(ask.project for ask in hard if provider.os_refusal(ask.project, [ask]) is not None)
            if lost:
                # What stands above these will be demoted after the first round; its listing is needed too (rule R2).
                served = {project: candidate.packages(()) for project, candidate in easy.items()}
                bound = closure.demotions(self.catalog, served, lambda project: "lost" if project in lost else None)
                self.index.prefetch([*lost, *bound])
        return easy, hard

    def _search(self, provider: Provider, asks: Sequence[Ask]) -> _Failure | _Found:
        """Run resolvelib; give the demands to set aside, or the choices."""
        hopeless = {
            project: self._hopeless(provider, project, several) for project, several in _by_project(asks).items()
        }
        failed = {project: why for project, why in hopeless.items() if why is not None}
        if failed:
            return _Failure(unmet=failed)
        if not asks:
            return _Found(choices={}, demands=[])
        from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep  # noqa: PLC0415 - a file that the distribution covers needs no search
        from resolvelib.resolvers import Resolution  # noqa: PLC0415 - the same

        try:
            while True:
                # Any: resolvelib's types differ between its releases, and it takes the provider by its methods alone.
                search: Any = cast("Any", Resolution)(provider, BaseReporter())
                with suppress(LearnedError):
                    # Resolver would clean up the state by a recursion that never ends where abandoned choices need each
                    # other.
                    return _reachable(search.resolve(asks, max_rounds=MAX_STEPS))
        except ResolutionImpossible as error:
            return self._blame(provider, error.causes, asks)
        except HopelessError as error:
            return self._give_up(error, asks)
        except ResolutionTooDeep as error:
            raise UnavailableError(
                f"no plan was found in {MAX_STEPS} steps", hint="narrow the requirements' bounds"
            ) from error

    def _hopeless(self, provider: Provider, project: NormalizedName, asks: Sequence[Ask]) -> str | None:
        """Say why no candidate at all can meet a listed requirement, or None where one may."""
        if provider.os_refusal(project, asks) is None:
            return None
        extras = frozenset[str]().union(*(ask.extras for ask in asks))
        everything = [*asks, *(ask for ask in self.constraints if ask.project == project)]
        if next(provider.wheels(project, everything, extras), None) is not None:
            return None
        return _and_wanted(everything)

    def _blame(self, provider: Provider, causes: Iterable[_Information], roots: Sequence[Ask]) -> _Failure:
        """Choose the listed requirement that a conflict is laid to: of those that led to it, the last in the inputs.

        All demands that met in the conflict are named, with who made them.
        """
        causes = list(causes)
        story = "; ".join(dict.fromkeys(str(cause.requirement) for cause in causes))
        met = {cause.requirement.project for cause in causes}
        met |= {cause.parent.project for cause in causes if cause.parent is not None}
        led = set(met)
        queue = list(met)
        for project in queue:  # grows while it is walked
            above = provider.lessons.askers.get(project, set()) - led
            led |= above
            queue.extend(above)
        listed = [ask.project for ask in roots if ask.project in led]
        bounds = "; ".join(str(ask) for ask in self.roots if ask.project in met and str(ask) not in story)
        places = (url_obstacle(cause.requirement) for cause in causes)
        parts = (f"these cannot be met together: {story}", bounds, *dict.fromkeys(filter(None, places)))
        detail = "; ".join(filter(None, parts))
        return _Failure(unmet={listed[-1]: detail}, blamed=(listed[-1],))

    def _give_up(self, error: HopelessError, roots: Sequence[Ask]) -> _Failure:
        """Choose the listed requirement that is laid to blame for a demand without hope, as ``_blame`` does."""
        involved = {error.ask.project, *error.lines}
        blamed = [ask.project for ask in roots if ask.project in involved][-1]
        below = [str(ask) for ask in error.missing]
        bounds = [str(ask) for ask in self.roots if ask.project in error.lines]
        if bounds:
            told = [f"these cannot be met together: {error.ask}", *_few(below), *bounds]
        else:
            needs = f": each release needs {' or '.join(_few(below))}" if below else ""
            told = [f"{_and_wanted([error.ask])}{needs}"]
        places = (url_obstacle(ask) for ask in error.missing)
        detail = "; ".join([*told, *dict.fromkeys(filter(None, places))])
        return _Failure(unmet={blamed: detail}, blamed=(blamed,) if bounds else ())

    def _displacement(self, outcome: Outcome) -> _Displaced:
        """Say of a project below an OS package why it would not be the distribution's, if so."""
        bounds = _by_project(self.constraints)
        replaced = _replaced(self.catalog, outcome.choices)

        def displaced(project: NormalizedName) -> str | None:
            choice = outcome.choices.get(project)
            if choice is not None and not choice.from_distro:
                askers = ", ".join(dict.fromkeys(ask.by for ask in outcome.asks.get(project, ())))
                return f"{project} {choice.version} comes from PyPI (asked by {askers})"
            if project in outcome.unmet:
                return f"{project} cannot be met as the inputs ask for it"
            candidate = self.catalog.lookup(project)
            if isinstance(candidate, OsCandidate) and (other := replaced.get(candidate.package.name)) is not None:
                return f"{other} from PyPI takes the place of {project}"
            return self._obstacle(candidate, bounds.get(project, ()))

        return displaced

    def _obstacle(self, candidate: OsCandidate | Absence, bounds: Sequence[Ask]) -> str | None:
        """Say what the inputs and the system have against a project that nobody asked for by name, if anything."""
        if isinstance(candidate, Absence):
            return candidate.detail if candidate.reason is Reason.UNTRUSTED_REPOSITORY else None
        if candidate.project in self.policy.exclude:
            return f"the configuration keeps {candidate.project} away from the distribution"
        for ask in bounds:
            bound = ask.os_specifier
            if bound is not None and not pins.admits(bound, candidate.version):
                return f"{candidate.project} is {candidate.version}, {ask.by} allows {bound}"
        return None


def _by_project(asks: Iterable[Ask]) -> dict[NormalizedName, list[Ask]]:
    found: dict[NormalizedName, list[Ask]] = {}
    for ask in asks:
        found.setdefault(ask.project, []).append(ask)
    return found


def _reachable(state: _State) -> _Found:
    """Take the choices that the listed requirements lead to; the state also holds what abandoned ones wanted."""
    wanted: set[NormalizedName] = set()
    below: dict[NormalizedName, set[NormalizedName]] = {}
    demands: dict[NormalizedName, list[tuple[NormalizedName, Ask]]] = {}
    for project, criterion in state.criteria.items():
        for entry in criterion.information:
            if entry.parent is None:
                wanted.add(project)
            elif state.mapping.get(entry.parent.project) == entry.parent:
                below.setdefault(entry.parent.project, set()).add(project)
                demands.setdefault(project, []).append((entry.parent.project, entry.requirement))
    queue = sorted(wanted)
    for project in queue:  # grows while it is walked
        new = below.get(project, set()) - wanted
        wanted |= new
        queue.extend(sorted(new))
    return _Found(
        choices={project: state.mapping[project] for project in queue},
        demands=[ask for project in sorted(wanted) for parent, ask in demands.get(project, ()) if parent in wanted],
    )


def _refusals(
    provider: Provider, choices: Mapping[NormalizedName, Choice], asks: Mapping[NormalizedName, Sequence[Ask]]
) -> dict[NormalizedName, Refusal]:
    """Give the reason for each project of the remainder, by the demands of the plan: the search saw others too."""
    found = {}
    for project, choice in choices.items():
        if not choice.from_distro:
            refusal = provider.os_refusal(project, asks[project]) or provider.extras_refusal(choice)
            if refusal is not None:
                found[project] = refusal
    return found


def _replaced(catalog: Catalog, choices: Mapping[NormalizedName, Choice]) -> dict[str, NormalizedName]:
    """Give the OS packages whose modules an equivalent from PyPI would shadow (rule I7), with that project."""
    found = {}
    for project, choice in choices.items():
        candidate = catalog.lookup(project)
        if not choice.from_distro and isinstance(candidate, OsCandidate) and candidate.metadata_version is None:
            found[candidate.package.name] = project
    return found


def _needs(asks: Mapping[NormalizedName, Sequence[Ask]]) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """Turn demands around: what each project needs. A demand that no input made was made by a project.

    A project that asks for itself, to collect several of its extras under one, needs nobody by that.
    """
    needs: dict[NormalizedName, set[NormalizedName]] = {}
    for project, several in asks.items():
        for ask in several:
            if not ask.direct and ask.by != project:
                needs.setdefault(cast("NormalizedName", ask.by), set()).add(project)
    return {project: tuple(sorted(needed)) for project, needed in needs.items()}


def _few(words: Sequence[str]) -> list[str]:
    """Name some of many."""
    return [*words[:FEW], *([f"{len(words) - FEW} more"] if len(words) > FEW else [])]


def _and_wanted(asks: Sequence[Ask]) -> str:
    return "nothing meets " + "; ".join(dict.fromkeys(map(str, asks)))


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    _Displaced = Callable[[NormalizedName], str | None]

    class _Information(Protocol):
        """resolvelib's RequirementInformation."""

        requirement: Ask
        parent: Choice | None

    class _State(Protocol):
        """resolvelib's State, as a search leaves it."""

        mapping: Mapping[NormalizedName, Choice]
        criteria: Mapping[NormalizedName, _Criterion]

    class _Criterion(Protocol):
        information: Sequence[_Information]
