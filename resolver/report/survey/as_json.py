"""Many reports together as JSON (``distrofirst/survey-total/1``); each file's own answer is a line of it (``line``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from resolver.report.survey.total import HOST

if TYPE_CHECKING:
    from resolver.report.survey.total import Place, Share, Total

SCHEMA: Final = "distrofirst/survey-total/1"
"""Changes only when a key changes its meaning or goes."""
_PLACES: Final = 4


def render(total: Total) -> str:
    """Give the document; the same files give the same bytes (rule R7), every key is always there."""
    document = {
        "schema": SCHEMA,
        "files": list(total.files),
        "reports": [_report(file, at, share) for file, shares in total.files.items() for at, share in shares.items()],
        "partial": [
            {"file": file.file, "target": one.target, "why": one.why} for file in total.partial for one in file.missing
        ],
        "failed": [{"file": one.file, "why": str(one.failure)} for one in total.failed],
        "silent": total.silent,
        "targets": [_target(target, place, total.noun) for target, place in total.places.items()],
        "not_consulted": [{"target": one.target, "why": one.why, "next_step": one.next_step} for one in total.missing],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _report(file: str, target: str, share: Share) -> dict[str, object]:
    return {
        "file": file,
        "target": target,
        "projects": share.projects,
        "distro": share.distro,
        "unmet": share.unmet,
        "coverage": round(share.coverage, _PLACES),
    }


def _target(target: str, place: Place, noun: str) -> dict[str, object]:
    summary = place.summary
    return {
        "target": target,
        "projects": summary.projects,
        "distro": summary.distro,
        "coverage": round(summary.coverage, _PLACES),
        "names": len(place.names),
        "unlike": place.unlike() if noun == HOST else [],
        "gaps": [
            {
                "name": name,
                "files": len(place.gaps[name].files),
                "needed_by": place.gaps[name].files,
                "direct": place.gaps[name].direct,
                "reasons": dict(place.gaps[name].reasons),
            }
            for name in sorted(place.gaps, key=lambda name: (-len(place.gaps[name].files), name))
        ],
    }
