"""``distrofirst report --relax``: what loosening bounds would buy, and the patch and the configuration that do it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from resolver.model import Origin
from resolver.report.patch import _loosen
from resolver.requirements import parse_requirement
from tests.cli.commandline import TRIXIE, Here
from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback


def test_R2_relaxing_one_bound_tells_what_comes_back_above_it_too(run: Here, folder: Path, index: Loopback) -> None:
    """Debian's flask stands on Debian's click: a click from the index takes both away, and its bound alone does so."""
    serve(index, {"click": {"99.0": {}}, "flask": {"99.0": {}}, "zz-alpha": {"1.0": {}}}, "metadata")
    (folder / "requirements.txt").write_text("flask\nclick>=99\nzz-alpha\nrequests==0.1\n")
    ran = run("report", *TRIXIE, "--format", "json", "--relax", "all")
    (target,) = ran.json["targets"]
    first = target["gains"][0]
    assert (first["name"], first["moved"]) == ("click", ["click", "flask"])
    (bound,) = first["bounds"]
    assert (bound["at"], bound["bound"]) == ("requirements.txt:2", ">=99")
    assert bound["loosened"].startswith(">=8")
    assert ran.outcomes["flask"] == "pypi", "the plan itself keeps to what was asked for"
    told = " ".join(run("report", *TRIXIE, "--relax", "click").out.split())
    assert "click: 2 projects back to the distribution (click, flask); requirements.txt:2: >=99 → >=8" in told
    assert "requests: " not in told.partition("Bounds set aside, each by itself:")[2].partition("Coverage")[0]


def test_relaxing_what_has_no_bound_moves_nothing(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\nrequests==0.1\n")
    told = run("report", "--direct", *TRIXIE, "--relax", "flask", "--relax", "Requests").out
    assert "flask: nothing would move" in told
    assert "requests: 1 project back to the distribution (requests); requirements.txt:2: ==0.1 → >=0.1" in told
    assert 'or pins-for.requests = "minimum"' in " ".join(told.split())


def test_what_no_input_asks_for_cannot_be_relaxed(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report", "--direct", *TRIXIE, "--relax", "django")
    assert (ran.code, ran.out) == (2, "")
    assert "error: --relax: no input asks for django" in ran.err


# The patch ---------------------------------------------------------------------------------------------------------

REQUIREMENTS = """\
# what the application needs
flask
-r more/base.txt
requests[socks] ==0.1 ; python_version >= "3.8"  # pinned long ago
click>=99,\\
  <200
-c limits.txt
zz-alpha
"""


def relaxed(run: Here, *argv: str) -> str:
    ran = run("report", "--direct", *TRIXIE, "--relax", "all", *argv)
    assert ran.code == 0
    return ran.out


@pytest.mark.skipif(not shutil.which("patch"), reason="patch is not installed")
def test_the_patch_does_what_the_report_says(run: Here, folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "base.txt").write_bytes(b"Jinja2 (>=99)\r\nIDNA==0.1")
    (folder / "limits.txt").write_text("pyyaml<0.1\n")
    (folder / "requirements.txt").write_text(REQUIREMENTS.replace("\\\n  <200", "<200") + "PyYAML\n")
    (target,) = run("report", "--direct", *TRIXIE, "--relax", "all", "--format", "json").json["targets"]
    assert target["together"] == ["click", "idna", "jinja2", "pyyaml", "requests"]
    patch = relaxed(run, "--format", "patch")
    assert "# all of these loosened: 5 projects back (click, idna, jinja2, pyyaml, requests)" in patch.splitlines()
    subprocess.run(["patch", "-p1", "--binary"], input=patch, text=True, check=True, capture_output=True)
    after = run("report", "--direct", *TRIXIE, "--format", "json").outcomes
    assert {name for name, outcome in after.items() if outcome != "distro"} == {"zz-alpha"}
    assert (folder / "more" / "base.txt").read_bytes().startswith(b"Jinja2 >=3.1")
    line = next(line for line in (folder / "requirements.txt").read_text().splitlines() if line.startswith("requests"))
    assert re.fullmatch(r'requests\[socks\] >=0\.1 ; python_version >= "3\.8"  # pinned long ago', line)


def test_R4_a_line_that_is_not_for_this_target_stays(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text(
        'requests==0.1 ; python_version < "3.12"\nrequests==0.2 ; python_version >= "3.12"\n'
    )
    patch = relaxed(run, "--format", "patch")
    assert [line for line in patch.splitlines() if line.startswith(("-r", "+r"))] == [
        '-requests==0.2 ; python_version >= "3.12"',
        '+requests>=0.2 ; python_version >= "3.12"',
    ]


@pytest.mark.parametrize("tool", [("git", "apply", "--unsafe-paths"), ("patch", "-p1")])
@pytest.mark.parametrize("name", ["requirements.txt", "what we need.txt"])
def test_a_file_by_any_name_is_patched_by_git_and_by_patch(
    run: Here, folder: Path, name: str, tool: tuple[str, ...]
) -> None:
    if not shutil.which(tool[0]):
        pytest.skip(f"{tool[0]} is not installed")
    (folder / name).write_text("requests==0.1")
    patch = relaxed(run, "--format", "patch", name)
    subprocess.run(tool, input=patch, text=True, check=True, cwd=folder, capture_output=True)
    assert (folder / name).read_text() == "requests>=0.1"


def test_a_name_of_several_lines_is_no_part_of_a_patch(run: Here, folder: Path) -> None:
    name = "a\n--- a/mine\n+++ b/mine\n@@ -1 +1 @@\n-mine\n+yours\n.txt"
    (folder / "a\n--- a").mkdir()
    (folder / "a\n--- a/mine\n+++ b").mkdir()
    (folder / name).write_text("requests==0.1")
    patch = relaxed(run, "--format", "patch", name)
    assert all(line.startswith("#") for line in patch.splitlines())
    assert "# requests: not in this patch; by hand: a\\n--- a/mine" in patch


def test_a_pyproject_is_patched_in_its_own_line(run: Here, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = [\n  "flask", "requests==0.1",\n]\n'
    )
    patch = relaxed(run, "--format", "patch", "pyproject.toml")
    assert '+  "flask", "requests>=0.1",\n' in patch


def test_what_a_patch_cannot_loosen_is_told_in_it(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text(f"requests==2.32.3 --hash=sha256:{'0' * 64}\n")
    patch = relaxed(run, "--format", "patch")
    assert "# requests: not in this patch, for its line has --hash; --format configuration has it" in patch
    assert "---" not in patch
    told = relaxed(run, "--format", "configuration")
    assert '[pins-for]\nrequests = "compatible"\n' in told


def test_the_configuration_does_what_the_report_says(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("requests==2.31.0\nflask==2.3.3\nhttpx==0.99\nclick>=99\n")
    told = relaxed(run, "--format", "configuration")
    assert "# click: no policy lets it in; --format patch has its bound" in told
    (folder / "distrofirst.toml").write_text(told)
    after = run("report", "--direct", *TRIXIE, "--format", "json").outcomes
    assert after == {"requests": "distro", "flask": "distro", "httpx": "distro", "click": "unresolved"}
    assert 'requests = "compatible"\nflask = "minimum"' in told or 'flask = "minimum"' in told


@pytest.mark.parametrize("form", ["patch", "configuration"])
def test_a_format_of_gains_needs_to_know_which(run: Here, folder: Path, form: str) -> None:
    (folder / "requirements.txt").write_text("requests==0.1\n")
    ran = run("report", "--direct", *TRIXIE, "--format", form)
    assert (ran.code, ran.out) == (2, "")
    assert "add --relax all" in ran.err


SPACE = st.sampled_from(["", " ", "  "])
BOUNDS = st.sampled_from([">=2", "==1.0", "~=2.1", ">=1,<2", "!=3, >=2", "===odd"])


@given(
    st.sampled_from(["zz-alpha", "ZZ_Alpha", "zz.alpha"]),
    st.sampled_from(["", "[a]", "[a,b-c]"]),
    st.tuples(BOUNDS, BOUNDS, st.sampled_from(["{}", "({})"])),
    st.sampled_from(["", ' ; python_version < "4"', "  # zz-alpha>=2 is what it was", " \\"]),
    st.tuples(SPACE, SPACE),
)
def test_a_line_says_the_same_but_for_its_bound(
    name: str, extras: str, bounds: tuple[str, str, str], rest: str, space: tuple[str, str]
) -> None:
    old, new, form = bounds
    bound = form.format(old)
    lines = [f"xx-{name}{old}\n", f"{name}{space[0]}{extras}{space[1]}{bound}{rest}\n"]
    before, first = lines[1], lines[0]
    assert _loosen(lines, "zz-alpha", 2, SpecifierSet(old), new)
    assert lines[0] == first
    assert lines[1].endswith(f"{rest}\n")

    def said(line: str) -> tuple[object, ...]:
        text = line.partition("  #")[0].removesuffix("\\\n").strip()
        found = parse_requirement(text, Origin(file="x", line=1))
        return found.name, found.extras, str(found.marker)

    assert said(lines[1]) == said(before)
    text = lines[1].partition("  #")[0].removesuffix("\\\n").strip()
    assert parse_requirement(text, Origin(file="x", line=1)).specifier == SpecifierSet(new)
