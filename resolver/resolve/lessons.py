"""What a search has learned of demands that nothing meets, whatever else is chosen.

resolvelib goes back one choice at a time, and keeps the candidates that it has seen. Without lessons it would try what
has no hope again with every combination of all other projects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Wheel
    from resolver.resolve.asks import Ask
    from resolver.resolve.provider import Refusal


class LearnedError(Exception):
    """The search has learned that a choice which it made earlier has no hope: it should begin again, and avoid it."""


class HopelessError(Exception):
    """The search has learned that nothing can meet a listed requirement, whatever else is chosen."""

    def __init__(self, ask: Ask, missing: Sequence[Ask], lines: Collection[NormalizedName]) -> None:
        """Keep the demand, those below it that nothing meets, and the projects whose own lines have a part in that."""
        super().__init__(str(ask))
        self.ask = ask
        self.missing = missing
        self.lines = lines


class Lessons:
    """Those of one round: within it the inputs' demands and the demotions stay what they are."""

    def __init__(
        self,
        constraints: Mapping[NormalizedName, Sequence[Ask]],
        os_refusal: Callable[[NormalizedName, Sequence[Ask]], Refusal | None],
        wheels: Callable[[NormalizedName, Sequence[Ask], frozenset[str]], Iterator[Wheel]],
    ) -> None:
        """Take what always holds of projects, and the two sides that may meet a demand."""
        self._constraints = constraints
        self._os_refusal = os_refusal
        self._wheels = wheels
        self.askers: dict[NormalizedName, set[NormalizedName]] = {}
        """Who needed what at some point of the search."""
        self._asked: dict[NormalizedName, dict[Ask, None]] = {}
        """What was asked of projects at some point, but for the inputs' own demands."""
        self._hopeless: dict[Ask, None] = {}
        self._lost: dict[NormalizedName, dict[Ask, None]] = {}
        """The hopeless demands that releases were set aside for."""

    def heard(self, ask: Ask, asker: NormalizedName) -> None:
        """Note a demand that a choice makes."""
        self.askers.setdefault(ask.project, set()).add(asker)
        self._asked.setdefault(ask.project, {})[ask] = None

    def obstacle(self, project: NormalizedName, demands: Iterable[Ask]) -> Ask | None:
        """Give the first of a release's demands that is known to be hopeless, and note it."""
        if not self._hopeless:
            return None
        missing = next((ask for ask in demands if ask in self._hopeless), None)
        if missing is not None:
            self._lost.setdefault(project, {})[missing] = None
        return missing

    def learn(self, asks: Iterable[Ask]) -> None:
        """Note which of the demands nothing meets by itself, and which of those above them that leaves without hope.

        Raises HopelessError for a demand that an input makes, and LearnedError where a choice may have been made that
        asks for what is known only now to be hopeless.
        """
        queue = [ask for ask in asks if ask not in self._hopeless]
        known, is_new = len(queue), False
        for place, ask in enumerate(queue):  # grows while it is walked
            if ask in self._hopeless or self._has_hope(ask):
                continue
            self._hopeless[ask] = None
            if ask.direct:
                missing = self._below(ask)
                raise HopelessError(ask, missing, {one.project for one in missing if self._is_kept_out_by_a_line(one)})
            for asker in sorted(self.askers.get(ask.project, ())):
                queue.extend(self._asked.get(asker, ()))
                queue.extend(root for root in self._constraints.get(asker, ()) if root.direct)
            is_new = is_new or place >= known
        if is_new:
            raise LearnedError

    def _has_hope(self, ask: Ask) -> bool:
        is_served = self._os_refusal(ask.project, [ask]) is None
        return is_served or self._has_wheel([ask, *self._constraints.get(ask.project, ())])

    def _has_wheel(self, asks: Sequence[Ask]) -> bool:
        extras = frozenset[str]().union(*(one.extras for one in asks))
        return next(self._wheels(asks[0].project, asks, extras), None) is not None

    def _below(self, ask: Ask) -> list[Ask]:
        """Give the hopeless demands that a hopeless one comes from, the nearest first."""
        found: dict[Ask, None] = {ask: None}
        queue = [ask]
        for one in queue:  # grows while it is walked
            new = [below for below in self._lost.get(one.project, ()) if below not in found]
            found.update(dict.fromkeys(new))
            queue.extend(new)
        return [*found][1:]

    def _is_kept_out_by_a_line(self, ask: Ask) -> bool:
        """Tell whether a demand is hopeless only because an input lists its project, too."""
        lines = self._constraints.get(ask.project, ())
        others = [one for one in lines if not one.direct]
        return len(others) < len(lines) and self._has_wheel([ask, *others])
