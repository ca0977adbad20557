"""What ``--relax`` found, as configuration: a pins policy of its own for each project that one lets in (rule R9).

The files stay as they are, and so does what the remainder takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli_w

from resolver.report import gains
from resolver.report.formats import PLAIN, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resolver.model import Resolution


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:  # noqa: ARG001 - the signature is Render's
    """Give a part of distrofirst.toml, with what it buys above it."""
    (resolution,) = resolutions
    told = list(gains.comments(resolution))
    useful = [one for one in resolution.gains if one.moved]
    policies = {one.project: one.policy.value for one in useful if one.policy is not None}
    told += [f"# {one.project}: no policy lets it in; --format patch has its bound" for one in useful if not one.policy]
    told.append("# in pyproject.toml: [tool.distrofirst.pins-for]")
    return "\n".join([*told, tomli_w.dumps({"pins-for": policies})])
