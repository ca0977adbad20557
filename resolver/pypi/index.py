"""The Index port over a Simple API: what to ask, what to remember, and how not to wait.

Two caches lie under it. The Http port keeps whole pages; this module keeps what a page means *for one target*, a
fraction of the size, so that a warm run neither parses nor chooses. Both go by the age of the answer, because an index
may send no validators. A wheel's metadata is kept under the wheel's own hash, for ever.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from resolver.cooldown import Cooldown
from resolver.errors import PolicyError
from resolver.model import HttpNotFound, Listing
from resolver.pypi import remembered
from resolver.pypi.background import Job, Pool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from resolver.model import Target, Wheel, WheelMetadata
    from resolver.ports import Cache, Http
    from resolver.pypi.configuration import IndexSettings
    from resolver.pypi.simple import Page
    from resolver.pypi.wheels import WheelChooser

FRESH: Final = 600.0
"""Seconds for which a listing is taken as it is: what large indexes ask of their clients."""
WORKERS: Final = 6
"""Requests at a time. Beyond this the interpreter lock and TLS handshakes cost more than the waiting."""

_LISTING = "listing"
_METADATA = "metadata"


class SimpleIndex:
    """The Index port. Safe for many threads; close it, or use it as a context manager."""

    def __init__(
        self,
        http: Http,
        cache: Cache,
        settings: IndexSettings,
        target: Target,
        *,
        offline: bool = False,
        cooldown: Cooldown | None = None,
        max_age: float = FRESH,
        workers: int = WORKERS,
    ) -> None:
        """See the index of ``settings`` for ``target``.

        ``offline`` takes cached listings of any age; ``cooldown`` is that of rule P3; ``max_age`` is in seconds;
        ``workers`` is how many requests ``prefetch`` has under way at a time.
        """
        self._http = http
        self._cache = cache
        self._settings = settings
        self._target = target
        self._offline = offline
        self._cooldown = cooldown or Cooldown()
        self._max_age = max_age
        self._base = f"{(settings.index_url or '').rstrip('/')}/"
        self._view = "\n".join(
            (
                remembered.FORMAT,
                self._base,
                target.architecture,
                target.python_full_version or target.python,
                target.glibc,
            )
        )
        self._lock = threading.Lock()
        self._listings: dict[NormalizedName, Job[Listing]] = {}
        self._metadata: dict[str, Job[WheelMetadata]] = {}
        self._chooser: WheelChooser | None = None
        self._pool = Pool(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop what is queued; requests under way end by themselves and hold nobody up."""
        self._pool.close()

    def listing(self, project: NormalizedName) -> Listing:
        """Give the project's wheels for the target (see the port)."""
        return self._listing_job(project).result()

    def at(self, project: NormalizedName, url: str, sha256: str) -> Listing:
        """Give the one wheel that a URL names (see the port)."""
        from urllib.parse import unquote  # noqa: PLC0415 -- requirements that are URLs are rare

        from resolver.pypi.simple import IndexFile, Page  # noqa: PLC0415 -- a warm run reads no page

        address = url.partition("#")[0]
        file = IndexFile(
            filename=unquote(address.rpartition("/")[2]),
            href=address,
            sha256=sha256,
            requires_python=None,
            size=None,
            upload_time=None,
            yanked=None,
            core_metadata=None,
        )
        return self._choose(project, Page(base=address, entries=((file.filename, {}),), read=lambda *_: file))

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """Read a wheel's metadata (rule R6; see the port)."""
        return self._metadata_job(wheel).result()

    def prefetch(self, projects: Iterable[NormalizedName]) -> None:
        """Fetch what is not fresh in the cache in the background: listings, then the newest wheels' metadata."""
        if self._offline or self._settings.index_url is None:
            return
        for project in projects:
            if project in self._listings:
                continue
            age = self._cache.age(_LISTING, self._listing_key(project))
            if age is not None and 0 <= age <= self._max_age:
                continue
            self._pool.submit(partial(self._look_ahead, self._listing_job(project)))

    def prefetch_metadata(self, wheels: Iterable[Wheel]) -> None:
        """Read what is not in the cache in the background."""
        if self._offline:
            return
        for wheel in wheels:
            if wheel.sha256 not in self._metadata and self._cache.age(_METADATA, _metadata_key(wheel)) is None:
                self._pool.submit(self._metadata_job(wheel).run)

    def _look_ahead(self, job: Job[Listing]) -> None:
        """Run in the pool: get the listing, and queue the metadata that is most likely wanted next."""
        job.run()
        listing = job.peek()
        wheel = _newest(listing) if listing is not None else None
        if wheel is not None:
            self._pool.submit(self._metadata_job(wheel).run)

    # Listings -------------------------------------------------------------------------------------------------

    def _listing_job(self, project: NormalizedName) -> Job[Listing]:
        with self._lock:
            job = self._listings.get(project)
            if job is None:
                job = self._listings[project] = Job(lambda: self._fetch_listing(project))
            return job

    def _listing_key(self, project: NormalizedName) -> str:
        return f"{self._view}\n{self._cooldown.key(project)}\n{project}"

    def _fetch_listing(self, project: NormalizedName) -> Listing:
        if self._settings.index_url is None:
            raise PolicyError(
                f"{project} would come from the index, and no index may be asked",
                context=self._settings.where,
                hint="remove --no-index, or use --only-distro to have such projects reported as unmet",
            )
        key = self._listing_key(project)
        age = self._cache.age(_LISTING, key)
        known, page_hash = (None, "") if age is None else self._recall(project, key)
        if known is not None and age is not None and (self._offline or 0 <= age <= self._max_age):
            return known
        from resolver.pypi import simple  # noqa: PLC0415 -- html.parser and urllib, which a warm run does not need

        answer = self._http.get(f"{self._base}{project}/", accept=simple.ACCEPT, max_age=self._max_age)
        if isinstance(answer, HttpNotFound):
            listing, page_hash = Listing(project=project, wheels=(), exists=False), ""
        elif known is not None and page_hash == answer.sha256:
            listing = known  # revalidated, or sent again unchanged: it means what it meant
        else:
            page = simple.parse(answer.body, answer.content_type, answer.url)
            listing, page_hash = self._choose(project, page), answer.sha256
        if not self._offline:  # offline, the page may be of any age, and the entry would pass it off as fresh
            self._cache.write_json(_LISTING, key, remembered.dump_listing(listing, page_hash))
        return listing

    def _recall(self, project: NormalizedName, key: str) -> tuple[Listing | None, str]:
        return remembered.load_listing(self._cache.read_json(_LISTING, key), project)

    def _choose(self, project: NormalizedName, page: Page) -> Listing:
        with self._lock:
            if self._chooser is None:
                from resolver.pypi.wheels import WheelChooser  # noqa: PLC0415 -- a warm run has nothing to choose

                self._chooser = WheelChooser(self._target, cooldown=self._cooldown)
        return self._chooser.choose(project, page)

    # Metadata -------------------------------------------------------------------------------------------------

    def _metadata_job(self, wheel: Wheel) -> Job[WheelMetadata]:
        with self._lock:
            job = self._metadata.get(wheel.sha256)
            if job is None:
                job = self._metadata[wheel.sha256] = Job(lambda: self._fetch_metadata(wheel))
            return job

    def _fetch_metadata(self, wheel: Wheel) -> WheelMetadata:
        key = _metadata_key(wheel)
        known = remembered.load_metadata(self._cache.read_json(_METADATA, key))
        if known is not None:
            return known
        from resolver.pypi.metadata import read_metadata  # noqa: PLC0415 -- a warm run has nothing to read

        metadata = read_metadata(self._http, wheel)
        self._cache.write_json(_METADATA, key, remembered.dump_metadata(metadata))
        return metadata


def _metadata_key(wheel: Wheel) -> str:
    return f"{remembered.FORMAT}\n{wheel.sha256}\n{wheel.project}\n{wheel.version}"


def _newest(listing: Listing) -> Wheel | None:
    """Give the wheel that a resolver most likely takes first."""
    for wheel in listing.wheels:
        if wheel.yanked is None and not wheel.version.is_prerelease:
            return wheel
    return None
