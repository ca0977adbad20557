"""Everything that the hosts of some locks need, in one folder: wheels by their hash, OS packages as archives have them.

A host without a network installs from it (``install --lock … --mirror``). What the folder says is believed as little as
what a server says: wheels are held to the hashes in the lock, OS packages to the distribution's signatures.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from resolver import files
from resolver.errors import CommandError, DistrofirstError, of_targets
from resolver.hosts import releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from resolver.model import Lock, Release
    from resolver.pypi.wheelhouse import Wheelhouse
    from resolver.targets import Targets


def carry_out(
    locks: Sequence[Lock],
    folder: Path,
    *,
    wheels: Wheelhouse,
    targets: Targets,
    warn: Callable[[str], None],
    progress: Callable[[str], None],
) -> None:
    """Bring it all together; what is there and right is not fetched again, so a run that was killed goes on.

    ``wheels`` keeps them in ``folder``. Raises what went wrong; of several locks, one error that names each release
    that failed, after all others are done.
    """
    kinds: dict[tuple[str, str], list[Lock]] = {}
    for lock in locks:
        kinds.setdefault((str(lock.target.release), lock.target.architecture), []).append(lock)
    failed: list[tuple[str, DistrofirstError]] = []
    with _held(folder):
        for (release, _), alike in kinds.items():
            progress(f"mirroring what {release} needs")
            try:
                for lock in alike:
                    wheels.gather(lock, may_build=str(lock.target.release) == str(_here()))
                if not targets.mirror(alike, folder, progress):
                    warn(
                        f"{release}: the OS packages are not mirrored, for this host does not know its repositories;"
                        f" name them (--repo {release}=URL --repo-key {release}=FILE), or run this on a host of that"
                        " release; else its hosts take them from where they are configured to"
                    )
            except DistrofirstError as error:
                if len(kinds) == 1:
                    raise
                failed.append((release, error))
    if failed:
        raise of_targets(failed, f"{len(failed)} of {len(kinds)} releases are not mirrored")


def _here() -> Release | None:
    """Give this host's release; None where it is none that is known, on which all of this works as well."""
    try:
        return releases.of_host()
    except DistrofirstError:
        return None


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Let one run at a time work on a folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = files.open_locked(folder / ".lock")
    except OSError as error:
        raise CommandError(
            f"cannot be written: {error.strerror or error}", context=str(folder), hint="name another folder with -o"
        ) from error
    with lock:
        yield
