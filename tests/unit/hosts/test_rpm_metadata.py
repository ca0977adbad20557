"""What dnf5, dnf4 and zypper tell of the host's repositories, in their own words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts.dnf_metadata import Dnf4Metadata, Dnf5Metadata
from resolver.hosts.rpm_database import SYSTEM_PYTHON
from resolver.hosts.zypp_metadata import ZyppMetadata
from resolver.model import Completed, OsPackage, RpmOffer, RpmRepository
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from resolver.model import Command
    from resolver.ports import RpmMetadata

EPOCH = OsPackage(name="python3-epoch", version="1:1.0-1", architecture="noarch", repository="Main")
Answers = dict[tuple[str, ...], Completed]


def said(stdout: str = "", stderr: str = "", returncode: int = 0) -> Completed:
    return Completed(returncode=returncode, stdout=stdout, stderr=stderr)


def offer(name: str, evr: str = "1.0-1", repository: str = "base") -> RpmOffer:
    return RpmOffer(name=name, evr=evr, architecture="noarch", repository=repository)


def dnf5_repository(name: str, **other: object) -> dict[str, object]:
    return {
        "id": name,
        "name": f"{name} 43",
        "is_enabled": True,
        "priority": 99,
        "base_url": [f"file:///repos/{name}"],
        "metalink": "",
        "mirrorlist": "",
        "repo_gpgcheck": False,
        "pkg_gpgcheck": True,
        "timestamp": 1795500983,
    } | other


def dnf5_folder(cache: Path, name: str, url: str) -> Path:
    folder = cache / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
    (folder / "repodata").mkdir(parents=True)
    (folder / "repodata" / "repomd.xml").touch()
    return folder


def dnf5(
    answers: Answers, cache: Path = Path("/nonexistent"), version_locks: Path = Path("/nonexistent")
) -> tuple[Dnf5Metadata, FakeRunner]:
    runner = FakeRunner(answers)
    metadata = Dnf5Metadata(runner, extra_names=["python3-nodist"], cache=cache, version_locks=version_locks)
    return metadata, runner


def test_dnf5_tells_the_settings_that_hold(tmp_path: Path) -> None:
    base = dnf5_folder(tmp_path, "base", "file:///repos/base")
    dnf5_folder(tmp_path, "changed", "file:///where/it/was")
    linked = dnf5_folder(tmp_path, "linked", "https://mirrors.example/list")
    dnf5_folder(tmp_path, "down", "file:///repos/down")
    rows = [
        dnf5_repository("linked", metalink="https://mirrors.example/list", priority=10),
        dnf5_repository("changed"),
        dnf5_repository("down", timestamp=-1),
        dnf5_repository("base"),
        dnf5_repository("off", is_enabled=False),
        dnf5_repository("open", pkg_gpgcheck=False, base_url=[], mirrorlist="https://mirrors.example/open"),
    ]
    metadata, runner = dnf5({("dnf5", "-y", "repo", "info", "--json"): said(json.dumps(rows))}, tmp_path)
    assert metadata.repositories() == (
        RpmRepository(id="base", name="base 43", metadata=base),
        RpmRepository(id="changed", name="changed 43", metadata=None),
        RpmRepository(id="down", name="down 43", metadata=None),
        RpmRepository(id="linked", name="linked 43", priority=10, metadata=linked),
        RpmRepository(id="open", name="open 43", trusted=False, distrust="gpgcheck=0", metadata=None),
    )
    assert not any(command.privileged for command in runner.commands)


def test_T1_dnf5_is_asked_why_it_has_no_answer_for_programs() -> None:
    """``--json`` leaves the reason out, and a file that is not the signed one would read like a missing network."""
    terse = 'Failed to download metadata (baseurl: "x") for repository "r": Cannot download, all mirrors were tried\n'
    why = ">>> Done, but checksum doesn't match. Calculated: 1(sha256)  Expected: 2(sha256)  - x/p.gz\n"
    answers: Answers = {("dnf5", "-y", "repo"): said(stderr=terse, returncode=1)}
    told = said(stderr=why + terse, returncode=1)
    with pytest.raises(PolicyError, match=r"x/p\.gz is not the file that the repository's metadata names"):
        dnf5({**answers, ("dnf5", "-y", "makecache"): told})[0].repositories()
    # It went well at the second time: the first answer is all there is to tell.
    with pytest.raises(UnavailableError, match="the repository r cannot be reached"):
        dnf5({**answers, ("dnf5", "-y", "makecache"): said()})[0].repositories()


def test_dnf5_gives_every_build_that_may_be_installed() -> None:
    output = "python3-aa\t1.0-1\tnoarch\tbase\npython3-aa\t1.1-1\tnoarch\tbase\npython3-epoch\t1:1.0-1\tnoarch\tbase\n"
    repoquery = ("dnf5", "-y", "repoquery", "--available", "--queryformat", "%{name}\t%{evr}\t%{arch}\t%{repoid}\n")
    metadata, runner = dnf5(
        {
            (*repoquery, "--whatprovides", "python3.13dist(*),python3.14dist(*)"): said(output),
            (*repoquery, "python3-nodist"): said("python3-nodist\t1.0-1\tnoarch\tbase\n"),
        }
    )
    assert metadata.offers(["3.14", "3.13"]) == (
        offer("python3-aa"),
        offer("python3-aa", "1.1-1"),
        offer("python3-epoch", "1:1.0-1"),
        offer("python3-nodist"),
    )
    assert len(runner.commands) == 2


VERSION_LOCKS = """\
version = "1.0"

[[packages]]
name = "python3-aa"
comment = "Added by 'versionlock add' command on 2026-11-24 06:40:17"

[[packages.conditions]]
key = "evr"
comparator = "="
value = "1.0-1"

[[packages]]
name = "python3-excl"

[[packages.conditions]]
key = "evr"
comparator = "!="
value = "1.0-1"

[[packages]]
name = "python3-old"

[[packages.conditions]]
key = "version"
comparator = "<"
value = "2.0"

[[packages.conditions]]
key = "arch"
comparator = "="
value = "noarch"
"""


def test_dnf5s_version_locks_hold_though_repoquery_passes_over_them(tmp_path: Path) -> None:
    locks = tmp_path / "versionlock.toml"
    locks.write_text(VERSION_LOCKS)
    names = ("python3-aa\t1.0-1", "python3-aa\t1.1-1", "python3-excl\t1.0-1", "python3-excl\t1.1-1")
    old = ("python3-old\t1.0-1", "python3-old\t2.0-1", "python3-free\t1.0-1")
    rows = "".join(f"{name}\tnoarch\tbase\n" for name in (*names, *old))
    # rpm sorts 1.0 and 2.0, and is not asked about what is equal.
    answers: Answers = {("dnf5",): said(rows), (SYSTEM_PYTHON,): said('{"ranks": [[0, 1]]}')}
    metadata, _ = dnf5(answers, version_locks=locks)
    assert metadata.offers(["3.14"]) == (
        offer("python3-aa"),
        offer("python3-excl", "1.1-1"),
        offer("python3-free"),
        offer("python3-old"),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"packages = [",
        b"\xff",
        b'packages = ["python3-aa"]\n',
        b"packages = 1\n",
        b'[[packages]]\ncomment = "no name"\n',
        b'[[packages]]\nname = "python3-aa"\nconditions = ["1.0"]\n',
        b'[[packages]]\nname = "python3-aa"\n[[packages.conditions]]\nkey = "evr"\n',
    ],
)
def test_I6_version_locks_that_cannot_be_read_are_not_none(tmp_path: Path, content: bytes) -> None:
    locks = tmp_path / "versionlock.toml"
    locks.write_bytes(content)
    metadata, _ = dnf5({("dnf5",): said("python3-aa\t1.0-1\tnoarch\tbase\n")}, version_locks=locks)
    with pytest.raises(UnavailableError, match="version locks cannot be read") as caught:
        metadata.offers(["3.14"])
    assert caught.value.context == str(locks)
    assert caught.value.hint


NO_LOCK_FILE = 'Failed to open lock file "/var/lib/dnf/system-repo.lock": (13) - Permission denied\n'


def test_dnf5_without_its_lock_file_still_answers_a_user() -> None:
    metadata, _ = dnf5(
        {
            ("dnf5", "-y"): said(stderr=NO_LOCK_FILE, returncode=1),
            ("dnf5", "-y", "--skip-file-locks"): said("python3-aa\t1.0-1\tnoarch\tbase\n"),
        }
    )
    assert metadata.offers(["3.14"]) == (offer("python3-aa"),)
    metadata.refresh()


def test_what_dnf5_downloads_is_found_by_its_name(tmp_path: Path) -> None:
    metadata, runner = dnf5({("dnf5", "-y", "download"): said()})
    with pytest.raises(UnavailableError, match="was not downloaded"):
        metadata.download(EPOCH, tmp_path)
    (tmp_path / "named-otherwise.rpm").touch()
    assert metadata.download(EPOCH, tmp_path).name == "named-otherwise.rpm"
    (tmp_path / "python3-epoch-1.0-1.noarch.rpm").touch()
    assert metadata.download(EPOCH, tmp_path).name == "python3-epoch-1.0-1.noarch.rpm"
    assert runner.commands[0].argv[-3:] == ("--destdir", str(tmp_path), "python3-epoch-1:1.0-1.noarch")


def dnf4(answer: dict[str, object] | Completed) -> tuple[Dnf4Metadata, FakeRunner]:
    done = answer if isinstance(answer, Completed) else said(json.dumps({"skipped": {}} | answer))
    runner = FakeRunner({(SYSTEM_PYTHON,): done, ("dnf",): said("Metadata cache created.\n")})
    return Dnf4Metadata(runner, extra_names=["python3-nodist"]), runner


def request(command: Command) -> object:
    return json.loads(command.stdin or "")


def test_dnf4_tells_the_settings_that_hold() -> None:
    settings = {"priority": 99, "gpgcheck": True, "metadata": "/var/cache/dnf/base-8b218d4401ca4fe3"}
    rows = [
        {"id": "open", "name": "Open", **settings, "gpgcheck": False, "metadata": None},
        {"id": "base", "name": "Main 9", **settings, "priority": 1},
    ]
    metadata, runner = dnf4({"repositories": rows})
    folder = Path("/var/cache/dnf/base-8b218d4401ca4fe3")
    assert metadata.repositories() == (
        RpmRepository(id="base", name="Main 9", priority=1, metadata=folder),
        RpmRepository(id="open", name="Open", trusted=False, distrust="gpgcheck=0"),
    )
    assert request(runner.commands[0]) == {"do": "repositories", "offline": False, "options": []}
    with pytest.raises(UnavailableError, match="no enabled repository"):
        dnf4({"repositories": []})[0].repositories()


def test_dnf4_gives_every_build_that_may_be_installed() -> None:
    rows = [["python3-epoch", "1:1.0-1", "noarch", "base"], ["python3-aa", "0:1.0-1", "noarch", "base"]]
    metadata, runner = dnf4({"offers": rows})
    assert metadata.offers(["3.11", "3.9"]) == (offer("python3-aa"), offer("python3-epoch", "1:1.0-1"))
    assert request(runner.commands[0]) == {
        "do": "offers",
        "offline": False,
        "options": [],
        "provides": ["python3.11dist(*)", "python3.9dist(*)"],
        "names": ["python3-nodist"],
    }


def test_dnf4_downloads_through_its_interface(tmp_path: Path) -> None:
    metadata, runner = dnf4({"path": f"{tmp_path}/python3-epoch-1.0-1.noarch.rpm"})
    assert metadata.download(EPOCH, tmp_path) == tmp_path / "python3-epoch-1.0-1.noarch.rpm"
    spec = "python3-epoch-1:1.0-1.noarch"
    assert request(runner.commands[0]) == {
        "do": "download",
        "spec": spec,
        "folder": str(tmp_path),
        "offline": False,
        "options": [],
    }


def xml(words: str) -> str:
    return f"<?xml version='1.0'?>\n<stream>\n{words}</stream>\n"


REPO = (
    '<repo alias="{0}" name="{1}" priority="{2}" enabled="{3}" gpgcheck="{4}"'
    ' repo_gpgcheck="{5}" pkg_gpgcheck="{6}"/>\n'
)


def zypper_repositories(*rows: str) -> str:
    return xml(f"<repo-list>\n{''.join(rows)}</repo-list>\n")


MAIN = REPO.format("base", "Main", 99, 1, 1, 1, 0)
ASK = ("zypper", "--xmlout", "--non-interactive")
NO_LOCKS: Answers = {(*ASK, "--no-refresh", "locks"): said(xml('<locks size="0"></locks>'))}


@dataclass
class Zypp:
    """Answers of one host, and the metadata made from them."""

    answers: Answers
    raw: Path = Path("/nonexistent")
    runner: FakeRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = FakeRunner({(*ASK, "repos"): said(zypper_repositories(MAIN)), **NO_LOCKS, **self.answers})
        self.metadata = ZyppMetadata(self.runner, extra_names=["python3-nodist"], raw=self.raw)


def rows(*solvables: tuple[str, str, str, str]) -> str:
    row = '<solvable status="{0}" name="{1}" kind="package" edition="{2}" arch="noarch" repository="{3}"/>\n'
    table = "".join(row.format(*item) for item in solvables)
    return xml(f"<search-result><solvable-list>\n{table}</solvable-list></search-result>")


def test_T1_zypper_verifies_the_metadata_or_the_packages_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "base" / "repodata").mkdir(parents=True)
    (tmp_path / "base" / "repodata" / "repomd.xml").touch()
    table = zypper_repositories(
        REPO.format("packages", "Packages", 99, 1, 0, 0, 1),
        MAIN,
        REPO.format("open", "", 10, 1, 0, 0, 0),
        REPO.format("off", "Off", 99, 0, 1, 1, 1),
    )
    zypp = Zypp({(*ASK, "repos"): said(table)}, raw=tmp_path)
    assert zypp.metadata.repositories() == (
        RpmRepository(id="base", name="Main", metadata=tmp_path / "base"),
        RpmRepository(id="open", name="open", priority=10, trusted=False, distrust="gpgcheck=0"),
        RpmRepository(id="packages", name="Packages"),
    )


def test_zypper_gives_every_build_of_a_repository() -> None:
    found = rows(
        ("other-version", "python3-aa", "1.1-1", "Main"),
        ("installed", "python3-aa", "1.0-1", "Main"),
        ("installed", "python3-own", "1.0-1", "(System Packages)"),
        ("not-installed", "python3-epoch", "1:1.0-1", "Main"),
    )
    search = (*ASK, "--no-refresh", "search", "--details", "--type", "package")
    zypp = Zypp(
        {
            (*search, "--provides", "python3.11dist(", "python3.13dist("): said(found),
            (*search, "--match-exact", "python3-nodist"): said(xml(""), returncode=104),
        }
    )
    assert zypp.metadata.offers(["3.13", "3.11"]) == (
        offer("python3-aa"),
        offer("python3-aa", "1.1-1"),
        offer("python3-epoch", "1:1.0-1"),
    )
    assert not any(command.privileged for command in zypp.runner.commands)


def test_zypper_names_repositories_so_two_of_one_name_are_asked_one_by_one() -> None:
    table = zypper_repositories(
        MAIN, REPO.format("one", "Same", 99, 1, 1, 1, 0), REPO.format("two", "Same", 99, 1, 1, 1, 0)
    )
    search = (*ASK, "--no-refresh", "search", "--details", "--type", "package")
    zypp = Zypp(
        {
            (*ASK, "repos"): said(table),
            search: said(xml(""), returncode=104),
            (*search, "--provides"): said(
                rows(("", "python3-aa", "1.0-1", "Main"), ("", "python3-bb", "1.0-1", "Same"))
            ),
            (*search, "--repo", "two", "--provides"): said(rows(("", "python3-bb", "1.0-1", "Same"))),
        }
    )
    assert zypp.metadata.offers(["3.13"]) == (offer("python3-aa"), offer("python3-bb", repository="two"))


def test_zyppers_locks_hold_except_for_what_is_installed() -> None:
    match = '<match kind="package" name="{0}" edition="{1}" arch="noarch" installed="{2}" repo="{3}"></match>\n'
    matches = (
        match.format("python3-aa", "1.1-1", "false", "base"),
        match.format("python3-aa", "1.0-1", "false", "base"),
        match.format("python3-aa", "1.0-1", "true", "@System"),
        match.format("python3-excl", "1.0-1", "false", "base"),
    )
    locks = xml(f'<locks size="1"><lock number="1"><matches size="4">{"".join(matches)}</matches></lock></locks>')
    found = rows(*(("", name, evr, "Main") for name, evr in (
        ("python3-aa", "1.0-1"), ("python3-aa", "1.1-1"), ("python3-excl", "1.0-1"), ("python3-free", "1.0-1"),
    )))  # fmt: skip
    zypp = Zypp({(*ASK, "--no-refresh", "search"): said(found), (*ASK, "--no-refresh", "locks"): said(locks)})
    assert zypp.metadata.offers(["3.13"]) == (offer("python3-aa"), offer("python3-free"))


def test_zypper_refreshes_as_root() -> None:
    zypp = Zypp({("zypper", "--non-interactive", "refresh"): said("All repositories have been refreshed.\n")})
    zypp.metadata.refresh()
    assert zypp.runner.commands[0].privileged


DOWNLOADED = xml(
    "<download-result><solvable><kind>package</kind><name>python3-epoch</name></solvable>"
    '<localfile path="/tmp/dl/base/python3-epoch-1.0-1.noarch.rpm"/></download-result>'
)


def test_zypper_downloads_for_everybody() -> None:
    zypp = Zypp({(*ASK, "--no-refresh", "--pkg-cache-dir", "/tmp/dl", "download"): said(DOWNLOADED)})
    path = zypp.metadata.download(EPOCH, Path("/tmp/dl"))
    assert path == Path("/tmp/dl/base/python3-epoch-1.0-1.noarch.rpm")
    assert zypp.runner.commands[0].argv[-1] == "python3-epoch.noarch=1:1.0-1"
    assert not zypp.runner.commands[0].privileged


def test_zypper_that_answers_0_without_a_file_has_failed() -> None:
    words = "File './x.rpm' not found on medium 'http://a.example/'"
    zypp = Zypp({(*ASK, "--no-refresh", "--pkg-cache-dir"): said(xml(f'<message type="error">{words}</message>'))})
    with pytest.raises(UnavailableError, match=r"the repository at http://a\.example/ no longer has x\.rpm"):
        zypp.metadata.download(EPOCH, Path("/tmp/dl"))


BAD_SIGNATURE = (
    "Failed to download metadata for repo 'r': repomd.xml GPG signature verification error: Bad GPG signature"
)
DAMAGED = "error: cannot open Packages database in /var/lib/rpm\nTarget initialization failed:\n"


def each(answer: Completed) -> tuple[RpmMetadata, ...]:
    """Give all three where every question is answered alike."""
    zypp = FakeRunner({("zypper",): answer})
    return (
        dnf5({("dnf5",): answer})[0],
        Dnf4Metadata(FakeRunner({("dnf",): answer, (SYSTEM_PYTHON,): answer})),
        ZyppMetadata(zypp),
    )


@pytest.mark.parametrize("number", range(3))
def test_I6_a_question_that_cannot_be_answered_is_missing_metadata(number: int) -> None:
    metadata = each(said(DAMAGED, DAMAGED, returncode=1))[number]
    for ask in (metadata.repositories, lambda: metadata.offers(["3.14"])):
        with pytest.raises((UnavailableError, CommandError), match="rpm's database cannot be read"):
            ask()


@pytest.mark.parametrize("number", range(3))
def test_a_host_without_repositories_is_told_so(number: int) -> None:
    words = {
        0: said("[]", "No matches found: no repositories are enabled.\n"),
        1: said(json.dumps({"skipped": {}, "failure": "repository", "message": "There are no enabled repositories."})),
        2: said(zypper_repositories(), returncode=6),
    }
    metadata = each(words[number])[number]
    for ask in (metadata.repositories, lambda: metadata.offers(["3.14"])):
        with pytest.raises(UnavailableError, match="no enabled repository"):
            ask()


NONE = 'There are no enabled repositories in "/etc/yum.repos.d".\nMetadata cache created.\n'
DNF5_SKIPPED = ">>> repomd.xml GPG signature verification error: Bad PGP signature\nMetadata cache created.\n"
DNF5_DOWN = 'Failed to download metadata (baseurl: "x") for repository "r": Usable URL not found\n'
ZYPPER_TAMPERED = "Signature verification failed for file 'repomd.xml' from repository 'r'. Continue? [yes/no]\n"
ZYPPER_DOWN = " - [|] Error trying to read from 'http://127.0.0.1:9/'\n"


@pytest.mark.parametrize(
    ("number", "answer", "kind"),
    [
        (0, said(DNF5_SKIPPED), PolicyError),
        (0, said(stderr=DNF5_DOWN, returncode=1), UnavailableError),
        (0, said(NONE), UnavailableError),
        (1, said("Metadata cache created.\n", f"Error: {BAD_SIGNATURE}\nIgnoring repositories: r\n"), PolicyError),
        (1, said(stderr=f"Error: {BAD_SIGNATURE}\n", returncode=1), PolicyError),
        (1, said(NONE), UnavailableError),
        (2, said(ZYPPER_TAMPERED, returncode=4), PolicyError),
        (2, said(ZYPPER_DOWN, returncode=4), UnavailableError),
    ],
)
def test_a_refresh_that_left_something_out_is_none(
    number: int, answer: Completed, kind: type[DistrofirstError]
) -> None:
    with pytest.raises(kind):
        each(answer)[number].refresh()


def test_T1_a_signature_stays_a_matter_of_policy_whoever_asks() -> None:
    with pytest.raises(PolicyError, match="the signature of the repository r cannot be verified: Bad GPG signature"):
        dnf4({"failure": "repository", "message": BAD_SIGNATURE})[0].repositories()
    dnf4({})[0].refresh()
