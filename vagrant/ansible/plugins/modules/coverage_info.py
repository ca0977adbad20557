#!/usr/bin/python
# Copyright: The distrofirst project
# MIT License (see LICENSE in the project that this collection is part of)
# SPDX-License-Identifier: MIT

"""``distrofirst report --format json`` as an Ansible module."""

from __future__ import annotations

DOCUMENTATION = r"""
module: coverage_info
short_description: Tell what the distribution serves of some Python requirements
version_added: 0.1.0
author:
  - The distrofirst project (!UNKNOWN)
description:
  - Runs C(distrofirst report) on the managed host and returns its document. The host is not changed.
notes:
  - Requirements that cannot be met are an answer, and no failure. A target that cannot be consulted is a failure, for
    its answer is not known.
  - The command runs in the root folder, so that paths have to be absolute, and others are refused.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
  platform:
    support: full
    platforms: posix
    description: Whatever the command supports, which is Linux with apt, dnf5, dnf4 or zypper.
options:
  requirements:
    description: A requirements file, C(pyproject.toml) or C(pylock.toml) on the managed host.
    type: path
  requirements_content:
    description: The text of a requirements file, instead of O(requirements).
    type: str
  targets:
    description: The releases to ask about, C(debian:13) for example. V(host) is the host's own.
    type: list
    elements: str
    default: [host]
  direct:
    description: Look at the listed requirements alone, without the network.
    type: bool
    default: false
  config:
    description: A configuration of distrofirst's on the managed host, C(distrofirst.toml) or C(pyproject.toml).
    type: path
  executable:
    description: The command. By default what is on PATH, else C(/usr/local/bin/distrofirst), where the role puts it.
    type: path
"""

EXAMPLES = r"""
- name: See what the distribution serves
  distrofirst.fleet.coverage_info:
    requirements: /srv/app/requirements.txt
  register: coverage

- name: Show the share
  ansible.builtin.debug:
    msg: "{{ coverage.report.targets[0].summary.coverage }}"
"""

RETURN = r"""
report:
  description: The document of C(distrofirst report --format json), schema C(distrofirst/report/1).
  returned: success
  type: dict
  contains:
    targets:
      description: One entry a target, with C(summary) and C(projects).
      type: list
      elements: dict
    not_consulted:
      description: The targets that could not be asked, and why.
      type: list
      elements: dict
rc:
  description: The exit code. 0, or 1 where something is unmet.
  returned: always
  type: int
hint:
  description: The next step, as distrofirst tells it.
  returned: failure
  type: str
stderr:
  description: All that distrofirst said.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.distrofirst.fleet.plugins.module_utils.command import INPUTS, ask


def main() -> None:
    """Run the module."""
    inputs = ["requirements", "requirements_content"]
    module = AnsibleModule(
        argument_spec={
            **INPUTS,
            "targets": {"type": "list", "elements": "str", "default": ["host"]},
            "direct": {"type": "bool", "default": False},
        },
        mutually_exclusive=[inputs],
        required_one_of=[inputs],
        supports_check_mode=True,
    )
    params = module.params
    words = ["report", "--format", "json", params["requirements"] or "-"]
    for target in params["targets"]:
        words += ["--target", target]
    if params["direct"]:
        words.append("--direct")
    answer = ask(module, words, "distrofirst/report/1", params["requirements_content"])
    if answer.rc not in (0, 1) or answer.document is None:
        module.fail_json(report=answer.document, **answer.failure())
    module.exit_json(changed=False, report=answer.document, rc=answer.rc)


if __name__ == "__main__":
    main()
