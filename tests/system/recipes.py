"""What test hosts are made of: Debian's releases from their archive, and stand-ins for the RPM families.

No mirror of Fedora, CentOS or openSUSE is needed. A stand-in is a Debian userland that has the family's real package
manager (dnf5 and rpm 6 from sid, zypper from Debian 13, dnf 4 from Debian 12), calls itself by the family's name, and
has one signed repository of packages that were built from real wheels (``rpm_build.py``). Debian's own tools and
databases are moved to /opt/debian, out of every PATH. Four recipes make one, so that a change rebuilds little:

- ``fedora:43+userland``: the bootstrapped Debian, which also tells its interpreter's version;
- ``rpms``: where packages are built, with the keys that sign them;
- ``rpms:fedora``: the same with the family's repository in /srv/repo;
- ``fedora:43``: the userland made a stand-in, with that repository.

What stays Debian's: the interpreter, the libraries, and the Python modules of the package manager itself, which lie in
/usr/lib/python3/dist-packages; also sudo, which is nowhere on PATH until the OS package sudo is installed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.system import machine, rpm_build

CHECKOUT = Path(__file__).resolve().parents[2]
IN_HOST = "/src/distrofirst"

ETC_HOSTS = "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 testhost\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a root file system is made."""

    name: str
    suite: str | None = None
    """Bootstrap this suite: essential packages and apt."""
    include: tuple[str, ...] = ()
    """OS packages to bootstrap with."""
    base: str | None = None
    """Instead of a suite: start from that recipe's result."""
    parts: tuple[tuple[str, str], ...] = ()
    """Files and folders to copy from other recipes' results, to the same place: recipe, path."""
    script: str = ""
    """Run by sh as root inside, with the network."""
    inputs: tuple[Path, ...] = ()
    """Files whose content the result depends on."""

    def digest(self) -> str:
        """Give what names the cached result: the recipe, the files it reads, the machine's archive and authorities."""
        parts = [self.name, self.suite or "", *self.include, self.script, ETC_HOSTS, *machine.local_authorities()]
        parts += [machine.render(machine.sources(self.suite)), *machine.apt_proxies()] if self.suite else []
        parts += [RECIPES[self.base].digest()] if self.base else []
        for recipe, path in self.parts:
            parts += [RECIPES[recipe].digest(), path]
        state = hashlib.sha256("\0".join(parts).encode())
        for path_read in self.inputs:
            state.update(path_read.read_bytes())
        return state.hexdigest()[:12]


def _ready(base: str) -> Recipe:
    """Add what distrofirst runs from, so that a test does not wait for the package manager."""
    script = f"sh {IN_HOST}/vagrant/provision.sh"
    if base.startswith("debian"):
        # As on a system in use: without apt's cache each host's first question to apt takes seconds.
        script += "; apt-get clean; apt-cache gencaches"
    return Recipe(name=f"{base}+ready", base=base, script=script, inputs=(CHECKOUT / "vagrant" / "provision.sh",))


_BUILD = CHECKOUT / "tests" / "system" / "rpm_build.py"
_KEY = rpm_build.PUBLIC_KEYS[rpm_build.KEY]
_KEYS = "\n".join(
    f"gpg --batch --quiet --passphrase '' --quick-generate-key '{key}' rsa2048 sign never\n"
    f"gpg --batch --armor --export '{key}' > {path}"
    for key, path in rpm_build.PUBLIC_KEYS.items()
)
_TELL_PYTHON = "python3 -c 'import platform; print(platform.python_version())' > /srv/python"
_STAND_IN = rf"""
# Nobody shall find an apt or a dpkg here, nor what they know.
for path in /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg* /usr/bin/sudo /etc/apt /etc/dpkg /etc/debian_version \
    /usr/lib/apt /usr/lib/dpkg /var/lib/apt /var/lib/dpkg /var/cache/apt; do
    if [ -e "$path" ]; then
        mkdir -p "/opt/debian${{path%/*}}"
        mv "$path" "/opt/debian$path"
    fi
done
rm -f /etc/os-release
printf '%s\n' "$os_release" > /usr/lib/os-release
ln -s ../usr/lib/os-release /etc/os-release

# Where the family's packages put modules, for the interpreter that is Debian's.
version=$(cut -d. -f1,2 /srv/python)
for folder in /usr/lib64/python$version/site-packages /usr/lib/python$version/site-packages; do
    mkdir -p "$folder"
    printf '%s\n' "$folder"
done > /usr/lib/python3/dist-packages/stand-in.pth

# Debian's rpm would keep its database elsewhere, and that of Debian 12 in root's home.
mkdir -p /etc/rpm /etc/pki/rpm-gpg "$database"
printf '%%_dbpath %s\n' "$database" > /etc/rpm/macros
if [ "$database" != /var/lib/rpm ]; then
    rm -rf /var/lib/rpm
    ln -s "$(realpath -m --relative-to=/var/lib "$database")" /var/lib/rpm
fi
mv {_KEY} /etc/pki/rpm-gpg/
"""
_REPOSITORY = f"""
baseurl=file://{rpm_build.REPOSITORY}
enabled=1
gpgcheck=1
repo_gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/{Path(_KEY).name}
"""
_DNF = """
# The plugin makes dnf5 fail after it has installed everything.
rm -f /etc/dnf/libdnf5-plugins/local.conf
mkdir -p /etc/yum.repos.d /etc/dnf/vars
printf '%s\\n' "$dnf_conf" > /etc/dnf/dnf.conf
printf '%s\\n' "$releasever" > /etc/dnf/vars/releasever
printf '%s\\n' "$repository" > "/etc/yum.repos.d/$id.repo"
"""


def _stand_in(
    release: str,
    *,
    suite: str,
    include: tuple[str, ...],
    os_release: str,
    repository: str,
    settings: str,
    releasever: str = "",
    dnf_conf: str = "",
    database: str = "/usr/lib/sysimage/rpm",
    script: str,
) -> tuple[Recipe, ...]:
    """Give the recipes of one stand-in. ``repository`` is its one repository's id, ``settings`` stand below the usual.

    The interpreter is the table's, for the suite's own default may go on to the next one.
    """
    family = release.partition(":")[0]
    python = f"python{rpm_build.table_of(family)['python']}"
    include = (*include, "python3", "python3-rpm", python, f"{python}-venv", "ca-certificates", "sudo", "zstd")
    builder, userland = f"rpms:{family}", f"{release}+userland"
    variables = {
        "os_release": os_release.strip(),
        "id": repository,
        "repository": f"[{repository}]\nname={repository}{_REPOSITORY}{settings}",
        "releasever": releasever,
        "dnf_conf": f"[main]\n{dnf_conf.strip()}".strip(),
        "database": database,
    }
    said = "\n".join(f"{name}='{value}'" for name, value in variables.items())
    return (
        Recipe(name=userland, suite=suite, include=include, script=f"ln -sf {python} /usr/bin/python3\n{_TELL_PYTHON}"),
        Recipe(
            name=builder,
            base="rpms",
            parts=((userland, "/srv/python"),),
            script=f"python3 {IN_HOST}/tests/system/rpm_build.py repository {family} $(cat /srv/python)",
            inputs=(_BUILD, rpm_build.TABLE),
        ),
        Recipe(
            name=release,
            base=userland,
            parts=((builder, rpm_build.REPOSITORY), (builder, _KEY)),
            script=f"{said}\n{_STAND_IN}\n{script.strip()}",
        ),
    )


_RPM = (
    Recipe(
        name="rpms",
        suite="trixie",
        include=("rpm", "createrepo-c", "gpg", "gpg-agent", "python3-packaging", "python3-pip", "ca-certificates"),
        script=_KEYS,
    ),
    *_stand_in(
        "fedora:43",
        suite="sid",
        include=("dnf5", "rpm", "python3-libdnf5"),
        os_release="""
NAME="Fedora Linux"
VERSION="43 (Container Image)"
ID=fedora
VERSION_ID=43
PLATFORM_ID="platform:f43"
PRETTY_NAME="Fedora Linux 43 (Container Image)"
VARIANT_ID=container
""",
        repository="fedora",
        # As fedora-repos has it.
        settings="skip_if_unavailable=False",
        releasever="43",
        # dnf is dnf5 there.
        script=f"""{_DNF}
ln -sf dnf5 /usr/bin/dnf
dnf5 -y install fedora-release bash python3 ca-certificates
dnf5 clean all""",
    ),
    *_stand_in(
        "centos:9",
        suite="bookworm",
        include=("dnf", "rpm", "python3-dnf"),
        os_release="""
NAME="CentOS Stream"
VERSION="9"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="9"
PLATFORM_ID="platform:el9"
PRETTY_NAME="CentOS Stream 9"
""",
        repository="appstream",
        settings="countme=1",
        dnf_conf="""
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
""",
        releasever="9",
        database="/var/lib/rpm",
        script=f"""{_DNF}
dnf -y install centos-stream-release bash python3.11 ca-certificates
dnf clean all""",
    ),
    *_stand_in(
        "opensuse:tumbleweed",
        suite="trixie",
        include=("zypper", "rpm"),
        os_release="""
NAME="openSUSE Tumbleweed"
ID="opensuse-tumbleweed"
ID_LIKE="opensuse suse"
VERSION_ID="20260915"
PRETTY_NAME="openSUSE Tumbleweed"
""",
        repository="repo-oss",
        settings="autorefresh=1\ntype=rpm-md",
        script="""
mkdir -p /etc/zypp/repos.d
printf '%s\\n' "$repository" > "/etc/zypp/repos.d/$id.repo"
zypper -n --gpg-auto-import-keys refresh
zypper -n install openSUSE-release bash python313 ca-certificates
""",
    ),
)
_STAND_INS = ("fedora:43", "centos:9", "opensuse:tumbleweed")
_BARE = (Recipe(name="debian:12", suite="bookworm"), Recipe(name="debian:13", suite="trixie"))
RECIPES = {
    recipe.name: recipe
    for recipe in (
        *_BARE,
        *_RPM,
        *map(_ready, ("debian:12", "debian:13", "fedora:43", "centos:9", "opensuse:tumbleweed")),
    )
}
