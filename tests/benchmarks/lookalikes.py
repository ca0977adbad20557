"""How often legitimate names are taken for lookalikes, and how long judging takes: one Markdown table, printed.

    python3 -m tests.benchmarks.lookalikes [LIST] [--names 5000] [--popular FILE] [--seed 4]

LIST holds names, one a line or as top-pypi-packages' JSON; by default the one in ``shared/data/pypi-top`` beside the
checkout. A seeded sample of those that no embedded index knows is judged as a plan would: what the distributions know
is never flagged. All of them are much downloaded, so each one that is flagged counts as a false alarm, although some of
them may have begun as squats.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from resolver.catalog.store import IndexFile
from resolver.model import Likeness
from resolver.names import read_popular
from resolver.pypi.lookalikes import TrustedNames
from resolver.targets import mappings_folder

if TYPE_CHECKING:
    from resolver.model import Lookalike

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "pypi-top"
EXAMPLES: Final = 6


def main() -> None:
    """Judge the sample and print rates, examples and times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", nargs="?", type=Path, help="default: the newest in shared/data/pypi-top")
    parser.add_argument("--names", type=int, default=5000, help="the size of the sample")
    parser.add_argument("--popular", type=Path, help="a list as names.popular in the configuration")
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()

    start = time.perf_counter()
    known: frozenset[str] = frozenset().union(*(IndexFile(path).projects() for path in mappings_folder().glob("*.idx")))
    read = time.perf_counter() - start
    trusted = TrustedNames(known, read_popular(arguments.popular) if arguments.popular else ())
    start = time.perf_counter()
    trusted.lookalike(canonicalize_name("a-name-that-is-like-nothing"))
    first = time.perf_counter() - start

    names = sorted(read_popular(arguments.list or max(DATA.glob("*.json"))) - known)
    drawn = random.Random(arguments.seed).sample(names, arguments.names)  # noqa: S311 - a sample, no secret
    sample = [canonicalize_name(name) for name in drawn]
    start = time.perf_counter()
    found = [like for name in sample if (like := trusted.lookalike(name)) is not None]
    each = (time.perf_counter() - start) / len(sample)

    print(f"{len(known)} names known to the distributions, read in {1000 * read:.0f} ms; the first name judged in")
    print(f"{1000 * first:.1f} ms, each further one in {1000 * each:.2f} ms. Of {len(sample)} names flagged:\n")
    print("| likeness | flagged | share | for example |")
    print("|---|--:|--:|---|")
    counts = Counter(like.likeness for like in found)
    for likeness in Likeness:
        examples = [like for like in found if like.likeness is likeness][:EXAMPLES]
        print(_row(likeness, counts[likeness], len(sample), ", ".join(map(_pair, examples))))
    print(_row("**all**", len(found), len(sample), ""))


def _row(title: str, count: int, of: int, examples: str) -> str:
    return f"| {title} | {count} | {100 * count / of:.2f} % | {examples} |"


def _pair(like: Lookalike) -> str:
    return f"{like.name} ({like.likely})"


if __name__ == "__main__":
    main()
