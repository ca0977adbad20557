"""Builds OS packages (.rpm) and their signed repository; runs inside the host that ``rpms:FAMILY`` stands for.

A wheel from the configured index, unpacked where the family keeps Python modules, is what a distribution's package is
of: rpm's own ``pythondistdeps.py`` then generates the Provides and Requires that it generates on Fedora. The spelling
of names, hand-written Requires, flavours and extras are the family's: ``rpms.toml`` has them. Interpreter, shell and
release are *virtual*: they own no file, for the stand-in has real ones that an RPM must not replace.

As a program (the tests start it by ``rpms.py``, but for the first):

- ``repository FAMILY VERSION`` builds a family's repository in /srv/repo, for an interpreter of that version;
- ``package FOLDER KEY`` builds one package, whose fields are on standard input as JSON, and prints its path;
- ``index FOLDER KEY`` writes the metadata of the repository that a folder of packages is.

KEY is empty where nothing is to be signed.
"""

from __future__ import annotations

import configparser
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.parser import HeaderParser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

REPOSITORY = "/srv/repo"
"""Where the repository lies, in the builder as in the stand-in."""
KEY = "distrofirst tests <tests@tests.example>"
STRANGER = "a stranger <stranger@tests.example>"
"""A key that no stand-in trusts."""
PUBLIC_KEYS = {KEY: "/srv/RPM-GPG-KEY-tests", STRANGER: "/srv/RPM-GPG-KEY-stranger"}
TABLE = Path(__file__).with_name("rpms.toml")

_SCRIPTS = {"sudo": "ln -sf /opt/debian/usr/bin/sudo /usr/bin/sudo"}
"""What installing a virtual package does (``%post``): the stand-in's own program comes to light."""
_GENERATOR = "/usr/lib/rpm/pythondistdeps.py"
_WORKERS = 2
# rpm 6 builds another format by default, and an older rpm cannot read zstd payloads.
_MACROS = {
    "_binary_payload": "w1.gzdio",
    "_build_id_links": "none",
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "_openpgp_sign": "gpg",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rpm:
    """One OS package to be built: the fields of a spec file."""

    name: str
    version: str
    release: str = "1"
    epoch: int | None = None
    noarch: bool = True
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Text files by their absolute path."""
    tree: Path | None = None
    """A folder whose content is packaged as well, as the root it is."""
    pre: str = ""
    """``%pre``, run by sh before the files are there."""
    post: str = ""
    source: str = ""
    """The source package; by default the package's own name."""

    def spec(self, listed: Iterable[str]) -> str:
        """Write the spec file, with these lines of ``%files``."""
        relations = (
            ("Provides", self.provides),
            ("Requires", self.requires),
            ("Obsoletes", self.obsoletes),
            ("Conflicts", self.conflicts),
        )
        lines = [f"Name: {self.source or self.name}", f"Version: {self.version}", f"Release: {self.release}"]
        lines += [f"Epoch: {self.epoch}"] if self.epoch is not None else []
        lines += ["Summary: for tests", "License: MIT", "URL: https://tests.example/"]
        lines += ["BuildArch: noarch"] if self.noarch else []
        subpackage = f"-n {self.name}"
        if self.source and self.source != self.name:
            lines += ["%description", "For tests.", f"%package {subpackage}", "Summary: for tests"]
        else:
            subpackage = ""
        lines += ["AutoReqProv: no"]
        lines += [f"{tag}: {value}" for tag, values in relations for value in values]
        lines += [f"%description {subpackage}", "For tests."]
        for section, script in (("pre", self.pre), ("post", self.post)):
            lines += [f"%{section} {subpackage}", script] if script else []
        # rpmbuild empties its build root before %install, which alone may fill it.
        lines += ["%install", "mkdir -p %{buildroot}", "cp -a %{_topdir}/tree/. %{buildroot}/"]
        lines += [f"%files {subpackage}", *listed]
        return "\n".join(lines) + "\n"


def build(rpm: Rpm, folder: Path, *, key: str | None = KEY) -> Path:
    """Build one package into a folder, signed unless ``key`` is None."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        listed = _install(rpm, work / "tree")
        (work / "package.spec").write_text(rpm.spec(listed))
        defined = {"_topdir": name, "_rpmdir": f"{name}/out", "_rpmfilename": "%{NVRA}.rpm", **_MACROS}
        options = [word for macro, value in defined.items() for word in ("--define", f"{macro} {value}")]
        _run(["rpmbuild", "-bb", "--quiet", *options, str(work / "package.spec")])
        (built,) = (work / "out").glob("*.rpm")
        if key is not None:
            _run(["rpmsign", "--addsign", "--define", f"_gpg_name {key}", *options, str(built)])
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(built, folder / built.name))


def _install(rpm: Rpm, tree: Path) -> list[str]:
    """Lay the files out, and give the lines of ``%files``: all files, and the folders that no other package has."""
    if rpm.tree:
        shutil.copytree(rpm.tree, tree)
    tree.mkdir(exist_ok=True)
    for path, text in rpm.files.items():
        file = tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if "/bin/" in path:
            file.chmod(0o755)
    lines = []
    for entry in sorted(tree.rglob("*")):
        path = f"/{entry.relative_to(tree)}"
        if not entry.is_dir():
            lines.append(f'"{path}"')
        elif "/site-packages/" in path:
            lines.append(f'%dir "{path}"')
    return lines


def index(folder: Path, *, key: str | None = KEY, compression: str = "zstd") -> None:
    """Write the repository's metadata anew, and sign it unless ``key`` is None."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "repodata", ignore_errors=True)
    _run(["createrepo_c", "--quiet", "--general-compress-type", compression, str(folder)])
    if key is not None:
        _run(
            [
                "gpg",
                "--batch",
                "--yes",
                "--local-user",
                key,
                "--detach-sign",
                "--armor",
                f"{folder}/repodata/repomd.xml",
            ]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One project built for one interpreter, as its family does it."""

    family: Mapping[str, Any]
    project: str
    wheel: Path
    python: str
    package: tuple[str, ...]
    scripts: str

    def name(self, project: str, pattern: str | None = None) -> str:
        """Give an OS package's name for a project."""
        spelling = self.family.get("spelling", {}).get(project, project)
        return (pattern or self.package[0]).replace("NAME", spelling)

    def carry_out(self, folder: Path) -> None:
        """Build the package, and one for each of its extras."""
        with tempfile.TemporaryDirectory() as name:
            tree = Path(name)
            info = self._unpack(tree)
            version = info.name.removesuffix(".dist-info").rpartition("-")[2]
            own, release = self.name(self.project), self.family["release"]
            evr = f"{version.replace('.post', '^post')}-{release}"
            abi = f"python(abi) = {self.python}"
            rpm = Rpm(
                name=own,
                version=evr.rpartition("-")[0],
                release=release,
                noarch="lib64" not in info.parts,
                source=self.name(self.project, "python-NAME"),
                provides=(
                    *(f"{self.name(self.project, pattern)} = {evr}" for pattern in self.package[1:]),
                    *self._generated("--provides", info),
                ),
                requires=(abi, *self._requires(info)),
                tree=tree,
            )
            build(rpm, folder)
            for extra in self.family.get("extras", {}).get(self.project, ()):
                build(self._extra(rpm, extra, info, evr), folder)

    def _extra(self, rpm: Rpm, extra: str, info: Path, evr: str) -> Rpm:
        """Give the package of an extra; the generator takes the extra from the package's name."""
        name = f"{rpm.name}+{extra}"
        provided = [f"{self.name(self.project, pattern)}+{extra} = {evr}" for pattern in self.package[1:]]
        return Rpm(
            name=name,
            version=rpm.version,
            release=rpm.release,
            noarch=rpm.noarch,
            source=rpm.source,
            provides=(*provided, *self._generated("--provides", info, package=name)),
            requires=(f"{rpm.name} = {evr}", *self._generated("--requires", info, package=name)),
        )

    def _unpack(self, tree: Path) -> Path:
        """Unpack the wheel to where the family has it, and give its dist-info folder there."""
        with zipfile.ZipFile(self.wheel) as archive:
            pure = self.wheel.name.endswith("-any.whl")
            site = tree / f"usr/{'lib' if pure else 'lib64'}/python{self.python}/site-packages"
            archive.extractall(site)
            for member in archive.infolist():
                if not member.is_dir():
                    (site / member.filename).chmod(0o755 if member.filename.endswith(".so") else 0o644)
        for folder in site.glob("*.data"):
            shutil.rmtree(folder)
        (info,) = site.glob("*.dist-info")
        # A distribution's package says who installed it, and leaves integrity to rpm.
        (info / "INSTALLER").write_text("rpm\n")
        (info / "RECORD").unlink()
        self._write_scripts(info, tree / "usr/bin")
        # As the families' certifi and pip do: what the system trusts is the system's to say.
        for bundle in site.rglob("certifi/cacert.pem"):
            bundle.unlink()
            bundle.symlink_to("/etc/ssl/certs/ca-certificates.crt")
        return info

    def _write_scripts(self, info: Path, folder: Path) -> None:
        entries = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        entries.optionxform = str  # type: ignore[assignment,method-assign]  # names have capitals
        if (info / "entry_points.txt").is_file():
            entries.read(info / "entry_points.txt")
        for name, target in entries["console_scripts"].items() if entries.has_section("console_scripts") else ():
            module, _, function = target.partition("[")[0].strip().partition(":")
            folder.mkdir(parents=True, exist_ok=True)
            script = folder / (name if name.endswith(self.python) else self.scripts.replace("NAME", name))
            script.write_text(
                f"#!/usr/bin/python{self.python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            )
            script.chmod(0o755)

    def _requires(self, info: Path) -> Iterable[str]:
        if self.family["requires"] == "generated":
            return self._generated("--requires", info)
        from packaging.requirements import Requirement  # noqa: PLC0415 - the builder has it; who only writes specs need not
        from packaging.utils import canonicalize_name  # noqa: PLC0415 - as above

        metadata = HeaderParser().parsestr((info / "METADATA").read_text())
        wanted = map(Requirement, metadata.get_all("Requires-Dist", []))
        environment = {"python_version": self.python, "python_full_version": f"{self.python}.0", "extra": ""}
        names = [one.name for one in wanted if not one.marker or one.marker.evaluate(environment)]
        known = {canonicalize_name(project): project for project in self.family["versions"]}
        return [self.name(known[canonicalize_name(name)]) for name in names]

    def _generated(self, what: str, info: Path, *, package: str = "") -> list[str]:
        """Give what rpm's generator says. The path tells it the interpreter."""
        options = ["--normalized-names-format", self.family["names"]]
        options += ["--majorver-provides"] if self.family["major"] and what == "--provides" else []
        options += ["--package-name", package] if package else []
        return _run([sys.executable, _GENERATOR, what, *options, str(info / "METADATA")]).splitlines()


def _builds(family: Mapping[str, Any], wheels: Path) -> list[Build]:
    """Fetch the wheels, and give what is to be built of them."""
    kinds = [(family, tuple(family["versions"]))]
    kinds += (
        [(flavour, flavour["projects"]) for flavour in [family["flavour"]] if flavour] if "flavour" in family else []
    )
    found = []
    for kind, projects in kinds:
        folder = wheels / kind["python"]
        pinned = [f"{project}=={family['versions'][project]}" for project in projects]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        _run([*command, "--python-version", kind["python"], "--dest", str(folder), *pinned])
        by_name = {
            file.name.split("-")[0].lower().replace("_", "-").replace(".", "-"): file for file in folder.iterdir()
        }
        found += [
            Build(
                family=family,
                project=project,
                wheel=by_name[project.replace(".", "-")],
                python=kind["python"],
                package=tuple(kind["package"]),
                scripts=kind["scripts"],
            )
            for project in projects
        ]
    return found


def _virtual(family: Mapping[str, Any], version: str) -> list[Rpm]:
    """Give the packages that own no file."""
    release = family["release"]
    found = []
    for kind in [family, family["flavour"]] if "flavour" in family else [family]:
        interpreter = kind["interpreter"]
        version = interpreter.get("version", version)
        provides = [provide.replace("VERSION", f"{version}-{release}") for provide in interpreter["provides"]]
        found.append(
            Rpm(
                name=interpreter["name"],
                version=version,
                release=release,
                noarch=False,
                provides=(f"python(abi) = {kind['python']}", *provides),
            )
        )
    system = family["system"]
    provides = [f"system-release = {system['version']}", f"system-release(releasever) = {system['version']}"]
    found.append(Rpm(name=system["name"], version=system["version"], release=release, provides=tuple(provides)))
    shell = {"bash": ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash")}
    found += [
        Rpm(name=name, version="1.0", release=release, provides=shell.get(name, ()), post=_SCRIPTS.get(name, ""))
        for name in family["also"]
    ]
    return found


def table_of(family: str) -> dict[str, Any]:
    """Read one family's part of the table, with the versions that hold for it."""
    table = tomllib.loads(TABLE.read_text())
    return {**table[family], "versions": table["versions"] | table[family].get("versions", {})}


def build_repository(name: str, python: str) -> None:
    """Build everything that a family's table lists into ``REPOSITORY``, signed and indexed."""
    family = table_of(name)
    if not python.startswith(f"{family['python']}."):
        raise SystemExit(f"{name} is to have Python {family['python']}, and its userland has {python}")
    folder = Path(REPOSITORY)
    with tempfile.TemporaryDirectory() as wheels, ThreadPoolExecutor(_WORKERS) as pool:
        work: list[Callable[[], object]] = [partial(build, rpm, folder) for rpm in _virtual(family, python)]
        work += [partial(one.carry_out, folder) for one in _builds(family, Path(wheels))]
        for done in [pool.submit(one) for one in work]:
            done.result()
    index(folder, compression=family["compression"])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main(action: str, *arguments: str) -> None:
    """Do what the head of this file says."""
    if action == "repository":
        build_repository(*arguments)
        return
    folder, key = arguments
    if action == "index":
        index(Path(folder), key=key or None)
    else:
        print(build(Rpm(**json.load(sys.stdin)), Path(folder), key=key or None))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
