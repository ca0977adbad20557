"""Attacks through what is on the machine already."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Final

from tests.attacks.attack import NAME, OS_PACKAGE, VERSION, Attack, Harmless, Stage, honest, sha256
from tests.wheels import build, metadata_of


def _leftover_in_home(stage: Stage) -> None:
    """``pip install --user`` of something else by the name of a project that is to be installed."""
    site = stage.home / ".local" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    info = site / f"zz_demo-{VERSION}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(metadata_of(NAME))
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("")
    (site / "zz_demo.py").write_text(stage.payload)
    stage.offer(honest())
    stage.require(f"{NAME}=={VERSION} --hash=sha256:{sha256(honest())}")


def _installed_without_a_hash(stage: Stage) -> None:
    """The system has the version that is asked for, and nobody has compared it with the hash."""
    version = importlib.metadata.version(OS_PACKAGE)
    content = build({f"{OS_PACKAGE}/__init__.py": f"__version__ = {version!r}\n"}, name=OS_PACKAGE, version=version)
    stage.offer(content, name=OS_PACKAGE, version=version)
    stage.require(f"{OS_PACKAGE}=={version} --hash=sha256:{sha256(content)}")


ATTACKS: Final = (
    Attack(name="leftover in ~/.local", stage=_leftover_in_home, expected=Harmless(), sees_system=True),
    Attack(
        name="installed OS package in place of a hash",
        stage=_installed_without_a_hash,
        use=f"import sys, {OS_PACKAGE} as p; p.__file__.startswith(sys.prefix) or open(MARK, 'a')",
        expected=Harmless(),
        sees_system=True,
    ),
)
