"""How each ``Reason`` is worded for people: the one place, so that every report says the same.

Each wording completes the sentence "The distribution does not serve it: …".
"""

from __future__ import annotations

from typing import assert_never

from resolver.model import Reason


def words(reason: Reason) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm for each reason is the point
    """Give the few words that stand for a reason; the detail that follows them is the decision's own."""
    match reason:
        case Reason.NOT_PACKAGED:
            return "not packaged"
        case Reason.VERSION_TOO_OLD:
            return "version too old"
        case Reason.VERSION_TOO_NEW:
            return "version too new"
        case Reason.VERSION_EXCLUDED:
            return "version excluded"
        case Reason.OTHER_PYTHON:
            return "for another Python"
        case Reason.EXTRA_MISSING:
            return "lacks an extra"
        case Reason.AMBIGUOUS:
            return "several OS packages claim it"
        case Reason.NO_EVIDENCE:
            return "no evidence for the OS package"
        case Reason.DEMOTED:
            return "needs a project from PyPI"
        case Reason.DIRECT_URL:
            return "asked for by URL"
        case Reason.HASH_REQUIRED:
            return "asked for by hash"
        case Reason.UNTRUSTED_REPOSITORY:
            return "repository not verified"
        case Reason.EXCLUDED_BY_POLICY:
            return "excluded by policy"
        case Reason.NOT_ON_INDEX:
            return "neither packaged nor on the index"
        case Reason.NO_WHEEL:
            return "no wheel fits"
        case Reason.MARKER_FALSE:
            return "does not apply to this target"
        case _:
            assert_never(reason)
