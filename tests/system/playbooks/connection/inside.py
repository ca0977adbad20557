"""An Ansible connection into a test host: commands run the way the tests run them (``tests.system.hosts.Host``)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: inside
short_description: Enter a test host
description: Runs commands in a test host.
options:
  command:
    description: What comes before a command that shall run in the host.
    type: list
    elements: str
    vars:
      - name: inside_command
"""


class Connection(ConnectionBase):  # type: ignore[misc]
    """Starts a process in the host for each command; there is nothing to connect."""

    transport = "inside"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def close(self) -> None:
        self._connected = False

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:  # noqa: FBT001, FBT002 - Ansible's
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run(["/bin/sh", "-c", cmd], in_data or b"")

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        code, _, told = self._run(["sh", "-c", 'cat > "$1"', "sh", out_path], Path(in_path).read_bytes())
        if code:
            raise AnsibleError(f"{out_path}: {told.decode()}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        code, data, told = self._run(["cat", in_path], b"")
        if code:
            raise AnsibleError(f"{in_path}: {told.decode()}")
        Path(out_path).write_bytes(data)

    def _run(self, argv: list[str], data: bytes) -> tuple[int, bytes, bytes]:
        done = subprocess.run([*self.get_option("command"), *argv], input=data, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr
