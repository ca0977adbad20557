"""Each way in which an environment drifts from its lock, on a real host: found, named, dated, with what mends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system.command_line import CommandLine
from tests.system.conftest import RELEASES, RPM_RELEASES
from tests.system.rpms import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.hosts import Host

pytestmark = pytest.mark.in_turn

UNIVERSE: dict[str, Any] = {name: {"1.0": {}} for name in ("demo", "gone", "older", "other")}


def verify(cli: CommandLine, code: int, **environment: str) -> dict[str, dict[str, str]]:
    """Give the findings by kind and what each is about."""
    document = json.loads(cli("verify", "--format", "json", code=code, env=environment).stdout)
    assert document["schema"] == "distrofirst/verify/1"
    assert document["clean"] is not document["findings"]
    return {f"{one['kind']} {one['project']}": one for one in document["findings"]}


def drift(host: Host, release: str, env: Mapping[str, str], *, mend: bool) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\nrequests\nsix\npyyaml\ndemo\ngone\nolder\nother\n")
    cli("install", "--yes", env=env)
    assert verify(cli, 0) == {}

    debian = release in RELEASES
    flask, six = (f"python3-{name}" if debian else name_of(release, name) for name in ("flask", "six"))
    (app,) = (path for path in host.files_of(flask) if path.endswith("/flask/app.py"))
    (cli_py,) = (path for path in host.files_of(flask) if path.endswith("/flask/cli.py"))
    site = cli.run("sh", "-c", "echo $PWD/venv/lib/python3*/site-packages").strip()
    forget = "dpkg --purge --force-depends" if debian else "rpm --erase --nodeps"
    status = "/var/lib/dpkg/status"
    yaml = "python3-yaml"
    script = f"""
        echo '#' >> {app}
        rm {cli_py}
        {forget} {six}
        cd {site}
        echo '#' >> demo/__init__.py
        rm -r gone gone-1.0.dist-info
        sed -i 's/^Version: .*/Version: 0.9/' older-1.0.dist-info/METADATA
        mv older-1.0.dist-info older-0.9.dist-info
        sed -i 's/"sha256[=:]/"sha256=0/; s/"sha256": "/"sha256": "0/' other-1.0.dist-info/direct_url.json
        mkdir stray-1.0.dist-info requests-9.dist-info
        printf 'Name: stray\\nVersion: 1.0\\n' > stray-1.0.dist-info/METADATA
        printf 'Name: requests\\nVersion: 9\\n' > requests-9.dist-info/METADATA
        touch itsdangerous.py
        mkdir -p /usr/local/lib/extra /srv/mine
        echo /usr/local/lib/extra > stray.pth
        touch /srv/mine/werkzeug.py
    """
    if debian:
        script += f"\nsed -i '/^Package: {yaml}$/,/^$/s/^Version: .*/Version: 999-1/' {status}\n"
    host.run(["sh", "-euc", script])
    found = verify(cli, 1, PYTHONPATH="/srv/mine")
    expected = {
        f"os-file {flask}": "reinstall" if release != "opensuse:tumbleweed" else "install --force",
        f"os-missing {six}": "distrofirst install",
        "file demo": "distrofirst install",
        "missing gone": "distrofirst install",
        "missing six": "distrofirst install",
        "version older": "distrofirst install",
        "origin other": "distrofirst install",
        "extra stray": "distrofirst install",
        "extra itsdangerous.py": "distrofirst install",
        "place requests": "distrofirst install",
        "place werkzeug": "unset PYTHONPATH",
        "startup stray.pth": "distrofirst install",
        "leak /usr/local/lib/extra": "a .pth file",
        **({f"os-package {yaml}": "make the lock anew"} if debian else {}),
    }
    altered = {"file older", "file other"}
    assert sorted(found.keys() - altered) == sorted(expected)
    for name, remedy in expected.items():
        assert remedy in found[name]["remedy"], name
    dated = {"file demo", *((f"os-missing {six}", f"os-package {yaml}") if debian else ())}
    assert all(found[name]["since"] for name in dated)
    assert "since 20" in cli("verify", code=1).stdout

    left = {name for name in found if name.startswith("os-")}
    if mend:
        mended(cli, found, env)
        left = set()
    # A release upgrade takes the interpreter away; what is wrong outside of the environment is still told.
    host.run(["ln", "-sfn", "/usr/bin/python3.0", f"{cli.folder}/venv/bin/python"])
    assert set(verify(cli, 1)) == {"interpreter python", *left}


def mended(cli: CommandLine, found: Mapping[str, Mapping[str, str]], env: Mapping[str, str]) -> None:
    """Carry the remedies out: what an installation can mend it mends, and the rest has its own command."""
    (file,) = (one["project"] for one in found.values() if one["kind"] == "os-file")
    for one in found.values():
        if one["kind"] == "os-package":
            version = f"/^Package: {one['project']}$/,/^$/s/^Version: 999-1/Version: {one['expected']}/"
            cli.host.run(["sed", "-i", version, "/var/lib/dpkg/status"])
    cli("install", "--yes", env=env)
    left = verify(cli, 1)
    assert left.keys() == {f"os-file {file}"}
    command = left[f"os-file {file}"]["remedy"].removeprefix("as root: ")
    unasked = {"apt-get install": "apt-get install -y", "zypper install": "zypper -n install"}
    for words, others in unasked.items():
        command = command.replace(words, others)
    cli.host.run(["sh", "-c", command.replace(" reinstall ", " reinstall -y ")])
    assert verify(cli, 0) == {}


def case(host: Host, release: str, *, mend: bool) -> None:
    with Loopback() as server:
        url = simple_server.serve(server, UNIVERSE, "metadata")
        drift(host, release, {"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}, mend=mend)


@pytest.mark.parametrize("release", RELEASES)
def test_X1_every_kind_of_drift_is_found(host: Host, release: str) -> None:
    case(host, release, mend=False)


@pytest.mark.all_sets
@pytest.mark.parametrize("release", [*RELEASES, *RPM_RELEASES])
def test_X1_every_kind_of_drift_is_found_and_mended_by_its_remedy(host: Host, release: str) -> None:
    case(host, release, mend=True)
