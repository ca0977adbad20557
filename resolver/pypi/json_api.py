"""Where an index has its JSON API: ``/pypi/NAME/json`` beside its Simple API. Few mirrors serve it."""

from __future__ import annotations

from urllib.parse import urlsplit


def base_of(index_url: str) -> str:
    """Give the URL that a project's name follows, from that of the Simple API: the API stands where /simple does."""
    parts = urlsplit(index_url)
    above, _, last = parts.path.rstrip("/").rpartition("/")
    root = above if last in {"simple", "+simple"} else parts.path.rstrip("/")
    return parts._replace(path=f"{root}/pypi", query="", fragment="").geturl()
