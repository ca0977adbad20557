"""The record that an environment carries: nothing of the contract may be lost on the way."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.errors import InputError
from resolver.model import AssignedIndex, Evidence, Outcome, Sources
from resolver.venv.record import FILE_NAME, Contract, Expected, Record, contract_of, dump, read
from tests.unit.venv.samples import HOST, SHA, lock, os_package, os_project, wheel

if TYPE_CHECKING:
    from pathlib import Path

LOCK = lock(
    (os_project("flask", "2.2.2"), os_project("opencv", None, evidence=Evidence.OVERRIDE)),
    (os_package("python3-flask", "2.2.2-3"), os_package("python3-opencv", "4.6.0-1")),
    (wheel("demo"),),
)
GOOD = dump(Record(contract=contract_of(LOCK), added=("libx",)))


def test_a_contract_is_what_can_be_checked_of_a_lock() -> None:
    assert contract_of(LOCK) == Contract(
        target=f"debian:12 amd64 python{HOST.python}",
        projects=(
            Expected(name="demo", outcome=Outcome.PYPI, version="1.0", sha256=SHA),
            Expected(name="flask", outcome=Outcome.DISTRO, version="2.2.2", os_package="python3-flask"),
            Expected(name="opencv", outcome=Outcome.DISTRO, version=None, os_package="python3-opencv", stands_in=True),
        ),
        os_packages=(("python3-flask", "2.2.2-3"), ("python3-opencv", "4.6.0-1")),
    )


def test_a_record_is_read_back_as_written(tmp_path: Path) -> None:
    ours = AssignedIndex(url="https://ours.example/simple", projects=("our-*",), where="pylock.toml: …")
    sources = Sources(index="https://index.example/simple", indexes=(ours,), uploaded_before="3 days")
    record = Record(contract=contract_of(replace(LOCK, sources=sources)), added=("libx", "python3-flask"))
    (tmp_path / FILE_NAME).write_text(dump(record))
    found = read(tmp_path)
    assert found == record
    assert found.contract.sources == sources


def test_R7_a_record_is_one_line_and_the_same_for_the_same_lock() -> None:
    assert dump(Record(contract=contract_of(LOCK))) == dump(Record(contract=contract_of(LOCK)))
    assert "\n" not in dump(Record(contract=contract_of(LOCK)))


def test_a_folder_without_a_record_is_not_ours(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert read(tmp_path / "nowhere") is None


def test_a_pipe_in_the_records_place_is_an_error_and_waits_for_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    with pytest.raises(InputError, match="it is no regular file"):
        read(tmp_path)


def test_a_device_in_the_records_place_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).symlink_to("/dev/zero")
    with pytest.raises(InputError, match="it is no regular file"):
        read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        json.dumps({"schema": "distrofirst/environment/9"}),
        json.dumps({"schema": "distrofirst/environment/1", "contract": {}}),
        "[" * 100_000,
        '"' + "x" * (1 << 24) + '"',
        *(
            GOOD.replace(before, after)
            for before, after in (
                ('["python3-flask","2.2.2-3"]', '[["python3-flask"],"2.2.2-3"]'),
                ('"sources":{', '"sources":"","x":{'),
                ('"name":"flask"', '"name":5'),
                ('"target":"debian:12 amd64 ', '"target":"debian:12 '),
                ('"outcome":"distro"', '"outcome":["distro"]'),
                ('"added":["libx"]', '"added":"libx"'),
                ('"added":["libx"]', '"added":["--pipe=id"]'),
                ('["python3-flask","2.2.2-3"]', '["-oDPkg::Pre-Invoke::=id","2.2.2-3"]'),
                ('"indexes":[]', '"indexes":{}'),
            )
        ),
    ],
    ids=str.__len__,
)
def test_a_record_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.context == str(tmp_path / FILE_NAME)
    assert "--venv" in str(caught.value.hint)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Give every place in a document: what holds it, and its key there."""
    match value:
        case dict():
            keys: list[Any] = [*value]
        case list():
            keys = [*range(len(value))]
        case _:
            return []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


@given(st.data())
@settings(max_examples=150)
def test_whatever_a_record_holds_it_is_read_or_refused_in_one_way(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    document = json.loads(GOOD)
    found = places(document)
    holder, key = found[data.draw(st.integers(0, len(found) - 1))]
    holder[key] = data.draw(_JSON)
    folder = tmp_path_factory.getbasetemp()
    (folder / FILE_NAME).write_text(json.dumps(document))
    try:
        record = read(folder)
    except InputError as error:
        assert error.context == str(folder / FILE_NAME)  # noqa: PT017 - either way is right
        return
    assert record is not None
    assert read_again(folder, record) == record


def read_again(folder: Path, record: Record) -> Record | None:
    (folder / FILE_NAME).write_text(dump(record))
    return read(folder)
