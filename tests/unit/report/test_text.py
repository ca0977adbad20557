from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from resolver.model import Outcome, Reason, Release, Unconsulted
from resolver.report import text
from resolver.report.formats import Frame
from resolver.report.reasons import words
from tests.unit.report.samples import candidate, distro, gaps, plan, pypi, resolution, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from resolver.model import Decision, Resolution

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def render(*resolutions: Resolution, width: int | None = None, color: bool = False, verbose: bool = False) -> str:
    return text.render(resolutions, Frame(width=width, color=color, verbose=verbose))


def squeezed(rendered: str) -> str:
    """Without the white space that wrapping and columns add."""
    return re.sub(r"\s+", "", rendered)


def flowed(rendered: str) -> str:
    """One line, as if never wrapped."""
    return " ".join(rendered.split())


@pytest.mark.parametrize("width", [60, 80, 120, None])
@pytest.mark.parametrize("made", [plan, gaps])
def test_no_line_is_longer_than_the_terminal(made: Callable[[], Resolution], width: int | None) -> None:
    lines = render(made(), made(), width=width, verbose=True).splitlines()
    assert max(map(len, lines)) <= (width or 100)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_each_project_and_each_reason_is_named_at_every_width(width: int | None) -> None:
    rendered = render(gaps(), width=200, verbose=True)
    for decision in gaps().decisions:
        assert decision.name in rendered
        if decision.reason:
            assert f"{words(decision.reason)}: {decision.detail}" in rendered or decision.detail is None
    wrapped = squeezed(render(gaps(), width=width, verbose=True))
    long_name = next(decision.name for decision in gaps().decisions if len(decision.name) > 80)
    assert all(part in wrapped for part in re.findall(r".{1,4}", long_name)), "a long name wraps, whole"


def test_a_narrower_terminal_than_the_table_loses_nothing() -> None:
    narrow = render(distro_with_long_words(), width=20)
    for word in ("python3-" + "w" * 50, "1.0+" + "x" * 50, "==" + "9" * 50):
        assert sum(map(narrow.count, set(word[-20:]))) >= 40, word
    assert narrow == render(distro_with_long_words(), width=60)


def distro_with_long_words() -> Resolution:
    found = candidate("w", "1.0", package="python3-" + "w" * 50, os_version="1.0+" + "x" * 50)
    return resolution([distro("w", "1.0", os=found, specifier="==" + "9" * 50)])


def test_colour_only_repeats_the_words() -> None:
    coloured = render(plan(), width=80, color=True)
    assert ANSI.search(coloured)
    plain = [line.rstrip() for line in ANSI.sub("", coloured).splitlines()]
    assert plain == render(plan(), width=80).splitlines()


@pytest.mark.parametrize("name", ["FORCE_COLOR", "COLUMNS", "NO_COLOR", "TERM", "JUPYTER_COLUMNS"])
def test_the_environment_decides_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plain, coloured = render(plan()), render(plan(), color=True)
    monkeypatch.setenv(name, "dumb" if name == "TERM" else "30")
    assert render(plan()) == plain
    assert render(plan(), color=True) == coloured


def test_R7_the_same_plan_reads_the_same() -> None:
    assert render(plan(), gaps()) == render(plan(), gaps())


def test_nothing_from_strangers_reaches_the_terminal() -> None:
    hostile = "\x1b[2J\r\x07"
    decision = without(
        "thing" + hostile,
        Outcome.UNMET,
        Reason.NO_WHEEL,
        detail=hostile,
        specifier=hostile,
        next_step=hostile,
        requested_by=(hostile,),
    )
    found = candidate("other", "1.0", package="python3-other" + hostile, metadata_version=hostile)
    decisions = [
        decision,
        distro("other", "1.0", os=found, loosened=hostile),
        replace(pypi("third", "1"), version="1" + hostile),
    ]
    rendered = render(resolution(decisions, warnings=(hostile,)))
    assert all(character.isprintable() or character == "\n" for character in rendered)


def test_the_headline_names_the_target_and_what_the_answer_rests_on() -> None:
    head = render(plan()).splitlines()[:2]
    assert head == [
        "debian:13 (trixie), Python 3.13, amd64",
        "metadata: apt, 2026-11-15T08:15:00Z; pins: prefer",
    ]


def test_transitive_projects_of_the_distribution_are_counted_and_shown_on_demand() -> None:
    terse, verbose = render(plan()), render(plan(), verbose=True)
    assert "and 7 more from the distribution, needed by these (-v lists them)" in terse
    assert "python3-urllib3" not in terse
    assert "python3-urllib3 2.3.0-1" in verbose
    assert "more from the distribution" not in verbose
    assert "starlette" in terse, "what is not from the distribution is always shown"
    assert terse.index("\nstripe") < terse.index("\nneeded by these:") < terse.index("\n  starlette")


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        pytest.param(
            distro("a", "2.32.3", os=candidate("a", "2.32.3", os_version="2.32.3+dfsg-5")),
            "python3-a 2.32.3+dfsg-5",
            id="the same version, repacked",
        ),
        pytest.param(
            distro("a", "2.0", os=candidate("a", "2.0", os_version="1:2.0-1")),
            "python3-a 1:2.0-1",
            id="the same version behind an epoch",
        ),
        pytest.param(
            distro("a", "4.21.12", os=candidate("a", "4.21.12", os_version="3.21.12-11+b1")),
            "python3-a 3.21.12-11+b1 which is version 4.21.12",
            id="another numbering",
        ),
        pytest.param(
            distro("a", "2.0", os=candidate("a", "2.0", os_version="2.0.1-1")),
            "python3-a 2.0.1-1 which is version 2.0",
            id="a common beginning is not the same version",
        ),
        pytest.param(
            distro("a", "1.4", os=candidate("a", "1.4", metadata_version="0.0.0")),
            "python3-a 1.4-1 whose metadata says 0.0.0",
            id="a placeholder",
        ),
        pytest.param(
            distro("a", "1.4", os=candidate("a", "1.4", metadata_version=None)),
            "python3-a 1.4-1",
            id="no metadata at all",
        ),
    ],
)
def test_V1_both_versions_are_shown_where_they_differ(decision: Decision, said: str) -> None:
    body = flowed(render(resolution([decision]))).partition("─ ")[2]
    assert body.startswith(f"a {said} Coverage")


def test_R9_every_loosened_pin_is_named_with_who_asked() -> None:
    rendered = render(plan())
    assert "Pins loosened by --pins prefer:" in rendered
    assert "psycopg2-binary: ==2.9.9 became 2.9.10 (asked for by requirements.txt:6)" in rendered
    assert "loosened" not in render(gaps())


def test_R9_coverage_under_each_policy() -> None:
    assert "by --pins: exact 40 %, minimum 66.6 %, compatible 60 %, prefer 90 %." in flowed(render(plan()))
    assert "listed requirements, by" not in render(replace(plan(), coverage_by_pins={}))


def test_next_steps_name_whom_they_help_and_begin_with_the_unmet() -> None:
    shared = "debian:sid has it"
    rendered = render(
        resolution(
            [
                pypi("a", "1", next_step=shared),
                pypi("b", "1", next_step="something else"),
                pypi("c", "1", next_step=shared),
                without("z", Outcome.UNMET, Reason.NO_WHEEL, next_step="allow sdists"),
            ]
        )
    )
    steps = rendered.partition("Next steps:\n")[2].splitlines()[:3]
    assert steps == ["  - z: allow sdists", f"  - a, c: {shared}", "  - b: something else"]


def test_an_unmet_requirement_names_its_file_and_line() -> None:
    decision = without("a", Outcome.UNMET, Reason.NOT_ON_INDEX, requested_by=("requirements.txt:3", "b"))
    assert "asked for by requirements.txt:3, b" in render(resolution([decision]))


def test_warnings_are_shown() -> None:
    assert "certifi's copy on PyPI would lose the local CAs" in flowed(render(plan()))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            plan,
            "Coverage 76.4 %: 13 of 17 projects from the distribution, 4 from PyPI, 0 unmet, 1 not for this target.",
        ),
        (
            gaps,
            (
                "Coverage 5.8 %: 1 of 17 projects from the distribution, 1 from PyPI, 3 unmet, "
                "12 unresolved (no index was asked), 1 not for this target."
            ),
        ),
    ],
)
def test_the_totals(made: Callable[[], Resolution], said: str) -> None:
    assert said in flowed(render(made()))


def test_an_empty_plan_has_no_table() -> None:
    rendered = render(resolution([]))
    assert "Project" not in rendered
    assert "Coverage 100 %: 0 of 0 projects" in rendered


def test_extras_stand_beside_the_project() -> None:
    assert "requests[security,socks]" in render(resolution([distro("requests", "2", extras=("security", "socks"))]))


def test_brackets_are_no_markup() -> None:
    assert "a[bold] :warning:" in render(resolution([pypi("a", "1", detail="a[bold] :warning:")]))


# Several targets -------------------------------------------------------------------------------------------------


def matrix(rendered: str) -> dict[str, list[str]]:
    """The cells of the matrix by project, wrapped lines joined, from tables that stand one below the other."""
    cells: dict[str, list[str]] = {}
    for block in re.findall(r"^Project .*\n─+\n((?:.+\n)+)", rendered, re.MULTILINE):
        width = 20
        found: dict[str, list[str]] = {}
        name = ""
        for line in block.splitlines():
            name = line[:width].strip() or name
            parts = [line[at : at + 12].strip() for at in range(width, len(line), 12)]
            old = found.setdefault(name, [""] * len(parts))
            old += [""] * (len(parts) - len(old))
            found[name] = [f"{one} {more}".strip() for one, more in zip(old, parts + [""] * len(old), strict=False)]
        for name, parts in found.items():
            cells[name] = cells.get(name, []) + parts
    return cells


def versions(*has: str) -> tuple[Resolution, ...]:
    """Targets one:1, one:2 … that have flask in these versions; nothing where it is empty."""
    made = []
    for number, version in enumerate(has, start=1):
        decision = distro("flask", version) if version else pypi("flask", "9")
        one = resolution([decision, distro("idna", "3.10", direct=False), distro("attrs", "25.1")])
        made.append(replace(one, target=replace(one.target, release=Release(distribution="one", version=str(number)))))
    return tuple(made)


def test_several_targets_are_a_matrix_with_what_lacks_coverage_first() -> None:
    rendered = render(*versions("1.0", "", "2.0"), width=80)
    assert list(matrix(render(*versions("1.0", "", "2.0", "2", "2"), width=80))) == ["flask", "attrs"]
    assert rendered.index("\nflask") < rendered.index("\nattrs")
    assert "and 1 more, served everywhere (-v lists them)" in rendered
    assert "\nidna" in render(*versions("1.0", "", "2.0"), width=80, verbose=True)


def test_a_cell_is_the_version_and_whether_it_fits() -> None:
    cells = matrix(render(*versions("1.0", "", "2.0", "2.1", "3"), width=80))
    assert cells["flask"] == ["✓ 1.0", "✗ not packaged", "✓ 2.0", "✓ 2.1", "✓ 3"]


@pytest.mark.parametrize(("width", "abreast"), [(60, 3), (80, 5), (None, 6)])
def test_many_targets_go_on_in_further_tables(width: int | None, abreast: int) -> None:
    targets = versions(*(f"1.{number}" for number in range(13)))
    rendered = render(*targets, width=width)
    heads = [line.split()[1:] for line in rendered.splitlines() if line.startswith("Project ")]
    assert [number for head in heads for number in head] == [str(number) for number in range(1, 14)]
    assert len(heads[0]) == abreast
    assert max(map(len, rendered.splitlines())) <= (width or 100)


def test_I6_what_was_not_consulted_is_no_empty_column() -> None:
    missing = Unconsulted(target="fedora:43", why="no mirror is known", next_step=None, exit_code=3)
    rendered = text.render(versions("1.0"), Frame(missing=(missing,), width=80))
    assert "fedora:43: not consulted\nno mirror is known" in rendered
    assert re.search(r"^flask +✓ 1\.0 +\?$", rendered, re.MULTILINE)
    assert re.search(r"^fedora:43( +\?){6}$", rendered, re.MULTILINE)


def test_a_warning_of_several_targets_is_told_once() -> None:
    one, other = (replace(made, warnings=("beware",)) for made in versions("1", "2"))
    assert render(one, other).count("beware") == 1
    assert "one:1, one:2: beware" in render(one, other)


def test_several_targets_end_in_a_comparison() -> None:
    rendered = render(plan(), gaps())
    rows = [re.split(r" {2,}", line) for line in rendered.splitlines()[-4:]]
    assert rows[0] == ["Target", "Python", "Coverage", "Distribution", "PyPI", "Unmet", "Unresolved"]
    assert rows[2:] == [
        ["debian:13", "3.13", "76.4 %", "13", "4", "0", "0"],
        ["debian:13", "3.13", "5.8 %", "1", "1", "3", "12"],
    ]
    assert "Target" not in render(plan())
