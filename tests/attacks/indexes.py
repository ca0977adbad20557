"""Attacks through an index: what it serves, what it says of it, which one is asked, and which name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.attacks.attack import NAME, VERSION, WHEEL, Attack, Harmless, Refused, Stage, evil, honest, sha256
from tests.wheels import metadata_of

PINNED: Final = f"{NAME}=={VERSION}"


def _good(stage: Stage) -> None:
    stage.offer(honest())
    stage.require(PINNED)


# Files --------------------------------------------------------------------------------------------------------


def _other_file(stage: Stage) -> None:
    """Whoever holds the files, and not the index, hands out another one."""
    stage.offer(evil(stage), listed=honest())
    stage.require(PINNED)


def _other_release(stage: Stage) -> None:
    """Whoever holds the index puts another file in the place of the one that was locked, with its own hash."""
    stage.offer(evil(stage))


def _other_metadata(stage: Stage) -> None:
    """The metadata beside the wheel is not what the index gives the hash of: it brings in another project."""
    told = metadata_of(NAME, requires=["zz-evil"]).encode()
    stage.offer(honest(), metadata=told, core=sha256(metadata_of(NAME).encode()))
    stage.offer(evil(stage, name="zz-evil"), name="zz-evil")
    stage.require(PINNED)


def _lying_metadata(stage: Stage) -> None:
    """The metadata that a plan is made with, and reviewed by, keeps quiet about what the wheel needs."""
    told = metadata_of(NAME).encode()
    stage.offer(evil(stage, requires=("zz-evil",)), metadata=told, core=sha256(told))
    stage.offer(evil(stage, name="zz-evil"), name="zz-evil")
    stage.require(PINNED)


def _wrong_hash(stage: Stage) -> None:
    """The hash that was written down is not that of the file: one of the two was changed."""
    if stage.lock.exists():
        text = stage.lock.read_text()
        assert text.count(sha256(honest())) == 1
        stage.lock.write_text(text.replace(sha256(honest()), sha256(evil(stage))))
    stage.require(f"{PINNED} --hash=sha256:{sha256(evil(stage))}")


# Which index --------------------------------------------------------------------------------------------------


def _higher_version_elsewhere(stage: Stage) -> None:
    stage.offer(honest())
    stage.offer(evil(stage, version="99.0"), version="99.0", on=stage.other)


def _extra_index_in_a_file(stage: Stage) -> None:
    _higher_version_elsewhere(stage)
    stage.require(f"--extra-index-url {stage.other.url}/simple/", NAME)


def _extra_index_in_the_configuration(stage: Stage) -> None:
    _higher_version_elsewhere(stage)
    url = f"{stage.other.url}/simple/"
    stage.environment |= {"PIP_EXTRA_INDEX_URL": url, "UV_INDEX": url}
    stage.require(NAME)


# Names --------------------------------------------------------------------------------------------------------


def _squat(stage: Stage, name: str) -> None:
    stage.offer(evil(stage, name=name), name=name)
    stage.require(name)


def _squat_of_a_popular_name(stage: Stage) -> None:
    (stage.folder / "popular.txt").write_text("boto3\nlangchain-openai\n")
    (stage.folder / "distrofirst.toml").write_text('[names]\npopular = "popular.txt"\n')
    _squat(stage, "langchian-openai")


# Age and state ------------------------------------------------------------------------------------------------


def _hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def _hijacked_release(stage: Stage) -> None:
    """The authors' login was stolen an hour ago."""
    stage.offer(evil(stage, version="1.1"), version="1.1", uploaded=_hours_ago(1), keep=((VERSION, honest()),))
    stage.require(NAME)


def _fresh_project(stage: Stage) -> None:
    stage.offer(evil(stage), uploaded=_hours_ago(1))
    stage.require(NAME)


def _quarantined(stage: Stage) -> None:
    stage.offer(evil(stage), status={"status": "quarantined", "reason": "malware"})
    stage.require(NAME)


ATTACKS: Final = (
    Attack(name="tampered wheel", stage=_other_file, expected=Refused(words=f"{WHEEL}: the file's sha256 is")),
    Attack(
        name="release replaced after it was locked",
        before=_good,
        stage=_other_release,
        expected=Refused(words=f"{WHEEL}: the file"),
    ),
    Attack(name="tampered metadata", stage=_other_metadata, expected=Refused(words=f"{WHEEL}.metadata: ")),
    Attack(
        name="metadata that keeps a dependency quiet",
        stage=_lying_metadata,
        expected=Refused(words="it needs other projects than the plan was made with: zz-evil"),
    ),
    Attack(
        name="wrong hash in the lock",
        before=_good,
        stage=_wrong_hash,
        expected=Refused(words=f"{WHEEL}: the file's sha256 is"),
    ),
    Attack(
        name="higher version on an extra index, in the file",
        stage=_extra_index_in_a_file,
        expected=Refused(words="requirements.txt:1: --extra-index-url "),
    ),
    Attack(
        name="higher version on an extra index, in the configuration",
        stage=_extra_index_in_the_configuration,
        expected=Harmless(words="PIP_EXTRA_INDEX_URL: extra-index-url "),
    ),
    Attack(
        name="typosquat of a covered name",
        stage=lambda stage: _squat(stage, "reqeusts"),
        use="import reqeusts",
        options=("--strict",),
        expected=Refused(words="reqeusts looks like requests"),
    ),
    Attack(
        name="typosquat of a popular name",
        stage=_squat_of_a_popular_name,
        use="import langchian_openai",
        options=("--strict",),
        files=("popular.txt", "distrofirst.toml"),
        expected=Refused(words="langchian-openai looks like langchain-openai, which is popular"),
    ),
    Attack(
        name="fresh release of a known project",
        stage=_hijacked_release,
        expected=Harmless(words=f"{NAME} 1.1 was passed over for {VERSION}"),
    ),
    Attack(name="fresh project", stage=_fresh_project, expected=Refused(words="(cooldown)")),
    Attack(name="project in quarantine", stage=_quarantined, expected=Refused(words="quarantined: malware")),
)
