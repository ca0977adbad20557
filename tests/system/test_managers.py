"""The real dnf5, dnf4 and zypper: what they install, and what is refused, with nothing half-done.

Each refusal has its own error, and the installed OS packages are the same before and after it.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.system import rpms
from tests.system.conftest import RPM_RELEASES
from tests.system.hosts import IN_HOST
from tests.system.rpm_build import table_of
from tests.system.rpms import INSTALL, OWN, STRANGER, TOOLS, Rpm, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.system.hosts import Host
    from tests.system.rpms import Builder

# What dnf 4 says is much like dnf5's, and the whole file takes CI four minutes. Of each refusal CI asks one tool
# (in_turn): what both say then, tests/unit/hosts/test_rpm_failures.py and test_rpm_managers.py have on record.
pytestmark = pytest.mark.parametrize(
    "release",
    [pytest.param(name, marks=pytest.mark.all_sets) if name == "centos:9" else name for name in RPM_RELEASES],
)

NOWHERE = "http://127.0.0.1:9/"
HOME = "/home/nobody"
EXTRA = "/srv/extra"

HOLD_THE_LOCK = """
import fcntl, os, subprocess, sys
folder = subprocess.run(["rpm", "--eval", "%_dbpath"], capture_output=True, text=True, check=True).stdout.strip()
lock = open(f"{folder}/.rpm.lock", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One host, and the modules that drive its package manager."""

    host: Host
    tool: str
    python: str

    def ask(
        self, do: str, *packages: str, user: str = "root", network: bool = True, **more: object
    ) -> Mapping[str, Any]:
        """Ask ``ask_manager.py``; a package is ``NAME EVR``."""
        request = {"do": do, "python": self.python, "packages": [[*item.split(), "noarch"] for item in packages]}
        answer = self.host.run(
            ["/usr/bin/python3", f"{IN_HOST}/tests/system/ask_manager.py"],
            input=json.dumps(request | more),
            user=user,
            env={"HOME": HOME} if user == "nobody" else {},
            network=network,
            check=False,
        )
        assert answer.stdout, answer.stderr
        whole: dict[str, Any] = json.loads(answer.stdout)
        return whole

    def get(self, do: str, *packages: str, **more: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Ask what must be answered."""
        whole = self.ask(do, *packages, **more)
        assert "answer" in whole, whole
        return whole["answer"]

    def install(self, *names: str) -> None:
        """Use the tool itself."""
        self.host.run([*INSTALL[self.tool], "install", *names])

    def evr(self, name: str) -> str:
        """Give the EVR that the repository has."""
        (found,) = {item["evr"] for item in self.get("offers") if item["name"] == name}
        return str(found)


@pytest.fixture
def side(bare_host: Host, release: str) -> Side:
    table = table_of(release.partition(":")[0])
    side = Side(host=bare_host, tool=TOOLS[release], python=table["python"])
    bare_host.run(["install", "-d", "-o", "nobody", HOME])
    side.install(table["package"][0].replace("NAME", "sh"))
    return side


def refused(side: Side, do: str, *packages: str, kind: str, words: str, **more: Any) -> None:  # noqa: ANN401 - see ask
    """Ask for what must be refused without a change to what is installed."""
    before = side.host.rpms()
    whole = side.ask(do, *packages, **more)
    assert whole.get("error") == kind, whole
    assert re.search(words, whole["message"]), whole
    assert whole["hint"]
    assert side.host.rpms() == before


def test_the_hosts_own_tool_is_found(side: Side) -> None:
    assert side.get("tool") == side.tool


def test_X1_X4_a_plan_is_carried_out_once(side: Side, release: str) -> None:
    flask, click = name_of(release, "flask"), name_of(release, "click")
    wanted = f"{flask} {side.evr(flask)}"
    before = side.host.rpms()
    plan = side.get("plan", wanted)
    assert side.host.rpms() == before
    assert {flask, click} < set(plan["added"])
    assert plan["changed"] == []
    done = side.get("install", wanted, network=False)
    assert done == plan
    added = side.host.rpms().keys() - before.keys()
    assert added == set(plan["added"])
    assert side.get("installed", wanted, "nosuch 1") == {flask: side.evr(flask)}
    assert side.get("install", wanted) == {"added": [], "changed": [], "commands": []}


@pytest.mark.in_turn
def test_X3_the_command_that_is_shown_is_what_runs(side: Side, release: str) -> None:
    six = name_of(release, "six")
    (line,) = side.get("plan", f"{six} {side.evr(six)}")["commands"]
    side.host.run(["sh", "-c", line])
    assert side.host.rpms()[six] == side.evr(six)


@pytest.mark.in_turn
def test_X3_a_user_plans_with_dnf_without_rights(side: Side, release: str) -> None:
    six = name_of(release, "six")
    wanted = f"{six} {side.evr(six)}"
    if side.tool == "zypper":
        refused(side, "plan", wanted, user="nobody", kind="RightsError", words="root is needed to simulate")
    else:
        assert side.get("plan", wanted, user="nobody")["added"] == [six]
    words = "root is needed to (?:install|simulate installing) OS packages, and sudo is not installed"
    refused(side, "install", wanted, user="nobody", kind="RightsError", words=words)


@pytest.mark.in_turn
def test_X3_a_user_installs_through_sudo(side: Side, release: str) -> None:
    side.install("sudo")
    side.host.write("/etc/sudoers.d/nobody", "nobody ALL=(root) NOPASSWD: ALL\n")
    six = name_of(release, "six")
    assert side.get("install", f"{six} {side.evr(six)}", user="nobody")["added"] == [six]


@pytest.mark.in_turn
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_what_the_repositories_offer(side: Side, release: str, user: str) -> None:
    (repository,) = side.get("repositories", user=user)
    assert (repository["id"], repository["trusted"], repository["priority"]) == (OWN[side.tool], True, 99)
    side.host.run(["test", "-f", f"{repository['metadata']}/repodata/repomd.xml"], user=user)
    offers = {item["name"]: item for item in side.get("offers", user=user)}
    for project in ("flask", "six", "zope.interface"):
        assert offers[name_of(release, project)]["repository"] == OWN[side.tool]
    assert "python311-six" not in offers, "another Python's (rule I4)"
    six = name_of(release, "six")
    wanted = f"{six} {offers[six]['evr']}"
    path = side.get("download", wanted, user=user, folder=f"{HOME}/{user}")
    assert path.endswith(f"/{six}-{offers[six]['evr']}.noarch.rpm")
    side.host.run(["test", "-f", path])


@pytest.mark.in_turn
def test_V3_rpm_compares(side: Side) -> None:
    groups = [["1.0-2", "1:0.1-1", "1.0~rc1-1", "1.0^post1-1", "1.0-10"]]
    assert side.get("rank", groups=groups) == [[1, 4, 0, 3, 2]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Packages that a test's own repository has, what is installed of them before, and what then cannot be."""

    offered: tuple[Rpm, ...]
    before: tuple[str, ...] = ()
    wanted: str = "zz 1-1"
    words: str
    kind: str = "CommandError"
    key: str | None = rpms.KEY
    """Signs the packages; the metadata is signed by the tests' own."""
    settings: Mapping[str, str] = field(default_factory=dict)


AA = Rpm(name="aa", version="1", files={"/usr/share/aa/file": "aa\n"})
AA_2 = Rpm(name="aa", version="2")
ZZ = Rpm(name="zz", version="1")
REFUSALS = {
    "unsigned": Refusal(
        offered=(ZZ,),
        key=None,
        settings={"pkg_gpgcheck": "1"},
        kind="PolicyError",
        words="^zz-1-1.noarch.* is not signed",
    ),
    "signed by a stranger": Refusal(
        offered=(ZZ,),
        key=STRANGER,
        settings={"pkg_gpgcheck": "1"},
        kind="PolicyError",
        words="^zz-1-1.noarch is signed by a key that the repository extra does not name",
    ),
    "gpgcheck=0": Refusal(
        offered=(ZZ,),
        key=None,
        settings={"gpgcheck": "0", "repo_gpgcheck": "0"},
        kind="PolicyError",
        words="^zz-1-1.noarch.* is not signed|^no signature vouches for zz: the repository extra has gpgcheck=0",
    ),
    "not found": Refusal(
        offered=(ZZ,), wanted="zz 2-1", words="^no repository of this host has the OS package zz.*2-1"
    ),
    "missing dependency": Refusal(
        offered=(Rpm(name="zz", version="1", requires=("nosuch",)),),
        words="^zz-1-1.noarch needs nosuch, which no repository of this host has",
    ),
    "conflict": Refusal(
        offered=(AA, Rpm(name="zz", version="1", conflicts=("aa",))),
        before=("aa",),
        words="^the OS packages do not fit what is installed: .*zz-1-1.noarch.* conflicts with",
    ),
    "file conflict": Refusal(
        offered=(AA, Rpm(name="zz", version="1", files={"/usr/share/aa/file": "zz\n"})),
        before=("aa",),
        words="^zz-1-1.noarch and aa-1-1.noarch both have the file /usr/share/aa/file",
    ),
    "removal": Refusal(
        offered=(AA, Rpm(name="zz", version="1", obsoletes=("aa < 9",))),
        # A stranger's package replaces it only when it is asked for.
        before=("aa-1-1.noarch",),
        words="^these installed OS packages would have to go, and nothing is ever removed: aa$",
    ),
    "downgrade": Refusal(
        offered=(AA, AA_2), before=("aa",), wanted="aa 1-1", words="nothing is ever downgraded: aa[- ](?:to )?1-1"
    ),
    "failing %pre": Refusal(
        offered=(Rpm(name="zz", version="1", pre="exit 3"),),
        words=r"^zz-1-1.noarch could not be installed: its %prein script failed \(exit status 3\)",
    ),
}


def prepare(side: Side, builder: Builder, refusal: Refusal) -> None:
    for rpm in refusal.offered:
        builder.build(rpm, key=refusal.key, folder=EXTRA)
    builder.publish(side.host, folder=EXTRA)
    rpms.configure(side.host, "extra", folder=EXTRA, **refusal.settings)
    rpms.refresh(side.host)


@pytest.mark.in_turn
@pytest.mark.parametrize("case", REFUSALS)
def test_X1_T1_what_cannot_be_done_is_refused(side: Side, builder: Builder, case: str) -> None:
    refusal = REFUSALS[case]
    prepare(side, builder, refusal)
    if case == "removal":
        # The tools themselves prefer what replaces aa: install it by its file.
        side.host.run(["sh", "-c", f"rpm -i {EXTRA}/aa-1-1.noarch.rpm"])
    elif refusal.before:
        side.install(*refusal.before)
    refused(side, "install", refusal.wanted, kind=refusal.kind, words=refusal.words)


@pytest.mark.in_turn
def test_a_failing_post_script_is_told_though_the_package_is_there(side: Side, builder: Builder) -> None:
    prepare(side, builder, Refusal(offered=(Rpm(name="zz", version="1", post="exit 3"),), words=""))
    before = side.host.rpms()
    whole = side.ask("install", "zz 1-1")
    assert whole["error"] == "CommandError"
    assert whole["message"] == "zz-1-1.noarch is installed, but its %post script failed (exit status 3)"
    assert side.host.rpms() == before | {"zz": "1-1"}


@pytest.mark.in_turn
def test_an_update_is_a_change(side: Side, builder: Builder) -> None:
    prepare(side, builder, Refusal(offered=(AA, AA_2), words=""))
    side.get("install", "aa 1-1")
    done = side.get("install", "aa 2-1")
    assert (done["added"], done["changed"]) == ([], ["aa"])
    assert [item["evr"] for item in side.get("offers") if item["name"] == "aa"] == []


@pytest.mark.in_turn
@pytest.mark.parametrize("skip", ["0", "1"])
def test_T1_tampered_metadata_is_refused(side: Side, builder: Builder, skip: str) -> None:
    prepare(side, builder, Refusal(offered=(ZZ,), settings={"skip_if_unavailable": skip}, words=""))
    side.host.run(["sed", "-i", "s/<revision>/<revision>1/", f"{EXTRA}/repodata/repomd.xml"])
    words = "signature of (?:the|a) repository|was changed after it was signed"
    refused(side, "refresh", kind="PolicyError", words=words)


@pytest.mark.in_turn
@pytest.mark.parametrize("skip", ["0", "1"])
def test_T1_metadata_that_nobody_or_a_stranger_signed_is_refused(side: Side, builder: Builder, skip: str) -> None:
    builder.build(ZZ, folder=EXTRA)
    for key, words in ((None, "is not signed"), (STRANGER, "signature of (?:the|a) repository|does not trust")):
        builder.publish(side.host, folder=EXTRA, key=key)
        rpms.configure(side.host, "extra", folder=EXTRA, skip_if_unavailable=skip)
        refused(side, "refresh", kind="PolicyError", words=words)
        refused(side, "install", "zz 1-1", kind="PolicyError", words=words)


@pytest.mark.in_turn
def test_T1_a_changed_package_is_refused(side: Side, builder: Builder) -> None:
    prepare(side, builder, Refusal(offered=(ZZ,), words=""))
    side.host.run(["sh", "-c", f"echo x >> {EXTRA}/zz-1-1.noarch.rpm"])
    refused(side, "install", "zz 1-1", kind="PolicyError", words="zz-1-1.noarch.* is not the file that")
    words = "zz-1-1.noarch.* is not the file that"
    refused(side, "download", "zz 1-1", kind="PolicyError", words=words, folder="/srv/d", user="root")


@pytest.mark.in_turn
def test_a_package_that_is_gone(side: Side, builder: Builder) -> None:
    prepare(side, builder, Refusal(offered=(ZZ,), words=""))
    side.host.run(["rm", f"{EXTRA}/zz-1-1.noarch.rpm"])
    refused(side, "install", "zz 1-1", kind="UnavailableError", words="no longer has .*zz-1-1.noarch")


@pytest.mark.in_turn
def test_I6_one_of_two_repositories_cannot_be_reached(side: Side, release: str) -> None:
    """What can be done without it is done; that metadata is missing is told by who asks for metadata."""
    six = name_of(release, "six")
    wanted = f"{six} {side.evr(six)}"
    settings = {"baseurl": NOWHERE, "retries": "1"}
    rpms.configure(side.host, "away", folder="", skip_if_unavailable="1", **settings)
    refused(side, "refresh", kind="UnavailableError", words="cannot download|cannot be reached")
    found = {item["id"]: item["metadata"] for item in side.get("repositories")}
    assert found["away"] == ""
    assert found[OWN[side.tool]]
    assert side.get("install", wanted)["added"] == [six]
    if side.tool != "zypper":
        rpms.configure(side.host, "away", folder="", skip_if_unavailable="0", **settings)
        click = name_of(release, "click")
        refused(side, "install", f"{click} 1-1", kind="UnavailableError", words="cannot download|cannot be reached")


@pytest.mark.in_turn
def test_I6_without_any_repository_nothing_is_known(side: Side, release: str) -> None:
    six = name_of(release, "six")
    wanted = f"{six} {side.evr(six)}"
    side.host.run(["sh", "-c", "rm /etc/*/repos.d/*.repo /etc/yum.repos.d/*.repo 2>/dev/null; true"])
    for do in ("repositories", "offers", "refresh"):
        refused(side, do, kind="UnavailableError", words="this host has no enabled repository")
    refused(side, "install", wanted, kind="UnavailableError", words="this host has no enabled repository")


@contextlib.contextmanager
def running(host: Host, argv: list[str], wait_for: Callable[[subprocess.Popen[str]], object]) -> Iterator[None]:
    """Let a program run in the host meanwhile; its standard input closes at the end."""
    pipe = subprocess.PIPE
    with subprocess.Popen(host.command(argv), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        wait_for(process)
        yield
        process.communicate(timeout=120)


@pytest.mark.in_turn
def test_rpms_database_is_in_use(side: Side, release: str) -> None:
    six = name_of(release, "six")
    wanted = f"{six} {side.evr(six)}"

    def locked(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"

    with running(side.host, ["python3", "-c", HOLD_THE_LOCK], locked):
        refused(side, "install", wanted, kind="CommandError", words="process holds (?:its|rpm's) database")
    assert side.get("install", wanted)["added"] == [six]


@pytest.mark.in_turn
def test_another_transaction_is_waited_for(side: Side, builder: Builder) -> None:
    slow = Rpm(name="slow", version="1", pre="touch /srv/started; sleep 3")
    prepare(side, builder, Refusal(offered=(slow, ZZ), words=""))

    def started(process: subprocess.Popen[str]) -> None:
        side.host.run(["sh", "-c", "for i in $(seq 100); do test -e /srv/started && exit; sleep 0.1; done; exit 1"])
        assert process.poll() is None

    with running(side.host, [*INSTALL[side.tool], "install", "slow"], started):
        assert side.get("install", "zz 1-1")["added"] == ["zz"]
    assert {"slow", "zz"} <= side.host.rpms().keys()


@pytest.mark.in_turn
def test_a_damaged_database_is_no_empty_system(side: Side) -> None:
    side.host.run(["sh", "-c", 'echo garbage > "$(rpm --eval %_dbpath)/rpmdb.sqlite"'])
    for do in ("installed", "install"):
        whole = side.ask(do, "zz 1-1")
        assert whole["error"] == "CommandError"
        assert "rpm cannot read its database" in whole["message"]


@pytest.mark.in_turn
def test_the_disk_is_full(side: Side, builder: Builder) -> None:
    big = Rpm(name="zz", version="1", files={"/usr/share/big/file": "x" * 3_000_000})
    prepare(side, builder, Refusal(offered=(big,), words=""))
    side.host.disk("/usr/share/big", size="1m")
    refused(side, "install", "zz 1-1", kind="CommandError", words="^the disk is full: zz-1-1.noarch needs 3MB more")
    side.host.disk("/usr/share/big", size="10m", again=True)
    assert side.get("install", "zz 1-1")["added"] == ["zz"]
