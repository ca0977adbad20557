"""Attestations (PEP 740): four outcomes, and whatever an index serves is one of them (rule T2)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from resolver.errors import PolicyError, UnavailableError
from resolver.model import Attested, HttpAnswer, HttpNotFound, Publisher, Unattested, Unchecked
from resolver.pypi import attestations
from resolver.pypi.attestations import Bundle, DoesNotHoldError, check, read, summary
from tests.unit.report.samples import wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resolver.model import Attestation, Wheel
    from resolver.ports import Http

PUBLISH = "https://index.example/attestations/publish/v1"
RELEASE = {"kind": "GitHub", "repository": "example/alpha", "workflow": "release.yml", "environment": None}


def provenance(*publishers: Mapping[str, object], **more: object) -> dict[str, object]:
    """Give a provenance object with one attestation a publisher, as PEP 740 has it."""
    bundles = [{"publisher": one, "attestations": [{"version": 1, "of": one["kind"]}]} for one in publishers]
    return {"version": 1, "attestation_bundles": bundles, **more}


class Server:
    """An Http that has documents by path, and keeps count."""

    def __init__(self, documents: Mapping[str, object]) -> None:
        self._documents = documents
        self.asked: list[str] = []

    def __call__(self) -> Http:
        return self  # type: ignore[return-value]

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> HttpAnswer | HttpNotFound:
        assert accept.startswith("application/vnd.pypi.integrity.v1+json")
        assert max_age > 0
        self.asked.append(url)
        found = self._documents.get(url.removeprefix("https://index.example/"))
        if isinstance(found, Exception):
            raise found
        if found is None:
            return HttpNotFound(url=url)
        return HttpAnswer(url=url, content_type="", body=json.dumps(found).encode(), sha256="")


def believe(wheel: Wheel, bundle: Bundle) -> Attested | Unchecked:
    """Stand in for the library: GitHub's attestations hold unless they are of ``forged``, Nobody's are not known."""
    kind, repository = bundle.publisher["kind"], str(bundle.publisher.get("repository"))
    if kind == "Nobody":
        return Unchecked(why="not understood")
    if repository == "example/forged":
        raise DoesNotHoldError(f"subject does not match {wheel.filename}")
    return Attested(
        publishers=(Publisher(kind=str(kind), claims=(("repository", repository), ("workflow", "release.yml"))),),
        predicates=(PUBLISH,),
    )


def offered(name: str, address: str | None = "") -> Wheel:
    """A wheel whose attestations the index has under its name."""
    found = wheel(name, "1.0")
    return replace(found, provenance=f"https://index.example/{name}" if address == "" else address)


def ask(documents: Mapping[str, object], *names: str, **more: Any) -> tuple[dict[str, Attestation], Server]:  # noqa: ANN401
    server = Server(documents)
    found = check([offered(name) for name in names], server, believe, **more)
    return {str(name): answer for name, answer in found.items()}, server


# The four outcomes --------------------------------------------------------------------------------------------


def test_what_is_verified_says_by_whom_and_what() -> None:
    found, server = ask({"alpha": provenance(RELEASE)}, "alpha")
    known = found["alpha"]
    assert isinstance(known, Attested)
    assert [str(one) for one in known.publishers] == ["GitHub example/alpha (release.yml)"]
    assert known.predicates == (PUBLISH,)
    assert server.asked == ["https://index.example/alpha"]


def test_T2_none_offered_is_no_question_and_nothing_is_fetched() -> None:
    def nobody() -> Http:
        raise AssertionError("asked")

    plain = wheel("alpha", "1.0")
    assert check([plain], nobody, believe) == {plain.project: Unattested()}
    missing = check([offered("alpha")], nobody, None)
    assert missing == {canonicalize_name("alpha"): attestations.NOT_INSTALLED}
    assert "distrofirst[attestations]" in str(attestations.NOT_INSTALLED.next_step)
    (useless,) = check([replace(plain, provenance="")], nobody, believe).values()
    assert isinstance(useless, Unchecked)


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (None, "does not have them"),
        (UnavailableError("no answer", hint="try again"), "cannot be had: no answer"),
        ({"version": 2, "attestation_bundles": []}, "no provenance object of version 1"),
        (provenance(), "no provenance object of version 1"),
        (provenance({"kind": "Nobody"}), "not understood"),
    ],
)
def test_T2_what_cannot_be_looked_at_is_not_checked_with_its_reason(served: object, why: str) -> None:
    found, _ = ask({"alpha": served}, "alpha")
    known = found["alpha"]
    assert isinstance(known, Unchecked)
    assert why in known.why


def test_one_that_does_not_hold_refuses_all_and_names_each() -> None:
    forged = provenance({"kind": "GitHub", "repository": "example/forged"})
    with pytest.raises(PolicyError, match="2 of 3 wheels have an attestation that does not hold") as caught:
        ask({"alpha": forged, "beta": provenance(RELEASE), "gamma": forged}, "alpha", "beta", "gamma")
    assert "alpha-1.0-py3-none-any.whl: subject does not match" in caught.value.message
    assert "gamma-1.0" in caught.value.message
    assert "beta" not in caught.value.message
    assert caught.value.exit_code == 5


def test_a_second_publisher_whose_attestation_does_not_hold_refuses_too() -> None:
    with pytest.raises(PolicyError):
        ask({"alpha": provenance(RELEASE, {"kind": "GitHub", "repository": "example/forged"})}, "alpha")


def test_all_publishers_are_told_and_one_that_is_not_understood_hides_none() -> None:
    other = {**RELEASE, "repository": "example/zeta"}
    found, _ = ask({"alpha": provenance(other, {"kind": "Nobody"}, RELEASE)}, "alpha")
    known = found["alpha"]
    assert isinstance(known, Attested)
    assert [dict(one.claims)["repository"] for one in known.publishers] == ["example/alpha", "example/zeta"]
    assert known.predicates == (PUBLISH,)


# Servers ------------------------------------------------------------------------------------------------------


def test_a_server_that_is_gone_is_left_alone() -> None:
    names = [f"p{number}" for number in range(40)]
    gone = UnavailableError("no connection")
    found, server = ask(dict.fromkeys(names, gone), *names)
    assert all(isinstance(one, Unchecked) for one in found.values())
    assert len(server.asked) < 10, "those under way, and no more"


def test_offline_one_that_is_not_cached_hides_none_that_is() -> None:
    names = [f"p{number}" for number in range(20)]
    documents: dict[str, object] = dict.fromkeys(names, UnavailableError("not in the cache, and the run is offline"))
    documents["p19"] = provenance(RELEASE)
    found, _ = ask(documents, *names, offline=True)
    assert isinstance(found["p19"], Attested)


# Strangers' documents -----------------------------------------------------------------------------------------

KEYS = st.sampled_from(["version", "attestation_bundles", "publisher", "kind", "attestations"])
PLAIN = st.none() | st.booleans() | st.sampled_from([0, 1, -1.5, "", "GitHub"])
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(KEYS, PLAIN | st.just([{}]), max_size=3)
BUNDLES = st.fixed_dictionaries({}, optional={"publisher": VALUES, "attestations": VALUES | st.just([{}])})
NEARLY = st.fixed_dictionaries({"version": st.just(1), "attestation_bundles": VALUES | st.lists(BUNDLES, max_size=2)})


def is_whole(found: tuple[Bundle, ...] | Unchecked) -> bool:
    """Tell whether it is what ``read`` promises: a reason, or bundles that are not empty."""
    if isinstance(found, Unchecked):
        return bool(found.why)
    return bool(found) and all(isinstance(one.publisher["kind"], str) and one.attestations for one in found)


@settings(max_examples=60)
@given(VALUES | NEARLY)
def test_a_strangers_json_is_bundles_or_a_reason(value: object) -> None:
    assert is_whole(read(json.dumps(value).encode()))


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_a_strangers_bytes_are_a_reason(body: bytes) -> None:
    assert is_whole(read(body))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"version": 1, "attestation_bundles": ' + b"[" * 200_000,
        b"\xff\xfe{}",
        b"",
        b"1" * 5000,
        b" " * (5 << 20),
        b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": 1}, "attestations": [{}]}]}',
        b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": "GitHub"}, "attestations": [1]}]}',
        b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": "GitHub"}, "attestations": []}]}',
    ],
)
def test_documents_that_hurt_parsers(body: bytes) -> None:
    assert isinstance(read(body), Unchecked)


def test_a_document_of_several_publishers_is_read_whole() -> None:
    other = {"kind": "Google", "email": "x@example.com"}
    bundles = read(json.dumps(provenance(RELEASE, other, more=1)).encode())
    assert isinstance(bundles, tuple)
    assert [one.publisher for one in bundles] == [RELEASE, other]
    assert bundles[1].attestations == ({"version": 1, "of": "Google"},)


# Words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "claims", "words"),
    [
        ("GitHub", {"environment": "pypi", "repository": "a/b", "workflow": "w.yml"}, "GitHub a/b (w.yml)"),
        ("GitLab", {"repository": "a/b", "workflow_filepath": ".gitlab-ci.yml"}, "GitLab a/b (.gitlab-ci.yml)"),
        ("Google", {"email": "x@example.com"}, "Google x@example.com"),
        ("CircleCI", {"project_id": "p", "pipeline_definition_id": "d", "vcs_ref": "v1"}, "CircleCI p (d)"),
        ("New", {}, "New"),
    ],
)
def test_a_publisher_in_words(kind: str, claims: dict[str, str], words: str) -> None:
    assert str(Publisher(kind=kind, claims=tuple(sorted(claims.items())))) == words


def test_T2_the_summary_confuses_no_two_outcomes() -> None:
    known = Attested(publishers=(Publisher(kind="GitHub", claims=()),), predicates=(PUBLISH,))
    assert summary([Unattested(), Unattested(), attestations.unasked(wheel("a", "1"))]) is None
    assert summary([known, Unattested(), known]) == "attestations: 2 verified, 1 none offered"
    told = summary([known, Unchecked(why="no answer"), Unchecked(why="no answer"), Unattested()])
    assert told == "attestations: 1 verified, 2 not checked, 1 none offered: no answer"
    assert summary([attestations.NOT_INSTALLED]) == (
        "attestations: 1 not checked: pypi-attestations is not installed "
        "(pip install distrofirst[attestations], in an environment)"
    )
