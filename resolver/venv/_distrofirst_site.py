"""Brings the distribution's modules into a venv, and nothing else of the system (rule X2).

distrofirst copies this file into the venv's site-packages; the ``.pth`` file beside it calls ``add`` whenever the
venv's interpreter starts (see ``site`` in the standard library). ``venv --system-site-packages`` would bring in
``~/.local`` and ``/usr/local`` as well, before the distribution's own folder.
"""

import os
import site
import sys


def add(directories: tuple[str, ...]) -> None:
    """Put the distribution's folders behind the venv's own on ``sys.path``, and process their ``.pth`` files."""
    for directory in directories:
        if os.path.isdir(directory):  # noqa: PTH112 - pathlib takes longer to import than all of this
            site.addsitedir(directory)
    join_namespaces()


def join_namespaces() -> None:
    """Let namespace packages span the venv and the distribution, the venv's portion first.

    A ``*-nspkg.pth`` file of an OS package (setuptools' old way) puts a module into ``sys.modules`` whose
    ``__path__`` is that package's folder alone, which hides a portion of the same namespace in the venv. Such a
    module is made, but its code never runs: that is how it is told from an imported one, whose namespace has
    ``__builtins__``.
    """
    made = [name for name, module in sys.modules.items() if _is_made_by_nspkg(module)]
    if not made:
        return
    from importlib.machinery import PathFinder  # noqa: PLC0415 - few environments need it

    # Parents first: a nested namespace is looked for on its parent's path.
    for name in sorted(made):
        module = sys.modules[name]
        parent, _, last = name.rpartition(".")
        bases = list(sys.modules[parent].__path__) if parent in sys.modules else sys.path
        found = PathFinder.find_spec(name, bases)
        if found is not None and found.loader is None and found.submodule_search_locations is not None:
            # No portion has an __init__.py: a native namespace, which also follows later changes of sys.path.
            module.__path__ = found.submodule_search_locations
            module.__spec__ = found
        else:
            portions = [os.path.join(base, last) for base in bases]  # noqa: PTH118 - as above
            present = [portion for portion in portions if os.path.isdir(portion)]  # noqa: PTH112 - as above
            module.__path__ = present + [portion for portion in module.__path__ if portion not in present]


def _is_made_by_nspkg(module: object) -> bool:
    names = getattr(module, "__dict__", {})
    return "__path__" in names and "__builtins__" not in names
