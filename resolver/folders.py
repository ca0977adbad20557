"""Where this machine keeps what outlives a run: the cache, and the register of environments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resolver.venv.register import Register


WHEELS = "wheels"
"""The folder of the cache, or of a mirror, that holds them."""
REGISTER = "environments"
"""The folder of the state that notes which environments there are."""
_SYSTEM_STATE = Path("/var/lib/distrofirst")


def cache_folder() -> Path:
    """Give the folder of everything that may be thrown away (XDG Base Directory Specification).

    A user without a home has a path relative to nowhere; theirs is the home that nobody has (Debian Policy 9.2.3),
    where nothing can be kept.
    """
    import platformdirs  # noqa: PLC0415 - a millisecond, once

    folder = Path(platformdirs.user_cache_dir("distrofirst"))
    return folder if folder.is_absolute() else Path("/nonexistent/.cache/distrofirst")


def register_folder() -> Path:
    """Give the folder that this user's environments are noted in: state that outlives a cache (the same specification).

    Root's is the system's, for root's environments are everybody's.
    """
    if os.geteuid() == 0:
        return _SYSTEM_STATE / REGISTER
    import platformdirs  # noqa: PLC0415 - as above

    folder = Path(platformdirs.user_state_dir("distrofirst"))
    return (folder if folder.is_absolute() else Path("/nonexistent/.local/state/distrofirst")) / REGISTER


def open_register() -> Register:
    """Give the registers of this machine: our own, the system's, and those in the homes of users that passwd knows."""
    import pwd  # noqa: PLC0415 - only here

    from resolver.venv.register import Register  # noqa: PLC0415 - only what acts needs it

    # Root's environments are noted in the system's.
    homes = dict.fromkeys(Path(user.pw_dir) for user in pwd.getpwall() if user.pw_uid != 0)
    others = {home: home / ".local/state/distrofirst" / REGISTER for home in homes}
    return Register(
        own=register_folder(),
        folders=(_SYSTEM_STATE / REGISTER, *others.values()),
        unseen=tuple(home for home, register in others.items() if _is_closed(register)),
    )


def _is_closed(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        return True
    except OSError:
        return False
    return False
