"""Advisories of rpm-md, as createrepo_c writes them."""

from __future__ import annotations

import pytest

from resolver.catalog.updateinfo import parse
from resolver.errors import UnavailableError
from resolver.model import RpmNotice

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<updates>'
SECURITY = """
<update from="updates@example" status="stable" type="security" version="2.0">
<id>FEDORA-2026-0001</id><title>python-six</title><severity>Important</severity><issued date="2026-10-01 00:00:00"/>
<references><reference href="https://example" id="1" title="CVE-2026-0001 six: bad" type="bugzilla"/></references>
<pkglist><collection short="F43"><name>Fedora 43</name>
<package name="python3-six" version="1.17.0" release="3.fc43" epoch="0" arch="noarch" src="x.src.rpm">
<filename>x.rpm</filename></package>
<package name="python3-odd" version="1" release="1" epoch="2" arch="x86_64"><filename>y.rpm</filename></package>
</collection></pkglist></update>"""
BUGFIX = (
    SECURITY.replace('type="security"', 'type="bugfix"')
    .replace("CVE-2026-0001 six: bad", "slow")
    .replace("0001</id>", "0002</id>")
)
FOUND = RpmNotice(
    id="FEDORA-2026-0001",
    cves=("CVE-2026-0001",),
    severity="Important",
    builds=(("python3-six", "noarch", "1.17.0-3.fc43"), ("python3-odd", "x86_64", "2:1-1")),
)


def test_security_by_type_or_by_what_it_names() -> None:
    assert parse([HEAD.encode(), SECURITY.encode(), BUGFIX.encode(), b"</updates>"], "u") == (FOUND,)
    named = SECURITY.replace('type="security"', 'type="enhancement"')
    assert parse([f"{HEAD}{named}</updates>".encode()], "u") == (FOUND,)
    assert parse([f"{HEAD}</updates>".encode()], "u") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        "<metadata/>",
        f"<!DOCTYPE updates [<!ENTITY a 'b'>]><updates>{SECURITY}</updates>",
        f"<updates>{SECURITY.replace('<id>FEDORA-2026-0001</id>', '')}</updates>",
        f"<updates>{SECURITY.replace('release=', 'lease=')}</updates>",
    ],
)
def test_T2_damage_is_an_error_and_no_empty_list(text: str) -> None:
    with pytest.raises(UnavailableError, match="is damaged") as caught:
        parse([text.encode()], "updateinfo.xml")
    assert caught.value.context == "updateinfo.xml"
