"""What an audit looks like; its keys are a contract."""

from __future__ import annotations

import json

from resolver.model.audit import Advisory, Audit, AuditItem, Fix, Verdict
from resolver.report.audit import as_json, text

AUDIT = Audit(
    target="debian:12",
    items=(
        AuditItem(
            name="jinja2",
            version="3.1.4",
            is_os_package=False,
            verdict=Verdict.VULNERABLE,
            advisories=(Advisory(id="GHSA-1", aliases=("CVE-2026-0001", "PYSEC-1"), fixed=("3.1.5",), note="bad"),),
            sources=("osv",),
            next_step="update it",
        ),
        AuditItem(
            name="python3-flask",
            version="2.2.2-3",
            is_os_package=True,
            projects=("flask 2.2.2",),
            verdict=Verdict.NOT_CHECKED,
            detail="debsecan is not \x1b[2Jinstalled",
            next_step="install it",
        ),
        AuditItem(
            name="python3-requests",
            version="2.28.1-1",
            is_os_package=True,
            projects=("requests 2.28.1",),
            verdict=Verdict.CLEAN,
            evidence=(Fix(cve="CVE-2026-0002", version="2.28.1-1", source="changelog"),),
            sources=("debsecan",),
        ),
    ),
)


def test_a_line_an_item_and_the_summary() -> None:
    assert text(AUDIT).splitlines() == [
        "vulnerable   jinja2 3.1.4: GHSA-1 (CVE-2026-0001), fixed in 3.1.5, bad; next step: update it",
        "not checked  python3-flask 2.2.2-3 (flask 2.2.2): debsecan is not \\x1b[2Jinstalled; next step: install it",
        "clean        python3-requests 2.28.1-1 (requests 2.28.1): fixed in 2.28.1-1: CVE-2026-0002 (changelog)",
        "1 clean, 1 vulnerable, 1 not checked",
    ]
    assert text(Audit(target="debian:12", items=())) == "0 clean, 0 vulnerable, 0 not checked\n"


def test_the_document() -> None:
    document = json.loads(as_json(AUDIT))
    assert list(document) == ["items", "schema", "summary", "target"]
    assert (document["schema"], document["target"]) == ("distrofirst/audit/1", "debian:12")
    assert document["summary"] == {"clean": 1, "not_checked": 1, "vulnerable": 1}
    keys = [
        "advisories",
        "detail",
        "evidence",
        "kind",
        "name",
        "next_step",
        "projects",
        "sources",
        "verdict",
        "version",
    ]
    assert all(list(item) == keys for item in document["items"])
    assert [(item["kind"], item["verdict"]) for item in document["items"]] == [
        ("project", "vulnerable"),
        ("os-package", "not-checked"),
        ("os-package", "clean"),
    ]
    assert document["items"][0]["advisories"] == [
        {"aliases": ["CVE-2026-0001", "PYSEC-1"], "fixed": ["3.1.5"], "id": "GHSA-1", "note": "bad"}
    ]
    assert document["items"][2]["evidence"] == [{"cve": "CVE-2026-0002", "source": "changelog", "version": "2.28.1-1"}]
