"""Who published a file, as far as that is proven: attestations that the index serves beside it (PEP 740).

An attestation ties the sha256 of one file to the workflow that published it: signed by a certificate for that identity,
and entered in a public log. So it shows where a file comes from; whether that place is the right one, it does not show.
What cannot be looked at is Unchecked, with the reason, and never passes for verified or for "there is none" (rule T2);
what is there and does not hold is refused.

The signatures are the library pypi-attestations' work. It is on PyPI alone, hence an optional extra; without it nothing
is fetched. It verifies by the trust root that it carries (sigstore), and asks nobody.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol

from resolver.errors import PolicyError, UnavailableError
from resolver.model import Attested, HttpNotFound, Publisher, Unattested, Unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Attestation, HttpAnswer, Wheel
    from resolver.ports import Http

NOT_INSTALLED: Final = Unchecked(
    why="pypi-attestations is not installed", next_step="pip install distrofirst[attestations], in an environment"
)
_NO_INDEX: Final = Unchecked(why="a URL names the file, and no index was asked")
_BUILT: Final = Unchecked(why="it was built here, and nobody published the file")
_NOBODYS: Final = (_NO_INDEX, _BUILT)
_ACCEPT: Final = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5"
_VERSION: Final = 1
_FRESH: Final = 86400.0
"""Seconds: files do not change, and their attestations come with them."""
_LIMIT: Final = 4 << 20
"""Bytes. One attestation has some 10,000."""
_AT_A_TIME: Final = 6
_PATIENCE: Final = 2
"""After so many failures nobody is asked any more: there is no network, or no server."""
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Attestations of one publisher, as the index serves them; nothing in them is verified."""

    publisher: Mapping[str, object]
    attestations: tuple[Mapping[str, object], ...]


class DoesNotHoldError(Exception):
    """An attestation does not verify. The message says what is wrong; never leaves this module's callers."""


class Verify(Protocol):
    """Verifies what one publisher attests."""

    def __call__(self, wheel: Wheel, bundle: Bundle, /) -> Attested | Unchecked:
        """Verify every attestation that is understood; raise DoesNotHoldError for the first that does not hold."""
        ...


def unasked(wheel: Wheel) -> Unchecked:
    """Say why no index was asked about a wheel."""
    return _BUILT if wheel.built is not None else _NO_INDEX


def check(
    wheels: Iterable[Wheel], http: Callable[[], Http], verify: Verify | None, *, offline: bool = False
) -> Mapping[NormalizedName, Attestation]:
    """Tell of each wheel of an index what is known of its attestations, by project.

    One request for each wheel that the index has some for, several at a time; ``http`` is called before the first.
    ``verify`` is None where the library is not there; ``offline`` says that ``http`` fails for what is not cached.
    Raises PolicyError, naming each wheel, where one does not hold.
    """
    found: dict[NormalizedName, Attestation] = {}
    offered: list[Wheel] = []
    for wheel in wheels:
        if wheel.provenance is None:
            found[wheel.project] = Unattested()
        elif verify is None:
            found[wheel.project] = NOT_INSTALLED
        elif not wheel.provenance:
            found[wheel.project] = Unchecked(why="the index gives an address for its attestations that is of no use")
        else:
            offered.append(wheel)
    if not offered or verify is None:
        return found
    refused: list[str] = []
    for wheel, bundles in zip(
        offered, _fetch(offered, http(), patience=len(offered) if offline else _PATIENCE), strict=True
    ):
        try:
            found[wheel.project] = bundles if isinstance(bundles, Unchecked) else _judge(wheel, bundles, verify)
        except DoesNotHoldError as error:
            refused.append(f"  {wheel.filename}: {error}")
    if refused:
        raise PolicyError(
            "\n".join((f"{len(refused)} of {len(offered)} wheels have an attestation that does not hold:", *refused)),
            context="attestations",
            hint="take another release, and ask the project whether it published this file; if signatures of its other"
            " files do not hold either, update pypi-attestations and sigstore, and remove sigstore's cached trust root"
            " (~/.cache/sigstore-python)",
        )
    return found


def summary(found: Iterable[Attestation]) -> str | None:
    """Say in a line what was found, and why some was not checked; None where no index offers any."""
    known = list(found)
    unchecked = dict.fromkeys(one for one in known if isinstance(one, Unchecked) and one not in _NOBODYS)
    verified = sum(isinstance(one, Attested) for one in known)
    if not verified and not unchecked:
        return None
    counts = {
        "verified": verified,
        "not checked": sum(isinstance(one, Unchecked) for one in known),
        "none offered": sum(isinstance(one, Unattested) for one in known),
    }
    told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    reasons = "; ".join(f"{one.why} ({one.next_step})" if one.next_step else one.why for one in unchecked)
    return f"attestations: {told}" + (f": {reasons}" if reasons else "")


def _fetch(wheels: Sequence[Wheel], http: Http, *, patience: int) -> list[tuple[Bundle, ...] | Unchecked]:
    failures: list[UnavailableError] = []

    def ask(wheel: Wheel) -> tuple[Bundle, ...] | Unchecked:
        if len(failures) < patience:
            try:
                return _understand(http.get(wheel.provenance or "", accept=_ACCEPT, max_age=_FRESH))
            except UnavailableError as error:
                failures.append(error)
        return Unchecked(why=f"its attestations cannot be had: {failures[-1].message}", next_step=failures[-1].hint)

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(ask, wheels))


def _understand(answer: HttpAnswer | HttpNotFound) -> tuple[Bundle, ...] | Unchecked:
    if isinstance(answer, HttpNotFound):
        return Unchecked(why="the index names attestations, and does not have them")
    return read(answer.body)


def read(body: bytes) -> tuple[Bundle, ...] | Unchecked:
    """Read a provenance object (PEP 740, version 1); at least one bundle, with at least one attestation.

    The library gets what is read here, never the bytes: there is one reading of the document.
    """
    if len(body) > _LIMIT:
        return Unchecked(why=f"what the index serves as attestations has more than {_LIMIT} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Unchecked(why="what the index serves as attestations is not JSON")
    match document:
        case {"version": 1, "attestation_bundles": [_, *_] as bundles}:
            found = [_bundle(bundle) for bundle in bundles]
            whole = tuple(bundle for bundle in found if bundle is not None)
            if len(whole) == len(found):
                return whole
    return Unchecked(why="what the index serves as attestations is no provenance object of version 1")


def _bundle(value: object) -> Bundle | None:
    match value:
        case {"publisher": {"kind": str()} as publisher, "attestations": [_, *_] as attestations}:
            if all(isinstance(one, dict) for one in attestations):
                return Bundle(publisher=publisher, attestations=tuple(attestations))
    return None


def _judge(wheel: Wheel, bundles: Iterable[Bundle], verify: Verify) -> Attested | Unchecked:
    """Verify all bundles; one that is understood counts, whatever else there is."""
    answers = [verify(wheel, bundle) for bundle in bundles]
    known = [answer for answer in answers if isinstance(answer, Attested)]
    if not known:
        return next(answer for answer in answers if isinstance(answer, Unchecked))
    publishers = {publisher for answer in known for publisher in answer.publishers}
    return Attested(
        publishers=tuple(sorted(publishers, key=lambda one: (one.kind, one.claims))),
        predicates=tuple(sorted({predicate for answer in known for predicate in answer.predicates})),
    )


# The library --------------------------------------------------------------------------------------------------


def library() -> Verify | None:
    """Give what verifies; None where pypi-attestations is not installed. Loads nothing yet: that takes a second."""
    return Library() if find_spec("pypi_attestations") is not None else None


class Library:
    """``Verify`` by pypi-attestations, loaded for the first bundle. For one thread.

    Its own trust root: fetching a newer one would ask a server that nobody configured.
    """

    def __init__(self) -> None:
        """Load nothing yet."""
        self._opened: Any = None

    def __call__(self, wheel: Wheel, bundle: Bundle) -> Attested | Unchecked:
        """See ``Verify``."""
        if self._opened is None:
            self._opened = _open()
        library = self._opened
        if isinstance(library, Unchecked):
            return library
        try:
            file = library.Distribution(name=wheel.filename, digest=wheel.sha256)
        except ValueError:
            return Unchecked(why="pypi-attestations does not understand the file's name")
        try:
            publisher = library.AttestationBundle(publisher=dict(bundle.publisher), attestations=[]).publisher
        except ValueError:  # pydantic's
            kind = _one_line(bundle.publisher["kind"])
            return Unchecked(
                why=f"pypi-attestations does not understand its publisher, of kind {kind}",
                next_step="update pypi-attestations",
            )
        predicates = set()
        for one in bundle.attestations:
            predicate = self._verify(one, publisher, file)
            if predicate is not None:
                predicates.add(predicate)
        if not predicates:
            return Unchecked(why="pypi-attestations knows none of its kinds of attestation")
        return Attested(publishers=(_publisher(publisher),), predicates=tuple(sorted(predicates)))

    def _verify(self, one: Mapping[str, object], publisher: object, file: object) -> str | None:
        """Give the kind of statement that was verified; None for one of another version or kind than are known."""
        library = self._opened
        version = one.get("version")
        if isinstance(version, int) and version != _VERSION:
            return None
        try:
            attestation = library.Attestation.model_validate(one)
        except ValueError as error:  # pydantic's, of many lines
            raise DoesNotHoldError("it is no attestation as PEP 740 has them") from error
        try:
            if attestation.statement["predicateType"] not in set(map(str, _predicates(library))):
                return None
            predicate, _ = attestation.verify(publisher, file, offline=True)
            return str(predicate)
        except Exception as error:  # whatever it raises over a stranger's bytes, they were not verified
            raise DoesNotHoldError(_one_line(error) or type(error).__name__) from error


def _predicates(library: Any) -> Iterable[str]:  # noqa: ANN401 - the library may be missing where types are checked
    return (kind.value for kind in library.AttestationType)


def _open() -> object:
    """Load the library and its trust root; Unchecked where they cannot be."""
    try:
        import pypi_attestations  # noqa: PLC0415 - takes a second, and may be missing
        from sigstore.verify import Verifier  # noqa: PLC0415 - the same

        # It warns each time that it was told to stay offline; that is what we want, and stderr is not its own.
        logging.getLogger("sigstore").addHandler(logging.NullHandler())
        Verifier.production(offline=True)
    except Exception as error:  # noqa: BLE001 - versions that do not fit each other fail in any way
        return Unchecked(
            why=f"pypi-attestations cannot be used: {_one_line(error) or type(error).__name__}",
            next_step="install distrofirst[attestations] anew",
        )
    return pypi_attestations


def _publisher(publisher: Any) -> Publisher:  # noqa: ANN401 - see _predicates
    """Keep what the library knows of a publisher; other keys in the document were held against nothing."""
    known = publisher.model_dump()
    claims = {str(key): value for key, value in known.items() if key != "kind" and isinstance(value, str)}
    return Publisher(kind=str(known["kind"]), claims=tuple(sorted(claims.items())))


def _one_line(value: object) -> str:
    """Say it in one line of printable characters: a stranger's words may be in it."""
    text = " ".join(str(value).split())
    return "".join(character if character.isprintable() else "?" for character in text)[:_LONGEST_REASON]
