"""What a refused requirement probably meant: the hint of the error, never a decision.

Each entry was seen in a real file or an issue report of pip. Order matters: the first that fits speaks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = r"(?:\s*\[[^\]]*\])?"
_HEAD = rf"(?P<head>{_NAME}{_EXTRAS})\s*"
_VERSION = r"(?P<version>[0-9A-Za-z][^\s,;\[]*)"


def _say(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def _instead(form: str) -> Callable[[re.Match[str]], str]:
    return lambda found: "did you mean " + form.format(**found.groupdict()) + "?"


_OPERATORS = {"=>": ">=", "=<": "<=", "=~": "~=", "=!": "!=", "!": "!=", "~": "~=", "<>": "!=", "^": "~=", "=": "=="}


def _operator(found: re.Match[str]) -> str:
    wrong = found["operator"]
    right = _OPERATORS[wrong]
    return f"{wrong} is no operator: did you mean {found['head']}{right}{found['version']}?"


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"(?:<{7}|={7}|>{7})(?:\s|$)", _say("this is a merge conflict's mark: resolve the conflict first")),
        (r"(?i)<(?:!doctype|html|\?xml)", _say("this is a web page: download the file in its raw form")),
        (
            r"\[[^\]]+\]\s*$",
            _say("this is a section of TOML or INI; a pyproject.toml must be named so to be read as one"),
        ),
        (r"[\w.-]+:\s*$|- \S", _say("this looks like YAML; expected one requirement a line")),
        (r"(?:python3? -m )?pip3? install\s+(?P<rest>.+)", _instead("{rest}")),
        (r"(?:import|from)\s+(?P<module>\w+)", _say("this is Python code; expected one requirement a line")),
        (r"(?:https?|git|ssh)://\S+\.git\b", lambda found: f"for a repository write git+{found[0]}"),
        (r"git://", _say("for a repository write git+https://…")),
        (r"git@[\w.-]+:", _say("for a repository write name @ git+ssh://git@HOST/PATH")),
        (rf"{_HEAD}@\s*(?P<path>\.{{0,2}}/\S*)", _say("after @ write a URL: file:///absolute/path for a local one")),
        (
            rf"{_HEAD}@\s*(?P<url>(?:git|hg|bzr|svn)\+file:///[^\s#]*)(?P<rest>#\S*)?",
            lambda found: (
                "older releases of pip and packaging want a host there; what all of them take is "
                f"{found['url']}{found['rest'] + '&' if found['rest'] else '#'}egg={found['head']}"
            ),
        ),
        (r".*\t--?\w", _say("a tab stands before the option: pip splits a line at spaces only")),
        (
            rf"(?P<head>{_NAME})=(?P<version>[0-9][^\s=]*)=\S+$",
            _instead("{head}=={version} (this is conda's way of writing it)"),
        ),
        (rf"{_HEAD}(?P<operator>=>|=<|=~|=!|<>|[!~^=])\s*{_VERSION}", _operator),
        (
            rf"{_HEAD}(?P<op>[<>=!~]=?=?)\s*{_VERSION}\s*(?P<extras>\[[^\]]*\])",
            _instead("{head}{extras}{op}{version}"),
        ),
        (rf"{_HEAD}~=\s*(?P<version>[0-9]+)\s*(?:[,;]|$)", _instead("{head}~={version}.0")),
        (
            rf"{_HEAD}(?P<op>[<>]=?|~=)\s*(?P<version>[0-9][0-9.]*?)\.\*",
            lambda found: (
                f"a wildcard goes with == and != only: did you mean {found['head']}{found['op']}{found['version']}?"
            ),
        ),
        (rf"{_HEAD}(?:===?|[<>!~]=|[<>])\s*(?:[,;]|$)", _say("the version is missing after the operator")),
        (rf"{_HEAD}(?P<version>v?[0-9][^\s,;]*)\s*$", _instead("{head}=={version}")),
        (
            rf"{_HEAD}(?:(?:===?|[<>!~]=|[<>])\s*[^\s,;]+\s*,?)*\s+(?:{_NAME}.*)",
            _say("write one requirement a line; after the version only ; and a marker may follow"),
        ),
        (rf"{_HEAD}(?:===?|[<>!~]=|[<>])\s*\S+", _say("versions follow PEP 440: 1.2, 1.2.*, 1.2rc1, 1.2.post1")),
    )
)


def hint_for(requirement: str) -> str | None:
    """Say what ``requirement`` (refused, without its marker) probably meant; None without a guess."""
    for character in requirement:
        if ord(character) > 127 or not (character.isprintable() or character == "\t"):  # noqa: PLR2004 - the end of ASCII
            return _odd_character(character)
    for pattern, hint in _KNOWN:
        if found := pattern.match(requirement):
            return hint(found)
    if requirement.count("[") != requirement.count("]"):
        return "a bracket is missing around the extras: name[extra1,extra2]"
    return None


def hint_for_marker(marker: str) -> str:
    """Say what a refused marker (what follows ``;``) probably meant."""
    if re.search(r"[<>=]\s*[0-9]", marker):
        return 'versions in a marker are quoted: python_version < "3.9"'
    if "&" in marker or "|" in marker:
        return "conditions are joined with the words `and` and `or`"
    return 'a marker reads like python_version < "3.9" and sys_platform == "linux" (PEP 508)'


def _odd_character(character: str) -> str:
    import unicodedata  # noqa: PLC0415 - only for an error's hint

    name = unicodedata.name(character, "a control character")
    return f"it holds U+{ord(character):04X} ({name}), maybe from a copy out of a document: retype that character"
