"""Many reports as Markdown, for a pull request: what each target comes to, what most files miss, each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.report.as_markdown import code, escaped, table
from resolver.report.plain import count
from resolver.report.survey.total import sentences, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.report.survey.total import Total


def render(total: Total) -> str:
    """Give a comment that GitHub takes: what has no room in it is counted."""
    return "\n\n".join(_parts(total)) + "\n"


def _parts(total: Total) -> Iterator[str]:
    noun = total.noun.capitalize()
    targets = [escaped(target) for target in total.places]
    yield f"**{escaped(summary(total, named='below'))}.**"
    yield "\n".join(f"- {escaped(sentence)}" for sentence in sentences(total))
    if gaps := total.gaps():
        rows = (
            [code(name), str(total.needed(name)), *(escaped(total.state(name, one)) for one in total.places.values())]
            for name in gaps
        )
        yield table(["Project", f"{noun}s", *targets], rows, len(gaps))
    yield f"<details><summary>{count(len(total.files), total.noun)}</summary>"
    if total.mixed:
        each = [(file, at, share) for file, shares in total.files.items() for at, share in shares.items()]
        yield table([noun, "Target", "Coverage"], ([code(f), escaped(at), str(s)] for f, at, s in each), len(each))
    else:
        shares_of = total.files.items()
        yield table([noun, *targets], ([code(f), *map(str, s.values())] for f, s in shares_of), len(shares_of))
    yield "</details>"
    if total.failed:
        lines = "\n".join(f"- {escaped(str(one.failure))}" for one in total.failed[:50])
        more = f"\n- and {len(total.failed) - 50} more" if len(total.failed) > 50 else ""  # noqa: PLR2004 - see there
        yield f"Not reported:\n\n{lines}{more}"
