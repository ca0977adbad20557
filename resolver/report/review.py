"""The review list for people, and as JSON (``distrofirst/review/1``): what most deserves a look stands first.

The document, every key always there, null or empty where there is nothing to say; the same review gives the same
bytes (rule R7)::

    {"schema", "target", "since": the lock in use or null,
     "summary": {"projects", "pypi", "first", "unchanged"},
     "releases": those that were asked whether they know a project,
     "items": [{"name", "version", "filename", "path", "requested_by", "weight", "first",
                "grounds": [{"ground", "detail", "weight"}], "unchecked": [text],
                "former": {"version", "path"} or null,
                "changes": {"files": {"added", "removed", "changed"}, "native", "names", "entry_points", "requires",
                            "people": {"added", "removed"}, "size": {"before", "after"}} or null}],
     "unchanged": [name], "gone": [{"name", "version"}], "served": [{"name", "os_package"}]}
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from resolver.model.review import Ground
from resolver.report.plain import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from resolver.model.review import Delta, Review, ReviewItem, WeighedGround, WheelDifference

SCHEMA = "distrofirst/review/1"
"""Changes only when a key changes its meaning or goes."""

_WIDTH = 80
_LEAST_WIDTH = 40
_MOST_FILES = 4
_MOST_ASKERS = 3
_DESCRIBES = "dist-info/"


def text(review: Review, *, width: int | None, verbose: bool) -> str:
    """Give the summary, what is to be looked at first with its grounds, and the others with a line each.

    Lines wrap at ``width`` columns (None: 80), paths and long words do not. ``verbose`` tells everything of all of
    them, and names every file that changed.
    """
    return "\n".join(_lines(review, max(width or _WIDTH, _LEAST_WIDTH), verbose=verbose)) + "\n"


def _lines(review: Review, width: int, *, verbose: bool) -> Iterator[str]:
    yield from _wrapped(review.target if review.since is None else f"{review.target}, since {review.since}", width)
    yield from _wrapped(_summary(review), width)
    brief = False
    for place, item in enumerate(review.items, 1):
        if item.first or verbose:
            yield ""
            yield from _item(place, item, width, verbose=verbose)
            continue
        if not brief:
            yield from ("", "later (-v tells more):")
            brief = True
        grounds = ", ".join(_words(one) for one in item.grounds) or "nothing in particular"
        yield from _wrapped(f"{place}. {_named(item)} ({item.weight}): {grounds}", width, hang="   ")
    rest = [line for told in _rest(review) for line in _wrapped(told, width)]
    if rest:
        yield from ("", *rest)


def _summary(review: Review) -> str:
    first = sum(item.first for item in review.items)
    told = [f"{first} to look at first", f"{len(review.items) - first} later"]
    if review.since is not None:
        told.append(f"{len(review.unchanged)} unchanged")
    verb = "comes" if review.remainder == 1 else "come"
    return f"{review.remainder} of {count(review.projects, 'project')} {verb} from PyPI: {', '.join(told)}"


def _named(item: ReviewItem) -> str:
    version = item.version if item.former in {None, item.version} else f"{item.former} → {item.version}"
    return f"{item.project} {version}"


def _words(one: WeighedGround) -> str:
    return one.ground.value.replace("-", " ")


def _item(place: int, item: ReviewItem, width: int, *, verbose: bool) -> Iterator[str]:
    shown = item.requested_by if verbose else item.requested_by[:_MOST_ASKERS]
    more = f" and {len(item.requested_by) - len(shown)} more" if len(item.requested_by) > len(shown) else ""
    asked = f", asked for by {', '.join(shown)}{more}" if shown else ""
    yield from _wrapped(f"{place}. {_named(item)} ({item.weight}){asked}", width, hang="   ")
    label = "contents"
    for one in item.grounds:
        if one.ground is Ground.CHANGED and item.difference is not None:
            label = f"{_words(one)} ({one.weight})"  # said of the files, below
        else:
            yield from _wrapped(f"{_words(one)} ({one.weight}): {one.detail}", width, indent="   ")
    if item.difference is not None:
        yield from _difference(item.difference, label, width, verbose=verbose)
    if item.path is not None:
        yield f"   wheel: {_short(item.path)}"
    if item.former_path is not None:
        yield f"   before: {_short(item.former_path)}"


def _difference(difference: WheelDifference, label: str, width: int, *, verbose: bool) -> Iterator[str]:
    """Name files, those that run before those that describe; what the grounds do not say, to whom wants it all."""
    files, (before, after) = difference.files, difference.sizes
    numbers = f"{count(len(files.changed), 'file')} changed, {len(files.added)} added, {len(files.removed)} removed"
    yield from _wrapped(f"{label}: {numbers}; {_size(before)} → {_size(after)}", width, indent="   ")
    signed = [
        *((path, f"+ {path}{' (compiled)' if path in difference.native.added else ''}") for path in files.added),
        *((path, f"~ {path}") for path in files.changed),
        *((path, f"- {path}") for path in files.removed),
    ]
    signed.sort(key=lambda one: (one[0] not in difference.native.added, one[0].startswith(_DESCRIBES)))
    shown = signed if verbose else signed[:_MOST_FILES]
    for _, line in shown:
        yield from _wrapped(line, width, indent="     ")
    if len(signed) > len(shown):
        yield f"     … {len(signed) - len(shown)} more (-v names them)"
    if not verbose:
        return
    for name, delta in (
        ("requires", difference.requires),
        ("entry points", difference.entry_points),
        ("top-level names", difference.names),
    ):
        for line in (*(f"+ {one}" for one in delta.added), *(f"- {one}" for one in delta.removed)):
            yield from _wrapped(f"{name}: {line}", width, indent="   ")


def _size(size: int) -> str:
    """Give ``812 bytes``, ``4.3 kB``, ``36.8 MB``."""
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def _rest(review: Review) -> Iterator[str]:
    """Say what is not on the list, and what nobody could tell."""
    if review.gone:
        yield f"No longer needed: {', '.join(f'{name} {version}' for name, version in review.gone)}"
    if review.served:
        yield f"Now from the distribution: {', '.join(f'{name} ({package})' for name, package in review.served)}"
    if review.unchanged:
        yield f"Unchanged: {', '.join(review.unchanged)}"
    whose: dict[str, list[str]] = {}
    for item in review.items:
        for what in item.unchecked:
            whose.setdefault(what, []).append(item.project)
    told: dict[tuple[str, ...], list[str]] = {}
    for what, projects in whose.items():
        told.setdefault(tuple(projects), []).append(what)
    for named, several in told.items():
        of = f" of {', '.join(named)}" if len(named) < len(review.items) else ""
        yield f"Not checked{of}: {'; '.join(several)}"


def _short(path: Path) -> str:
    """Name a file of the cache by the beginning of its hash, which a shell completes; another one as it is."""
    digest = path.parent.name
    is_hash = len(digest) == 64 and not set(digest) - set("0123456789abcdef")  # noqa: PLR2004 - hexadecimal sha256
    return printable(str(path.parent.parent / f"{digest[:8]}*" / "*.whl" if is_hash else path))


def _wrapped(line: str, width: int, *, indent: str = "", hang: str = "  ") -> list[str]:
    return textwrap.wrap(
        printable(line),
        width,
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_json(review: Review) -> str:
    """Give the document, as text that ends with a newline."""
    document = {
        "schema": SCHEMA,
        "target": review.target,
        "since": review.since,
        "summary": {
            "projects": review.projects,
            "pypi": review.remainder,
            "first": sum(item.first for item in review.items),
            "unchanged": len(review.unchanged),
        },
        "releases": list(review.asked),
        "items": [_as_object(item) for item in review.items],
        "unchanged": list(review.unchanged),
        "gone": [{"name": name, "version": version} for name, version in review.gone],
        "served": [{"name": name, "os_package": package} for name, package in review.served],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _as_object(item: ReviewItem) -> dict[str, object]:
    return {
        "name": item.project,
        "version": item.version,
        "filename": item.filename,
        "path": _text(item.path),
        "requested_by": list(item.requested_by),
        "weight": item.weight,
        "first": item.first,
        "grounds": [{"ground": one.ground.value, "detail": one.detail, "weight": one.weight} for one in item.grounds],
        "unchecked": list(item.unchecked),
        "former": None if item.former is None else {"version": item.former, "path": _text(item.former_path)},
        "changes": None if item.difference is None else _changes(item.difference),
    }


def _changes(difference: WheelDifference) -> dict[str, object]:
    lists = {name: getattr(difference, name) for name in ("native", "names", "entry_points", "requires", "people")}
    before, after = difference.sizes
    return {
        "files": {**_both(difference.files), "changed": list(difference.files.changed)},
        **{name: _both(delta) for name, delta in lists.items()},
        "size": {"before": before, "after": after},
    }


def _both(delta: Delta) -> dict[str, list[str]]:
    return {"added": list(delta.added), "removed": list(delta.removed)}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
