"""vagrant/Vagrantfile, as far as it can be judged without a hypervisor: by what reads it, where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.recipes import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = CHECKOUT / "vagrant"
MACHINES = {"debian12", "debian13", "ubuntu2404", "fedora43", "centos10", "tumbleweed", "leap16"}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@needs("ruby")
def test_its_syntax() -> None:
    done = subprocess.run(["ruby", "-wc", FOLDER / "Vagrantfile"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Syntax OK\n", "")


def validate(provisioner: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let Vagrant read it; what that leaves stays in a folder of the test's."""
    own = {"VAGRANT_HOME": str(folder / "home"), "VAGRANT_DOTFILE_PATH": str(folder / "state")}
    return subprocess.run(
        ["vagrant", "validate", "--ignore-provider"],
        cwd=FOLDER,
        env=os.environ | own | {"DISTROFIRST_PROVISIONER": provisioner},
        capture_output=True,
        text=True,
        check=False,
    )


@needs("vagrant")
@pytest.mark.parametrize("provisioner", [pytest.param("shell", marks=pytest.mark.all_sets), "ansible"])
def test_vagrant_takes_every_machine(provisioner: str, tmp_path: Path) -> None:
    done = validate(provisioner, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    named = {line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("==> ")}
    assert named == MACHINES


@needs("vagrant")
def test_another_provisioner_is_refused(tmp_path: Path) -> None:
    done = validate("puppet", tmp_path)
    assert done.returncode != 0
    assert "DISTROFIRST_PROVISIONER is puppet; expected shell or ansible" in done.stderr
