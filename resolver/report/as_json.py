"""The report as JSON: one document, its keys a contract (cli.md, Report JSON; ``distrofirst/report/1``).

Every key is always present, null where there is nothing to say, so that a reader never asks which are. Keys that
the contract does not name (``direct``, ``chain``, ``next_step``, ``concerns``, ``attestation``, ``origin``,
``component``, ``security_support``; ``pins``, ``warnings``, ``gains``, ``together``; ``unresolved``;
``not_consulted``: the targets that could not be asked) only add to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from resolver.model import Outcome, Reason
from resolver.report.formats import PLAIN, Frame
from resolver.report.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resolver.model import Backing, Decision, Gain, Resolution

SCHEMA = "distrofirst/report/1"
"""Changes only when a key changes its meaning or goes."""

_PLACES = 4


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the document for these targets, in their order, as text that ends with a newline.

    The same resolutions give the same bytes (rule R7): keys sorted, two spaces of indent, non-ASCII escaped.
    """
    document = {
        "schema": SCHEMA,
        "targets": [target(resolution) for resolution in resolutions],
        "not_consulted": [{"target": one.target, "why": one.why, "next_step": one.next_step} for one in frame.missing],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def target(resolution: Resolution) -> dict[str, object]:
    """Give one target's part of the document."""
    return {
        "target": str(resolution.target),
        "python": resolution.target.python,
        "architecture": resolution.target.architecture,
        "metadata": {"source": resolution.metadata.source, "date": resolution.metadata.date},
        "pins": resolution.pins.value,
        "summary": _summary(resolution),
        "projects": [project(decision, resolution.backing) for decision in resolution.decisions],
        "warnings": list(resolution.warnings),
        "gains": [_gain(one) for one in resolution.gains],
        "together": list(resolution.together),
    }


def _gain(gain: Gain) -> dict[str, object]:
    bounds = [{"at": str(origin), "bound": old, "loosened": new} for origin, old, new in gain.bounds]
    return {
        "name": gain.project,
        "moved": list(gain.moved),
        "os_package": gain.package,
        "bounds": bounds,
        "hashed": gain.hashed,
        "pins_for": gain.policy.value if gain.policy else None,
    }


def _summary(resolution: Resolution) -> dict[str, object]:
    summary = summarize(resolution)
    return {
        "requirements": summary.requirements,
        "projects": summary.projects,
        "distro": summary.distro,
        "pypi": summary.pypi,
        "unmet": summary.unmet,
        "unresolved": summary.unresolved,
        "inapplicable": summary.inapplicable,
        "coverage": round(summary.coverage, _PLACES),
        "coverage_by_pins": {
            policy.value: None if share is None else round(share, _PLACES)
            for policy, share in summary.coverage_by_pins.items()
        },
    }


def project(decision: Decision, behind: Mapping[str, Backing]) -> dict[str, object]:
    """Give one decision; the ``os_*`` keys name the distribution's candidate even where it was set aside."""
    candidate = decision.os
    backing = behind.get(candidate.package.name) if candidate else None
    return {
        "name": decision.name,
        "outcome": decision.outcome.value,
        "version": decision.version,
        "requested_by": list(decision.requested_by),
        "direct": decision.direct,
        "specifier": decision.specifier,
        "os_package": candidate.package.name if candidate else None,
        "os_version": candidate.package.version if candidate else None,
        "repository": candidate.package.repository if candidate else None,
        "origin": backing.origin if backing else None,
        "component": backing.component if backing else None,
        "security_support": {"status": backing.support.value, "detail": backing.detail} if backing else None,
        "evidence": candidate.evidence.value if candidate else None,
        "metadata_version": candidate.metadata_version if candidate else None,
        "loosened": decision.loosened,
        "reason": decision.reason.value if decision.reason else None,
        "detail": decision.detail,
        "chain": list(decision.chain),
        "next_step": decision.next_step,
        "attestation": _attestation(decision),
        "concerns": [{"worry": one.worry.value, "text": one.text} for one in decision.concerns],
    }


def _attestation(decision: Decision) -> dict[str, object] | None:
    """Say whether the index offers attestations of the wheel: a report fetches and verifies none (rule T2)."""
    if decision.outcome is not Outcome.PYPI or decision.wheel is None:
        return None
    if decision.reason is Reason.DIRECT_URL:
        return {"status": "not-checked", "offered": None}
    offered = decision.wheel.provenance is not None
    return {"status": "not-checked" if offered else "none-offered", "offered": offered}
