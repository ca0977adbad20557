"""Ask libsolv what a bare host needs: run by the interpreter that has its bindings, reads and prints JSON.

This file is a program of its own, for ``/usr/bin/python3 -I libsolv_ask.py``: the bindings exist only for the
distribution's interpreter, and distrofirst may run under another one. So it imports nothing but ``solv`` and the
standard library, and nothing imports it. dnf and zypper solve with the same library.

stdin: ``architecture``; ``repositories: [{id, primary, filelists}…]``, paths of unpacked XML, the last one maybe null;
``builds: [[NAME, EVR, ARCHITECTURE]…]``, an EVR without an epoch of zero; ``capabilities: [TEXT…]``, each as in a spec
file, or a file's path.
stdout: ``{"packages": [[REPOSITORY, NAME, EVR, ARCHITECTURE, LOCATION, ALGORITHM, DIGEST, BYTES]…]}``, all that a host
without any OS package would install, weak dependencies left out; or ``{"problems": [TEXT…]}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import solv


def opened(request: dict[str, Any]) -> Any:
    """Give a pool of what the repositories have."""
    pool = solv.Pool()
    # Debian's libsolv would read them as its own kind.
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    pool.setarch(request["architecture"])
    for one in request["repositories"]:
        repo = pool.add_repo(one["id"])
        for path, language, flags in (
            (one["primary"], None, 0),
            (one["filelists"], "FL", solv.Repo.REPO_EXTEND_SOLVABLES),
        ):
            if path is not None and not repo.add_rpmmd(solv.xfopen(path), language, flags):
                raise SystemExit(f"{path}: {pool.errstr}")
    pool.addfileprovides()
    pool.createwhatprovides()
    return pool


def wanted(pool: Any, request: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Give what is to be installed, and what nothing is of that name."""
    exact: dict[tuple[str, str, str], list[int]] = {}
    for one in pool.solvables:
        exact.setdefault((one.name, one.evr.removeprefix("0:"), one.arch), []).append(one.id)
    install = solv.Job.SOLVER_INSTALL
    jobs, missing = [], []
    for name, evr, architecture in request["builds"]:
        ids = exact.get((name, evr, architecture))
        if ids is None:
            missing.append(f"no repository has {name} {evr} {architecture}")
        else:
            jobs.append(pool.Job(install | solv.Job.SOLVER_SOLVABLE_ONE_OF, pool.towhatprovides(ids)))
    kinds = solv.Selection.SELECTION_PROVIDES | solv.Selection.SELECTION_FILELIST | solv.Selection.SELECTION_REL
    for capability in request["capabilities"]:
        selection = pool.select(capability, kinds)
        jobs += selection.jobs(install)
        if selection.isempty():
            missing.append(f"no OS package of any repository provides {capability}")
    return jobs, missing


def described(one: Any) -> list[Any]:
    """Tell of one OS package where it lies, and what its file comes to."""
    checksum = one.lookup_checksum(solv.SOLVABLE_CHECKSUM)
    location, _ = one.lookup_location()
    size = one.lookup_num(solv.SOLVABLE_DOWNLOADSIZE)
    return [one.repo.name, one.name, one.evr, one.arch, location, checksum.typestr(), checksum.hex(), size]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request."""
    pool = opened(request)
    jobs, problems = wanted(pool, request)
    if not problems:
        solver = pool.Solver()
        solver.set_flag(solv.Solver.SOLVER_FLAG_IGNORE_RECOMMENDED, 1)
        problems = [str(problem) for problem in solver.solve(jobs)]
    if problems:
        return {"problems": problems}
    return {"packages": sorted(map(described, solver.transaction().newsolvables()))}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
