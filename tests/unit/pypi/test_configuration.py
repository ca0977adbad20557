"""Rule P1: one index, the one that pip is configured with."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, InputError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.model import Command, Completed, FileOption, Origin
from resolver.pypi.configuration import (
    IndexSettings,
    choose_index,
    configuration_files,
    read_settings,
    read_way,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT = "https://default.example/simple"
NO_CACHE = FileCache(None, warn=pytest.fail)


class Pip:
    """A Runner in which each interpreter has the pip that the test gives it: an answer, no pip, or no interpreter."""

    def __init__(self, pythons: Mapping[str, str | None]) -> None:
        self.pythons = pythons
        self.asked: list[str] = []

    def run(self, command: Command) -> Completed:
        python = command.argv[0]
        self.asked.append(python)
        if python not in self.pythons:
            raise CommandError("no such program", context=python)
        answer = self.pythons[python]
        if answer is None:
            return Completed(returncode=1, stdout="", stderr="ModuleNotFoundError: No module named 'pip'")
        return Completed(returncode=0, stdout=f"{answer}\n", stderr="")

    def stream(self, command: Command) -> Completed:
        raise AssertionError(command)


def read(tmp_path: Path, *contents: str, **environ: str) -> IndexSettings:
    files = []
    for number, content in enumerate(contents):
        files.append(tmp_path / f"{number}.conf")
        files[-1].write_text(content)
    pip = Pip({"python": DEFAULT})
    return read_settings(pip, NO_CACHE, environ=environ, files=files, pythons=["python"])


# Who wins -----------------------------------------------------------------------------------------------------


def test_P1_without_a_word_the_index_is_pips_own(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.index_url, settings.where) == (DEFAULT, "pip's default")
    assert settings.timeout == 15.0
    assert settings.ca_bundle is None
    assert settings.extra == ()


def test_P1_a_later_file_wins_over_an_earlier_one(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[global]\nindex-url = https://first.example/simple\n",
        "[global]\nindex-url = https://second.example/simple/\n",
    )
    assert settings.index_url == "https://second.example/simple/"
    assert settings.where == str(tmp_path / "1.conf")


def test_P1_the_install_section_wins_over_global(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[install]\nindex_url = https://install.example/simple\n",
        "[global]\nindex-url = https://global.example/simple\n[download]\nindex-url = https://download.example/\n",
    )
    assert settings.index_url == "https://install.example/simple"


def test_P1_the_environment_wins_over_files(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[install]\nindex-url = https://file.example/simple\n",
        PIP_INDEX_URL="https://variable.example/simple",
    )
    assert (settings.index_url, settings.where) == ("https://variable.example/simple", "PIP_INDEX_URL")


def test_P1_an_empty_value_says_nothing(tmp_path: Path) -> None:
    settings = read(tmp_path, "[global]\nindex-url =\n", PIP_INDEX_URL="")
    assert settings.index_url == DEFAULT


@pytest.mark.parametrize(
    ("content", "environ"),
    [("[global]\nno-index = true\nindex-url = https://a.example/\n", {}), ("", {"PIP_NO_INDEX": "1"})],
)
def test_P1_no_index_means_no_index(tmp_path: Path, content: str, environ: dict[str, str]) -> None:
    settings = read(tmp_path, content, **environ)
    assert settings.index_url is None
    assert settings.where.startswith("no-index in ")


def test_no_index_that_is_false_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, PIP_NO_INDEX="false").index_url == DEFAULT


def test_pips_own_order_of_files() -> None:
    names = [str(path) for path in configuration_files({"HOME": "/home/me"})]
    assert names[:4] == [
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        "/home/me/.pip/pip.conf",
        "/home/me/.config/pip/pip.conf",
    ]
    xdg = {"HOME": "/home/me", "XDG_CONFIG_HOME": "/c", "XDG_CONFIG_DIRS": "/x:/y"}
    names = [str(path) for path in configuration_files(xdg)]
    assert names[:5] == [
        "/x/pip/pip.conf",
        "/y/pip/pip.conf",
        "/etc/pip.conf",
        "/home/me/.pip/pip.conf",
        "/c/pip/pip.conf",
    ]


def test_an_explicit_file_comes_last_and_keeps_the_users_own_out(tmp_path: Path) -> None:
    explicit = tmp_path / "explicit.conf"
    environ = {"HOME": "/home/me", "PIP_CONFIG_FILE": str(explicit)}
    assert "/home/me/.pip/pip.conf" in map(str, configuration_files(environ))
    explicit.write_text("")
    assert "/home/me/.pip/pip.conf" not in map(str, configuration_files(environ))
    assert configuration_files(environ)[-1] == explicit
    assert configuration_files({**environ, "PIP_CONFIG_FILE": "/dev/null"}) == ()


def test_the_files_are_those_that_pip_reads(tmp_path: Path) -> None:
    """Asks the pip of this interpreter, where it has one."""
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b", "PATH": "/usr/bin:/bin"}
    script = (
        "from pip._internal.configuration import get_configuration_files as files, kinds\n"
        "for kind in (kinds.GLOBAL, kinds.USER, kinds.SITE): print(*files()[kind], sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this interpreter has no pip")
    assert done.stdout.split() == [str(path) for path in configuration_files(environ)]


# The way to the index -----------------------------------------------------------------------------------------


def test_a_login_leaves_the_address(tmp_path: Path) -> None:
    settings = read(tmp_path, PIP_INDEX_URL="https://me:p%40ss@index.example:8443/simple")
    assert settings.index_url == "https://index.example:8443/simple"
    assert settings.credentials == {"https://index.example:8443": ("me", "p@ss")}
    assert "p@ss" not in repr(settings)


def test_certificates_proxy_and_timeout(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[global]\ncert = /file.pem\nclient-cert = /me.pem\nproxy = http://me:secret@proxy.example\ntimeout = 60\n",
        REQUESTS_CA_BUNDLE="/environment.pem",
    )
    assert (settings.ca_bundle, settings.client_cert, settings.timeout) == ("/file.pem", "/me.pem", 60.0)
    assert settings.proxy == "http://me:secret@proxy.example"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PIP_CERT": "/pip", "REQUESTS_CA_BUNDLE": "/requests"}, "/pip"),
        ({"REQUESTS_CA_BUNDLE": "/requests", "CURL_CA_BUNDLE": "/curl"}, "/requests"),
        ({"CURL_CA_BUNDLE": "/curl", "SSL_CERT_FILE": "/ssl"}, "/curl"),
        ({"SSL_CERT_FILE": "/ssl"}, "/ssl"),
    ],
)
def test_the_certificates_come_from_the_nearest_variable(
    tmp_path: Path, environ: dict[str, str], expected: str
) -> None:
    assert read(tmp_path, **environ).ca_bundle == expected


def test_the_default_timeout_may_come_from_pips_own_variable(tmp_path: Path) -> None:
    assert read(tmp_path, PIP_DEFAULT_TIMEOUT="180").timeout == 180.0


@pytest.mark.parametrize("value", ["soon", "-1", "0", "nan", "inf"])
def test_a_timeout_that_is_none_is_bad_input(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="number of seconds") as caught:
        read(tmp_path, PIP_TIMEOUT=value)
    assert caught.value.context == "PIP_TIMEOUT"


@pytest.mark.parametrize("url", ["file:///opt/simple", "/opt/simple", "nonsense", "https://", "https://[::1"])
def test_an_index_that_is_no_web_address_is_bad_input(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="https://") as caught:
        read(tmp_path, PIP_INDEX_URL=url)
    assert caught.value.context == "PIP_INDEX_URL"


def test_an_index_without_tls_is_refused_unless_named(tmp_path: Path) -> None:
    plain = "http://me:secret@index.example:8080/simple"
    with pytest.raises(PolicyError, match="without TLS") as caught:
        read(tmp_path, PIP_INDEX_URL=plain)
    assert "secret" not in str(caught.value)
    for trusted in ("index.example", "other.example index.example:8080"):
        named = read(tmp_path, PIP_INDEX_URL=plain, PIP_TRUSTED_HOST=trusted)
        assert named.index_url == "http://index.example:8080/simple"
    assert read(tmp_path, PIP_INDEX_URL="http://127.0.0.1:8000/simple").index_url == "http://127.0.0.1:8000/simple"


@pytest.mark.parametrize(
    "content", ["index-url = x\n", "[global\n", "[global]\nindex-url = x\nindex-url = y\n", "\x00"]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="pip's configuration cannot be read") as caught:
        read(tmp_path, content)
    assert caught.value.context == str(tmp_path / "0.conf")


def test_a_file_that_is_no_text_or_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.conf").write_bytes(b"[global]\n# caf\xe9\n")
    for path in (tmp_path / "latin.conf", tmp_path):
        with pytest.raises(InputError) as caught:
            read_settings(Pip({}), NO_CACHE, environ={}, files=[path], pythons=[])
        assert caught.value.context == str(path)


# A second source ----------------------------------------------------------------------------------------------


def test_P1_further_sources_of_the_host_are_left_out_and_named(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[global]\nextra-index-url =\n    https://me:secret@a.example/simple\n    https://b.example/simple\n",
        PIP_FIND_LINKS="/opt/wheels",
        PIP_TRUSTED_HOST="c.example",
    )
    assert settings.index_url == DEFAULT
    shown = [str(extra) for extra in settings.extra]
    assert [line.partition(" is not used")[0] for line in shown] == [
        f"{tmp_path}/0.conf: extra-index-url https://****@a.example/simple",
        f"{tmp_path}/0.conf: extra-index-url https://b.example/simple",
        "PIP_FIND_LINKS: find-links /opt/wheels",
        "PIP_TRUSTED_HOST: trusted-host c.example",
    ]


# Asking pip ---------------------------------------------------------------------------------------------------


def test_pip_is_asked_once_and_only_if_nothing_names_an_index(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", warn=pytest.fail)
    pip = Pip({"python": DEFAULT})
    named = {"PIP_INDEX_URL": "https://index.example/simple"}
    read_settings(pip, cache, environ=named, files=[], pythons=["python"])
    assert pip.asked == []
    for _ in range(2):
        assert read_settings(pip, cache, environ={}, files=[], pythons=["python"]).index_url == DEFAULT
    assert pip.asked == ["python"]


def test_the_first_interpreter_that_has_pip_is_asked() -> None:
    pip = Pip({"without": None, "with": DEFAULT})
    settings = read_settings(pip, NO_CACHE, environ={}, files=[], pythons=["absent", "without", "with"])
    assert settings.index_url == DEFAULT
    assert pip.asked == ["absent", "without", "with"]


def test_without_any_pip_the_way_out_is_told() -> None:
    with pytest.raises(UnavailableError, match="no pip") as caught:
        read_settings(Pip({"a": None}), NO_CACHE, environ={}, files=[], pythons=["a", "b"])
    assert caught.value.hint == "install python3-pip, or set PIP_INDEX_URL"


# Requirements files -------------------------------------------------------------------------------------------

HOST = IndexSettings(index_url="https://host.example/simple", where="pip.conf", credentials={"x": ("me", "secret")})


def option(name: str, value: str | None, line: int) -> FileOption:
    return FileOption(name=name, value=value, origin=Origin(file="requirements.txt", line=line))


def test_P1_a_file_without_options_changes_nothing() -> None:
    assert choose_index(HOST, [option("--pre", None, 1)]) == HOST


def test_P1_the_one_index_of_a_file_replaces_the_hosts() -> None:
    chosen = choose_index(
        HOST,
        [
            option("--index-url", "https://file.example/simple", 2),
            option("--index-url", "https://file.example/simple/", 9),
        ],
    )
    assert (chosen.index_url, chosen.where) == ("https://file.example/simple", "requirements.txt:2")
    assert chosen.credentials == {}, "a login for one index is not for another"


def test_P1_two_indexes_are_refused_with_both_places() -> None:
    first = option("--index-url", "https://a.example/simple", 1)
    second = option("--index-url", "https://me:secret@b.example/simple", 7)
    with pytest.raises(PolicyError, match="a second index") as caught:
        choose_index(HOST, [first, second])
    assert caught.value.context == "requirements.txt:7"
    assert "requirements.txt:1" in caught.value.message
    assert "secret" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["--extra-index-url", "--find-links"])
def test_P1_a_second_source_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(PolicyError, match="higher version") as caught:
        choose_index(HOST, [option(name, "https://me:secret@b.example/simple", 7)])
    assert caught.value.exit_code == 5
    assert caught.value.context == "requirements.txt:7"
    assert "secret" not in caught.value.message
    assert caught.value.hint


def test_P1_the_same_index_named_twice_is_no_second_one() -> None:
    assert choose_index(HOST, [option("--extra-index-url", "https://host.example/simple/", 7)]) == HOST


def test_P1_no_index_in_a_file_means_never() -> None:
    options = [option("--no-index", None, 3), option("--index-url", "https://file.example/simple", 4)]
    chosen = choose_index(HOST, options)
    assert (chosen.index_url, chosen.where) == (None, "--no-index at requirements.txt:3")


def test_P1_an_index_of_a_file_is_held_to_the_same_rules() -> None:
    with pytest.raises(PolicyError, match="without TLS") as caught:
        choose_index(HOST, [option("--index-url", "http://file.example/simple", 4)])
    assert caught.value.context == "requirements.txt:4"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://index.example/simple", "https://index.example/simple"),
        ("https://me:p@ss@index.example/a@b?key=1#x", "https://****@index.example/a@b"),
        ("/opt/wheels", "/opt/wheels"),
    ],
)
def test_redact(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_the_way_alone_needs_no_index(tmp_path: Path) -> None:
    """A lock names its files: an index that may not be asked, or a pip that is not there, is nothing to it."""
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nindex-url = http://me:secret@index.example/simple\ncert = /ca.pem\ntimeout = 7\n")
    way = read_way(environ={}, files=[conf])
    assert (way.index_url, way.ca_bundle, way.timeout, way.credentials) == (None, "/ca.pem", 7.0, {})
    conf.write_text("[global]\nindex-url = https://me:secret@index.example/simple\n")
    assert read_way(environ={}, files=[conf]).credentials == {"https://index.example": ("me", "secret")}
    assert read_way(environ={}, files=[]).credentials == {}
