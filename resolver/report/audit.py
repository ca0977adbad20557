"""The audit for people, a line an item, and as JSON (``distrofirst/audit/1``): vulnerable first, clean last."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from resolver.model.audit import Verdict
from resolver.report.plain import printable

if TYPE_CHECKING:
    from resolver.model.audit import Advisory, Audit, AuditItem

SCHEMA = "distrofirst/audit/1"
"""Changes only when a key changes its meaning or goes."""

_WORDS = {Verdict.VULNERABLE: "vulnerable", Verdict.NOT_CHECKED: "not checked", Verdict.CLEAN: "clean"}
_SUMMARY = (Verdict.CLEAN, Verdict.VULNERABLE, Verdict.NOT_CHECKED)


def text(audit: Audit) -> str:
    """Give a line an item, then the summary; text that ends with a newline."""
    lines = [f"{_WORDS[item.verdict]:<11}  {_line(item)}" for item in audit.items]
    lines.append(summary(audit))
    return "\n".join(map(printable, lines)) + "\n"


def summary(audit: Audit) -> str:
    """Give ``3 clean, 1 vulnerable, 2 not checked``."""
    return ", ".join(f"{audit.count(verdict)} {_WORDS[verdict]}" for verdict in _SUMMARY)


def _line(item: AuditItem) -> str:
    carried = f" ({', '.join(item.projects)})" if item.projects else ""
    told = []
    if item.verdict is Verdict.VULNERABLE:
        told.append("; ".join(map(_advisory, item.advisories)))
    if item.detail:
        told.append(item.detail)
    told += [f"fixed in {fix.version}: {fix.cve} ({fix.source})" for fix in item.evidence]
    if item.next_step:
        told.append(f"next step: {item.next_step}")
    name = f"{item.name} {item.version}{carried}"
    return f"{name}: {'; '.join(told)}" if told else name


def _advisory(advisory: Advisory) -> str:
    """Give ``GHSA-… (CVE-…), fixed in 1.6``."""
    cves = sorted(advisory.cves - {advisory.id})
    named = f"{advisory.id} ({', '.join(cves)})" if cves else advisory.id
    if advisory.fixed:
        named += f", fixed in {', '.join(advisory.fixed)}"
    return f"{named}, {advisory.note}" if advisory.note else named


def as_json(audit: Audit) -> str:
    """Give the document; the same audit gives the same bytes (rule R7), every key is always there."""
    document = {
        "schema": SCHEMA,
        "target": audit.target,
        "summary": {verdict.value.replace("-", "_"): audit.count(verdict) for verdict in Verdict},
        "items": [_item(item) for item in audit.items],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _item(item: AuditItem) -> dict[str, object]:
    return {
        "name": item.name,
        "version": item.version,
        "kind": "os-package" if item.is_os_package else "project",
        "projects": list(item.projects),
        "verdict": item.verdict.value,
        "advisories": [asdict(advisory) for advisory in item.advisories],
        "evidence": [asdict(fix) for fix in item.evidence],
        "sources": list(item.sources),
        "detail": item.detail,
        "next_step": item.next_step,
    }
