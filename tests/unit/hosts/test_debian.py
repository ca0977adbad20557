"""The apt side of rule X1: one transaction with exact versions, simulated before anything is done."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import CommandError, InputError
from resolver.hosts.debian import Apt, installed_versions
from resolver.hosts.transaction import check_target
from resolver.model import (
    Command,
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
from tests.fakes import FakeRunner

HOST = Target(
    release=Release(distribution="debian", version="12", codename="bookworm"), architecture="amd64", python="3.11"
)
OK = Completed(returncode=0, stdout="", stderr="")


def package(name: str, version: str, architecture: str = "all") -> OsPackage:
    return OsPackage(name=name, version=version, architecture=architecture, repository="Debian bookworm/main")


def lock(*packages: OsPackage, wheels: tuple[Wheel, ...] = ()) -> Lock:
    return Lock(
        target=HOST,
        metadata=MetadataSource(source="apt", date="2026-11-15T00:00:00Z"),
        pins=PinsPolicy.EXACT,
        os_packages=packages,
        wheels=wheels,
        projects=(),
    )


def wheel() -> Wheel:
    return Wheel(
        project=canonicalize_name("demo"),
        version=Version("1.0"),
        filename="demo-1.0-py3-none-any.whl",
        url="https://files.example/demo-1.0-py3-none-any.whl",
        sha256="0" * 64,
        size=None,
        requires_python=None,
        upload_time=None,
    )


FLASK = package("python3-flask", "2.2.2-3")
CLICK = package("python3-click", "8.1.3-2")


def asked(what: Lock, installed: dict[str, str]) -> tuple[Command, ...]:
    """Give the commands of a plan that nothing has simulated."""
    rows = (
        f"{name}\t{architecture or 'all'}\tinstalled\t{version}\n"
        for (name, _, architecture), version in ((name.partition(":"), version) for name, version in installed.items())
    )
    return Apt(FakeRunner(dpkg("".join(rows))), HOST).plan(what, simulate=False).commands


def test_X1_one_command_asks_for_the_exact_version_of_what_is_not_there() -> None:
    (command,) = asked(lock(CLICK, FLASK), {"python3-click": "8.1.3-2", "python3-flask": "2.2.2-2"})
    assert command.argv[:2] == ("apt-get", "install")
    assert [word for word in command.argv if "python3" in word] == ["python3-flask=2.2.2-3"]
    assert command.privileged
    assert command.environment == {"DEBIAN_FRONTEND": "noninteractive"}


def test_X4_nothing_is_run_where_everything_is_there() -> None:
    assert asked(lock(CLICK, FLASK), {"python3-click": "8.1.3-2", "python3-flask": "2.2.2-3"}) == ()


@pytest.mark.parametrize(
    "option",
    [
        "-y",
        "--no-install-recommends",
        "--no-remove",
        "APT::Get::allow-downgrades=false",
        "APT::Get::allow-change-held-packages=false",
        "Dpkg::Options::=--force-confold",
    ],
)
def test_X1_nobody_is_asked_and_nothing_that_is_there_goes_or_goes_back(option: str) -> None:
    (command,) = asked(lock(FLASK), {})
    assert option in command.argv


def test_T1_unsigned_packages_are_refused_whatever_apt_is_configured_to() -> None:
    (command,) = asked(lock(FLASK), {})
    assert "APT::Get::AllowUnauthenticated=false" in command.argv
    assert "--allow-unauthenticated" not in command.argv


def test_a_package_of_another_architecture_is_named_with_it() -> None:
    foreign = package("python3-odd", "1.0-1", "i386")
    native = package("python3-even", "1.0-1", "amd64")
    (command,) = asked(lock(native, foreign), {})
    assert command.argv[-2:] == ("python3-even=1.0-1", "python3-odd:i386=1.0-1")
    assert asked(lock(foreign), {"python3-odd:i386": "1.0-1"}) == ()


def test_a_remainder_needs_pip_and_only_a_remainder_does() -> None:
    assert asked(lock(wheels=(wheel(),)), {})[0].argv[-1] == "python3-pip"
    assert asked(lock(wheels=(wheel(),)), {"python3-pip": "23.0.1+dfsg-1"}) == ()
    assert asked(lock(), {}) == ()


def test_a_locked_pip_is_taken_as_locked() -> None:
    (command,) = asked(lock(package("python3-pip", "23.0.1+dfsg-1"), wheels=(wheel(),)), {})
    assert command.argv[-1] == "python3-pip=23.0.1+dfsg-1"


def dpkg(output: str, returncode: int = 0) -> dict[tuple[str, ...], Completed]:
    return {("dpkg-query",): Completed(returncode=returncode, stdout=output, stderr="")}


def test_installed_versions_are_those_of_installed_packages() -> None:
    output = (
        "python3-click\tall\tinstalled\t8.1.3-2\n"
        "python3-flask\tall\tconfig-files\t2.2.2-3\n"
        "libdemo\tamd64\tinstalled\t1:1.0-1\n"
        "libdemo\ti386\tinstalled\t1:0.9-1\n"
    )
    runner = FakeRunner(dpkg(output, returncode=1))
    names = ["python3-click", "python3-flask", "libdemo", "unheard-of"]
    assert installed_versions(runner, names, "amd64") == {"python3-click": "8.1.3-2", "libdemo": "1:1.0-1"}
    assert runner.commands[0].argv[-4:] == ("libdemo", "python3-click", "python3-flask", "unheard-of")


def test_a_package_of_another_architecture_is_found_under_its_whole_name() -> None:
    runner = FakeRunner(dpkg("libdemo\ti386\tinstalled\t1.0-1\n"))
    assert installed_versions(runner, ["libdemo:i386"], "amd64") == {"libdemo:i386": "1.0-1"}


def test_nothing_is_asked_about_no_packages() -> None:
    assert installed_versions(FakeRunner({}), [], "amd64") == {}


def test_a_dpkg_that_fails_is_an_error_and_not_an_empty_system() -> None:
    with pytest.raises(CommandError):
        installed_versions(FakeRunner(dpkg("", returncode=2)), ["python3-click"], "amd64")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"release": Release(distribution="debian", version="13", codename="trixie")}, "release debian:12.* debian:13"),
        ({"architecture": "arm64"}, "architecture amd64.* arm64"),
        ({"python": "3.13"}, "Python 3.11.* 3.13"),
    ],
)
def test_a_lock_of_another_kind_of_host_is_refused(change: dict[str, str], words: str) -> None:
    host = replace(HOST, **change)  # type: ignore[arg-type]  # fields of several types
    with pytest.raises(InputError, match=words):
        check_target(lock(FLASK), host, shown="pylock.toml")


def test_all_that_differs_is_told_with_the_lock_that_would_fit() -> None:
    host = Target(release=Release(distribution="fedora", version="43"), architecture="aarch64", python="3.14")
    with pytest.raises(InputError) as raised:
        check_target(lock(FLASK), host, shown="fleet.toml")
    assert str(raised.value) == (
        "fleet.toml: the lock is for release debian:12 and architecture amd64 and Python 3.11, and this host has"
        " fedora:43 and aarch64 and 3.14"
    )
    assert raised.value.hint == (
        "make one for this kind of host: distrofirst lock --target fedora:43 --arch aarch64 --python 3.14"
    )
    check_target(lock(FLASK), HOST, shown="fleet.toml")


SIMULATED = """\
Inst libjs-jquery (3.6.1+dfsg+~3.5.14-1 Debian:12.15/oldstable [all])
Inst python3-click [8.1.2-1] (8.1.3-2 Debian:12.15/oldstable [all]) []
Inst python3-flask (2.2.2-3 Debian:12.15/oldstable [all])
Inst python3-pip (23.0.1+dfsg-1 Debian:12.15/oldstable [all])
Conf python3-flask (2.2.2-3 Debian:12.15/oldstable [all])
"""
SIZES = """\
Package: python3-flask
Installed-Size: 2000
Size: 1000000

Package: python3-pip
Installed-Size: 3000
Size: 500000
"""


def runner_of_a_host(simulated: Completed) -> FakeRunner:
    return FakeRunner(
        {
            ("dpkg-query",): Completed(returncode=0, stdout="python3-click\tall\tinstalled\t8.1.2-1\n", stderr=""),
            ("apt-get", "install"): simulated,
            ("apt-cache", "show"): Completed(returncode=0, stdout=SIZES, stderr=""),
        }
    )


def plenty(path: str) -> tuple[int, int]:
    del path
    return 1, 10**12


def test_X1_the_plan_tells_what_a_simulation_would_add_and_change() -> None:
    runner = runner_of_a_host(Completed(returncode=0, stdout=SIMULATED, stderr=""))
    transaction = Apt(runner, HOST, free_space=plenty).plan(lock(CLICK, FLASK, wheels=(wheel(),)))
    assert transaction.added == ("libjs-jquery", "python3-flask", "python3-pip")
    assert transaction.changed == ("python3-click",)
    assert transaction.changes[:2] == (
        PackageChange(name="libjs-jquery", before=None, after="3.6.1+dfsg+~3.5.14-1"),
        PackageChange(name="python3-click", before="8.1.2-1", after="8.1.3-2"),
    )
    (command,) = transaction.commands
    assert command.argv[-3:] == ("python3-click=8.1.3-2", "python3-flask=2.2.2-3", "python3-pip=23.0.1+dfsg-1")


def test_X4_a_pip_that_another_transaction_installed_in_the_meantime_counts_as_there() -> None:
    runner = runner_of_a_host(Completed(returncode=0, stdout="", stderr=""))
    assert Apt(runner, HOST, free_space=plenty).plan(lock(wheels=(wheel(),))) == Transaction()


def test_X3_what_is_missing_is_told_without_asking_apt() -> None:
    runner = runner_of_a_host(Completed(returncode=100, stdout="", stderr=""))
    told = Apt(runner, HOST, free_space=plenty).plan(lock(CLICK, FLASK, wheels=(wheel(),)), simulate=False)
    assert (told.added, told.changed) == (("python3-flask", "python3-pip"), ("python3-click",))
    assert told.commands[0].argv[-3:] == ("python3-click=8.1.3-2", "python3-flask=2.2.2-3", "python3-pip")
    assert {one.argv[0] for one in runner.commands} == {"dpkg-query"}


def test_X4_what_dpkg_was_killed_in_is_installed_again() -> None:
    """apt takes it for installed, and would only set it up, which dpkg refuses."""
    simulated = "Inst python3-flask [2.2.2-3] (2.2.2-3 Debian:12 [all])\nInst libx [1.0-1] (1.0-1 Debian:12 [amd64])\n"
    eflag = ("dpkg-query", "--show", "--showformat=${db:Status-Eflag} ${binary:Package} ${Version}\\n")
    runner = FakeRunner(
        {
            ("dpkg-query",): Completed(returncode=0, stdout="python3-flask\tall\thalf-installed\t2.2.2-3\n", stderr=""),
            eflag: Completed(
                returncode=0,
                stdout="ok python3 3.11.2-1\nreinstreq python3-flask 2.2.2-3\nreinstreq libx 1.0-1\n",
                stderr="",
            ),
            ("apt-get", "install"): Completed(returncode=0, stdout=simulated, stderr=""),
            ("apt-cache", "show"): Completed(returncode=0, stdout=SIZES, stderr=""),
        }
    )
    transaction = Apt(runner, HOST, free_space=plenty).plan(lock(FLASK))
    assert transaction.commands[0].argv[-3:] == ("--reinstall", "python3-flask=2.2.2-3", "libx=1.0-1")
    assert transaction.added == ("libx", "python3-flask")


def test_X3_planning_needs_no_root() -> None:
    runner = runner_of_a_host(Completed(returncode=0, stdout=SIMULATED, stderr=""))
    Apt(runner, HOST, free_space=plenty).plan(lock(CLICK, FLASK))
    assert not any(command.privileged for command in runner.commands)
    assert all("--simulate" in command.argv for command in runner.commands if command.argv[0] == "apt-get")


def test_X1_what_cannot_be_done_is_refused_before_anything_is_done() -> None:
    refusal = Completed(returncode=100, stdout="", stderr="E: Version '2.2.2-3' for 'python3-flask' was not found\n")
    with pytest.raises(CommandError, match=r"no longer has python3-flask 2\.2\.2-3") as caught:
        Apt(runner_of_a_host(refusal), HOST, free_space=plenty).plan(lock(FLASK))
    assert "apt-get update" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        # One file system: 1.5 MB of downloads and 5,000 KiB unpacked.
        ({"/usr": (1, 6_620_000), "/var/cache/apt/archives": (1, 6_620_000)}, None),
        ({"/usr": (1, 6_610_000), "/var/cache/apt/archives": (1, 6_610_000)}, "7 MB, and 7 MB are free"),
        ({"/usr": (1, 5_120_000), "/var/cache/apt/archives": (2, 1_500_000)}, None),
        ({"/usr": (1, 5_119_999), "/var/cache/apt/archives": (2, 10**9)}, "for /usr"),
        ({"/usr": (1, 10**9), "/var/cache/apt/archives": (2, 1_499_999)}, "for /var/cache/apt/archives"),
    ],
)
def test_a_disk_too_small_is_seen_before_dpkg_fills_it(space: dict[str, tuple[int, int]], expected: str | None) -> None:
    apt = Apt(
        runner_of_a_host(Completed(returncode=0, stdout=SIMULATED, stderr="")), HOST, free_space=space.__getitem__
    )
    if expected is None:
        assert apt.plan(lock(FLASK)).added
    else:
        with pytest.raises(CommandError, match=expected):
            apt.plan(lock(FLASK))


def test_a_failed_transaction_is_told_in_our_words() -> None:
    plan = runner_of_a_host(Completed(returncode=0, stdout=SIMULATED, stderr=""))
    transaction = Apt(plan, HOST, free_space=plenty).plan(lock(FLASK))
    locked = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 62 (unattended-upgr)\n"
    failing = runner_of_a_host(Completed(returncode=100, stdout="", stderr=locked))
    with pytest.raises(CommandError, match=r"process 62 \(unattended-upgr\)"):
        Apt(failing, HOST).perform(transaction)


def test_a_transaction_runs_its_command_and_no_other() -> None:
    runner = runner_of_a_host(Completed(returncode=0, stdout=SIMULATED, stderr=""))
    apt = Apt(runner, HOST, free_space=plenty)
    transaction = apt.plan(lock(FLASK))
    planned = len(runner.commands)
    apt.perform(transaction)
    assert tuple(runner.commands[planned:]) == transaction.commands


def test_X2_usr_local_is_none_of_the_distributions_folders() -> None:
    assert Apt(FakeRunner({}), HOST).site_directories == (
        "/usr/lib/python3/dist-packages",
        "/usr/lib/python3.11/dist-packages",
    )
