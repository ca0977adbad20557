"""Which index, and how it is reached: what pip is configured with (rule P1), without running pip where possible.

pip's documented order is followed: the files of every user, of the user, of the environment, then ``PIP_CONFIG_FILE``,
then the variables; a ``[install]`` section wins over ``[global]``. Only pip itself knows its default index, so pip is
asked, once, when nothing else names one.

A second index is used only for the projects that distrofirst's own configuration assigns to it by name, and they are
then asked of no other. Any other one is never used: it may offer a higher version of any name, and nothing would tell
the two apart (dependency confusion). One that the host configures is left out and returned, for the caller to warn of;
one that a requirements file names is refused, because leaving it out would change what the file means.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from resolver.errors import CommandError, InputError, PolicyError, UnavailableError
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolver.model import AssignedIndex, FileOption
    from resolver.ports import Cache, Runner

_TIMEOUT = 15.0
"""pip's own default, in seconds."""
_SECTIONS = ("global", "install")
"""In rising precedence."""
_EXTRA = ("extra-index-url", "find-links")
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_IS_OLD = 30 * 86400.0

_ASK_PIP = """\
try:
    import pip._internal.models.index
except ImportError:
    import glob, sys
    sys.path[:0] = sorted(glob.glob("/usr/share/python-wheels/pip-*.whl"), reverse=True)
from pip._internal.models.index import PyPI
print(PyPI.simple_url)
"""
"""Asks the pip of an interpreter, or else the one that ensurepip would install (Debian's python3-pip-whl)."""
_SYSTEM_PYTHON: Final = "/usr/bin/python3"
_WHERE_PIP_IS = (_SYSTEM_PYTHON, "/usr/lib/python3/dist-packages/pip", "/usr/share/python-wheels")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfiguredExtra:
    """A setting of the host's pip that is not followed."""

    option: str
    """``extra-index-url``, ``find-links`` or ``trusted-host``."""
    value: str
    """One value, without login."""
    where: str
    """The file or the variable that holds it."""

    def __str__(self) -> str:
        """Give the warning's words."""
        why = (
            "certificates are always verified"
            if self.option == "trusted-host"
            else "a second source may offer a higher version of any name"
        )
        return f"{self.where}: {self.option} {self.value} is not used: {why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexSettings:
    """The one index and the way to it."""

    index_url: str | None
    """Without login; None where no index may be asked (``--no-index``)."""
    where: str
    """What names the index: a file, a variable, ``requirements.txt:3``, or pip itself."""
    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """User and password from the index's URL, by origin (``https://host:port``)."""
    ca_bundle: str | None = None
    client_cert: str | None = None
    timeout: float = _TIMEOUT
    """Seconds."""
    proxy: str | None = field(default=None, repr=False)
    """May hold a password. None leaves it to ``https_proxy`` and its like."""
    trusted_hosts: tuple[str, ...] = ()
    """From which plain http is accepted, because the host's pip names them."""
    extra: tuple[ConfiguredExtra, ...] = ()
    """What the host configures and we leave out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Value:
    text: str
    where: str


def read_settings(
    runner: Runner,
    cache: Cache,
    *,
    environ: Mapping[str, str] | None = None,
    files: Sequence[Path] | None = None,
    pythons: Sequence[str] = (_SYSTEM_PYTHON, sys.executable),
) -> IndexSettings:
    """Read what pip is configured with; asks a pip of ``pythons`` when nothing names an index.

    ``files`` are pip's configuration files in rising precedence, by default those of pip's documentation. Raises
    InputError for a file or a value that cannot be read, PolicyError for an index over plain http, UnavailableError
    where there is no pip to ask.
    """
    environ = os.environ if environ is None else environ
    values = _read_values(environ, files)
    settings = _way(values, environ)
    no_index = values.get("no-index")
    if no_index is not None and no_index.text.lower() in _TRUE:
        return replace(settings, where=f"no-index in {no_index.where}")
    index = _named_index(values) or _ask_pip(runner, cache, pythons)
    return _with_index(settings, index.text, index.where)


def read_way(*, environ: Mapping[str, str] | None = None, files: Sequence[Path] | None = None) -> IndexSettings:
    """Read how servers are reached, for a run whose files are all named already and that asks no index.

    The index's login is for its own server, and comes along; an index that may not be asked is nothing to this run.
    """
    environ = os.environ if environ is None else environ
    values = _read_values(environ, files)
    settings, index = _way(values, environ), _named_index(values)
    if index is not None:
        with suppress(InputError, PolicyError):
            settings = _with_index(settings, index.text, index.where)
    return replace(settings, index_url=None, where="no index is asked")


def _read_values(environ: Mapping[str, str], files: Sequence[Path] | None) -> dict[str, _Value]:
    values = _read_files(configuration_files(environ) if files is None else files)
    return values | {
        name[4:].lower().replace("_", "-"): _Value(text=text, where=name)
        for name, text in environ.items()
        if name.startswith("PIP_") and text
    }


def _named_index(values: Mapping[str, _Value]) -> _Value | None:
    return values.get("index-url") or values.get("pypi-url")


def _way(values: Mapping[str, _Value], environ: Mapping[str, str]) -> IndexSettings:
    trusted = values.get("trusted-host")
    extra = tuple(
        ConfiguredExtra(option=option, value=redact(text), where=values[option].where)
        for option in (*_EXTRA, "trusted-host")
        if option in values
        for text in values[option].text.split()
    )
    return IndexSettings(
        index_url=None,
        where="",
        ca_bundle=_first(values, environ, "cert", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
        client_cert=_first(values, environ, "client-cert"),
        timeout=_timeout(values.get("timeout") or values.get("default-timeout")),
        proxy=_first(values, environ, "proxy"),
        trusted_hosts=tuple(sorted(trusted.text.split())) if trusted else (),
        extra=extra,
    )


def assigned_settings(settings: IndexSettings, assigned: AssignedIndex) -> IndexSettings:
    """Give the way to an index that projects are assigned to: as to the host's, held to the same rules, other login."""
    return _with_index(replace(settings, credentials={}), assigned.url, f"{assigned.where}.url")


def choose_index(
    settings: IndexSettings, options: Iterable[FileOption], assigned: Iterable[AssignedIndex] = ()
) -> IndexSettings:
    """Apply what the requirements files say to what the host says (rule P1).

    One ``--index-url`` replaces the host's; ``--no-index`` allows none. Raises PolicyError for two different ones,
    and for any further source: ``--find-links``, and an ``--extra-index-url`` that no project is ``assigned`` to.
    Of the host's further ones, which are left out, those that are assigned are no longer named.
    """
    options = tuple(options)
    known = {_same(index.url) for index in assigned}
    settings = replace(
        settings,
        extra=tuple(one for one in settings.extra if one.option != "extra-index-url" or _same(one.value) not in known),
    )
    chosen: FileOption | None = None
    for option in options:
        if option.name != "--index-url" or not option.value:
            continue
        if chosen is not None and _same(chosen.value or "") != _same(option.value):
            raise PolicyError(
                f"a second index: {redact(option.value)}, after {redact(chosen.value or '')} at {chosen.origin}",
                context=str(option.origin),
                hint="resolve the files one by one, or use one index that serves both",
            )
        chosen = chosen or option
    if chosen is not None and chosen.value:
        settings = _with_index(settings, chosen.value, str(chosen.origin))
    for option in options:
        if option.name == "--no-index":
            settings = replace(settings, index_url=None, where=f"--no-index at {option.origin}")
    _refuse_second_sources(options, settings, known)
    return settings


def _refuse_second_sources(options: Iterable[FileOption], settings: IndexSettings, known: set[str]) -> None:
    for option in options:
        if option.name not in {"--extra-index-url", "--find-links"}:
            continue
        if option.value and settings.index_url and _same(option.value) == _same(settings.index_url):
            continue  # the same index, named twice
        if option.name == "--extra-index-url" and option.value and _same(option.value) in known:
            continue  # it serves the projects that are assigned to it, and no others
        raise PolicyError(
            f"{option.name} {redact(option.value or '')} names a second source, and whoever controls one of two "
            "sources can offer a higher version of any project of the other",
            context=str(option.origin),
            hint="use one index that serves both (--index-url), name single projects by URL (name @ https://…), or"
            " assign projects to it in the configuration: [[tool.distrofirst.index]] with url and projects",
        )


def redact(url: str) -> str:
    """Give a URL for people: without user and password, and without query and fragment."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, path = rest.partition("/")
    login, at, host = place.rpartition("@")
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}://{'****' if login else ''}{at}{host}{slash}{path}"


# Files and values ---------------------------------------------------------------------------------------------


def configuration_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """List pip's configuration files in rising precedence (pip's documentation, Configuration Files)."""
    explicit = environ.get("PIP_CONFIG_FILE")
    if explicit == os.devnull:
        return ()
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 -- Path's raises where nobody has one
    system = [Path(folder) / "pip" for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if folder]
    user = [home / ".pip", Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip"]
    if explicit and Path(explicit).exists():
        user = []  # pip leaves the user's own files out then
    folders = [*system, Path("/etc"), *user, Path(sys.prefix)]
    return (*(folder / "pip.conf" for folder in folders), *((Path(explicit),) if explicit else ()))


def _read_files(files: Iterable[Path]) -> dict[str, _Value]:
    found: dict[str, dict[str, _Value]] = {section: {} for section in _SECTIONS}
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
        from configparser import Error, RawConfigParser  # noqa: PLC0415 -- 3 ms that a host without pip.conf saves

        parser = RawConfigParser()
        try:
            parser.read_string(text)
        except Error as error:
            raise _unreadable(path, " ".join(error.message.split())) from error
        for section in _SECTIONS:
            if parser.has_section(section):
                found[section] |= {
                    name.replace("_", "-"): _Value(text=value, where=str(path))
                    for name, value in parser.items(section)
                    if value
                }
    return found["global"] | found["install"]


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(f"pip's configuration cannot be read: {why}", context=str(path), hint="correct the file")


def _first(values: Mapping[str, _Value], environ: Mapping[str, str], option: str, *variables: str) -> str | None:
    if option in values:
        return os.path.expanduser(values[option].text)  # noqa: PTH111 -- a proxy is no path, and must stay as it is
    return next((environ[name] for name in variables if environ.get(name)), None)


def _timeout(value: _Value | None) -> float:
    if value is None:
        return _TIMEOUT
    try:
        seconds = float(value.text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:  # noqa: PLR2004 -- a day; also refuses nan and inf
        raise InputError(
            f"timeout is {value.text!r}; expected a number of seconds", context=value.where, hint="correct it there"
        )
    return seconds


# The index ----------------------------------------------------------------------------------------------------


def _with_index(settings: IndexSettings, url: str, where: str) -> IndexSettings:
    """Take this index; its login moves out of the URL, which ends up in messages and locks."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"https", "http"} or not host:
        raise InputError(
            f"the index is {redact(url)!r}; expected an address that begins with https://",
            context=where,
            hint="serve a local folder with `python3 -m http.server` and name http://127.0.0.1:8000/…",
        )
    if parts.scheme == "http" and host not in _LOOPBACK and not _is_trusted(parts.netloc, host, settings.trusted_hosts):
        raise PolicyError(
            f"the index {redact(url)} is asked without TLS, so that anyone on the way can replace what it says",
            context=where,
            hint="use https, or name the host as trusted-host in pip.conf",
        )
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    clean = parts._replace(netloc=place, fragment="").geturl()
    credentials = {f"{parts.scheme}://{place}": (unquote(user), unquote(password))} if login else {}
    return replace(settings, index_url=clean, where=where, credentials=credentials)


def _is_trusted(place: str, host: str, trusted: Iterable[str]) -> bool:
    return bool({host, place.rpartition("@")[2]} & set(trusted))


def _same(url: str) -> str:
    """Give what two spellings of one index have in common: no login, no slash at the end."""
    return redact(url).replace("****@", "").rstrip("/")


def _ask_pip(runner: Runner, cache: Cache, pythons: Iterable[str]) -> _Value:
    """Ask pip for its default; the answer is kept while the interpreter and its pip are the same."""
    pythons = tuple(dict.fromkeys(python for python in pythons if python))
    key = "\n".join((*pythons, *(f"{path} {_modified(path)}" for path in _WHERE_PIP_IS)))
    age = cache.age("pip", key)
    known = cache.read_json("pip", key) if age is not None and 0 <= age < _DEFAULT_IS_OLD else None
    if isinstance(known, str):
        return _Value(text=known, where="pip's default")
    for python in pythons:
        try:
            done = runner.run(Command(argv=(python, "-I", "-c", _ASK_PIP), purpose="ask pip for its default index"))
        except CommandError:
            continue  # no such interpreter: the next one, and in the end the error below
        answer = done.stdout.strip()
        if done.returncode == 0 and answer:
            cache.write_json("pip", key, answer)
            return _Value(text=answer, where="pip's default")
    raise UnavailableError(
        "no index is configured, and there is no pip to ask for its default",
        context=", ".join(pythons),
        hint="install python3-pip, or set PIP_INDEX_URL",
    )


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 -- three of these in every run
    except OSError:
        return 0
