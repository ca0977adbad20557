"""Ask dnf 4 through its Python interface: run by the interpreter that has it, prints JSON.

This file is a program of its own, for ``/usr/bin/python3 -I dnf4_ask.py``: dnf's modules exist only for the
distribution's interpreter, and distrofirst may run under another one. So it imports nothing but ``dnf`` and the
standard library (of Python 3.9), and nothing imports it.

The ``dnf`` command itself does not solve a transaction for whoever is not root, and says little in a form for
programs. Its interface does both, with the user's own cache. Plug-ins are loaded, so that version locks hold.

stdin: one request, ``{"do": …}``, where ``offline`` allows nothing but what the cache has, and ``options`` are
``--setopt=NAME=VALUE`` for the main section:

- ``keys``: the URLs of the keys that the enabled repositories name, nothing being fetched;
- ``repositories``: the enabled ones with their effective settings, metadata fetched where there is none;
- ``offers``, ``provides: [GLOB…]``, ``names: [NAME…]``: the available builds, after excludes and module filtering;
- ``solve``, ``specs: [NEVRA…]``: what installing them would do, without weak dependencies;
- ``solve-removal``, ``names: [NAME…]``: what removing installed packages would do, the unneeded ones left alone;
- ``download``, ``spec``, ``folder``: one build's file.

stdout: one object with the answer, or with ``failure`` (``not-found``, ``solver``, ``repository``, ``other``) and
``message``; ``skipped`` maps the repositories that failed and may be skipped to the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import dnf
import dnf.callback
import dnf.conf
import dnf.exceptions
import dnf.repo
import dnf.subject
import dnf.transaction

CHANGES = {
    dnf.transaction.PKG_INSTALL: "install",
    dnf.transaction.PKG_UPGRADE: "upgrade",
    dnf.transaction.PKG_REINSTALL: "reinstall",
    dnf.transaction.PKG_DOWNGRADE: "downgrade",
    dnf.transaction.PKG_OBSOLETED: "remove",
    dnf.transaction.PKG_REMOVE: "remove",
}
"""What is replaced by another build of its own name is not listed: the build that replaces it is."""


class Confirmed(dnf.callback.KeyImport):  # type: ignore[misc]  # dnf has no types
    """Accepts a key for metadata (``repo_gpgcheck=1``) from where the repository's file names it, as ``-y`` does."""

    def _confirm(self, *_args: Any) -> bool:
        return True


def configured(options: list[str]) -> Any:
    """Give a base that knows the repositories; nothing is fetched."""
    base = dnf.Base()
    base.conf.read()
    for option in options:
        name, _, value = option.removeprefix("--setopt=").partition("=")
        if base.conf._has_option(name):  # noqa: SLF001 - as dnf's own --setopt does
            base.conf._set_value(name, value, dnf.conf.PRIO_COMMANDLINE)  # noqa: SLF001 - the same
    base.conf.substitutions.update_from_etc(base.conf.installroot, varsdir=base.conf.varsdir)
    base.conf.install_weak_deps = False
    base.init_plugins()
    base.pre_configure_plugins()
    base.read_all_repos()
    base.configure_plugins()
    return base


def opened(*, offline: bool, options: list[str]) -> tuple[Any, dict[str, str]]:
    """Give a base with the repositories loaded, and those that had to be skipped with the reason."""
    base = configured(options)
    skipped = {}
    for repo in base.repos.iter_enabled():
        # No part of dnf's stable interface, but nothing else answers; without it such a repository is unavailable.
        repo._set_key_import(Confirmed())  # noqa: SLF001
        if offline:
            # What ``dnf --cacheonly`` does.
            repo._repo.setSyncStrategy(dnf.repo.SYNC_ONLY_CACHE)  # noqa: SLF001
        try:
            repo.load()
        except dnf.exceptions.RepoError as error:
            if not repo.skip_if_unavailable:
                raise
            skipped[repo.id] = str(error)
    return base, skipped


def described(repo: Any, skipped: dict[str, str]) -> dict[str, Any]:
    """Give one repository's effective settings."""
    path = None if repo.id in skipped else repo.get_metadata_path("primary")
    return {
        "id": repo.id,
        "name": repo.name or repo.id,
        "priority": repo.priority,
        "gpgcheck": bool(repo.gpgcheck),
        "metadata": str(Path(path).parent.parent) if path else None,
    }


def offers(base: Any, request: dict[str, Any]) -> list[list[str]]:
    """Give the builds that provide or are called what was asked for."""
    available = base.sack.query().available()
    found = set()
    for pattern in request["provides"]:
        found.update(available.filter(provides__glob=pattern))
    if request["names"]:
        found.update(available.filter(name=request["names"]))
    return sorted([package.name, package.evr, package.arch, package.reponame] for package in found)


def solved(base: Any, specs: list[str]) -> list[list[str]]:
    """Give the steps of the transaction that installs these."""
    for spec in specs:
        base.install(spec)
    base.resolve(allow_erasing=False)
    return steps(base)


def solved_removal(names: list[str]) -> list[list[str]]:
    """Give the steps of the transaction that removes these; no repository is needed for it."""
    base = dnf.Base()
    base.conf.read()
    base.conf.clean_requirements_on_remove = False
    base.init_plugins()
    base.pre_configure_plugins()
    base.configure_plugins()
    base.fill_sack(load_system_repo=True, load_available_repos=False)
    for name in names:
        base.remove(name)
    base.resolve(allow_erasing=True)
    return steps(base)


def steps(base: Any) -> list[list[str]]:
    """List what a solved transaction does."""
    return sorted(
        [CHANGES[item.action], item.pkg.name, item.pkg.evr, item.pkg.arch, item.pkg.reponame]
        for item in base.transaction
        if item.action in CHANGES
    )


def downloaded(base: Any, request: dict[str, Any]) -> str:
    """Download one build; dnf compares its checksum with the metadata's."""
    found = list(dnf.subject.Subject(request["spec"]).get_best_query(base.sack).available())
    if not found:
        raise dnf.exceptions.PackageNotFoundError("No match for argument", request["spec"])
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    base.conf.destdir = str(folder)
    base.download_packages(found[:1])
    path = folder / Path(found[0].localPkg()).name
    if not path.exists():
        # A repository of file: URLs is used in place.
        shutil.copy(found[0].localPkg(), path)
    return str(path)


def answer(request: dict[str, Any], result: dict[str, Any]) -> None:
    """Answer one request."""
    if request["do"] == "solve-removal":
        result["steps"] = solved_removal(request["names"])
        return
    if request["do"] == "keys":
        enabled = configured([]).repos.iter_enabled()
        result["keys"] = sorted({key for repo in enabled if repo.gpgcheck for key in repo.gpgkey})
        return
    base, skipped = opened(offline=request.get("offline", False), options=request.get("options", []))
    result["skipped"] = skipped
    if not any(base.repos.iter_enabled()):
        # In the words of the dnf command.
        raise dnf.exceptions.RepoError("There are no enabled repositories.")
    if request["do"] == "repositories":
        result["repositories"] = [described(repo, skipped) for repo in base.repos.iter_enabled()]
        return
    for name in skipped:
        base.repos[name].disable()
    base.fill_sack(load_system_repo=True)
    if request["do"] == "offers":
        result["offers"] = offers(base, request)
    elif request["do"] == "solve":
        result["steps"] = solved(base, request["specs"])
    else:
        result["path"] = downloaded(base, request)


def main() -> None:
    """Print the answer and nothing else: what dnf's modules print goes to stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    result: dict[str, Any] = {"skipped": {}}
    try:
        answer(request, result)
    except dnf.exceptions.MarkingError as error:
        result.update(failure="not-found", message=str(error))
    except dnf.exceptions.DepsolveError as error:
        result.update(failure="solver", message=str(error))
    except (dnf.exceptions.RepoError, dnf.exceptions.DownloadError) as error:
        result.update(failure="repository", message=str(error))
    except dnf.exceptions.Error as error:
        result.update(failure="other", message=str(error))
    json.dump(result, out)
    out.flush()


if __name__ == "__main__":
    main()
