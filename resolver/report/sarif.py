"""The report as SARIF 2.1.0: a result a gap and target, at the line of the requirement that it comes from.

One run, for GitHub refuses several of one tool; within its limits. A gap of a project that nobody listed is told at the
listed requirement that asks for it, through however many others.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from resolver import __version__
from resolver.model import Outcome, Reason
from resolver.report.formats import PLAIN, Frame
from resolver.report.matrix import GAPS
from resolver.report.plain import printable
from resolver.report.reasons import words
from resolver.report.text import comes_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from resolver.model import Decision, Resolution

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS: Final = 25_000
"""GitHub refuses a run with more; the errors come first."""
_MOST_PLACES: Final = 50
"""Of the further lines that one gap comes from."""
_ROOT: Final = "%SRCROOT%"
"""The folder that distrofirst ran in; where it lies is whoever's who reads the file."""
_ORIGIN: Final = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]*)", re.DOTALL | re.ASCII)
_LEVELS: Final = ("error", "warning", "note")
_HELP: Final = {
    Reason.NOT_PACKAGED: "No OS package of the release carries the project. It comes from PyPI, pinned by hash, or from"
    " a release that has it.",
    Reason.VERSION_TOO_OLD: "The release has an older version than the requirement asks for. Loosen the requirement,"
    " or choose a release that has a newer one.",
    Reason.VERSION_TOO_NEW: "The release has a newer version than the requirement asks for. Loosen the requirement;"
    " for a pin, --pins minimum, compatible or prefer do so.",
    Reason.VERSION_EXCLUDED: "The requirement excludes the version that the release has. Loosen it where that is safe.",
    Reason.OTHER_PYTHON: "The release has the project for another of its Pythons only: see --python.",
    Reason.EXTRA_MISSING: "The OS package lacks an extra that is asked for. Leave it out, or list what it needs.",
    Reason.AMBIGUOUS: "Several OS packages claim the project. A reviewed override in mappings/ has to decide.",
    Reason.NO_EVIDENCE: "An OS package has the conventional name, and nothing shows that it carries this project.",
    Reason.DEMOTED: "The OS package was built against a project that comes from PyPI here, and would break beside it."
    " Close that project's gap first.",
    Reason.DIRECT_URL: "The requirement names a URL, which a distribution cannot serve. Name the project instead.",
    Reason.HASH_REQUIRED: "The requirement names a hash, which no OS package has. --pins minimum, compatible or prefer"
    " let the distribution's signature stand in for it.",
    Reason.UNTRUSTED_REPOSITORY: "The OS package comes from a repository whose signature the system does not verify.",
    Reason.EXCLUDED_BY_POLICY: "The configuration excludes the project, or --only-distro keeps it from PyPI.",
    Reason.NOT_ON_INDEX: "Neither the release nor the package index has the project. Is its name right?",
    Reason.NO_WHEEL: "The package index has no wheel that fits the release. Loosen the requirement, or build it"
    " from its sdist (--allow-sdist).",
}  # fmt: skip
"""What each rule means and how to mend it; ``marker-false`` is no gap."""
_RULES: Final = list(_HELP)


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the log; the same bytes wherever the checkout lies (rule R7)."""
    results = [result for one in resolutions for result in _results(one, frame.folder)]
    results.sort(key=lambda result: _LEVELS.index(str(result["level"])))
    told = [_notification("error", f"{one.target} was not consulted: {one.why}") for one in frame.missing]
    told += [_notification("warning", text) for text in dict.fromkeys(w for one in resolutions for w in one.warnings)]
    if len(results) > MOST_RESULTS:
        told.append(_notification("warning", f"{len(results) - MOST_RESULTS} more results are left out"))
    run = {
        "tool": {"driver": {"name": "distrofirst", "version": __version__, "rules": [*map(_rule, _RULES)]}},
        "invocations": [{"executionSuccessful": not frame.missing, "toolExecutionNotifications": told}],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the folder that distrofirst ran in"}}},
        "results": results[:MOST_RESULTS],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, sort_keys=True) + "\n"


def _rule(reason: Reason) -> dict[str, object]:
    return {
        "id": reason.value,
        "name": "".join(part.capitalize() for part in reason.value.split("-")),
        "shortDescription": {"text": f"Not served by the distribution: {words(reason)}"},
        "fullDescription": {"text": _HELP[reason]},
        "help": {"text": _HELP[reason]},
        "defaultConfiguration": {"level": "warning"},
    }


def _results(resolution: Resolution, folder: Path) -> Iterator[dict[str, object]]:
    known = {str(decision.name): decision for decision in resolution.decisions}
    for decision in resolution.decisions:
        if decision.outcome in GAPS and decision.reason in _HELP:
            places = list(_places(decision, known))
            yield _result(resolution, decision, decision.reason, places, folder)


def _result(
    resolution: Resolution, decision: Decision, reason: Reason, places: list[tuple[str, int]], folder: Path
) -> dict[str, object]:
    target = str(resolution.target)
    said = [f"{target} does not serve {decision.name}: {': '.join(filter(None, (words(reason), decision.detail)))}."]
    if decision.outcome is Outcome.PYPI:
        said.append(f"It comes from {comes_from(decision)}.")
    elif decision.outcome is Outcome.UNMET:
        said.append("It is unmet.")
    if not decision.direct and decision.requested_by:
        said.append(f"Asked for by {', '.join(decision.requested_by)}.")
    if decision.next_step:
        said.append(f"Next step: {decision.next_step}.")
    level = "error" if decision.outcome is Outcome.UNMET else "warning" if decision.direct else "note"
    # Neither the line nor the version: a gap stays the same one when lines move and the archive is updated.
    told = json.dumps([target, decision.name, reason.value, places[0][0] if places else None])
    fingerprint = sha256(told.encode()).hexdigest()
    return {
        "ruleId": reason.value,
        "ruleIndex": _RULES.index(reason),
        "level": level,
        "message": {"text": _message(" ".join(said))},
        "locations": [_location(place, folder) for place in places[:1]],
        "relatedLocations": [_location(place, folder) for place in places[1 : 1 + _MOST_PLACES]],
        "partialFingerprints": {"distrofirst/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint[:16]}:1"},
        "properties": {
            "target": target,
            "project": decision.name,
            "outcome": decision.outcome.value,
            "version": decision.version,
            "specifier": decision.specifier,
            "requested_by": list(decision.requested_by),
            "detail": decision.detail,
        },
    }


def _places(decision: Decision, known: Mapping[str, Decision]) -> Iterable[tuple[str, int]]:
    """Follow who asked for a project up to the lines of the inputs, the nearest first; each line once."""
    waiting, seen = deque(decision.requested_by), set(decision.requested_by)
    while waiting:
        asker = waiting.popleft()
        origin = _ORIGIN.fullmatch(asker)
        if origin and asker not in known:
            yield origin["file"], int(origin["line"])
            continue
        above = known[asker].requested_by if asker in known else ()
        waiting.extend(one for one in above if one not in seen)
        seen.update(above)


def _location(place: tuple[str, int], folder: Path) -> dict[str, object]:
    file, line = place
    path = Path(os.path.normpath(folder / file))
    # What a user names outside of the folder has no place in a checkout: its whole URI stands for itself.
    artifact = (
        {"uri": _quoted(path.relative_to(folder).as_posix()), "uriBaseId": _ROOT}
        if path.is_relative_to(folder)
        else {"uri": f"file://{_quoted(path.as_posix())}"}
    )
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": line}}}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _notification(level: str, text: str) -> dict[str, object]:
    return {"level": level, "message": {"text": _message(text)}}


def _message(text: str) -> str:
    """Spell text as SARIF's messages want it (3.11.5, 3.11.6): braces doubled, and nothing that reads as a link."""
    return printable(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")
