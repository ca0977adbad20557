"""VCS requirements as they are written (rule R5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from resolver import repositories
from resolver.repositories import Place

ONE = "0123456789abcdef0123456789abcdef01234567"
LONG = "ab" * 32


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"git+https://u.example/x.git@{ONE}", Place(url="https://u.example/x.git", revision=ONE)),
        (f"git+https://u.example/x.git@{ONE.upper()}", Place(url="https://u.example/x.git", revision=ONE)),
        (f"git+https://u.example/x.git@{LONG}", Place(url="https://u.example/x.git", revision=LONG)),
        ("git+https://u.example/x.git", Place(url="https://u.example/x.git", revision="")),
        ("git+file://localhost/srv/x@v1", Place(url="file:///srv/x", revision="v1")),
        ("git+ssh://git@u.example/x.git", Place(url="ssh://git@u.example/x.git", revision="")),
        ("git+ssh://git@u.example/x.git@v1", Place(url="ssh://git@u.example/x.git", revision="v1")),
        ("git+https://u.example/x@a@b", Place(url="https://u.example/x@a", revision="b")),
        ("git+https://u.example/x@feature/one#egg=y", Place(url="https://u.example/x", revision="feature/one")),
        (
            f"git+file:///srv/x@{ONE}#egg=y&subdirectory=a%20b/c",
            Place(url="file:///srv/x", revision=ONE, subdirectory="a b/c"),
        ),
    ],
)
def test_R5_a_git_url_in_its_parts(url: str, place: Place) -> None:
    assert repositories.place_of(url) == place


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"git+https://u.example/x.git@{ONE}", None),
        (f"git+https://u.example/x.git@{LONG}", None),
        (f"git+ssh://git@u.example/x.git@{ONE}", None),
        (f"git+file:///srv/x@{ONE}", None),
        (f"git+http://127.0.0.1:80/x@{ONE}", None),
        ("git+https://u.example/x.git", "without a full commit hash"),
        ("git+https://u.example/x.git@main", "without a full commit hash"),
        (f"git+https://u.example/x.git@{ONE[:39]}", "without a full commit hash"),
        (f"git+https://u.example/x.git@{ONE}0", "without a full commit hash"),
        (f"git+http://u.example/x@{ONE}", "where anybody could answer"),
        (f"git+http://127.0.0.1.u.example/x@{ONE}", "where anybody could answer"),
        (f"git+git://u.example/x@{ONE}", "where anybody could answer"),
        (f"git+ext://sh -c id/x@{ONE}", "no URL has"),
        (f"git+ext://sh/x@{ONE}", "where anybody could answer"),
        (f"git+https://token@u.example/x@{ONE}", "with a login"),
        (f"git+https://me:secret@u.example/x@{ONE}", "with a login"),
        (f"git+ssh://git:secret@u.example/x@{ONE}", "with a login"),
        (f"git+file://elsewhere/x@{ONE}", "expected one of this machine"),
        (f"git+https://u.example/x@{ONE}#subdirectory=a/../../b", "leads out of its repository"),
        (f"git+https://u.example/x\n@{ONE}", "no URL has"),
        (f"git+https://[u.example/x@{ONE}", "cannot be read"),
        (f"hg+https://u.example/x@{ONE}", "only git's are fetched"),
    ],
)
def test_R5_what_stands_in_the_way_of_a_commit(url: str, words: str | None) -> None:
    obstacle = repositories.obstacle(url)
    assert (obstacle is None) == (words is None)
    assert words is None or words in (obstacle or "")


@pytest.mark.parametrize(
    ("url", "pinned"),
    [
        ("git+https://u.example/x.git", f"git+https://u.example/x.git@{ONE}"),
        ("git+https://u.example/x@main#egg=y", f"git+https://u.example/x@{ONE}#egg=y"),
        ("git+ssh://git@u.example/x#egg=y", f"git+ssh://git@u.example/x@{ONE}#egg=y"),
    ],
)
def test_R5_a_url_with_its_commit(url: str, pinned: str) -> None:
    assert repositories.pinned(url, ONE) == pinned


@given(
    st.text(alphabet="abc01@:/#%.&=-+[] \n\0é", max_size=30),
    st.sampled_from(["", f"@{ONE}", f"@{ONE}#subdirectory="]),
    st.text(max_size=5),
)
def test_R5_whatever_is_written_is_judged_and_what_passes_is_read_back_alike(middle: str, end: str, below: str) -> None:
    for head in ("git+https://", "git+file://", "git+ssh://git@"):
        url = f"{head}{middle}{end}{below if end.endswith('=') else ''}"
        if repositories.obstacle(url) is None:
            commit = repositories.commit_of(canonicalize_name("x"), url)
            assert repositories.commit_of(canonicalize_name("x"), str(commit)) == commit
            assert repositories.obstacle(str(commit)) is None
