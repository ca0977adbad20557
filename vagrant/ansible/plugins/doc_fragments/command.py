# Copyright: The distrofirst project
# MIT License (see LICENSE in the project that this collection is part of)
# SPDX-License-Identifier: MIT

"""What every module's documentation says: the options of ``module_utils/command.py``, and where the command runs."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible's name for it."""

    DOCUMENTATION = r"""
author:
  - The distrofirst project (!UNKNOWN)
notes:
  - The command runs in the root folder, so that paths have to be absolute, and others are refused. Its configuration
    counts only where O(config) names it. The task's C(environment) reaches it, C(PIP_INDEX_URL) for example.
attributes:
  platform:
    support: full
    platforms: posix
    description: Whatever the command supports, which is Linux with apt, dnf5, dnf4 or zypper.
options:
  requirements:
    description: A requirements file, C(pyproject.toml) or C(pylock.toml) on the managed host.
    type: path
  requirements_content:
    description:
      - The text of a requirements file, instead of O(requirements). Nothing has to be copied to the host before, so
        that check mode knows it, too.
      - Ansible logs it on the host, as it does all arguments. A login of an index belongs into pip's configuration or
        C(~/.netrc) there.
    type: str
  config:
    description: A configuration of distrofirst's on the managed host, C(distrofirst.toml) or C(pyproject.toml).
    type: path
  executable:
    description: The command. By default what is on PATH, else C(/usr/local/bin/distrofirst), where the role puts it.
    type: path
"""
