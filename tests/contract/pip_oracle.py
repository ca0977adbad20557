"""Runs in its own process: answers, line by line, how the pip that this interpreter imports reads requirements.

One JSON object a line in, one out. A question is ``{"file": …, "cwd": …, "constraint": …}`` or
``{"pep508": [text, …]}``. An answer holds ``requirements`` and ``refused`` (pip's message, or null).
Imported dynamically, because pip's inside has no promises and differs from 23 to 26.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from typing import Any

_COMES_FROM = re.compile(r"-[rc] (.*) \(line (\d+)\)")


def _described(requirement: Any) -> dict[str, Any]:  # noqa: ANN401 - pip's InstallRequirement
    req = requirement.req
    found = _COMES_FROM.fullmatch(str(requirement.comes_from))
    return {
        "name": req.name if req else None,
        "extras": sorted(requirement.extras),
        "specifier": str(req.specifier) if req else "",
        "marker": str(requirement.markers) if requirement.markers else None,
        "link": requirement.link.url if requirement.link else None,
        "editable": bool(requirement.editable),
        "constraint": bool(requirement.constraint),
        "hashes": sorted(f"{name}:{value}" for name, values in requirement.hash_options.items() for value in values),
        "file": os.path.realpath(found[1]) if found else None,
        "line": int(found[2]) if found else None,
    }


def _read(path: str, *, constraint: bool) -> dict[str, Any]:
    """Parse a file as ``pip install -r`` (or ``-c``) does, up to and with the checks before resolution."""
    req_file = import_module("pip._internal.req.req_file")
    construct = import_module("pip._internal.req.constructors").install_req_from_parsed_requirement
    check = import_module("pip._internal.req.req_install").check_invalid_constraint_type
    requirements: list[dict[str, Any]] = []
    try:
        for parsed in req_file.parse_requirements(path, session=None, constraint=constraint):
            requirement = construct(parsed)
            if requirement.constraint and (problem := check(requirement)):
                raise ValueError(problem)  # noqa: TRY301 - as the resolver does
            requirements.append(_described(requirement))
    except Exception as error:  # noqa: BLE001 - whatever pip raises is a refusal
        return {"requirements": requirements, "refused": f"{type(error).__name__}: {error}"}
    return {"requirements": requirements, "refused": None}


def _pep508(texts: list[str]) -> dict[str, Any]:
    construct = import_module("pip._internal.req.constructors").install_req_from_req_string
    requirements: list[dict[str, Any]] = []
    for text in texts:
        try:
            requirements.append(_described(construct(text)))
        except Exception as error:  # noqa: BLE001 - the same
            return {"requirements": requirements, "refused": f"{type(error).__name__}: {error}"}
    return {"requirements": requirements, "refused": None}


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    if "pep508" in question:
        return _pep508(question["pep508"])
    os.chdir(question["cwd"])
    return _read(question["file"], constraint=question["constraint"])


def _main() -> None:
    # pip's own warnings would mix with the answers' stream if they were printed.
    import_module("logging").disable(100)
    import_module("warnings").simplefilter("ignore")
    print(json.dumps({"pip": import_module("pip").__version__}), flush=True)  # noqa: T201 - the protocol
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    _main()
