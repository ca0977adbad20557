"""Listings and metadata as JSON values, as short as a warm run wants them. What does not fit is a miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from packaging.version import InvalidVersion, Version

from resolver.model import Listing, Rejection, Sdist, Wheel, WheelMetadata

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

FORMAT: Final = "4"
"""Part of every key: raised when the shape or the meaning of an entry changes."""


def dump_listing(listing: Listing, page_hash: str) -> object:
    """Give the listing with the hash of the page that it was chosen from; one row a file."""
    rows = [
        (
            str(wheel.version),
            wheel.filename,
            wheel.url,
            wheel.sha256,
            wheel.size,
            wheel.requires_python,
            wheel.upload_time,
            wheel.yanked,
            wheel.core_metadata,
            wheel.provenance,
        )
        for wheel in listing.wheels
    ]
    rejected = [(str(one.version), one.why, one.is_young, one.is_young_sdist) for one in listing.rejected]
    sdists = [
        (
            str(sdist.version),
            sdist.filename,
            sdist.url,
            sdist.sha256,
            sdist.size,
            sdist.requires_python,
            sdist.upload_time,
            sdist.yanked,
        )
        for sdist in listing.sdists
    ]
    about = [listing.exists, listing.status, listing.status_reason, listing.age_unknown]
    return [page_hash, about, rejected, rows, sdists]


def load_listing(value: object, project: NormalizedName) -> tuple[Listing | None, str]:
    """Give back what ``dump_listing`` was given; ``(None, "")`` for anything else."""
    try:
        page_hash, (exists, status, status_reason, age_unknown), rejected, rows, sdists = cast("Any", value)
        wheels = tuple(
            Wheel(
                project=project,
                version=Version(version),
                filename=filename,
                url=url,
                sha256=sha256,
                size=size,
                requires_python=requires_python,
                upload_time=upload_time,
                yanked=yanked,
                core_metadata=core_metadata,
                provenance=provenance,
            )
            for (
                version,
                filename,
                url,
                sha256,
                size,
                requires_python,
                upload_time,
                yanked,
                core_metadata,
                provenance,
            ) in rows
        )
        listing = Listing(
            project=project,
            wheels=wheels,
            rejected=tuple(
                Rejection(version=Version(version), why=why, is_young=bool(young), is_young_sdist=bool(young_sdist))
                for version, why, young, young_sdist in rejected
            ),
            exists=bool(exists),
            status=str(status),
            status_reason=status_reason,
            age_unknown=bool(age_unknown),
            sdists=tuple(
                Sdist(
                    project=project,
                    version=Version(version),
                    filename=filename,
                    url=url,
                    sha256=sha256,
                    size=size,
                    requires_python=requires_python,
                    upload_time=upload_time,
                    yanked=yanked,
                )
                for version, filename, url, sha256, size, requires_python, upload_time, yanked in sdists
            ),
        )
    except (ValueError, TypeError, InvalidVersion):
        return None, ""
    return listing, str(page_hash)


def dump_metadata(metadata: WheelMetadata) -> object:
    """Give the metadata as three values."""
    return [metadata.requires_dist, metadata.provides_extra, metadata.requires_python]


def load_metadata(value: object) -> WheelMetadata | None:
    """Give back what ``dump_metadata`` was given, None for anything else."""
    try:
        requires_dist, provides_extra, requires_python = cast("Any", value)
        return WheelMetadata(
            requires_dist=tuple(requires_dist), provides_extra=tuple(provides_extra), requires_python=requires_python
        )
    except (ValueError, TypeError):
        return None
