# Copyright: The distrofirst project
# MIT License (see LICENSE in the project that this collection is part of)
# SPDX-License-Identifier: MIT

"""Runs distrofirst on the managed host: finds it, reads its one JSON document, and passes on its errors as they are."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LAUNCHER = "/usr/local/bin/distrofirst"
"""Where the role puts it, which is not on everybody's PATH."""

INPUTS: dict[str, dict[str, t.Any]] = {
    "requirements": {"type": "path"},
    "requirements_content": {"type": "str"},
    "config": {"type": "path"},
    "executable": {"type": "path"},
}
"""What every module takes."""

PATHS = ("venv", "requirements", "lock", "mirror", "config", "executable")
"""The options that are paths on the managed host."""

TEXTS = {"/dev/stdin": "lock_content", "<stdin>": "requirements_content"}
"""What the command calls a text that an option has."""

_ERROR, _HINT, _WARNING = "distrofirst: error: ", "distrofirst: hint: ", "distrofirst: warning: "


class Answer:
    """What one run of the command said."""

    def __init__(self, rc: int, document: dict[str, t.Any] | None, stderr: str) -> None:
        """``document`` is None where it printed none."""
        self.rc = rc
        self.document = document
        self.stderr = stderr

    @property
    def warnings(self) -> list[str]:
        """Give its warnings."""
        return [line[len(_WARNING) :] for line in self.stderr.splitlines() if line.startswith(_WARNING)]

    def failure(self) -> dict[str, t.Any]:
        """Give the arguments of ``fail_json``: the error's message with its context, the hint, the exit code."""
        said, hint = self.stderr.strip(), None
        if _ERROR in self.stderr:
            # The error comes last, and may go over several lines, as the hint may.
            said = self.stderr.rpartition(_ERROR)[2].strip()
            said, found, hint = said.partition("\n" + _HINT)
            hint = hint if found else None
        message = said or f"distrofirst ended with exit code {self.rc} and said nothing"
        return {
            "msg": message if hint is None else f"{message}\nhint: {hint}",
            "hint": hint,
            "rc": self.rc,
            "stderr": self.stderr,
        }


def ask(module: AnsibleModule, words: list[str], schema: str, stdin: str | None = None) -> Answer:
    """Run the command to its end; ``schema`` is what its document has to be.

    It runs in the root folder, where no configuration lies about that would count by chance.
    """
    for option in PATHS:
        value = module.params.get(option)
        if value is not None and not Path(value).is_absolute():
            module.fail_json(
                msg=f"{option}: expected an absolute path, found {value!r}\n"
                "hint: the command runs in the root folder; an empty path comes of a variable that is not set"
            )
    executable = module.params["executable"] or module.get_bin_path("distrofirst") or module.get_bin_path(LAUNCHER)
    if executable is None:
        module.fail_json(
            msg=f"distrofirst is not on this host: it is neither on PATH nor {LAUNCHER}\n"
            "hint: apply the role distrofirst.fleet.distrofirst first, or name it with the option executable"
        )
    everywhere = ["--config", module.params["config"]] if module.params["config"] else []
    # Without a word to pass on, Ansible leaves the command the connection's standard input, which need never end.
    data = stdin or "\n"
    rc, stdout, stderr = module.run_command([executable, *everywhere, *words], cwd="/", data=data, binary_data=True)
    for place, option in TEXTS.items():
        stderr = stderr.replace(place, option)
    answer = Answer(rc, _document(stdout), stderr)
    if answer.document is not None and answer.document.get("schema") != schema:
        module.fail_json(
            msg=f"{executable} answers with {answer.document.get('schema')}, and this collection reads {schema}\n"
            "hint: use the collection and the distrofirst of one checkout"
        )
    for text in answer.warnings:
        module.warn(text)
    return answer


def _document(stdout: str) -> dict[str, t.Any] | None:
    try:
        document = json.loads(stdout)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
