"""rpm-md repositories that the user names: where they lie, how they are fetched, who vouches for them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import InputError, PolicyError, UnavailableError
from resolver.hosts import rpm_fetch
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.io.process import ProcessRunner
from resolver.model import Completed
from tests.fakes import FakeRunner
from tests.loopback import Loopback, Reply
from tests.rpm_repository import rpm, write

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b"an OS package"


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(FileCache(None, warn=pytest.fail), HttpOptions()) as client:
        yield client


@pytest.fixture
def mirror() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository on disk, signed by nobody."""
    return write(tmp_path / "a repository", [rpm("python3-a")])


# Where it lies


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///srv/repo", "/srv/repo"),
        ("file://localhost/srv/repo/", "/srv/repo"),
        ("file:/srv/repo", "/srv/repo"),
        ("file:///srv/a%20b", "/srv/a b"),
        ("http://mirror.example/repo", None),
        ("https://mirror.example:8443/repo?x=1", None),
        ("HTTPS://mirror.example/repo", None),
    ],
)
def test_a_url_names_a_folder_or_a_place_in_the_network(url: str, path: str | None) -> None:
    assert rpm_fetch.local_path(url) == (Path(path) if path else None)


def test_a_plain_path_names_a_folder_too(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rpm_fetch.local_path(str(repository)) == repository
    monkeypatch.chdir(repository.parent)
    assert rpm_fetch.local_path("a repository") == repository


@pytest.mark.parametrize(
    "url",
    [
        "ftp://mirror.example/repo",
        "rsync://mirror.example/repo",
        "file://mirror.example/srv/repo",
        "http:///repo",
        "https:",
        "http://[mirror.example/repo",
        "/no/such/folder",
        "nonsense",
        "",
    ],
)
def test_anything_else_is_no_repositorys_url(url: str) -> None:
    with pytest.raises(InputError, match="is no repository's URL") as caught:
        rpm_fetch.local_path(url)
    assert caught.value.context == "--repo"
    assert caught.value.hint


# Fetching


def test_a_repository_on_disk_is_read_where_it_lies(repository: Path, tmp_path: Path, http: HttpClient) -> None:
    folder = tmp_path / "cache"
    assert rpm_fetch.fetch(repository.as_uri(), folder, http) == repository
    assert not folder.exists()


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirrors_repomd_is_fetched_with_its_signature(
    mirror: Loopback, tmp_path: Path, http: HttpClient, slash: str
) -> None:
    mirror.add("/repo/repodata/repomd.xml", Reply(body=b"<repomd/>"), Reply(body=b"<repomd>2</repomd>"))
    mirror.add("/repo/repodata/repomd.xml.asc", Reply(body=b"signature"), Reply(status=404))
    url = f"{mirror.url}/repo{slash}"
    folder = tmp_path / "cache"
    assert rpm_fetch.fetch(url, folder, http) == folder
    assert (folder / "repodata/repomd.xml").read_bytes() == b"<repomd/>"
    assert (folder / "repodata/repomd.xml.asc").read_bytes() == b"signature"
    rpm_fetch.fetch(url, folder, http)
    assert (folder / "repodata/repomd.xml").read_bytes() == b"<repomd>2</repomd>"
    assert (folder / "repodata/repomd.xml.asc").read_bytes() == b"", "the signature of another repomd.xml is none"


def test_I6_no_repository_is_an_error(mirror: Loopback, tmp_path: Path, http: HttpClient) -> None:
    (tmp_path / "empty").mkdir()
    for url in (f"{mirror.url}/repo", (tmp_path / "empty").as_uri(), "file:///no/such/folder"):
        with pytest.raises(UnavailableError, match="there is no rpm-md repository") as caught:
            rpm_fetch.fetch(url, tmp_path / "cache", http)
        assert caught.value.context == url
        assert "repodata/repomd.xml" in str(caught.value.hint)


def test_offline_a_repository_on_disk_is_there_and_a_mirror_is_not(
    repository: Path, mirror: Loopback, tmp_path: Path
) -> None:
    with HttpClient(FileCache(None, warn=pytest.fail), HttpOptions(offline=True)) as http:
        assert rpm_fetch.fetch(repository.as_uri(), tmp_path / "cache", http) == repository
        with pytest.raises(UnavailableError):
            rpm_fetch.fetch(f"{mirror.url}/repo", tmp_path / "cache", http)
    assert mirror.requests == []


def fetch_file(
    url: str,
    folder: Path,
    http: HttpClient,
    *,
    content: bytes = CONTENT,
    algorithm: str = "sha256",
    href: str = "p/a.rpm",
) -> Path:
    digest = hashlib.new(algorithm, content).hexdigest()
    return rpm_fetch.fetch_file(url, folder, href, http, algorithm=algorithm, digest=digest)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_file_is_fetched_once_and_held_against_its_hash(
    mirror: Loopback, tmp_path: Path, http: HttpClient, algorithm: str
) -> None:
    mirror.add("/repo/p/a.rpm", Reply(body=CONTENT))
    for _ in range(2):
        path = fetch_file(f"{mirror.url}/repo/", tmp_path, http, algorithm=algorithm)
        assert path == tmp_path / "p/a.rpm"
        assert path.read_bytes() == CONTENT
    assert mirror.asked("/repo/p/a.rpm") == 1


def test_a_file_of_an_earlier_state_is_fetched_again(mirror: Loopback, tmp_path: Path, http: HttpClient) -> None:
    mirror.add("/repo/p/a.rpm", Reply(body=CONTENT))
    (tmp_path / "p").mkdir()
    (tmp_path / "p/a.rpm").write_bytes(CONTENT[:5])
    assert fetch_file(f"{mirror.url}/repo", tmp_path, http).read_bytes() == CONTENT


def test_T1_another_file_than_the_metadata_names_is_refused_and_not_kept(
    mirror: Loopback, tmp_path: Path, http: HttpClient
) -> None:
    mirror.add("/repo/p/a.rpm", Reply(body=b"something else"))
    with pytest.raises(PolicyError, match="its sha256 differs") as caught:
        fetch_file(f"{mirror.url}/repo", tmp_path, http)
    assert caught.value.hint
    assert list((tmp_path / "p").iterdir()) == []


def test_T1_another_file_on_disk_is_refused_and_left_alone(repository: Path, tmp_path: Path, http: HttpClient) -> None:
    (repository / "a.rpm").write_bytes(b"something else")
    with pytest.raises(PolicyError, match="its sha256 differs"):
        fetch_file(repository.as_uri(), tmp_path / "cache", http, href="a.rpm")
    assert (repository / "a.rpm").read_bytes() == b"something else"


def test_a_file_that_is_gone_is_an_error(mirror: Loopback, repository: Path, tmp_path: Path, http: HttpClient) -> None:
    for url in (f"{mirror.url}/repo", repository.as_uri()):
        with pytest.raises(UnavailableError, match="does not have what its metadata lists") as caught:
            fetch_file(url, tmp_path / "cache", http)
        assert str(caught.value.context).endswith("/p/a.rpm")


@pytest.mark.parametrize("href", ["/etc/passwd", "../a.rpm", "p/../../a.rpm", "https://else.example/a.rpm", ""])
def test_T1_metadata_may_not_name_a_file_outside_of_its_repository(
    mirror: Loopback, repository: Path, tmp_path: Path, http: HttpClient, href: str
) -> None:
    """Or whoever answers for an unsigned repository could have any file written."""
    mirror.routes = {path: [Reply(body=CONTENT)] for path in ("/repo/etc/passwd", "/repo//etc/passwd", "/a.rpm")}
    cache = tmp_path / "cache"
    for url in (f"{mirror.url}/repo", repository.as_uri()):
        with pytest.raises(PolicyError, match="outside of the repository"):
            fetch_file(url, cache / "deep", http, href=href)
    assert mirror.requests == []
    assert not cache.exists()


@pytest.mark.parametrize("algorithm", ["md5", "sha", "sha1", "crc32"])
def test_T1_a_weak_or_unknown_hash_vouches_for_nothing(
    mirror: Loopback, tmp_path: Path, http: HttpClient, algorithm: str
) -> None:
    mirror.add("/repo/a.rpm", Reply(body=CONTENT))
    with pytest.raises(PolicyError, match=f"only {algorithm} vouches for it"):
        rpm_fetch.fetch_file(f"{mirror.url}/repo", tmp_path, "a.rpm", http, algorithm=algorithm, digest="0" * 40)
    assert list(tmp_path.iterdir()) == []


# Signatures


class Signer:
    """Throw-away OpenPGP keys in a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)

    def gpg(self, *arguments: str) -> bytes:
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(argv, check=True, capture_output=True).stdout

    def key(self, name: str, *, armored: bool = True) -> bytes:
        """Give a public key, made at the first question for it."""
        if not self.gpg("--list-keys", "--with-colons").count(name.encode()):
            self.gpg("--passphrase", "", "--quick-generate-key", f"{name} <{name}@tests.example>", "ed25519")
        return self.gpg("--export", *(["--armor"] if armored else []), name)

    def sign(self, repository: Path, name: str) -> None:
        signed = repository / rpm_fetch.REPOMD
        self.gpg("--yes", "--armor", "--detach-sign", "--local-user", name, "--output", f"{signed}.asc", str(signed))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    if missing := [name for name in ("gpg", "gpgv", "gpg-agent") if shutil.which(name) is None]:
        pytest.skip(f"needs {' and '.join(missing)}")
    # Short, for the agent's socket lies there.
    signer = Signer(tmp_path_factory.mktemp("k") / "g")
    signer.key("owner")
    signer.key("stranger")
    yield signer
    subprocess.run(["gpgconf", "--homedir", str(signer.home), "--kill", "all"], check=False)


@pytest.fixture
def signed(repository: Path, signer: Signer) -> Path:
    signer.sign(repository, "owner")
    return repository


def verify(repository: Path, tmp_path: Path, key: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(key)
    rpm_fetch.verify(repository, file, ProcessRunner())


@pytest.mark.parametrize("armored", [True, False])
def test_T1_the_owners_signature_verifies(signed: Path, signer: Signer, tmp_path: Path, *, armored: bool) -> None:
    verify(signed, tmp_path, signer.key("owner", armored=armored))


def test_T1_a_key_file_may_hold_several_keys_and_words_around_them(
    signed: Path, signer: Signer, tmp_path: Path
) -> None:
    both = signer.key("stranger") + b"\nand the other one:\n" + signer.key("owner").replace(b"\n", b"\r\n")
    verify(signed, tmp_path, both)


def test_T1_a_strangers_key_does_not_vouch(signed: Path, signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="does not verify: ") as caught:
        verify(signed, tmp_path, signer.key("stranger"))
    assert f"{tmp_path / 'key'}" in str(caught.value.hint)


def test_T1_a_strangers_signature_does_not_vouch(repository: Path, signer: Signer, tmp_path: Path) -> None:
    signer.sign(repository, "stranger")
    with pytest.raises(PolicyError, match="does not verify: "):
        verify(repository, tmp_path, signer.key("owner"))


def test_T1_a_repomd_that_was_tampered_with_is_refused(signed: Path, signer: Signer, tmp_path: Path) -> None:
    path = signed / rpm_fetch.REPOMD
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(PolicyError, match="does not verify: "):
        verify(signed, tmp_path, signer.key("owner"))


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN PGP SIGNATURE-----\n"])
def test_T1_what_is_no_signature_is_refused(signed: Path, signer: Signer, tmp_path: Path, content: bytes) -> None:
    (signed / f"{rpm_fetch.REPOMD}.asc").write_bytes(content)
    with pytest.raises(PolicyError, match="not signed" if not content else "does not verify"):
        verify(signed, tmp_path, signer.key("owner"))


@pytest.mark.parametrize("key", [b"", b"garbage", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"])
def test_T1_a_file_that_holds_no_key_vouches_for_nothing(signed: Path, tmp_path: Path, key: bytes) -> None:
    with pytest.raises(PolicyError, match="does not verify: "):
        verify(signed, tmp_path, key)


def test_T1_an_unsigned_repository_is_refused_where_a_key_was_named(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is not signed") as caught:
        verify(repository, tmp_path, b"")
    assert "--repo-key" in str(caught.value.hint)


GOOD = Completed(returncode=0, stdout="", stderr="")


@pytest.mark.parametrize(("programs", "asked"), [({"gpgv", "sqv"}, "gpgv"), ({"sqv"}, "sqv"), ({"gpgv"}, "gpgv")])
def test_T1_whichever_verifier_is_there_is_asked(
    repository: Path, tmp_path: Path, programs: set[str], asked: str
) -> None:
    (repository / f"{rpm_fetch.REPOMD}.asc").write_bytes(b"signature")
    (tmp_path / "key").write_bytes(b"key")
    runner = FakeRunner({("gpgv",): GOOD, ("sqv",): GOOD})
    rpm_fetch.verify(repository, tmp_path / "key", runner, which=lambda name: name if name in programs else None)
    (command,) = runner.commands
    path = str(repository / rpm_fetch.REPOMD)
    assert (command.argv[0], command.argv[1], *command.argv[3:]) == (asked, "--keyring", f"{path}.asc", path)
    assert not command.privileged


def test_T1_without_a_verifier_nothing_counts_as_verified(repository: Path, tmp_path: Path) -> None:
    (repository / f"{rpm_fetch.REPOMD}.asc").write_bytes(b"signature")
    (tmp_path / "key").write_bytes(b"key")
    with pytest.raises(UnavailableError, match="nothing here can verify") as caught:
        rpm_fetch.verify(repository, tmp_path / "key", FakeRunner({}), which=lambda _: None)
    assert "gpgv or sqv" in str(caught.value.hint)


def test_a_key_that_cannot_be_read_is_bad_input(repository: Path, tmp_path: Path) -> None:
    (repository / f"{rpm_fetch.REPOMD}.asc").write_bytes(b"signature")
    with pytest.raises(InputError, match="the key cannot be read") as caught:
        rpm_fetch.verify(repository, tmp_path / "no-key", FakeRunner({}), which=str)
    assert caught.value.context == str(tmp_path / "no-key")


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"), [("", "", "it said nothing"), ("out\n", "", "out"), ("", "a\nb\n", "b")]
)
def test_a_verifiers_last_words_are_told(repository: Path, tmp_path: Path, stdout: str, stderr: str, said: str) -> None:
    (repository / f"{rpm_fetch.REPOMD}.asc").write_bytes(b"signature")
    (tmp_path / "key").write_bytes(b"key")
    runner = FakeRunner({("gpgv",): Completed(returncode=2, stdout=stdout, stderr=stderr)})
    with pytest.raises(PolicyError, match=f"does not verify: {said}$"):
        rpm_fetch.verify(repository, tmp_path / "key", runner, which=lambda name: name)
