"""What somebody without rights can do on a real host: plan for this release and others, and trust what is fetched.

And what must be the same for everybody: leftovers that count for nothing (rule X2), dry runs that change nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.catalog import store
from tests import simple_server
from tests.loopback import Loopback, Reply, Request
from tests.system.agreement import contents
from tests.system.command_line import CommandLine, difference, projects, snapshot
from tests.system.hosts import CHECKOUT, Host

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = {"debian:12": "3.11", "debian:13": "3.13"}
CODENAMES = {"debian:12": "bookworm", "debian:13": "trixie"}
OTHER = {"debian:12": "debian:13", "debian:13": "debian:12"}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
REMOVED_KEYS = "/usr/share/keyrings/debian-archive-removed-keys.gpg"
ON_12 = pytest.mark.parametrize("release", ["debian:12"])
ON_13 = pytest.mark.parametrize("release", ["debian:13"])

pytestmark = pytest.mark.in_turn


@pytest.fixture
def nobody(host: Host) -> CommandLine:
    """Give the command line of somebody without any rights, who has a home."""
    return CommandLine.of(host, "nobody", home="/home/nobody")


def index_of(cli: CommandLine, release: str) -> store.IndexFile | None:
    """Open the index that ``update`` wrote into the user's cache, if it did."""
    path = f"{cli.home}/.cache/distrofirst/index/{release.replace(':', '-')}-amd64.idx"
    seen_from_here = Path(f"/proc/{cli.host.pid}/root{path}")
    return store.IndexFile(seen_from_here) if seen_from_here.exists() else None


def test_X3_plans_need_no_rights_and_touch_nothing_but_the_users_own(nobody: CommandLine, release: str) -> None:
    nobody.write("requirements.txt", "flask\nrequests>=2.28\n")
    nobody.host.run(["chmod", "700", nobody.home])
    before = snapshot(nobody.host)
    here = nobody.report(network=False)
    assert (here["target"], here["metadata"]["source"]) == (release, "apt")
    assert here["summary"]["coverage"] == 1.0
    there = nobody.report("--target", OTHER[release], network=False)
    assert (there["target"], there["python"]) == (OTHER[release], PYTHON[OTHER[release]])
    assert there["metadata"]["source"] == "embedded"
    nobody("lock", "-o", "here.toml", network=False)
    nobody("lock", "--target", OTHER[release], "-o", "there.toml", network=False)
    nobody("explain", "flask", network=False)
    work = nobody.folder
    assert difference(before, snapshot(nobody.host)) == [f"{work}/here.toml", f"{work}/there.toml"]


@ON_12
def test_X3_a_user_without_a_home_plans_without_a_cache(host: Host) -> None:
    homeless = CommandLine(host=host, user="nobody", home="/nonexistent", folder="/")
    done = homeless("report", "-", input="flask\n", network=False)
    assert "python3-flask" in done.stdout
    assert "going on without a cache" in done.stderr


def update(cli: CommandLine, target: str) -> None:
    """Fetch a release's metadata; a mirror that is in the middle of its own update cannot be tested against."""
    done = cli("update", "--target", target, code=None)
    if done.returncode == 5 and "is not the file that the signed Release file names" in done.stderr:
        pytest.skip(f"the mirror's {target} does not fit its own signed Release file now")
    assert done.returncode == 0, done.stderr


def test_X3_update_needs_no_rights_and_finds_what_is_embedded(nobody: CommandLine, release: str) -> None:
    """The two differ by what the archive has changed since the embedded one was made: a point release, at most."""
    before = snapshot(nobody.host)
    update(nobody, release)
    assert difference(before, snapshot(nobody.host)) == []
    fetched = index_of(nobody, release)
    assert fetched is not None
    embedded = store.IndexFile(CHECKOUT / "mappings" / f"{release.replace(':', '-')}.idx")
    ours, theirs = fetched.header, embedded.header
    assert (ours.source, theirs.source) == ("apt", "embedded")
    assert ours.date >= theirs.date
    assert (ours.codename, ours.python, ours.architecture) == (theirs.codename, theirs.python, theirs.architecture)
    found = {(claim.project, claim.package) for claim in fetched.all_claims()}
    expected = {(claim.project, claim.package) for claim in embedded.all_claims()}
    assert len(found ^ expected) <= len(expected) * (0 if ours.date == theirs.date else 0.01), found ^ expected
    # What is newer is used from then on: for the release, and for this host.
    nobody.write("requirements.txt", "flask\n")
    assert nobody.report("--target", release, network=False)["metadata"]["date"] == ours.date
    assert nobody.report(network=False)["summary"]["coverage"] == 1.0


@ON_12
def test_T1_another_releases_metadata_is_fetched_and_verified_without_rights(nobody: CommandLine, release: str) -> None:
    other = OTHER[release]
    before = snapshot(nobody.host)
    update(nobody, other)
    assert difference(before, snapshot(nobody.host)) == []
    nobody.write("requirements.txt", "flask\n")
    report = nobody.report("--target", other, network=False)
    assert (report["target"], report["python"], report["metadata"]["source"]) == (other, PYTHON[other], "apt")


def through(mirror: Loopback) -> str:
    """Give apt sources that lead to a mirror of ours, verified as the archive's own are."""
    return f"Types: deb\nURIs: {mirror.url}/debian\nSuites: bookworm\nComponents: main\nSigned-By: {KEYRING}\n"


def untouched(text: str) -> str:
    return text


def tampered(text: str) -> str:
    """Promise another file than was signed."""
    return text.replace("\nSHA256:\n ", "\nSHA256:\n 0", 1)


@ON_12
@pytest.mark.parametrize(
    ("change", "keyring", "code", "told"),
    [
        pytest.param(tampered, KEYRING, 5, "BADSIG", id="a changed InRelease"),
        pytest.param(untouched, REMOVED_KEYS, 5, "NO_PUBKEY", id="other keys"),
        # The control: what follows the signature is missing on this mirror, and only that is complained about.
        pytest.param(untouched, KEYRING, 3, "404", id="nothing wrong with the signature"),
    ],
)
def test_T1_metadata_that_no_key_vouches_for_is_refused(
    nobody: CommandLine, change: Callable[[str], str], keyring: str, code: int, told: str
) -> None:
    host, release = nobody.host, "debian:12"
    signed = host.run(["sh", "-c", f"cat /var/lib/apt/lists/*_dists_{CODENAMES[release]}_InRelease"]).stdout
    assert change is untouched or change(signed) != signed

    def answer(request: Request) -> Reply:
        return Reply(body=change(signed).encode()) if request.path.endswith("/InRelease") else Reply(status=404)

    host.run(["sh", "-c", "rm /etc/apt/sources.list.d/* /etc/apt/sources.list; true"])
    if keyring != KEYRING:
        host.run(["cp", keyring, KEYRING])
    with Loopback() as mirror:
        for suite in ("", "-updates", "-security", "-backports"):
            mirror.routes[f"/debian/dists/{CODENAMES[release]}{suite}/InRelease"] = answer
        host.write("/etc/apt/sources.list.d/ours.sources", through(mirror))
        done = nobody("update", "--target", release, code=code, env={"no_proxy": "127.0.0.1"})
    assert told in done.stderr
    assert index_of(nobody, release) is None
    nobody.write("requirements.txt", "flask\n")
    assert nobody.report("--target", release, network=False)["metadata"]["source"] == "embedded"


EXTRAS = {
    "requests[socks]": {"pysocks"},
    "celery[redis]": {"redis"},
    "uvicorn[standard]": {"httptools", "python-dotenv", "pyyaml", "uvloop", "websockets"},
}


def test_R4_extras_of_packages_that_are_not_installed(nobody: CommandLine) -> None:
    """Their metadata is in the .deb alone, which apt downloads and verifies into the user's cache."""
    assert not {"python3-celery", "python3-uvicorn"} & nobody.host.packages().keys()
    nobody.write("requirements.txt", "\n".join(EXTRAS))
    before = snapshot(nobody.host)
    here = nobody.report()
    assert difference(before, snapshot(nobody.host)) == []
    found = projects(here, "distro")
    for wanted, served in EXTRAS.items():
        assert served <= found.keys()
        assert all(wanted.partition("[")[0] in found[name]["requested_by"] for name in served)
    assert here["summary"]["pypi"] == here["summary"]["unmet"] == 0
    assert nobody.report(network=False) == here, "an extra is looked up once"


def test_X2_what_pip_left_in_home_and_usr_local_counts_for_nothing(host: Host, release: str) -> None:
    """By others: ``pip install --user`` and ``sudo pip install`` of something newer, which does not work."""
    cli = CommandLine.of(host)
    python = f"python{PYTHON[release]}"
    for site in (f"/root/.local/lib/{python}/site-packages", f"/usr/local/lib/{python}/dist-packages"):
        host.write(f"{site}/requests/__init__.py", "raise ImportError('a leftover')")
        host.write(f"{site}/requests-99.dist-info/METADATA", "Metadata-Version: 2.1\nName: requests\nVersion: 99\n")
    assert host.run(["/usr/bin/python3", "-c", "import requests"], check=False).returncode == 1
    cli.write("requirements.txt", "requests\ndemo==1.0\n")
    with Loopback() as server:
        env = {"PIP_INDEX_URL": simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata"), "no_proxy": "127.0.0.1"}
        planned = cli.report(env=env)
        cli("install", "--yes", env=env)
    served = projects(planned, "distro")["requests"]
    code = "import requests, importlib.metadata as m; print(requests.__file__, m.version('requests'))"
    assert cli.run("venv/bin/python", "-c", code).split() == [
        "/usr/lib/python3/dist-packages/requests/__init__.py",
        served["version"],
    ]
    cli("verify")


@pytest.mark.all_sets
@ON_13
def test_X3_a_dry_run_changes_nothing_and_its_lines_pasted_do_the_same(host: Host, release: str) -> None:
    wanted = "flask\ndemo==1.0\n"
    with Loopback() as server, Host.fresh(f"{release}+ready") as other:
        env = {"PIP_INDEX_URL": simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata"), "no_proxy": "127.0.0.1"}
        cli = CommandLine.of(host)
        cli.write("requirements.txt", wanted)
        before = snapshot(host)
        lines = cli("install", "--dry-run", env=env).stdout
        assert difference(before, snapshot(host)) == []
        host.run(["sh", "-eu"], input=lines, cwd=cli.folder, env=env)
        there = CommandLine.of(other)
        there.write("requirements.txt", wanted)
        there("install", "--yes", env=env)
        assert contents(host) == contents(other)
        assert cli("install", "--yes", env=env).stderr == "distrofirst: venv is as it should be; nothing to do\n"
