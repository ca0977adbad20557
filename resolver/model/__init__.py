"""The values that travel through distrofirst, from requirement to plan. No behaviour that reads or writes.

The way of the data (README, "How it works") in types::

    RequirementSet ──┐
    Catalog → OsCandidate ├─ resolve ─▶ Resolution(Decision…) ─▶ lock, report, install, verify
    Index → Wheel ───┘

Names of projects are normalized once (PEP 503), where they enter, and are ``NormalizedName`` from then on.
Everything is frozen, keyword-only and slotted; tuples are sorted wherever order carries no meaning (rule R7).
What every run needs is to be had from here; ``resolver.model.audit`` and ``resolver.model.review`` are asked by name.
"""

from resolver.model.acting import AlteredFile, Command, Completed, Drift, Finding, PackageChange, Transaction
from resolver.model.index import (
    AssignedIndex,
    Attestation,
    Attested,
    Build,
    Buildable,
    Commit,
    HttpAnswer,
    HttpNotFound,
    HttpPart,
    Listing,
    Publisher,
    Rejection,
    Sdist,
    Sources,
    Unattested,
    Unchecked,
    Wheel,
    WheelMetadata,
    assigned_to,
    with_what_builds,
)
from resolver.model.packages import (
    Absence,
    Backing,
    Evidence,
    OsCandidate,
    OsDependency,
    OsPackage,
    RpmNotice,
    RpmOffer,
    RpmRepository,
    Support,
)
from resolver.model.plan import (
    Concern,
    Decision,
    Gain,
    Likeness,
    Lock,
    LockedProject,
    Lookalike,
    Outcome,
    PinsPolicy,
    Preference,
    Reason,
    Resolution,
    Unconsulted,
    Worry,
)
from resolver.model.requirements import FileOption, Origin, Requirement, RequirementSet
from resolver.model.targets import MACHINES, MetadataSource, NamedRepository, Release, Target

__all__ = [
    "MACHINES",
    "Absence",
    "AlteredFile",
    "AssignedIndex",
    "Attestation",
    "Attested",
    "Backing",
    "Build",
    "Buildable",
    "Command",
    "Commit",
    "Completed",
    "Concern",
    "Decision",
    "Drift",
    "Evidence",
    "FileOption",
    "Finding",
    "Gain",
    "HttpAnswer",
    "HttpNotFound",
    "HttpPart",
    "Likeness",
    "Listing",
    "Lock",
    "LockedProject",
    "Lookalike",
    "MetadataSource",
    "NamedRepository",
    "Origin",
    "OsCandidate",
    "OsDependency",
    "OsPackage",
    "Outcome",
    "PackageChange",
    "PinsPolicy",
    "Preference",
    "Publisher",
    "Reason",
    "Rejection",
    "Release",
    "Requirement",
    "RequirementSet",
    "Resolution",
    "RpmNotice",
    "RpmOffer",
    "RpmRepository",
    "Sdist",
    "Sources",
    "Support",
    "Target",
    "Transaction",
    "Unattested",
    "Unchecked",
    "Unconsulted",
    "Wheel",
    "WheelMetadata",
    "Worry",
    "assigned_to",
    "with_what_builds",
]
