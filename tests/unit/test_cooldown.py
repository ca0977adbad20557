"""Limits as people write them, and what they mean in a run (rule P3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from packaging.utils import canonicalize_name

from resolver.cooldown import OFF, Cooldown, Limit, parse, spell, upload_moment
from resolver.errors import InputError

NOW = datetime(2026, 11, 22, 10, 30, 15, 99, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:00:00+02:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("3 days", datetime(2026, 11, 19, tzinfo=UTC)),
        ("1 day", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2 weeks", datetime(2026, 11, 8, tzinfo=UTC)),
        (" 2 WEEKS ", datetime(2026, 11, 8, tzinfo=UTC)),
        ("P7D", datetime(2026, 11, 15, tzinfo=UTC)),
        ("P1W", datetime(2026, 11, 15, tzinfo=UTC)),
        ("PT12H", datetime(2026, 11, 21, 22, tzinfo=UTC)),
        ("12 hours", datetime(2026, 11, 21, 22, tzinfo=UTC)),
        ("48 hours", datetime(2026, 11, 20, tzinfo=UTC)),
        ("0 days", datetime(2026, 11, 22, tzinfo=UTC)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_P3_what_a_limit_means(text: str, moment: datetime | None) -> None:
    assert parse(text, context="x").at(NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "7 moons", "days", "-1 days", "P", "P1Y", "123456 days", "3 days ago"]
)
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(InputError, match="is no date and no age") as caught:
        parse(text, context="--uploaded-before")
    assert caught.value.context == "--uploaded-before"
    assert "7 days" in str(caught.value.hint)


def test_R7_every_run_of_a_day_has_the_same_limit() -> None:
    age = Limit(age=timedelta(days=3))
    late = NOW.replace(hour=23, minute=59)
    assert age.at(NOW) == age.at(late) == age.at(NOW.astimezone(timezone(timedelta(hours=5))))


def test_the_longest_age_is_still_a_date() -> None:
    assert parse("99999 weeks", context="x").at(NOW) == NOW.replace(
        hour=0, minute=0, second=0, microsecond=0
    ) - timedelta(weeks=99999)


def test_single_projects_and_the_key_of_their_views() -> None:
    one, two = canonicalize_name("one"), canonicalize_name("two")
    cooldown = Cooldown(limit=NOW, limits=((two, OFF.at(NOW)),), strict=False)
    assert (cooldown.of(one), cooldown.of(two)) == (NOW, None)
    assert cooldown.key(two) == ""
    assert cooldown.key(one) != Cooldown(limit=NOW).key(one), "what is let pass is another view of the same page"


def test_words() -> None:
    assert spell(datetime(2026, 11, 19, tzinfo=UTC)) == "2026-11-19"
    assert spell(NOW) == "2026-11-22T10:30Z"
    assert upload_moment("2026-11-19T00:00:00") == datetime(2026, 11, 19, tzinfo=UTC)
    assert upload_moment("yesterday") is upload_moment(None) is None
