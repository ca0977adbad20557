"""How much of real files the distribution serves, under each pins policy (rule R9): one Markdown table, printed.

    python3 -m tests.benchmarks.coverage [CORPUS] [--target debian:12 --target debian:13]

CORPUS is a folder with an index.tsv whose columns ``file`` and ``repo`` name files in it and where they are from; by
default ``shared/corpora/requirements`` beside the checkout. Each file is looked at alone and directly (``report
--direct``), without the network: of the projects that it lists and that the target wants, which share would come from
the distribution. A pyproject.toml counts with its dependencies, without extras and groups.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from resolver.app import App
from resolver.errors import InputError
from resolver.model import PinsPolicy
from resolver.options import Options
from resolver.report.summary import summarize

if TYPE_CHECKING:
    from resolver.model import Resolution

CORPUS: Final = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "requirements"


@dataclass(kw_only=True)
class Tally:
    """What the files of one repository add up to, for one target."""

    files: int = 0
    requirements: int = 0
    projects: int = 0
    """Listed and wanted by the target; counted once a file."""
    served: Counter[PinsPolicy] = field(default_factory=Counter)

    def add(self, resolution: Resolution) -> None:
        """Count one file."""
        summary = summarize(resolution)
        self.files += 1
        self.requirements += summary.requirements
        self.projects += summary.projects
        for policy, share in summary.coverage_by_pins.items():
            self.served[policy] += round((share or 0.0) * summary.projects)

    def row(self, name: str, target: str) -> str:
        """Give a Markdown table row."""
        shares = (f"{100 * self.served[p] / self.projects:.0f} %" if self.projects else "" for p in PinsPolicy)
        return f"| {name} | {target} | {self.files} | {self.requirements} | {self.projects} | {' | '.join(shares)} |"


def main() -> None:
    """Count all files and print the table, then the files that cannot be read, each with its error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--target", action="append", help="default: debian:12 and debian:13")
    arguments = parser.parse_args()
    targets = tuple(arguments.target or ("debian:12", "debian:13"))
    with (arguments.corpus / "index.tsv").open(encoding="utf-8", newline="") as file:
        listed = [(row["repo"], row["file"]) for row in csv.DictReader(file, delimiter="\t")]

    tallies = {(repository, target): Tally() for repository in sorted({one for one, _ in listed}) for target in targets}
    totals = {target: Tally() for target in targets}
    refused: list[tuple[str, InputError]] = []
    for repository, name in listed:
        options = Options(inputs=(str(arguments.corpus / name),), targets=targets, direct=True)
        try:
            resolutions, _ = App(options=options, warn=_silent, progress=_silent).report()
        except InputError as error:
            refused.append((name, error))
            continue
        for target, resolution in zip(targets, resolutions, strict=True):
            tallies[repository, target].add(resolution)
            totals[target].add(resolution)

    print(f"| repository | target | files | requirements | projects | {' | '.join(PinsPolicy)} |")
    print("|---|---|--:|--:|--:|" + "--:|" * len(PinsPolicy))
    for (repository, target), tally in tallies.items():
        print(tally.row(repository, target))
    for target, tally in totals.items():
        print(tally.row("**all**", target))
    print(f"\n{len(listed)} files, {len(refused)} of which cannot be read:\n")
    for name, refusal in refused:
        place = (refusal.context or name).replace(f"{arguments.corpus}/", "")
        through = "" if place.startswith(name) else f"{name}: "
        print(f"- {through}{place}: {refusal.message}".replace(f"{Path.cwd()}/", ""))


def _silent(text: str) -> None:
    """Keep warnings and progress to oneself: the table is the point."""


if __name__ == "__main__":
    main()
