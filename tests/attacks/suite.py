"""Every attack, in the order of SECURITY.md's tables."""

from __future__ import annotations

from typing import Final

from tests.attacks import indexes, places, sources, wheels

ATTACKS: Final = (*indexes.ATTACKS, *wheels.ATTACKS, *sources.ATTACKS, *places.ATTACKS)
