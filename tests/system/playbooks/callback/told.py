"""Ansible's output for tests: each task's result on each host, a line of JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: stdout
short_description: Results as lines of JSON
description: Writes each result as a line of JSON.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes lines."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "told"

    def _tell(self, outcome: str, result: Any) -> None:  # noqa: ANN401 - Ansible's, which has no types
        line = {"host": result.host.get_name(), "task": result.task_name, "outcome": outcome, "result": result.result}
        sys.stdout.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - as above
        self._tell("ok", result)

    def v2_runner_on_skipped(self, result: Any) -> None:  # noqa: ANN401 - as above
        self._tell("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:  # noqa: ANN401 - as above
        self._tell("unreachable", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002 - as above
        del ignore_errors
        self._tell("failed", result)
