#!/usr/bin/python
# Copyright: The distrofirst project
# MIT License (see LICENSE in the project that this collection is part of)
# SPDX-License-Identifier: MIT

"""``distrofirst install`` and ``distrofirst undo`` as an Ansible module: arguments in, its document out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: distrofirst
short_description: Make or take away a Python environment, OS packages first
version_added: 0.1.0
extends_documentation_fragment: distrofirst.fleet.command
description:
  - Runs the command distrofirst on the managed host. It takes every Python project that it can from the
    distribution's own repositories, and the remainder from PyPI, pinned by hash, into a virtual environment.
  - Everything is resolved and checked before anything is changed. A run with nothing to do does nothing.
notes:
  - Do not use C(become) for this module. The command runs as the connecting user, whose the environment is then, and
    goes through sudo for the transaction of the package manager alone, if there is one. sudo must not ask for a
    password, for nobody is there to answer. With C(become) the environment is root's, and root runs all of it.
  - A host whose release, architecture or Python is not the lock's is refused, with the reason.
attributes:
  check_mode:
    support: full
    description: >-
      Tells what the run would do, and whether it would change anything. Wheels are fetched into the user's cache and
      looked through, as a dry run of the command does.
  diff_mode:
    support: full
    description: The OS packages and the environment's own projects, before and after. The same in check mode.
options:
  state:
    description:
      - V(present) makes the environment what O(requirements) or O(lock) says.
      - V(absent) takes the environment away, and those OS packages that came with it and that nobody else needs.
    type: str
    choices: [present, absent]
    default: present
  venv:
    description: The folder of the environment.
    type: path
    required: true
  lock:
    description: A lock of distrofirst's, on the managed host. It is carried out as it is.
    type: path
  lock_content:
    description: The text of such a lock, instead of O(lock).
    type: str
  mirror:
    description:
      - With O(lock) or O(lock_content), a folder on the managed host that C(distrofirst mirror) made. All is taken from
        there, without a network.
    type: path
  user_only:
    description:
      - Make the environment alone. Where OS packages are missing, fail with RV(left), which an administrator has to
        run.
    type: bool
    default: false
  only_distro:
    description: Never take anything from PyPI. What the distribution does not have fails the task.
    type: bool
    default: false
  fail_under:
    description: Change nothing, and fail, where the distribution serves a smaller share of the projects, in per cent.
    type: float
"""

EXAMPLES = r"""
- name: Make an environment of a requirements file on the host
  distrofirst.fleet.distrofirst:
    requirements: /srv/app/requirements.txt
    venv: /srv/app/venv
    fail_under: 80

- name: Carry out a lock that was made once, for every host of this release
  distrofirst.fleet.distrofirst:
    lock_content: "{{ lookup('ansible.builtin.file', 'pylock.debian-13.toml') }}"
    venv: /srv/app/venv

- name: Take it away again, with the OS packages that came with it
  distrofirst.fleet.distrofirst:
    venv: /srv/app/venv
    state: absent
"""

RETURN = r"""
venv:
  description: The environment's folder.
  returned: success
  type: str
  sample: /srv/app/venv
commands:
  description: What was run, or in check mode would be, as lines for a shell.
  returned: success
  type: list
  elements: str
os_packages:
  description: The OS packages that came, went or got another version.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    before:
      description: The version before. Null where there was none.
      type: str
    after:
      description: The version afterwards. Null where there is none.
      type: str
  sample: [{"name": "python3-flask", "before": null, "after": "2.2.2-3"}]
before:
  description: What the host had of the environment.
  returned: success
  type: dict
  contains:
    environment:
      description: The release, the architecture and the Python that it was made for. Null where there was none.
      type: str
    os_packages:
      description: Name and version of the installed OS packages that the environment has to do with.
      type: list
      elements: dict
    remainder:
      description: Name, version and sha256 of the projects from PyPI.
      type: list
      elements: dict
after:
  description: The same, afterwards.
  returned: success
  type: dict
projects:
  description: Every project of the environment and where it comes from, with the keys of the report's JSON.
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"name": "flask", "outcome": "distro", "version": "2.2.2", "os_package": "python3-flask"}]
summary:
  description: How many projects there are, and how many the distribution serves.
  returned: when O(state=present)
  type: dict
  sample: {"projects": 8, "distro": 7, "pypi": 1, "coverage": 0.875}
drift:
  description: Why an environment that was made from the same lock is made anew.
  returned: when O(state=present)
  type: list
  elements: str
target:
  description: The release.
  returned: when O(state=present)
  type: str
  sample: debian:12
python:
  description: The Python of the environment.
  returned: when O(state=present)
  type: str
  sample: "3.11"
architecture:
  description: The architecture, in the distribution's words.
  returned: when O(state=present)
  type: str
  sample: amd64
staying:
  description: OS packages that came with the environment and stay, and who needs them.
  returned: when O(state=absent)
  type: list
  elements: dict
unseen:
  description:
    - Homes that the connecting user cannot look into. An environment of distrofirst's in one of them may need the OS
      packages that went. With C(become) there are none.
  returned: when O(state=absent)
  type: list
  elements: str
untouched:
  description: How many OS packages the environment used that were there before it.
  returned: when O(state=absent)
  type: int
left:
  description: What an administrator has to run before O(user_only) can do anything.
  returned: failure that is for this reason
  type: dict
  contains:
    commands:
      description: Lines for a shell.
      type: list
      elements: str
    os_packages:
      description: The OS packages that are missing or of another version, like RV(os_packages).
      type: list
      elements: dict
rc:
  description: >-
    The exit code. 1 unmet or below O(fail_under), 2 bad input, 3 metadata or network missing, 4 a package manager or
    pip failed, 5 refused by policy.
  returned: failure of the command
  type: int
hint:
  description: The next step, as distrofirst tells it.
  returned: failure of the command
  type: str
stderr:
  description: All that distrofirst said.
  returned: failure of the command
  type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.distrofirst.fleet.plugins.module_utils.command import INPUTS, ask

SCHEMAS = {"present": "distrofirst/install/1", "absent": "distrofirst/undo/1"}


def text_of(state: dict[str, t.Any]) -> str:
    """Give what a host has, a line a thing: what ``--diff`` compares."""
    lines = [f"environment for {state['environment']}"] if state["environment"] else []
    lines += [f"OS package {one['name']} {one['version']}" for one in state["os_packages"]]
    lines += [f"from PyPI {one['name']} {one['version']} sha256:{one['sha256']}" for one in state["remainder"]]
    return "".join(f"{line}\n" for line in lines)


def words_of(params: dict[str, t.Any]) -> tuple[list[str], str | None]:
    """Give the command's arguments and its standard input."""
    if params["state"] == "absent":
        return ["undo", "--venv", params["venv"]], None
    words = ["install", "--venv", params["venv"]]
    if params["mirror"]:
        words += ["--mirror", params["mirror"]]
    if params["user_only"]:
        words.append("--user-only")
    if params["only_distro"]:
        words.append("--only-distro")
    if params["fail_under"] is not None:
        words += ["--fail-under", str(params["fail_under"])]
    if params["lock"] or params["lock_content"] is not None:
        return [*words, "--lock", params["lock"] or "/dev/stdin"], params["lock_content"]
    return [*words, params["requirements"] or "-"], params["requirements_content"]


def main() -> None:
    """Run the module."""
    inputs = ["requirements", "requirements_content", "lock", "lock_content"]
    module = AnsibleModule(
        argument_spec={
            **INPUTS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "venv": {"type": "path", "required": True},
            "lock": {"type": "path"},
            "lock_content": {"type": "str"},
            "mirror": {"type": "path"},
            "user_only": {"type": "bool", "default": False},
            "only_distro": {"type": "bool", "default": False},
            "fail_under": {"type": "float"},
        },
        mutually_exclusive=[inputs],
        required_if=[("state", "present", inputs, True)],
        supports_check_mode=True,
    )
    words, stdin = words_of(module.params)
    words += ["--format", "json", "--dry-run" if module.check_mode else "--yes"]
    answer = ask(module, words, SCHEMAS[module.params["state"]], stdin)
    if answer.rc != 0 or answer.document is None:
        left = (answer.document or {}).get("left")
        module.fail_json(**answer.failure(), **({"left": left} if left else {}))
    result = {key: value for key, value in answer.document.items() if key not in {"schema", "left"}}
    before, after = text_of(result["before"]), text_of(result["after"])
    before += "".join(f"drift of {line}\n" for line in result.get("drift", ()))
    result["diff"] = {
        "before": before,
        "after": after,
        "before_header": result["venv"],
        "after_header": result["venv"],
    }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
