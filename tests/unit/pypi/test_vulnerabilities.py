"""The index' JSON API: an answer about exactly this version, or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import UnavailableError
from resolver.model import HttpAnswer, HttpNotFound, Unchecked
from resolver.model.audit import Advisory, Known
from resolver.pypi.vulnerabilities import IndexAdvisories

if TYPE_CHECKING:
    from collections.abc import Mapping

X = canonicalize_name("x")
ITEM: dict[str, Any] = {"id": "PYSEC-1", "aliases": ["CVE-2026-1", "PYSEC-1"], "fixed_in": ["1.1"], "withdrawn": None}


def document(version: str = "1.0", *items: object, **more: object) -> dict[str, Any]:
    return {"info": {"name": "X", "version": version}, "vulnerabilities": list(items), **more}


class Server:
    """An Http that has documents by path."""

    def __init__(self, documents: Mapping[str, object]) -> None:
        self._documents = documents
        self.asked: list[str] = []

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> HttpAnswer | HttpNotFound:
        assert (accept, max_age) == ("application/json", 0.0)
        self.asked.append(url)
        found = self._documents.get(url.removeprefix("https://index.example"))
        if isinstance(found, Exception):
            raise found
        if found is None:
            return HttpNotFound(url=url)
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return HttpAnswer(url=url, content_type="application/json", body=body, sha256="")

    part = download = None


def ask(
    documents: Mapping[str, object], url: str = "https://index.example/simple/", *, version: str = "1.0"
) -> Known | Unchecked:
    warnings: list[str] = []
    return IndexAdvisories(Server(documents), url, warn=warnings.append).of(X, Version(version))  # type: ignore[arg-type]


def test_a_version_is_looked_up() -> None:
    found = ask({"/pypi/x/1.0/json": document("1.0", ITEM, {**ITEM, "id": "PYSEC-2", "withdrawn": "2026"})})
    advisory = Advisory(id="PYSEC-1", aliases=("CVE-2026-1",), fixed=("1.1",))
    assert found == Known(advisories=(advisory,), source="https://index.example/pypi")
    assert ask({"/pypi/x/1.0/json": document()}) == Known(source="https://index.example/pypi")


@pytest.mark.parametrize("url", ["https://index.example/root/simple", "https://index.example/root/"])
def test_the_api_stands_where_simple_does(url: str) -> None:
    assert isinstance(ask({"/root/pypi/x/1.0/json": document()}, url), Known)


def test_the_latest_counts_where_it_is_this_one() -> None:
    assert isinstance(ask({"/pypi/x/json": document("1.0.0")}), Known)
    assert isinstance(ask({"/pypi/x/json": document("2.0")}), Unchecked)


@pytest.mark.parametrize(
    "served",
    [
        None,
        b"<html>",
        b"[]",
        b"[" * 100_000,
        {"info": {"name": "x", "version": "1.0"}},
        {"info": {"name": "other", "version": "1.0"}, "vulnerabilities": []},
        {"info": {"name": "x", "version": "none"}, "vulnerabilities": []},
        {"info": {"name": "x", "version": "1.0"}, "vulnerabilities": None},
        {"info": {"name": "x", "version": "1.0"}, "vulnerabilities": [3]},
        document("1.0", {"aliases": []}),
        document("1.0", {"id": 3}),
        document("1.0", {"id": "A", "aliases": "B"}),
    ],
)
def test_T2_what_is_no_answer_is_not_checked(served: object) -> None:
    answer = ask({"/pypi/x/1.0/json": served})
    assert isinstance(answer, Unchecked)
    assert "--advisories" in str(answer.next_step)


def test_without_a_network_one_warning_and_no_patience() -> None:
    error = UnavailableError("no network")
    server = Server({f"/pypi/p{number}/1.0/json": error for number in range(9)})
    warnings: list[str] = []
    index = IndexAdvisories(server, "https://index.example/simple", warn=warnings.append)  # type: ignore[arg-type]
    answers = [index.of(canonicalize_name(f"p{number}"), Version("1.0")) for number in range(9)]
    assert all(isinstance(answer, Unchecked) and "no network" in answer.why for answer in answers)
    assert (len(warnings), len(server.asked)) == (1, 2)
