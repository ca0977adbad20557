"""The RPM side of rule X1, the same for dnf5, dnf4 and zypper: one transaction with exact EVRs, solved beforehand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import CommandError, DistrofirstError, PolicyError, RightsError, UnavailableError
from resolver.hosts.dnf import Dnf4, Dnf5, read_table
from resolver.hosts.mirror_folder import folder_of, write_manifest
from resolver.hosts.rpm_manager import Change, RpmManager
from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
from resolver.hosts.zypper import Zypper
from resolver.model import (
    Completed,
    Lock,
    MetadataSource,
    OsPackage,
    PackageChange,
    PinsPolicy,
    Release,
    Target,
    Transaction,
    Wheel,
)

if TYPE_CHECKING:
    from pathlib import Path

    from resolver.model import Command

HOST = Target(release=Release(distribution="fedora", version="43"), architecture="x86_64", python="3.14")


def package(name: str, version: str, architecture: str = "noarch") -> OsPackage:
    return OsPackage(name=name, version=version, architecture=architecture, repository="Main")


def lock(*packages: OsPackage, wheels: tuple[Wheel, ...] = ()) -> Lock:
    return Lock(
        target=HOST,
        metadata=MetadataSource(source="rpm-md", date="2026-11-15T00:00:00Z"),
        pins=PinsPolicy.EXACT,
        os_packages=packages,
        wheels=wheels,
        projects=(),
    )


WHEEL = Wheel(
    project=canonicalize_name("demo"),
    version=Version("1.0"),
    filename="demo-1.0-py3-none-any.whl",
    url="https://files.example/demo-1.0-py3-none-any.whl",
    sha256="0" * 64,
    size=None,
    requires_python=None,
    upload_time=None,
)
AA = package("python3-aa", "1.1-1")
BB = package("python3-bb", "1.0-1")
EPOCH = package("python3-epoch", "1:1.0-1")
WANTED = lock(AA, BB, EPOCH, wheels=(WHEEL,))
BEFORE = {"python3-aa": "1.0-1"}

DNF5_TABLE = """\
Updating and loading repositories:
Repositories loaded.
Package                 Arch   Version Repository      Size
Upgrading:
 python3-aa             noarch 0:1.1-1 base        15.0   B
   replacing python3-aa noarch 0:1.0-1 base        15.0   B
Installing:
 python3-bb             noarch 0:1.0-1 base        15.0   B
 python3-epoch          noarch 1:1.0-1 base        18.0   B
 python3-pip            noarch 0:23.0-1 base        16.0   B
Installing dependencies:
 python3.14-dotted+x    noarch 0:1.0-1 base         4.8 MiB

Transaction Summary:
 Installing:         4 packages
 Upgrading:          1 package
 Replacing:          1 package

Total size of inbound packages is 12 KiB. Need to download 12 KiB.
After this operation, 18 B extra will be used (install 33 B, remove 15 B).
"""
ABORTED = "Operation aborted by the user.\n"
DNF4_STEPS = [
    ["upgrade", "python3-aa", "1.1-1", "noarch", "base"],
    ["install", "python3-bb", "1.0-1", "noarch", "base"],
    ["install", "python3-epoch", "1:1.0-1", "noarch", "base"],
    ["install", "python3-pip", "23.0-1", "noarch", "base"],
    ["install", "python3.14-dotted+x", "1.0-1", "noarch", "base"],
]
ZYPPER_SOLVED = """\
<?xml version='1.0'?>
<stream>
<message type="info">Resolving package dependencies...</message>
<install-summary download-size="12472" space-usage-diff="33" space-usage-installed="48" space-usage-removed="15" \
packages-to-change="5" need-restart="0" need-reboot="0">
<to-install>
<solvable type="package" name="python3-bb" edition="1.0-1" arch="noarch" repository="base" summary="test"/>
<solvable type="package" name="python3-epoch" edition="1:1.0-1" arch="noarch" repository="base" summary="test"/>
<solvable type="package" name="python3-pip" edition="23.0-1" arch="noarch" repository="base" summary="test"/>
<solvable type="package" name="python3.14-dotted+x" edition="1.0-1" arch="noarch" repository="base" summary="test"/>
<solvable type="pattern" name="python" edition="1.0-1" arch="noarch" repository="base" summary="test"/>
</to-install>
<to-upgrade>
<solvable type="package" name="python3-aa" edition="1.1-1" arch="noarch" repository="base" edition-old="1.0-1"/>
</to-upgrade>
</install-summary>
</stream>
"""
ZYPPER_REPOSITORIES = """\
<?xml version='1.0'?>
<stream>
<repo-list>
<repo alias="base" name="Main" type="rpm-md" priority="99" enabled="1" gpgcheck="1" repo_gpgcheck="1" pkg_gpgcheck="0">
<url>dir:/repos/main</url>
</repo>
<repo alias="open" name="Open" type="rpm-md" priority="99" enabled="1" gpgcheck="0" repo_gpgcheck="0" pkg_gpgcheck="0">
<url>dir:/repos/open</url>
</repo>
</repo-list>
</stream>
"""


def ok(stdout: str = "", returncode: int = 0) -> Completed:
    return Completed(returncode=returncode, stdout=stdout, stderr="")


def xml(words: str) -> str:
    return f"<?xml version='1.0'?>\n<stream>\n{words}</stream>\n"


@dataclass
class Machine:
    """A Runner whose rpm database is a table; the tool's answers are recorded ones."""

    simulated: list[Completed]
    """One after the other; the last one stays."""
    installed: dict[str, str] = field(default_factory=dict)
    result: dict[str, str] = field(default_factory=dict)
    """What the transaction adds to ``installed``."""
    meanwhile: dict[str, str] = field(default_factory=dict)
    """What another one adds while the tool waits to simulate ours."""
    done: Completed = field(default_factory=lambda: ok("Complete!\n"))
    commands: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        match command.argv:
            case ("rpm", *words):
                rows = [f"{name}\tnoarch\t0:{self.installed[name]}\n" for name in words[3:] if name in self.installed]
                return ok("".join(row.replace("\t0:1:", "\t1:") for row in rows), returncode=1)
            case ("zypper", *words) if "repos" in words:
                return ok(ZYPPER_REPOSITORIES)
            case ("dnf5", "-y", *_):
                return ok("Metadata cache created.\n")
            case _ if "--assumeno" in command.argv or "--dry-run" in command.argv or command.stdin:
                self.installed |= self.meanwhile
                return self.simulated.pop(0) if len(self.simulated) > 1 else self.simulated[0]
            case _:
                self.installed |= self.result
                return self.done

    stream = run

    @property
    def acting(self) -> list[Command]:
        """The commands that would change something."""
        return [command for command in self.commands if command.privileged and "--dry-run" not in command.argv]


def plenty(path: str) -> tuple[int, int]:
    del path
    return 1, 10**12


def manager_of(tool: str, machine: Machine, mirror: RpmMirrorRoot | None = None) -> RpmManager:
    match tool:
        case "dnf5":
            return Dnf5(machine, HOST, mirror=mirror)
        case "dnf":
            return Dnf4(machine, HOST, mirror=mirror)
        case _:
            return Zypper(machine, HOST, free_space=plenty, mirror=mirror)


def dnf4_answer(**answer: object) -> Completed:
    return ok(json.dumps({"skipped": {}, **answer}))


SOLVED = {
    "dnf5": Completed(returncode=1, stdout=DNF5_TABLE, stderr=ABORTED),
    "dnf": dnf4_answer(steps=DNF4_STEPS),
    "zypper": ok(ZYPPER_SOLVED),
}
TOOLS = tuple(SOLVED)
SPECS = {
    "dnf5": (
        "python3-aa-1.1-1.noarch",
        "python3-bb-1.0-1.noarch",
        "python3-epoch-1:1.0-1.noarch",
        "python3-pip-23.0-1.noarch",
    ),
    "zypper": (
        "python3-aa.noarch=1.1-1",
        "python3-bb.noarch=1.0-1",
        "python3-epoch.noarch=1:1.0-1",
        "python3-pip.noarch=23.0-1",
    ),
}
SPECS["dnf"] = SPECS["dnf5"]
AFTER = {"python3-aa": "1.1-1", "python3-bb": "1.0-1", "python3-epoch": "1:1.0-1", "python3-pip": "23.0-1"}


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_the_plan_is_one_command_with_exact_evrs_pips_included(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE))
    transaction = manager_of(tool, machine).plan(WANTED)
    (command,) = transaction.commands
    assert command.argv[0] == tool
    assert command.argv[-4:] == SPECS[tool]
    assert command.privileged
    assert transaction.added == ("python3-bb", "python3-epoch", "python3-pip", "python3.14-dotted+x")
    assert transaction.changed == ("python3-aa",)
    assert transaction.changes[:2] == (
        PackageChange(name="python3-aa", before="1.0-1", after="1.1-1"),
        PackageChange(name="python3-bb", before=None, after="1.0-1"),
    )


@pytest.mark.parametrize(("tool", "option"), [
    ("dnf5", "-y"), ("dnf5", "--setopt=install_weak_deps=False"), ("dnf5", "--setopt=*.gpgcheck=1"),
    ("dnf", "-y"), ("dnf", "--setopt=install_weak_deps=False"), ("dnf", "--setopt=*.gpgcheck=1"),
    ("zypper", "--non-interactive"), ("zypper", "--no-recommends"), ("zypper", "--no-force-resolution"),
    ("zypper", "--no-allow-downgrade"), ("zypper", "--name"), ("zypper", "in-advance"),
])  # fmt: skip
def test_X1_nobody_is_asked_and_nothing_comes_unasked_or_unsigned(tool: str, option: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE))
    (command,) = manager_of(tool, machine).plan(WANTED).commands
    assert option in command.argv
    assert not {"--nogpgcheck", "--no-gpg-checks", "--allowerasing", "--oldpackage"} & set(command.argv)


def mirror_of(folder: Path, packages: list[list[str]]) -> RpmMirrorRoot:
    """Make a mirror that has these: name, EVR, architecture."""
    part = folder_of(folder / "mirror", HOST.release, HOST.architecture)
    part.mkdir(parents=True)
    (part / "a.rpm").touch()
    write_manifest(part, repositories=["base"], packages=[[*one, "a.rpm"] for one in packages])
    return RpmMirrorRoot(folder / "mirror", folder / "ours", release=HOST.release, architecture=HOST.architecture)


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_a_mirror_is_all_that_the_tool_sees(tool: str, tmp_path: Path) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), result=AFTER)
    mirror = mirror_of(tmp_path, [step[1:4] for step in DNF4_STEPS])
    manager = manager_of(tool, machine, mirror)
    manager.perform(manager.plan(WANTED))
    asked = [command for command in machine.commands if command.argv[0] != "rpm"]
    assert len(asked) > 1
    for command in asked:
        said = " ".join(command.argv) + (command.stdin or "")
        assert str(mirror.repositories) in said
        assert str(mirror.cache) in said


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_what_a_mirror_does_not_have_ends_the_plan(tool: str, tmp_path: Path) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE))
    mirror = mirror_of(tmp_path, [step[1:4] for step in DNF4_STEPS[:-1]])
    with pytest.raises(UnavailableError, match=r"the mirror does not have python3\.14-dotted\+x-1\.0-1\.noarch"):
        manager_of(tool, machine, mirror).plan(WANTED)
    assert not machine.acting


@pytest.mark.parametrize("tool", TOOLS)
def test_X4_nothing_is_run_where_everything_is_there(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(AFTER))
    assert manager_of(tool, machine).plan(WANTED) == Transaction()
    assert [command.argv[0] for command in machine.commands] == ["rpm"]


@pytest.mark.parametrize("tool", ["dnf5", "dnf"])
def test_X3_planning_needs_no_root(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE))
    manager_of(tool, machine).plan(WANTED)
    assert not any(command.privileged for command in machine.commands)


def test_X3_zypper_solves_for_root_alone_and_changes_nothing() -> None:
    machine = Machine(simulated=[SOLVED["zypper"]], installed=dict(BEFORE))
    manager_of("zypper", machine).plan(WANTED)
    (simulation,) = (command for command in machine.commands if command.privileged)
    assert "--dry-run" in simulation.argv


class WithoutRights(Machine):
    """A Runner whose user may do nothing."""

    def run(self, command: Command) -> Completed:
        if command.privileged:
            raise RightsError("root is needed", hint=f"let an administrator run: {command.shell_line()}")
        return Machine.run(self, command)


def test_X3_an_administrator_is_told_to_install_not_to_simulate() -> None:
    machine = WithoutRights(simulated=[SOLVED["zypper"]], installed=dict(BEFORE))
    with pytest.raises(CommandError, match="root is needed") as caught:
        manager_of("zypper", machine).plan(WANTED)
    assert caught.value.hint is not None
    assert "zypper --non-interactive --no-refresh install --name" in caught.value.hint
    assert "--dry-run" not in caught.value.hint


@pytest.mark.parametrize("tool", TOOLS)
def test_a_transaction_runs_its_command_and_asks_rpm_for_the_result(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), result=AFTER)
    manager = manager_of(tool, machine)
    transaction = manager.plan(WANTED)
    manager.perform(transaction)
    assert tuple(machine.acting) == transaction.commands
    assert machine.commands[-1].argv[0] == "rpm"


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_success_that_rpm_does_not_confirm_is_none(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), result={"python3-bb": "1.0-1"})
    manager = manager_of(tool, machine)
    with pytest.raises(CommandError, match=r"rpm does not have python3-aa 1\.1-1, python3-epoch 1:1\.0-1"):
        manager.perform(manager.plan(WANTED))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_failed_transaction_is_told_in_our_words(tool: str) -> None:
    full = "  installing package big-1.0-1.noarch needs 5MB more space on the /usr filesystem\n"
    failed = Completed(returncode=8, stdout=full, stderr="")
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), result=AFTER, done=failed)
    manager = manager_of(tool, machine)
    with pytest.raises(CommandError, match="the disk is full") as caught:
        manager.perform(manager.plan(WANTED))
    assert caught.value.context == f"{tool} install"


@pytest.mark.parametrize(("tool", "code"), [("dnf", 0), ("zypper", 0), ("zypper", 107)])
def test_a_failing_post_script_is_told_although_the_tool_is_content(tool: str, code: int) -> None:
    done = Completed(
        returncode=code, stdout="", stderr="warning: %post(x-1-1.noarch) scriptlet failed, exit status 3\n"
    )
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), result=AFTER, done=done)
    manager = manager_of(tool, machine)
    with pytest.raises(CommandError, match=r"x-1-1\.noarch is installed, but its %post script failed"):
        manager.perform(manager.plan(WANTED))


def test_zypper_is_done_where_it_had_to_skip_a_repository() -> None:
    done = Completed(returncode=106, stdout="Warning: Skipping repository 'r' because of the above error.\n", stderr="")
    machine = Machine(simulated=[SOLVED["zypper"]], installed=dict(BEFORE), result=AFTER, done=done)
    manager = manager_of("zypper", machine)
    manager.perform(manager.plan(WANTED))


DOWN = {
    "dnf5": """\
Package                 Arch   Version Repository      Size
Downgrading:
 python3-aa             noarch 0:1.0-1 base        15.0   B
   replacing python3-aa noarch 0:1.1-1 base        15.0   B
Installing:
 down                   noarch 0:1.0-1 base         9.0   B

Transaction Summary:
 Installing:         1 package
 Replacing:          1 package
 Downgrading:        1 package

Operation aborted by the user.
""",
    "dnf": json.dumps(
        {
            "skipped": {},
            "steps": [
                ["downgrade", "python3-aa", "1.0-1", "noarch", "base"],
                ["install", "down", "1.0-1", "noarch", "base"],
            ],
        }
    ),
    "zypper": xml(
        '<install-summary download-size="0" space-usage-installed="0">\n<to-downgrade>\n'
        '<solvable type="package" name="python3-aa" edition="1.0-1" arch="noarch" repository="base"/>\n'
        "</to-downgrade>\n</install-summary>\n"
    ),
}
GONE = {
    "dnf5": """\
Package                 Arch   Version Repository      Size
Installing:
 obso                   noarch 0:1.0-1 base         9.0   B
   replacing python3-aa noarch 0:1.1-1 base        15.0   B

Transaction Summary:
 Installing:         1 package
 Replacing:          1 package

Operation aborted by the user.
""",
    "dnf": json.dumps(
        {
            "skipped": {},
            "steps": [
                ["install", "obso", "1.0-1", "noarch", "base"],
                ["remove", "python3-aa", "1.1-1", "noarch", "@System"],
            ],
        }
    ),
    "zypper": xml(
        '<install-summary download-size="6101" space-usage-installed="9">\n<to-install>\n'
        '<solvable type="package" name="obso" edition="1.0-1" arch="noarch" repository="base"/>\n'
        "</to-install>\n<to-remove>\n"
        '<solvable type="package" name="python3-aa" edition="1.0-1" arch="noarch" repository="@System"/>\n'
        "</to-remove>\n</install-summary>\n"
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_nothing_that_is_there_goes_back(tool: str) -> None:
    machine = Machine(simulated=[ok(DOWN[tool])], installed={"python3-aa": "1.1-1"})
    with pytest.raises(CommandError, match=r"nothing is ever downgraded: python3-aa to 1\.0-1") as caught:
        manager_of(tool, machine).plan(lock(package("down", "1.0-1")))
    assert caught.value.hint
    assert not machine.acting


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_nothing_that_is_there_goes_away(tool: str) -> None:
    machine = Machine(simulated=[ok(GONE[tool])], installed={"python3-aa": "1.1-1"})
    with pytest.raises(CommandError, match="nothing is ever removed: python3-aa"):
        manager_of(tool, machine).plan(lock(package("obso", "1.0-1")))


def test_X1_zypper_that_passes_over_an_older_build_does_not_pass() -> None:
    said = xml(
        "<message type=\"info\">The selected package 'python3-aa-1.0-1.noarch' from repository 'Main' has lower version"
        " than the installed one.</message>\n"
        '<install-summary download-size="0" space-usage-installed="0">\n</install-summary>\n'
    )
    machine = Machine(simulated=[ok(said)], installed={"python3-aa": "1.1-1"})
    with pytest.raises(CommandError, match=r"nothing is ever downgraded: python3-aa-1\.0-1\.noarch"):
        manager_of("zypper", machine).plan(lock(package("python3-aa", "1.0-1")))


UNSOLVED: dict[str, tuple[Completed, type[DistrofirstError], str]] = {
    "dnf5": (
        Completed(returncode=1, stdout="", stderr="No match for argument: python3-bb-1.0-1.noarch\n"),
        CommandError,
        r"no repository of this host has the OS package python3-bb-1\.0-1\.noarch",
    ),
    "dnf": (
        dnf4_answer(failure="not-found", message="No match for argument: python3-bb-1.0-1.noarch"),
        CommandError,
        r"no repository of this host has the OS package python3-bb-1\.0-1\.noarch",
    ),
    "zypper": (
        ok(xml("<message type=\"error\">Package 'python3-bb.noarch=1.0-1' not found.</message>\n"), 104),
        CommandError,
        r"no repository of this host has the OS package python3-bb\.noarch=1\.0-1",
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_X1_what_cannot_be_done_is_refused_before_anything_is_done(tool: str) -> None:
    answer, kind, message = UNSOLVED[tool]
    machine = Machine(simulated=[answer])
    with pytest.raises(kind, match=message):
        manager_of(tool, machine).plan(lock(BB))
    assert not machine.acting


@pytest.mark.parametrize("tool", TOOLS)
def test_a_plan_without_the_build_that_was_asked_for_is_refused(tool: str) -> None:
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE))
    with pytest.raises(CommandError, match=r"would not install python3-cc 1\.0-1, and does not say why"):
        manager_of(tool, machine).plan(lock(package("python3-cc", "1.0-1")))


@pytest.mark.parametrize("tool", TOOLS)
def test_X3_what_is_missing_is_told_without_asking_the_tool(tool: str) -> None:
    machine = Machine(simulated=[], installed=dict(BEFORE))
    told = manager_of(tool, machine).plan(lock(AA, BB, wheels=(WHEEL,)), simulate=False)
    assert (told.added, told.changed) == (("python3-bb", "python3-pip"), ("python3-aa",))
    (command,) = told.commands
    assert command.privileged
    assert set(SPECS[tool][:2]) <= set(command.argv)
    assert {one.argv[0] for one in machine.commands} == {"rpm"}
    assert manager_of(tool, machine).plan(lock(), simulate=False) == Transaction()


@pytest.mark.parametrize("tool", TOOLS)
def test_X4_what_another_transaction_has_installed_in_the_meantime_counts_as_there(tool: str) -> None:
    cc = package("python3-cc", "1.0-1")
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), meanwhile={"python3-cc": "1.0-1"})
    assert manager_of(tool, machine).plan(lock(cc)) == Transaction()
    machine = Machine(simulated=[SOLVED[tool]], installed=dict(BEFORE), meanwhile={"python3-cc": "1.0-1"})
    assert [one.argv[-1] for one in manager_of(tool, machine).plan(lock(BB, cc)).commands] == [SPECS[tool][1]]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_remainder_needs_pip_and_only_a_remainder_does(tool: str) -> None:
    there = {name: evr for name, evr in AFTER.items() if name != "python3-pip"}
    machine = Machine(simulated=[SOLVED[tool]], installed=there)
    manager = manager_of(tool, machine)
    assert manager.plan(lock(AA, BB, EPOCH)) == Transaction()
    assert [command.argv[-1] for command in manager.plan(WANTED).commands] == [SPECS[tool][-1]]
    locked = lock(package("python3-pip", "23.0-1"), wheels=(WHEEL,))
    assert [command.argv[-1] for command in manager.plan(locked).commands] == [SPECS[tool][-1]]


@pytest.mark.parametrize("tool", TOOLS)
def test_X2_usr_local_is_none_of_the_distributions_folders(tool: str) -> None:
    manager = manager_of(tool, Machine(simulated=[]))
    assert manager.site_directories == ("/usr/lib64/python3.14/site-packages", "/usr/lib/python3.14/site-packages")
    assert manager.interpreter == "/usr/bin/python3.14"


def test_another_pythons_pip_has_another_name() -> None:
    answer = dnf4_answer(steps=[["install", "python3.11-pip", "22.3.1-4.el9", "noarch", "appstream"]])
    machine = Machine(simulated=[answer])
    (command,) = Dnf4(machine, HOST, pip_package="python3.11-pip").plan(lock(wheels=(WHEEL,))).commands
    assert command.argv[-1] == "python3.11-pip-22.3.1-4.el9.noarch"


def test_X3_dnf5_without_its_lock_file_still_answers_a_user() -> None:
    refusal = Completed(
        returncode=1,
        stdout="",
        stderr='Failed to open lock file "/var/lib/dnf/system-repo.lock": (13) - Permission denied\n',
    )
    machine = Machine(simulated=[refusal, SOLVED["dnf5"]], installed=dict(BEFORE))
    manager_of("dnf5", machine).plan(WANTED)
    assert ["--skip-file-locks" in command.argv for command in machine.commands[1:]] == [False, True]


def test_dnf5_leaves_no_repository_out_for_an_unconfirmed_key() -> None:
    unknown = replace(
        SOLVED["dnf5"], stdout=">>> repomd.xml GPG signature verification error: Signing key not found\n" + DNF5_TABLE
    )
    machine = Machine(simulated=[unknown, SOLVED["dnf5"]], installed=dict(BEFORE))
    manager_of("dnf5", machine).plan(WANTED)
    assert [command.argv[1] for command in machine.commands[1:]] == ["install", "-y", "install"]
    assert not any(command.privileged for command in machine.commands)


def test_the_table_of_dnf5_is_read_whatever_the_length_of_its_words() -> None:
    name, version = "python3-" + "very-long-name-" * 8 + "x", "0:" + "1.2." * 20 + "0-1.20261122git"
    table = f"""\
Package{" " * 200}Arch   Version{" " * 100}Repository    Size
Installing:
 {name} noarch {version} a-very-long-repository-id-that-goes-on-and-on 164.0   B

Transaction Summary:
 Installing:         1 package
"""
    (step,) = read_table(table)
    assert (step.change, step.name, step.evr) == (Change.INSTALL, name, version[2:])
    assert step.repository == "a-very-long-repository-id-that-goes-on-and-on"


@pytest.mark.parametrize(
    "table",
    [
        DNF5_TABLE.replace("Installing dependencies:", "Teleporting:"),
        DNF5_TABLE.replace(" Installing:         4 packages", " Installing:         5 packages"),
        DNF5_TABLE.replace(" python3-bb             noarch", " python3-bb"),
        DNF5_TABLE.replace("Installing:\n python3-bb", "Changing reason:\n python3-bb"),
    ],
)
def test_a_table_that_is_not_understood_ends_the_plan(table: str) -> None:
    with pytest.raises(CommandError, match="does not understand"):
        read_table(table)


def test_a_removal_in_dnf5s_table_is_seen() -> None:
    table = """\
Package    Arch   Version Repository      Size
Installing:
 confl     noarch 0:1.0-1 base         9.0   B
Removing dependent packages:
 python3-aa noarch 0:1.1-1 base        15.0   B

Transaction Summary:
 Installing:         1 package
 Removing:           1 package
"""
    assert [step.change for step in read_table(table)] == [Change.INSTALL, Change.REMOVE]


def test_T1_zypper_takes_nothing_from_a_repository_without_signature_checks() -> None:
    solved = ok(ZYPPER_SOLVED.replace('edition="1:1.0-1" arch="noarch" repository="base"',
                                      'edition="1:1.0-1" arch="noarch" repository="open"'))  # fmt: skip
    machine = Machine(simulated=[solved], installed=dict(BEFORE))
    with pytest.raises(PolicyError, match="no signature vouches for python3-epoch: the repository open has gpgcheck=0"):
        manager_of("zypper", machine).plan(WANTED)


def test_a_disk_too_small_is_seen_before_zypper_fills_it() -> None:
    machine = Machine(simulated=[SOLVED["zypper"]], installed=dict(BEFORE))
    manager = Zypper(machine, HOST, free_space=lambda path: (len(path), 12_000))
    with pytest.raises(CommandError, match="are free for /var/cache/zypp"):
        manager.plan(WANTED)


def test_an_answer_that_is_no_xml_is_an_error() -> None:
    with pytest.raises(CommandError, match="it said nothing"):
        manager_of("zypper", Machine(simulated=[Completed(returncode=-9, stdout="", stderr="")])).plan(WANTED)


def test_without_dnfs_python_interface_the_next_step_names_the_os_package() -> None:
    failed = Completed(returncode=1, stdout="", stderr="ModuleNotFoundError: No module named 'dnf'\n")
    with pytest.raises(UnavailableError) as caught:
        manager_of("dnf", Machine(simulated=[failed])).plan(WANTED)
    assert "python3-dnf" in str(caught.value.hint)


def test_a_skipped_repository_explains_what_was_not_found() -> None:
    answer = dnf4_answer(
        failure="not-found", message="No match for argument: python3-bb-1.0-1.noarch",
    )  # fmt: skip
    skipped = {"r": "Failed to download metadata for repo 'r': repomd.xml GPG signature verification error: Bad GPG"}
    answer = replace(answer, stdout=json.dumps(json.loads(answer.stdout) | {"skipped": skipped}))
    with pytest.raises(PolicyError, match="the signature of the repository r cannot be verified"):
        manager_of("dnf", Machine(simulated=[answer])).plan(lock(BB))
