"""The report as a table for people: what comes from where, what does not and why, and the next step.

Everything is said in words; colour only repeats them. rich is imported where it is used: a warm JSON report does
not pay for it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from resolver.model import Build, Commit, Outcome
from resolver.report import backing, gains, matrix
from resolver.report.formats import PLAIN, Frame
from resolver.report.plain import count, percent, printable, source
from resolver.report.reasons import words
from resolver.report.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType

    from resolver.model import Decision, OsCandidate, Resolution

_WIDTH_WITHOUT_TERMINAL = 100
_LEAST_WIDTH = 60
"""Under this rich would cut cells off; a narrower terminal wraps the lines itself."""
_INDENT = 2
_NAME = 20
_CELL = 12
"""What a project's name and a target's cell need at least in the matrix, with the space after them."""
_WIDEST_CELL = 30
_GAP = 2
_STYLES = {
    Outcome.DISTRO: "green",
    Outcome.PYPI: "yellow",
    Outcome.UNMET: "bold red",
    Outcome.UNRESOLVED: "yellow",
    Outcome.INAPPLICABLE: "dim",
}


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the report of one target, or the matrix of several.

    From 60 columns on no line is longer; lines wrap and never lose a character. Transitive projects that the
    distribution serves are only counted, unless ``frame.verbose``.
    """
    one_target = len(resolutions) + len(frame.missing) == 1
    console = _console(width=max(frame.width or _WIDTH_WITHOUT_TERMINAL, _LEAST_WIDTH), color=frame.color)
    with console.capture() as capture:
        for part in (
            _target(resolutions[0], verbose=frame.verbose)
            if one_target
            else _targets(resolutions, frame, columns=console.width)
        ):
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")) + "\n"


def _console(*, width: int, color: bool) -> Console:
    """Make a console that takes nothing from the environment: neither its size nor its taste."""
    from rich.console import Console  # noqa: PLC0415 - 25 ms that only this report needs

    return Console(
        width=width,
        height=25,
        color_system="standard" if color else None,
        force_terminal=color,
        force_jupyter=False,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )


def _target(resolution: Resolution, *, verbose: bool) -> Iterable[RenderableType]:
    """Give the parts of one target's report from top to bottom."""
    yield from _headline(resolution)
    yield ""
    yield from _decisions(resolution, verbose=verbose)
    steps = (f"{', '.join(names)}: {step}" for step, names in next_steps(resolution.decisions))
    yield from _list("Next steps", map(printable, steps))
    yield from _list(f"Pins loosened by --pins {resolution.pins}", _loosened(resolution.decisions))
    yield from _list("Bounds set aside, each by itself", gains.lines(resolution))
    yield from _list("Warnings", map(printable, resolution.warnings))
    yield from _totals(resolution)


def _headline(resolution: Resolution) -> Iterable[RenderableType]:
    from rich.text import Text  # noqa: PLC0415 - as above

    target = resolution.target
    codename = f" ({target.release.codename})" if target.release.codename else ""
    yield Text(f"{target}{codename}, Python {target.python}, {target.architecture}", style="bold")
    metadata = resolution.metadata
    yield Text(f"metadata: {metadata.source}, {metadata.date}; pins: {resolution.pins}", style="dim")


def _decisions(resolution: Resolution, *, verbose: bool) -> Iterable[RenderableType]:
    """Give the table, then how many projects it leaves out."""
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    listed = [decision for decision in resolution.decisions if decision.direct]
    needed = [decision for decision in resolution.decisions if not decision.direct]
    shown = [decision for decision in needed if verbose or decision.outcome is not Outcome.DISTRO]
    left_out = len(needed) - len(shown)

    if listed or shown:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("Project", overflow="fold", min_width=16)
        table.add_column("Wanted", overflow="fold", min_width=8)
        table.add_column("Comes from, and why not from the distribution", overflow="fold", min_width=24)
        for decision in listed:
            table.add_row(*_row(decision))
        if shown:
            table.add_section()
            table.add_row(Text("needed by these:", style="dim"))
            for decision in shown:
                table.add_row(*_row(decision, indent=_INDENT))
        yield table
        yield ""
    if left_out:
        yield Text(f"and {left_out} more from the distribution, needed by these (-v lists them)", style="dim")
        yield ""


def _row(decision: Decision, *, indent: int = 0) -> tuple[RenderableType, ...]:
    """Give the cells of one project; the last one holds the source with its notes and reason under it."""
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.padding import Padding  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    extras = f"[{','.join(decision.extras)}]" if decision.extras else ""
    project: RenderableType = Text(printable(f"{decision.name}{extras}"))
    whence: RenderableType = Text(comes_from(decision), style=_STYLES[decision.outcome])
    notes = list(_notes(decision))
    if indent:
        project = Padding(project, (0, 0, 0, indent))
    if notes:
        whence = Group(whence, *(Padding(Text(note, overflow="fold"), (0, 0, 0, _INDENT)) for note in notes))
    return project, Text(printable(decision.specifier)), whence


def comes_from(decision: Decision) -> str:
    """Word where a project comes from: ``python3-flask 3.1.1-1``, ``PyPI 2.1, built from its sdist``."""
    if decision.outcome is Outcome.DISTRO and decision.os:
        return printable(f"{decision.os.package.name} {decision.os.package.version}")
    match decision.wheel.built if decision.wheel is not None else None:
        case Build(source=Commit()):
            return f"a repository, {decision.version}, built from its commit"
        case Build():
            return source(decision.outcome, decision.version) + ", built from its sdist"
        case None:
            return source(decision.outcome, decision.version)


def _notes(decision: Decision) -> Iterable[str]:
    """Say what the source alone does not: the project's version (rule V1), a loosened pin, why not the distribution."""
    if decision.outcome is Outcome.DISTRO and decision.os:
        yield from _version_notes(decision.os)
    if decision.loosened:
        yield printable(f"{decision.loosened} is loosened")
    if decision.reason:
        yield printable(": ".join(filter(None, (words(decision.reason), decision.detail))))
    if decision.reason and decision.requested_by and (decision.outcome is Outcome.UNMET or not decision.direct):
        yield printable(f"asked for by {', '.join(decision.requested_by)}")


def _version_notes(candidate: OsCandidate) -> Iterable[str]:
    version = str(candidate.version)
    upstream = candidate.package.version.partition(":")[2] or candidate.package.version
    if upstream != version and not upstream.startswith(tuple(version + mark for mark in "-+~")):
        yield f"which is version {version}"
    if candidate.metadata_version not in {None, version}:
        yield printable(f"whose metadata says {candidate.metadata_version}")


def next_steps(decisions: Sequence[Decision]) -> Iterable[tuple[str, Sequence[str]]]:
    """Give each next step once, with the projects that it would help; unmet projects before those that have a home."""
    helped: dict[str, list[str]] = {}
    for decision in sorted(decisions, key=lambda decision: decision.outcome is not Outcome.UNMET):
        if decision.next_step:
            helped.setdefault(decision.next_step, []).append(decision.name)
    return helped.items()


def _loosened(decisions: Sequence[Decision]) -> Iterable[str]:
    for decision in decisions:
        if decision.loosened:
            asked = ", ".join(decision.requested_by)
            yield printable(f"{decision.name}: {decision.loosened} became {decision.version} (asked for by {asked})")


def _list(title: str, items: Iterable[str]) -> Iterable[RenderableType]:
    """Give a title and its items with a hanging indent; nothing at all without items."""
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    texts = list(items)
    if not texts:
        return
    yield Text(f"{title}:", style="bold")
    grid = Table.grid()
    grid.add_column(width=4)
    grid.add_column(overflow="fold")
    for text in texts:
        grid.add_row("  -", Text(text))
    yield grid
    yield ""


def _totals(resolution: Resolution) -> Iterable[RenderableType]:
    from rich.text import Text  # noqa: PLC0415 - as above

    summary = summarize(resolution)
    parts = chain(
        (
            f"{summary.distro} of {count(summary.projects, 'project')} from the distribution",
            f"{summary.pypi} from PyPI",
        ),
        (f"{summary.unmet} unmet",),
        (f"{summary.unresolved} unresolved (no index was asked)",) if summary.unresolved else (),
        (f"{summary.inapplicable} not for this target",) if summary.inapplicable else (),
    )
    yield Text(f"Coverage {percent(summary.coverage)}: {', '.join(parts)}.", style="bold")
    shares = ", ".join(
        f"{policy} {percent(share)}" for policy, share in summary.coverage_by_pins.items() if share is not None
    )
    if shares:
        yield Text(f"Of the {count(summary.requirements, 'listed requirement')}, by --pins: {shares}.")
    yield from map(Text, backing.lines(resolution))


def _targets(resolutions: Sequence[Resolution], frame: Frame, *, columns: int) -> Iterable[RenderableType]:
    """Give the parts of a report on several targets from top to bottom."""
    from rich.text import Text  # noqa: PLC0415 - as above

    for resolution in resolutions:
        yield from _headline(resolution)
    for one in frame.missing:
        yield Text(printable(f"{one.target}: not consulted"), style="bold red")
        yield Text(printable(one.why), style="dim")
    yield ""
    yield from _matrix(resolutions, frame, columns=columns)
    told: dict[str, list[str]] = {}
    for resolution in resolutions:
        for warning in resolution.warnings:
            told.setdefault(warning, []).append(str(resolution.target))
    for resolution in resolutions:
        yield from _list(f"{resolution.target}: bounds set aside, each by itself", gains.lines(resolution))
    yield from _list("Warnings", (printable(f"{', '.join(names)}: {warning}") for warning, names in told.items()))
    yield _comparison(resolutions, frame)


def _matrix(resolutions: Sequence[Resolution], frame: Frame, *, columns: int) -> Iterable[RenderableType]:
    """Give projects and targets, as many targets abreast as there is room for, then how many projects it leaves out."""
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    rows = matrix.rows(resolutions)
    shown = [row for row in rows if frame.verbose or row.gaps or row.direct]
    heads = [*(str(one.target) for one in resolutions), *(one.target for one in frame.missing)]
    abreast = min(len(heads), (columns - _NAME) // _CELL)
    width = min((columns - _NAME) // abreast, _WIDEST_CELL) - _GAP
    for start in range(0, len(resolutions), abreast) if shown else ():
        names = heads[start : start + abreast]
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column("Project", overflow="fold", min_width=_NAME - _GAP)
        for head in names:
            table.add_column(_head(head), overflow="fold", width=width)
        for row in shown:
            cells = [_cell(one) for one in row.decisions[start : start + abreast]]
            table.add_row(Text(printable(row.name)), *cells, *["?"] * (len(names) - len(cells)))
        yield table
        yield ""
    if frame.missing:
        yield Text("? not consulted: nobody knows", style="dim")
    if len(shown) < len(rows):
        yield Text(f"and {len(rows) - len(shown)} more, served everywhere (-v lists them)", style="dim")
    yield Text("--target with one of them alone tells the reasons in full.", style="dim")
    yield ""


def _head(target: str) -> str:
    """Give a column's head in two lines, for ``opensuse:tumbleweed`` in one would make it wide."""
    distribution, _, version = printable(target).partition(":")
    return f"{distribution}\n{version}" if version else distribution


def _cell(decision: Decision | None) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(matrix.words(decision), style=_STYLES[decision.outcome] if decision else "dim")


def _comparison(resolutions: Sequence[Resolution], frame: Frame) -> RenderableType:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("Target", overflow="fold")
    for header in ("Python", "Coverage", "Distribution", "PyPI", "Unmet", "Unresolved"):
        table.add_column(header, justify="right", overflow="fold")
    for resolution in resolutions:
        summary = summarize(resolution)
        numbers = (summary.distro, summary.pypi, summary.unmet, summary.unresolved)
        target = resolution.target
        table.add_row(str(target), target.python, percent(summary.coverage), *map(str, numbers))
    for one in frame.missing:
        table.add_row(printable(one.target), *["?"] * 6)
    return table
