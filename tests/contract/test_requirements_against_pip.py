"""Our parser against pip's own, over every requirements file of the corpora, and over made-up lines.

Compared: name, extras, specifier, marker, link, editable, constraint, hashes, file and line; and whether the file is
refused. Where we differ, ``REVIEWED`` says why; a difference without an entry fails.

Run as a script, it prints the counts: ``python tests/contract/test_requirements_against_pip.py [PIP'S FOLDER]``.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import hypothesis.strategies as st
import pytest
from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, canonicalize_version

CHECKOUT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))

from resolver.errors import DistrofirstError, InputError  # noqa: E402 - a script finds the checkout first
from resolver.requirements import read_inputs  # noqa: E402 - the same
from resolver.requirements.decoding import decode_requirements  # noqa: E402 - the same
from resolver.requirements.lines import logical_lines  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.model import Requirement

CORPORA = (CHECKOUT.parent / "shared" / "corpora").resolve()  # pip names files by their real place
ORACLE = Path(__file__).with_name("pip_oracle.py")


class Oracle:
    """pip, in a process of its own."""

    def __init__(self, pip_folder: str | None = None) -> None:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        if pip_folder:
            environment["PYTHONPATH"] = pip_folder
        self._process = subprocess.Popen(
            [sys.executable, str(ORACLE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # optparse prints its usage there at every refused option
            text=True,
            env=environment,
        )
        self.version: str = self._line()["pip"]

    def ask(self, question: dict[str, Any]) -> Answer:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._line()
        return Answer(
            requirements=tuple(Seen.of_pip(found) for found in answer["requirements"]), refused=answer["refused"]
        )

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _line(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one side made of a line, in a form that both sides share."""

    name: str | None
    extras: frozenset[str]
    specifier: str
    marker: str | None
    link: str | None
    editable: bool
    constraint: bool
    hashes: tuple[str, ...]
    place: str

    @classmethod
    def of_pip(cls, found: dict[str, Any]) -> Seen:
        return cls(
            name=canonicalize_name(found["name"]) if found["name"] else None,
            extras=frozenset(canonicalize_name(extra) for extra in found["extras"]),
            specifier=canonical(found["specifier"]),
            marker=str(Marker(found["marker"])) if found["marker"] else None,
            link=found["link"],
            editable=found["editable"],
            constraint=found["constraint"],
            hashes=tuple(sorted(set(found["hashes"]))),
            place=f"{found['file']}:{found['line']}",
        )

    @classmethod
    def of_ours(cls, found: Requirement) -> Seen:
        return cls(
            name=found.name,
            extras=frozenset(found.extras),
            specifier=canonical(str(found.specifier)),
            marker=str(found.marker) if found.marker else None,
            link=found.url,
            editable=found.editable,
            constraint=found.constraint,
            hashes=found.hashes,
            place=f"{os.path.realpath(found.origin.file)}:{found.origin.line}",
        )


def canonical(specifier: str) -> str:
    """Give one spelling to specifiers that mean the same; a legacy one, which only pip takes, stays as it is."""
    try:
        parts = [(part.operator, part.version) for part in SpecifierSet(specifier)]
    except InvalidSpecifier:
        return specifier
    return ",".join(sorted(operator + canonicalize_version(version) for operator, version in parts))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """All requirements of a file in order, or why it was refused."""

    requirements: tuple[Seen, ...]
    refused: str | None


def ours(path: Path, cwd: Path, *, constraint: bool) -> Answer:
    """Read as distrofirst does; a constraints file by way of ``-c``."""
    try:
        found = read_inputs(
            ["-" if constraint else str(path)],
            stdin=f"-c '{path}'\n".encode,
            environ={},
            cwd=cwd,
        )
    except DistrofirstError as error:
        return Answer(requirements=(), refused=f"{error} ({error.hint})")
    return Answer(requirements=tuple(map(Seen.of_ours, (*found.requirements, *found.constraints))), refused=None)


def difference(mine: Answer, pips: Answer) -> str | None:
    """Name the first thing in which the two differ; None where they agree. A refusal's wording does not count."""
    if mine.refused or pips.refused:
        if mine.refused and pips.refused:
            return None
        return f"we refuse: {mine.refused}" if mine.refused else f"pip refuses: {pips.refused}"
    # pip lists a file twice that is included twice, we list each line once; constraints come last here.
    ordered = sorted(dict.fromkeys(pips.requirements), key=lambda seen: seen.constraint)
    for one, other in zip(mine.requirements, ordered, strict=False):
        if one != other:
            return f"ours {one}, pip's {other}"
    if len(mine.requirements) != len(ordered):
        return f"we have {len(mine.requirements)} requirements, pip {len(ordered)}"
    return None


@dataclass(kw_only=True, slots=True)
class Count:
    """The outcome over the corpora."""

    files: int = 0
    lines: int = 0
    requirements: int = 0
    refused: int = 0
    """Files that both refuse; their lines were compared one by one."""
    differences: list[tuple[str, str]] = field(default_factory=list)
    """Place and what differs, without the reviewed ones."""
    reviewed: dict[str, int] = field(default_factory=dict)
    """How often each entry of REVIEWED spoke."""

    def summary(self, version: str) -> str:
        return "\n".join(
            [
                f"pip {version}: {self.files} files, {self.lines} lines, {self.requirements} requirements compared;",
                f"{self.refused} files are refused by a side, and their lines were compared one by one;",
                *(f"  explained, {times} times: {why}" for why, times in sorted(self.reviewed.items())),
                *(f"  UNEXPLAINED {place}: {what}" for place, what in self.differences),
                f"{len(self.differences)} unexplained differences",
            ]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """A difference that is meant."""

    pattern: str
    """Found in the place (with the line) and the difference, which stand on lines of their own."""
    pips: str = ""
    """The versions of pip that differ: what their number begins with; all by default."""
    why: str


REVIEWED = (
    # pyproject.toml: pip would build the project, which distrofirst does not do.
    Reviewed(
        pattern=r"pyproject\.toml\nwe refuse: .*dependencies are dynamic",
        why="dynamic dependencies: pip builds the project to learn them, we ask for a file that lists them",
    ),
    Reviewed(
        pattern=r"pyproject\.toml\nwe refuse: .*there is no \[project\] table",
        why="no [project]: pip builds the project with its setup.py or Poetry, we say how to export",
    ),
    # Refused by us as early as we can tell, by pip later in the same run.
    Reviewed(
        pattern=r"we refuse: .*reads like a local path, and .* does not exist",
        why="a missing archive: pip warns while parsing and fails when it opens the file",
    ),
    Reviewed(
        pattern=r"we refuse: .*--hash takes ALGORITHM:DIGEST, found '\w+:'",
        why="a hash without a digest: pip takes it, and no file ever matches it",
    ),
    Reviewed(
        pattern=r"we refuse: .*(?:a URL of a kind that pip can fetch|invalid URL)",
        why="name @ URL with a scheme that pip cannot fetch: pip fails at the download",
    ),
    # What pip 23 still takes, and later versions refuse as we do.
    Reviewed(
        pattern=r"we refuse: .*is not a requirement: expected",
        pips=r"23\.",
        why="a legacy version (before PEP 440): pip 23 has packaging 21, later ones refuse it",
    ),
    Reviewed(
        pattern=r"we refuse: .*is not a wheel's file name",
        why="a legacy version or odd letters in a wheel's name: refused by packaging, or by its later versions",
    ),
    Reviewed(
        pattern=r"we refuse: .*has a marker that cannot be read",
        pips=r"23\.",
        why="a marker without spaces around `in`: pip 23 has packaging 21, later ones refuse it",
    ),
    Reviewed(
        pattern=r"\t.*\nours .*marker=",
        pips=r"23\.",
        why="a tab inside a marker's string: packaging 21 turns it into spaces",
    ),
    Reviewed(
        pattern=r"\A-.*\npip refuses: .*Not a directory",
        pips=r"23\.",
        why="-r base.txt/: later pips drop the slash, and so do we",
    ),
    Reviewed(
        pattern=r"\A-.*file:.*\npip refuses: AttributeError",
        why="-r file:…: pip opens it through its network session, which this test does not give it",
    ),
    Reviewed(
        pattern=r"we refuse: .*after #egg= expected a project's name",
        pips=r"23\.",
        why="#egg= with more than name and extras: deprecated in pip 23, refused later",
    ),
    Reviewed(
        pattern=r"pip refuses: .*(?:Editable requirements|is not a valid editable requirement|specify one with #egg)",
        pips=r"23\.",
        why="-e name @ URL: pip takes it from 25 on, and so do we",
    ),
    # What later versions of pip refuse, and Debian 12's takes.
    Reviewed(
        pattern=r"pip refuses: InvalidEggFragment",
        pips=r"2[4-9]\.",
        why="#egg=name[extra]: refused by pip 25, taken by Debian 12's; its meaning is clear",
    ),
    Reviewed(
        pattern=r"\A[^\n-][^\n]* -e[^\n]*\n",
        pips=r"2[4-9]\.",
        why="a requirement with -e behind it: pip 26 makes the requirement editable; pip 23 drops the -e, "
        "and so do we, with a warning",
    ),
    Reviewed(
        pattern=r" @ \S+\].*\nours .*extras=frozenset\(\)",
        why="name @ URL[x]: pip takes the brackets for extras and leaves them in the URL, which then does not exist",
    ),
    Reviewed(
        pattern=r"===.*\]\npip refuses: .*Extras after version",
        pips=r"23\.",
        why="=== takes any text, brackets too; pip 23 guesses that extras were meant",
    ),
    # packaging's own differences, ours (Debian's) against the one inside pip.
    Reviewed(
        pattern=r"pip refuses: .*Invalid requirement: '[^']*,\s*\)?'",
        pips=r"23\.",
        why="a comma after the last version: packaging takes it from 22 on",
    ),
    Reviewed(
        pattern=r"pip refuses: InvalidWheelFilename",
        pips=r"2[4-9]\.",
        why="tags of a wheel's name: pip 26 has a packaging that checks them",
    ),
    Reviewed(
        pattern=r"we refuse: .*expected a name that ends in a letter or digit",
        pips=r"2[4-9]\.",
        why="a name that ends in _ is none in PEP 508; packaging takes it from 22 on",
    ),
    Reviewed(
        pattern=r"\A\w+\t\w+:.*\nwe refuse",
        pips=r"2[4-9]\.",
        why="a tab inside a URL's scheme: pip 26 asks urllib, which drops the tab",
    ),
    Reviewed(
        pattern=r"we refuse: .*ambiguous option",
        why="an abbreviated option: we know those of pip 23 to 26, so fewer abbreviations are unique",
    ),
)


def compare_corpora(oracle: Oracle, scratch: Path) -> Count:
    """Compare every file, and those that a side refuses line by line as well."""
    count = Count()
    for path, cwd, kind in corpus_files():
        if kind == "pyproject":
            compare_pyproject(count, oracle, path)
            continue
        count.files += 1
        constraint = kind == "constraints"
        question = {"file": str(path), "cwd": str(cwd), "constraint": constraint}
        mine, pips = ours(path, cwd, constraint=constraint), oracle.ask(question)
        judge(count, str(path.relative_to(CORPORA)), difference(mine, pips), oracle)
        lines = texts_of(path)
        count.lines += len(lines)
        count.requirements += len(mine.requirements)
        if not mine.refused and not pips.refused:
            continue
        count.refused += 1
        for number, line in lines:
            scratch.write_text(line + "\n")
            alone = difference(
                ours(scratch, cwd, constraint=constraint), oracle.ask({**question, "file": str(scratch)})
            )
            judge(count, f"{path.relative_to(CORPORA)}:{number}: {line}", alone, oracle)
    return count


def compare_pyproject(count: Count, oracle: Oracle, path: Path) -> None:
    """pip parses the strings of pyproject.toml as metadata; compare those of dependencies, extras and groups."""
    data = tomllib.loads(path.read_text())
    project, groups = data.get("project", {}), data.get("dependency-groups", {})
    extras = project.get("optional-dependencies", {})
    listed = [project.get("dependencies", []), *extras.values(), *groups.values()]
    texts = [text for texts in listed for text in texts if isinstance(text, str)]
    count.files += 1
    count.lines += len(texts)
    pips = oracle.ask({"pep508": texts})
    try:
        found = read_inputs([str(path)], extras=[*extras], groups=[*groups], stdin=bytes, environ={}, cwd=path.parent)
    except InputError as error:
        judge(count, str(path.relative_to(CORPORA)), f"we refuse: {error}", oracle)
        return
    own = canonicalize_name(project.get("name", ""))
    wanted = sorted(
        (str(seen) for seen in (replace(seen, place="") for seen in pips.requirements) if seen.name != own),
    )
    mine = sorted(str(replace(Seen.of_ours(requirement), place="")) for requirement in found.requirements)
    count.requirements += len(mine)
    if mine != wanted or pips.refused:
        only = f"only ours {Counter(mine) - Counter(wanted)}, only pip's {Counter(wanted) - Counter(mine)}"
        judge(count, str(path.relative_to(CORPORA)), f"{only}, pip refuses: {pips.refused}", oracle)


def judge(count: Count, place: str, found: str | None, oracle: Oracle) -> None:
    """Count a difference, under its explanation where one was reviewed."""
    if found is None:
        return
    why = explanation(place, found, oracle.version)
    if why is None:
        count.differences.append((place, found))
    else:
        count.reviewed[why] = count.reviewed.get(why, 0) + 1


def explanation(place: str, found: str, version: str) -> str | None:
    """Give the reviewed reason of a difference; None where there is none."""
    for entry in REVIEWED:
        if re.match(entry.pips, version) and re.search(entry.pattern, f"{place}\n{found}", re.DOTALL):
            return entry.why
    return None


def corpus_files() -> Iterator[tuple[Path, Path, str]]:
    """Give path, the folder that a user would stand in, and kind."""
    root = CORPORA / "requirements"
    with (root / "index.tsv").open(newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["kind"] in {"requirements", "constraints", "pyproject"}:
                yield root / row["file"], root / Path(row["file"]).parts[0], row["kind"]
    for path in sorted((CORPORA / "parser").rglob("*.txt")):
        if "LICENSE" not in path.name and path.name != "README.txt":
            yield path, path.parent, "constraints" if path.name.startswith("constraints") else "requirements"


def texts_of(path: Path) -> list[tuple[int, str]]:
    """Give the logical lines with their numbers."""
    return [(line.number, line.written) for line in logical_lines(decode_requirements(path.read_bytes(), ""), {})]


SEEDS = tuple(
    line
    for line in r"""
foo
foo==1.0
foo>=1.2,<2
foo[a,b]~=1.4.2 ; python_version < "3.8"
foo.bar-baz_qux!=1.0.*
foo (>=1.0)
foo===1.0-odd
foo<=2.0rc1 ; extra == 'x' and (sys_platform == "linux" or python_version in "3.8 3.9")
foo @ https://u.example/foo-1.0.tar.gz
foo[x] @ git+https://u.example/foo.git@abc#egg=foo ; os_name == 'nt'
https://u.example/foo-1.0-py3-none-any.whl
https://u.example/foo-1.0.zip#egg=foo[x]&subdirectory=y
git+https://u.example/foo.git@main#egg=foo
svn+ssh://u.example/x#egg=y
-e git+https://u.example/foo.git@main#egg=foo
-e proj
-e ./proj[x]
./proj
./plain
./foo-1.0-py3-none-any.whl
./foo-1.0.tar.gz[x]
file:proj
-r base.txt
-c base.txt
--requirement=base.txt
-rbase.txt
--index-url https://u.example/simple
--extra-index-url=https://u.example/simple --trusted-host u.example
--no-binary :all:
--only-binary foo,bar
--no-index
--require-hashes
foo==1.0 --hash=sha256:abcdef0123 --hash sha512:00ff
foo==1.0 \
    --hash=sha256:abcdef0123 \
foo==1.0  # comment
# comment
""".splitlines()
    if line
)
PIECES = (
    *" \t\\#;@[](){}<>=!~,.-_*/:'\"$&|^%+019azAZé",
    "==",
    ">=",
    " -r ",
    "--hash=",
    "; ",
    " @ ",
    "../",
    ".whl",
    "git+",
)


@st.composite
def mutated_files(draw: st.DrawFn) -> str:
    """One to three real-looking lines with up to three slips of the finger each."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.sampled_from(SEEDS))
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(line)))
            removed = draw(st.integers(0, 3))
            line = line[:start] + draw(st.sampled_from(("", *PIECES))) + line[start + removed :]
        lines.append(line)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    pytest.importorskip("pip")
    running = Oracle()
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that has what the seeds name."""
    for name in ("proj", "plain"):
        (tmp_path / name).mkdir()
    (tmp_path / "proj" / "setup.py").touch()
    (tmp_path / "base.txt").write_text("base\n")
    for name in ("foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"):
        (tmp_path / name).touch()
    return tmp_path


def test_every_file_of_the_corpora_reads_as_pip_reads_it(oracle: Oracle, tmp_path: Path) -> None:
    if not CORPORA.is_dir():
        pytest.skip(f"there is no {CORPORA.parent.name}/{CORPORA.name} beside the checkout")
    count = compare_corpora(oracle, tmp_path / "requirements.txt")
    print(count.summary(oracle.version))  # noqa: T201 - shown with -s and on failure
    assert count.differences == []
    assert count.files > 200
    assert count.requirements > 2500


@hypothesis.settings(
    max_examples=400,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(content=mutated_files(), constraint=st.booleans())
def test_slips_of_the_finger_read_as_pip_reads_them(
    oracle: Oracle, folder: Path, content: str, *, constraint: bool
) -> None:
    path = folder / "requirements.txt"
    path.write_text(content)
    mine = ours(path, folder, constraint=constraint)
    found = difference(mine, oracle.ask({"file": str(path), "cwd": str(folder), "constraint": constraint}))
    assert found is None or explanation(content, found, oracle.version), found


if __name__ == "__main__":
    import tempfile

    pip = Oracle(*sys.argv[1:2])
    with tempfile.TemporaryDirectory() as scratch_folder:
        result = compare_corpora(pip, Path(scratch_folder, "requirements.txt"))
    pip.close()
    print(result.summary(pip.version))  # noqa: T201 - the script's purpose
    sys.exit(1 if result.differences else 0)
