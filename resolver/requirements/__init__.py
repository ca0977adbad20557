"""Files → requirements: pip's requirements format, pyproject.toml (PEP 621, PEP 735), pylock.toml (PEP 751).

One file per step, each with one reason to exist:

``decoding``      bytes → text, as pip guesses encodings
``lines``         text → logical lines: continuations, comments, ``${VAR}``
``options``       the options of one line
``requirement``   one requirement, as pip or as PEP 508 has it
``urls``          the URLs that pip fetches from
``surroundings``  which paths exist
``mistakes``      what a refused line probably meant
``statements``    a requirements file → statements, nothing opened
``toml``          TOML with the line of every value
``pyproject``     dependencies, extras, groups
``pylock``        locked packages
``reader``        opens files, follows ``-r`` and ``-c``, puts the set together
"""

from resolver.requirements.reader import default_inputs, read_inputs
from resolver.requirements.requirement import parse_requirement

__all__ = ["default_inputs", "parse_requirement", "read_inputs"]
