"""What people should know of the remainder before they install it: its names, its age, what the index says of it.

A concern never changes a plan. What is refused (quarantined, too young) was refused by the search; here it is told,
with what would close the gap. ``--strict`` refuses a plan for what somebody has to decide, in ``refuse``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from packaging.utils import canonicalize_name

from resolver.cooldown import spell, upload_moment
from resolver.errors import PolicyError
from resolver.model import Attested, Commit, Concern, Likeness, Outcome, Unchecked, Worry
from resolver.resolve import pins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.cooldown import Cooldown
    from resolver.model import Decision, Listing, Lookalike, Rejection, Wheel
    from resolver.resolve.asks import Ask

_HOW = {
    Likeness.SWAP: "two characters swapped",
    Likeness.HOMOGLYPH: "characters that look alike",
    Likeness.EDIT: "one character differs",
    Likeness.ORDER: "the words in another order",
    Likeness.AFFIX: "with or without an affix",
}


_TO_DECIDE = {
    Worry.LOOKALIKE: "where they are meant, reviewed = [{names}] under [tool.distrofirst.names] says so",
    Worry.YANKED: "pin releases of {names} that nobody withdrew",
    Worry.AGE_UNKNOWN: 'uploaded-before-for = "off" lets {names} through',
    Worry.TOO_YOUNG: 'uploaded-before-for = "off" lets {names} through',
    Worry.PUBLISHER: "ask who publishes {names} now; where that is meant, remove the earlier lock",
}
"""What ``--strict`` refuses, each with the next step. An archived project or an older release than the newest is no
danger by itself."""


class Resembles(Protocol):
    """What a name may be mistaken for."""

    def __call__(self, project: NormalizedName, /) -> Lookalike | None:
        """Give the known name that it looks like, None where it is known itself, reviewed, or like none."""
        ...


def nobody(project: NormalizedName) -> None:  # noqa: ARG001 - the signature is Resembles'
    """Know no names."""
    return


def of_name(decision: Decision, resembles: Resembles) -> Decision:
    """Add what a name looks like, where the project would come from the index, or is looked for there in vain."""
    if decision.os is not None and decision.outcome is not Outcome.PYPI:
        return decision
    if decision.outcome not in {Outcome.PYPI, Outcome.UNMET, Outcome.UNRESOLVED}:
        return decision
    name = canonicalize_name(decision.name)
    like = resembles(name) if name == decision.name else None
    if like is None:
        return decision
    asked = f" (asked for by {', '.join(decision.requested_by)})" if decision.requested_by else ""
    told = Concern(worry=Worry.LOOKALIKE, text=f"{looks_like(like)}{asked}: make sure that it is the one that is meant")
    return replace(decision, concerns=(told, *decision.concerns))


def looks_like(like: Lookalike) -> str:
    """Word a likeness: ``reqeusts looks like requests, which distributions have (two characters swapped)``."""
    whose = "which distributions have" if like.packaged else "which is popular"
    return f"{like.name} looks like {like.likely}, {whose} ({_HOW[like.likeness]})"


def of_listing(decision: Decision, asks: Sequence[Ask], listing: Listing | None) -> Decision:
    """Add what the index tells of a project's state and of the age of its releases (rule P3)."""
    wanted = list(_held_back(asks, listing)) if listing is not None else []
    wheel = decision.wheel
    found: list[Concern] = []
    if decision.outcome is Outcome.PYPI and wheel is not None:
        if wheel.yanked is not None:
            found.append(_yanked(decision, asks))
        if listing is not None:
            found.extend(_status(decision, listing))
            newer = [one for one in wanted if one.version > wheel.version]
            newer = [one for one in newer if wheel.version.is_prerelease or not one.version.is_prerelease]
            if newer:
                found.append(Concern(worry=Worry.PASSED_OVER, text=_passed_over(decision, newer)))
            if listing.age_unknown and upload_moment(wheel.upload_time) is None:
                text = f"{decision.name} {wheel.version}: the index gives no upload time, so its age was not checked"
                found.append(Concern(worry=Worry.AGE_UNKNOWN, text=text))
    elif decision.outcome is Outcome.UNMET and listing is not None:
        found.extend(_status(decision, listing))
        if wanted:
            text = f"{decision.name} {wanted[0].version} would do, but for the cooldown: {wanted[0].why}"
            found.append(Concern(worry=Worry.TOO_YOUNG, text=text))
            step = (
                f'wait, or take {wanted[0].version} all the same: uploaded-before-for.{decision.name} = "off" in the'
                " configuration, or --uploaded-before off"
            )
            decision = replace(decision, next_step="; or ".join(filter(None, (decision.next_step, step))))
    return replace(decision, concerns=(*decision.concerns, *found))


def of_build(decision: Decision) -> Decision:
    """Add what is to be known of what a wheel was built with (rule P2)."""
    build = decision.wheel.built if decision.wheel is not None else None
    if build is None:
        return decision
    told = (replace(one, text=f"{one.text} (to build {decision.name})") for one in build.concerns)
    return replace(decision, concerns=(*decision.concerns, *told))


def of_locked(wheel: Wheel, like: Lookalike | None, cooldown: Cooldown) -> Iterator[Concern]:
    """Judge a wheel of a lock that was made before, maybe by somebody else, by what this host asks for."""
    if like is not None:
        yield Concern(worry=Worry.LOOKALIKE, text=f"{looks_like(like)}: make sure that it is the one that is meant")
    limit, moment = cooldown.of(wheel.project), upload_moment(wheel.upload_time)
    of_commit = wheel.built is not None and isinstance(wheel.built.source, Commit)
    if limit is None or of_commit:  # somebody named that commit, and no index has a time for it
        return
    if moment is None:
        text = f"{wheel.project} {wheel.version}: the lock has no upload time, so its age was not checked"
        yield Concern(worry=Worry.AGE_UNKNOWN, text=text)
    elif moment >= limit:
        text = (
            f"{wheel.project} {wheel.version} is of {spell(moment)}, and nothing from {spell(limit)} on is wanted here"
        )
        yield Concern(worry=Worry.TOO_YOUNG, text=text)


def of_earlier(wheels: Iterable[Wheel], earlier: Mapping[NormalizedName, Wheel], file: str) -> Iterator[Concern]:
    """Hold a new lock's attestations against those of the lock ``file``, which it would replace.

    What a project never had is no concern; what it had and has not now is, whatever the reason: the new lock would
    forget it.
    """
    for wheel in wheels:
        before = earlier[wheel.project].attestation if wheel.project in earlier else None
        if not isinstance(before, Attested):
            continue
        then, now = _who(before), wheel.attestation
        if isinstance(now, Attested):
            if _who(now) == then:
                continue
            told = f"is attested by {_who(now)}"
        elif isinstance(now, Unchecked):
            told = f"was not checked ({now.why})"
        else:
            told = "has no attestation"
        yield Concern(
            worry=Worry.PUBLISHER,
            text=f"{wheel.project} {wheel.version} {told}; {file} has {earlier[wheel.project].version} by {then}",
        )


def _who(known: Attested) -> str:
    return " and ".join(dict.fromkeys(map(str, known.publishers)))


def refuse(concerns: Iterable[Concern]) -> None:
    """Raise PolicyError for those that somebody has to decide, where there are such (``--strict``)."""
    found = [concern for concern in concerns if concern.worry in _TO_DECIDE]
    if not found:
        return
    steps: dict[str, list[str]] = {}
    for concern in found:
        steps.setdefault(_TO_DECIDE[concern.worry], []).append(f'"{concern.text.partition(" ")[0].rstrip(":")}"')
    reasons = "1 reason" if len(found) == 1 else f"{len(found)} reasons"
    raise PolicyError(
        "\n  ".join((f"{reasons} not to go ahead:", *(concern.text for concern in found))),
        context="--strict",
        hint="; ".join(step.format(names=", ".join(names)) for step, names in steps.items()),
    )


def warnings(decisions: Iterable[Decision]) -> Iterator[str]:
    """Give each concern's sentence, in the order of the decisions; those without an upload time in one."""
    unknown: list[str] = []
    for decision in decisions:
        for concern in decision.concerns:
            if concern.worry is Worry.AGE_UNKNOWN:
                unknown.append(str(decision.name))
            else:
                yield concern.text
    if unknown:
        yield f"the index gives no upload times, so the cooldown was not checked for {', '.join(unknown)}"


def _held_back(asks: Sequence[Ask], listing: Listing) -> Iterator[Rejection]:
    """Give the releases that would do but for the cooldown, newest first."""
    for one in listing.rejected:
        if one.is_young and all(pins.admits(ask.specifier, one.version) for ask in asks):
            yield one


def _passed_over(decision: Decision, newer: Sequence[Rejection]) -> str:
    more = f", and {len(newer) - 1} more" if len(newer) > 1 else ""
    return f"{decision.name} {newer[0].version} was passed over for {decision.version}: {newer[0].why}{more}"


def _yanked(decision: Decision, asks: Sequence[Ask]) -> Concern:
    by = ", ".join(dict.fromkeys(ask.by for ask in asks if pins.pin_of(ask.specifier)))
    why = decision.wheel.yanked if decision.wheel is not None else ""
    reason = f": {why}" if why else ", without a reason"
    return Concern(
        worry=Worry.YANKED,
        text=f"{decision.name} {decision.version} was yanked{reason}; it is taken because {by or 'a URL'} pins it",
    )


def _status(decision: Decision, listing: Listing) -> Iterator[Concern]:
    why = f": {listing.status_reason}" if listing.status_reason else ""
    if listing.status == "quarantined":
        yield Concern(worry=Worry.QUARANTINED, text=f"{decision.name} is quarantined by the index{why}")
    elif listing.status == "archived":
        yield Concern(worry=Worry.ARCHIVED, text=f"{decision.name} is archived, no fixes are to be expected{why}")
    elif listing.status == "deprecated":
        yield Concern(worry=Worry.DEPRECATED, text=f"{decision.name} is deprecated{why}")
