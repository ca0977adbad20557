"""A private apt root: apt's own download and verification for any release, without rights and without side effects.

apt.conf(5) lets a configuration named by ``APT_CONFIG`` move every folder that apt uses. So a Debian 12 host answers
for Debian 13, signatures verified, and nothing of the host changes. Of the host's configuration only what concerns
the way to the archive is taken over (proxies, time-outs), never its hooks.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver import files
from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts import apt_sources
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from resolver.hosts.apt_sources import Source
    from resolver.model import Completed, OsPackage
    from resolver.ports import Runner

SYSTEM_PYTHON = "/usr/bin/python3"
SITE = ("/usr/lib/python3/dist-packages",)
_DUMP = Path(__file__).with_name("apt_dump.py")
_ACQUIRE = re.compile(
    r"^Acquire::(?:https?|Retries|ForceIPv|Check-|Proxy-Auto-Detect|Max-FutureTime)[^\n]*;$", re.MULTILINE
)
_DATE = re.compile(r"^Date: (.+)$", re.MULTILINE)


def host_sources() -> tuple[Source, ...]:
    """Read the host's apt sources."""
    return apt_sources.read(Path("/etc/apt"))


def acquire_settings(runner: Runner) -> list[str]:
    """Give those of the host's settings that concern the way to an archive, as lines of apt.conf."""
    told = runner.run(Command(argv=("apt-config", "dump", "Acquire"), purpose="read apt's settings"))
    return _ACQUIRE.findall(told.stdout)


def dump(
    runner: Runner, packages: Iterable[str], *, config: Path | None = None, host: Sequence[Source] | None = None
) -> dict[str, Any]:
    """Ask apt what it would install: ``apt_dump.main`` under the distribution's interpreter.

    ``config`` is a private root's apt.conf. ``host`` are the sources of this host, which then answers, its installed
    metadata included; None: what has no such root is the host, of its own sources.
    Raises UnavailableError without python-apt or without package lists (rule I6).
    """
    sources = host_sources() if host is None and config is None else host
    request = {
        "packages": sorted(packages),
        "site": [] if sources is None else list(SITE),
        "insecure": _places(source for source in sources or () if source.insecure),
        "foreign": _places(source for source in sources or () if source.is_foreign or source.insecure),
    }
    done = runner.run(
        Command(
            argv=(SYSTEM_PYTHON, "-I", str(_DUMP)),
            stdin=json.dumps(request),
            environment={"APT_CONFIG": str(config)} if config else {},
            purpose="ask apt for its packages",
        )
    )
    if done.returncode != 0:
        if "No module named 'apt_pkg'" in done.stderr:
            raise UnavailableError(
                f"{SYSTEM_PYTHON} cannot import python-apt", hint="install it: apt-get install python3-apt"
            )
        raise UnavailableError(f"apt's package lists cannot be read: {_last_line(done.stderr)}", context="python-apt")
    state: dict[str, Any] = json.loads(done.stdout)
    if not state["repositories"]:
        raise UnavailableError("apt has no package lists", hint="run: apt-get update (as root)")
    return state


def _places(sources: Iterable[Source]) -> list[list[str]]:
    return [[uri, suite] for source in sources for uri in source.uris for suite in source.suites]


class AptRoot:
    """One release and architecture in a folder of ours."""

    def __init__(
        self,
        folder: Path,
        *,
        codename: str,
        architecture: str,
        sources: Sequence[Source],
        runner: Runner,
        contents: bool = True,
    ) -> None:
        """Name the root; nothing is written before ``update``. ``sources`` are the host's.

        ``contents``: whether the base suite's Contents are fetched with the package lists.
        """
        self._wants_contents = contents
        self._folder = folder
        self._codename = codename
        self._architecture = architecture
        self._sources = sources
        self._runner = runner
        self.config = folder / "apt.conf"

    @property
    def is_ready(self) -> bool:
        """Whether an update left the release's own lists here: one that failed halfway leaves those of others."""
        return any((self._folder / "lists").glob(f"*_dists_{self._codename}_*Packages*"))

    def update(self) -> None:
        """Fetch and verify the package lists and Contents (``apt-get update``), some 60 MB where nothing is there yet.

        Raises PolicyError for a signature that does not verify, UnavailableError without sources or network.
        """
        text = apt_sources.render(self._sources, self._codename, contents=self._wants_contents)
        if not text:
            raise UnavailableError(
                f"the host's apt sources name no mirror for {self._codename}",
                context="/etc/apt/sources.list.d",
                hint="add the archive's own source there, signed by its keyring",
            )
        with locked(self._folder):
            self._configure(text)
            done = self._runner.stream(
                Command(
                    argv=("apt-get", "-qq", "--error-on=any", "update"),
                    environment=self._environment(),
                    purpose=f"fetch the package lists of {self._codename}",
                )
            )
        if done.returncode != 0:
            raise explain_update_failure(done.stderr, self._codename)

    def contents(self) -> tuple[Path, ...]:
        """Give the base suite's Contents files. Raises UnavailableError where there is none."""
        found = tuple(sorted((self._folder / "lists").glob(f"*_dists_{self._codename}_*Contents-*.gz")))
        if not found:
            raise UnavailableError(f"the mirror has no Contents indexes for {self._codename}")
        return found

    def date(self) -> str:
        """Give the newest Date of the root's Release files, RFC 3339 in UTC."""
        return newest_date(self._folder / "lists")

    def dump(self, packages: Iterable[str]) -> dict[str, Any]:
        """Ask apt what it would install from these lists."""
        with locked(self._folder):
            return dump(self._runner, packages, config=self.config)

    def ask(self, *argv: str, purpose: str) -> tuple[Command, Completed]:
        """Run one of apt's programs in this root."""
        command = Command(argv=argv, environment=self._environment(), purpose=purpose)
        with locked(self._folder):
            return command, self._runner.run(command)

    def read_metadata(self, package: OsPackage, metadata_name: str) -> dict[str, str]:
        """Read a package's Python metadata without installing it; see ``read_package_metadata``."""
        if not self.is_ready:
            self.update()
        return read_package_metadata(
            self._runner, package, metadata_name, self._folder / "archives", environment=self._environment()
        )

    def _environment(self) -> dict[str, str]:
        return {"APT_CONFIG": str(self.config)}

    def _configure(self, sources: str) -> None:
        """Write apt.conf and sources; files that are the same already stay as they are."""
        folder = self._folder
        for name in ("lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "archives"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "etc" / "distrofirst.sources").write_text(sources, encoding="utf-8")
        settings = [
            f'Dir "{folder}";',
            f'Dir::State "{folder}";',
            f'Dir::State::status "{folder}/status";',
            f'Dir::State::lists "{folder}/lists";',
            f'Dir::Cache "{folder}/cache";',
            f'Dir::Etc "{folder}/etc";',
            f'Dir::Etc::sourcelist "{folder}/etc/distrofirst.sources";',
            'Dir::Etc::sourceparts "/dev/null";',
            'Dir::Etc::trusted "/etc/apt/trusted.gpg";',
            'Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";',
            'Dir::Etc::netrc "/etc/apt/auth.conf";',
            'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";',
            f'APT::Architecture "{self._architecture}";',
            f'APT::Architectures "{self._architecture}";',
            'APT::Sandbox::User "";',
            'Acquire::Languages "none";',
            'Acquire::GzipIndexes "true";',
            'Acquire::CompressionTypes::Order:: "gz";',
            "Acquire::IndexTargets::deb::Contents-deb {",
            '  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";',
            '  ShortDescription "Contents-$(ARCHITECTURE)";',
            '  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents";',
            '  KeepCompressed "true";',
            '  KeepCompressedAs "gz";',
            "};",
            *acquire_settings(self._runner),
        ]
        self.config.write_text("\n".join(settings) + "\n", encoding="utf-8")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time work on a root of ours; apt itself would fail at once where we can wait."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with files.open_locked(folder / "lock"):
            yield
    except OSError as error:
        raise UnavailableError(
            f"the cache cannot be written: {error.strerror}",
            context=str(error.filename or folder),
            hint="free some space, or set XDG_CACHE_HOME to a folder that can be written",
        ) from error


def newest_date(lists: Path) -> str:
    """Give the newest Date of the Release files in a lists folder, RFC 3339 in UTC; the epoch where there is none."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only where lists are read, never on the warm path
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - the same

    found = (_DATE.search(path.read_text(encoding="utf-8", errors="replace")) for path in lists.glob("*Release"))
    dates = (parsedate_to_datetime(match[1].replace("UTC", "+0000")) for match in found if match)
    return max((date.astimezone(UTC) for date in dates), default=datetime.fromtimestamp(0, UTC)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def read_package_metadata(
    runner: Runner, package: OsPackage, metadata_name: str, folder: Path, *, environment: dict[str, str]
) -> dict[str, str]:
    """Download one .deb through apt, verified by its hash, and read one project's metadata files out of it.

    Gives ``METADATA``, ``PKG-INFO`` and ``requires.txt`` as far as the package has them. Nothing is installed, no
    maintainer script runs, and the file is removed again.
    """
    import shutil  # noqa: PLC0415 - only where an extra is asked of a package that is not installed
    import tempfile  # noqa: PLC0415 - the same

    pinned = f"{package.name}={package.version}"
    printed = runner.run(
        Command(
            argv=("apt-get", "-qq", "--print-uris", "download", pinned),
            environment=environment,
            purpose=f"find {pinned}",
        )
    )
    match = re.match(r"'([^']+)' \S+ \d+ (SHA(?:256|512):[0-9a-f]+)", printed.stdout)
    if printed.returncode != 0 or match is None:
        raise UnavailableError(
            f"apt cannot download {pinned}: {_last_line(printed.stderr)}", hint="run: distrofirst update"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder))
    except OSError as error:
        raise UnavailableError(f"the cache cannot be written: {error.strerror}", context=str(folder)) from error
    try:
        archive = scratch / "package.deb"
        fetched = runner.run(
            Command(
                argv=("/usr/lib/apt/apt-helper", "download-file", match[1], str(archive), match[2]),
                environment=environment,
                purpose=f"download {pinned}",
            )
        )
        if fetched.returncode != 0:
            raise UnavailableError(f"cannot download {pinned}: {_last_line(fetched.stderr)}", context="apt")
        unpacked = runner.run(
            Command(argv=("dpkg-deb", "--extract", str(archive), str(scratch / "data")), purpose=f"look into {pinned}")
        )
        if unpacked.returncode != 0:
            raise CommandError(f"cannot read {pinned}: {_last_line(unpacked.stderr)}", context="dpkg-deb")
        return metadata_files(scratch / "data" / SITE[0].lstrip("/"), metadata_name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def metadata_files(site: Path, metadata_name: str) -> dict[str, str]:
    """Read one project's metadata files below a site directory."""
    files: dict[str, str] = {}
    for ending in ("dist-info", "egg-info"):
        place = site / f"{metadata_name}.{ending}"
        paths = [place / name for name in ("METADATA", "PKG-INFO", "requires.txt")]
        files.update({path.name: path.read_text("utf-8", "replace") for path in paths if path.is_file()})
        if place.is_file():
            files["PKG-INFO"] = place.read_text("utf-8", "replace")
    return files


def explain_update_failure(stderr: str, codename: str) -> DistrofirstError:
    """Turn apt-get update's complaint into our error: the signature, the date, the network, or apt's own words."""
    if re.search(r"NO_PUBKEY|not signed|BADSIG|EXPKEYSIG|not available|couldn't be verified", stderr):
        return PolicyError(
            f"the archive's signature for {codename} cannot be verified: {_last_line(stderr)}",
            context="apt-get update",
            hint="install the release's archive keyring, and check Signed-By in the apt sources",
        )
    if torn := re.search(r"Failed to fetch (\S+) +(?:Hash Sum mismatch|File has unexpected size)", stderr):
        return PolicyError(
            f"{torn[1]} is not the file that the signed Release file names",
            context="apt-get update",
            hint="a mirror in the middle of its own update, or a proxy, serves another one: try again later, or with"
            " another mirror; what was fetched before stays in use",
        )
    if "is expired" in stderr or "is not valid yet" in stderr:
        return UnavailableError(
            f"the mirror's Release file for {codename} is out of date: {_last_line(stderr)}",
            context="apt-get update",
            hint='use a current mirror; if its age is known and accepted, Acquire::Check-Valid-Until "false" in'
            " /etc/apt/apt.conf.d says so",
        )
    if re.search(r"Temporary failure resolving|Could not resolve|Could not connect|Unable to connect", stderr):
        return UnavailableError(f"the archive cannot be reached: {_last_line(stderr)}", context="apt-get update")
    return UnavailableError(f"apt-get update failed: {_last_line(stderr)}", context=codename)


def _last_line(stderr: str) -> str:
    """Give the line that tells most: apt's last error, else the last line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return (errors or lines or ["no message"])[0 if errors else -1]
