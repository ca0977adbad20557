"""pyproject.toml → requirements: PEP 621 dependencies and extras, PEP 735 dependency groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.errors import InputError, NothingAskedError
from resolver.requirements.requirement import parse_marker, parse_pep508

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.markers import Marker
    from packaging.utils import NormalizedName

    from resolver.model import Requirement
    from resolver.requirements.toml import TomlDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What one TOML input asks for, and what could have been asked of it."""

    requirements: tuple[Requirement, ...]
    extras: frozenset[str] = frozenset()
    """The names that ``--extra`` may take, normalized."""
    groups: frozenset[str] = frozenset()
    """The names that ``--group`` may take, normalized."""


def pyproject_requirements(document: TomlDocument, *, extras: Sequence[str], groups: Sequence[str]) -> Declared:
    """Give the dependencies, then those of each extra and group that was asked for and exists here.

    A requirement of the project itself (``all = ["me[test,docs]"]``) stands for those extras. Raises InputError
    for dependencies that only a build would tell, a missing ``[project]``, a cycle of groups, and malformed values.
    """
    offered_extras = _tables(document, "project", "optional-dependencies")
    offered_groups = _tables(document, "dependency-groups")
    wanted_groups = [group for group in map(canonicalize_name, groups) if group in offered_groups]
    if "project" not in document.data and not wanted_groups:
        raise _no_project(document, offered_groups)
    _refuse_dynamic(document, "dependencies", *(["optional-dependencies"] if extras else []))
    name = _at(document, "project", "name")
    project = _Expansion(document, canonicalize_name(name) if isinstance(name, str) else None, offered_extras)
    requirements = list(project.expanded(_listed(document, "project", "dependencies"), None))
    for extra in map(canonicalize_name, extras):
        if extra in offered_extras:
            requirements += project.of_extra(extra, None)
    included: set[str] = set()
    for group in wanted_groups:
        requirements += project.expanded(_group(document, offered_groups, group, (), included), None)
    return Declared(
        requirements=tuple(requirements), extras=frozenset(offered_extras), groups=frozenset(offered_groups)
    )


class _Expansion:
    """Replaces requirements of the project itself by what its extras list."""

    def __init__(self, document: TomlDocument, name: str | None, offered: dict[NormalizedName, str]) -> None:
        self._document = document
        self._name = name
        self._offered = offered
        self._done: set[tuple[str, str]] = set()  # extra and marker

    def expanded(
        self, requirements: Iterator[Requirement], marker: Marker | None, chain: tuple[str, ...] = ()
    ) -> Iterator[Requirement]:
        """Give ``requirements``, each narrowed by ``marker``; ``chain`` holds the extras that led here."""
        for requirement in requirements:
            narrowed = _both(requirement, marker)
            if self._name is None or requirement.name != self._name:
                yield narrowed
                continue
            for extra in requirement.extras:
                yield from self.of_extra(extra, narrowed, chain)

    def of_extra(self, extra: str, asker: Requirement | None, chain: tuple[str, ...] = ()) -> Iterator[Requirement]:
        """Give what one extra lists. One that leads back to itself adds nothing: it is being listed already."""
        marker = asker.marker if asker else None
        if extra in chain or (extra, str(marker)) in self._done:
            return
        self._done.add((extra, str(marker)))
        spelling = self._offered.get(canonicalize_name(extra))
        if spelling is None:
            _refuse_dynamic(self._document, "optional-dependencies")
            raise InputError(
                f"the project has no extra {extra!r}",
                context=str(asker.origin) if asker else self._document.shown,
                hint=_offer("extras", self._offered),
            )
        listed = _listed(self._document, "project", "optional-dependencies", spelling)
        yield from self.expanded(listed, marker, (*chain, extra))


def _both(requirement: Requirement, marker: Marker | None) -> Requirement:
    """Narrow a requirement by the marker of what asked for it."""
    if marker is None:
        return requirement
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else str(marker)
    return replace(requirement, marker=parse_marker(both, requirement.origin))


def _group(
    document: TomlDocument,
    offered: dict[NormalizedName, str],
    group: NormalizedName,
    chain: tuple[str, ...],
    included: set[str],
) -> Iterator[Requirement]:
    """Give a dependency group and those it includes, each once (PEP 735)."""
    spelling = offered[group]
    if group in chain:
        raise InputError(
            f"dependency groups include each other in a circle: {' → '.join((*chain[chain.index(group) :], group))}",
            context=str(document.origin("dependency-groups", spelling)),
            hint="remove one include-group",
        )
    if group in included:
        return
    included.add(group)
    path = ("dependency-groups", spelling)
    for index, entry in enumerate(_list(document, *path)):
        origin = document.origin(*path, index)
        match entry:
            case str():
                yield parse_pep508(entry, origin)
            case {"include-group": str(other), **rest} if not rest:
                other_group = canonicalize_name(other)
                if other_group not in offered:
                    raise InputError(
                        f"dependency group {spelling!r} includes {other!r}, which does not exist",
                        context=str(origin),
                        hint=_offer("groups", offered),
                    )
                yield from _group(document, offered, other_group, (*chain, group), included)
            case _:
                raise InputError(
                    f'expected a requirement or {{include-group = "NAME"}}, found {entry!r}', context=str(origin)
                )


def _listed(document: TomlDocument, *path: str) -> Iterator[Requirement]:
    """Parse an array of PEP 508 strings, each with its own line; nothing where the array is missing."""
    for index, entry in enumerate(_list(document, *path)):
        origin = document.origin(*path, index)
        if not isinstance(entry, str):
            raise InputError(f"expected a requirement (a string), found {entry!r}", context=str(origin))
        yield parse_pep508(entry, origin)


def _list(document: TomlDocument, *path: str) -> list[object]:
    value = _at(document, *path)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(
            f"expected {'.'.join(path)} to be an array of requirements, found {type(value).__name__}",
            context=str(document.origin(*path)),
        )
    return value


def _tables(document: TomlDocument, *path: str) -> dict[NormalizedName, str]:
    """Give the names of a table by their normalized form. Raises InputError where two are the same."""
    names: dict[NormalizedName, str] = {}
    for spelling in _table(document, *path):
        name = canonicalize_name(spelling)
        if name in names:
            raise InputError(
                f"{'.'.join(path)} holds both {names[name]!r} and {spelling!r}, which are the same name",
                context=str(document.origin(*path, spelling)),
                hint="rename one",
            )
        names[name] = spelling
    return names


def _table(document: TomlDocument, *path: str) -> dict[str, object]:
    value = _at(document, *path)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(
            f"expected {'.'.join(path)} to be a table, found {type(value).__name__}",
            context=str(document.origin(*path)),
        )
    return value


def _at(document: TomlDocument, *path: str) -> object:
    value: object = document.data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _refuse_dynamic(document: TomlDocument, *fields: str) -> None:
    """Raise InputError where one of the fields is left to the build (PEP 621)."""
    dynamic = _at(document, "project", "dynamic")
    missing = [field for field in fields if isinstance(dynamic, list) and field in dynamic]
    if not missing:
        return
    declared = _at(document, "tool", "setuptools", "dynamic", missing[0])
    files = declared.get("file") if isinstance(declared, dict) else None
    names = [files] if isinstance(files, str) else files
    hint = "write the dependencies in [project], or export them to a requirements file and give that"
    if isinstance(names, list) and names:
        hint = f"setuptools reads them from {', '.join(map(str, names))}: give that file instead"
    raise InputError(
        f"{missing[0]} are dynamic: they are known only after the project is built, which distrofirst does not do",
        context=str(document.origin("project", "dynamic")),
        hint=hint,
    )


def _no_project(document: TomlDocument, groups: dict[NormalizedName, str]) -> InputError:
    message = "there is no [project] table, so no dependencies"
    if groups:
        hint = f"{_offer('groups', groups)}; ask with --group NAME"
    elif _at(document, "tool", "poetry", "dependencies") is not None:
        hint = "this is Poetry's own form: `poetry export -o requirements.txt`, and give that file"
    else:
        hint = "add [project] with dependencies (PEP 621), or give a requirements file"
        return NothingAskedError(message, context=document.shown, hint=hint)
    return InputError(message, context=document.shown, hint=hint)


def _offer(what: str, names: dict[NormalizedName, str]) -> str:
    return f"it has these {what}: {', '.join(sorted(names))}" if names else f"it has no {what}"
