"""One requirement in each of its forms, and the words for each that is refused."""

from __future__ import annotations

import re

import pytest

from resolver.errors import InputError
from resolver.model import Origin, Requirement
from resolver.requirements import parse_requirement
from resolver.requirements.requirement import parse_editable, parse_pep508
from resolver.requirements.surroundings import PathKind, Surroundings

SAME = "<the text itself>"
HERE = Origin(file="r.txt", line=3)
PATHS = {
    "/home/me": PathKind.PROJECT,
    "/home/me/proj": PathKind.PROJECT,
    "/home/me/a b": PathKind.PROJECT,
    "/home/me/plain": PathKind.FOLDER,
    "/home/me/foo-1.0-py3-none-any.whl": PathKind.FILE,
    "/home/me/foo-1.0.tar.gz": PathKind.FILE,
    "/home/me/base.txt": PathKind.FILE,
    "/home/other": PathKind.PROJECT,
}
AROUND = Surroundings(cwd="/home/me", kind_of=PATHS.get)


def parse(text: str, *, constraint: bool = False) -> Requirement:
    return parse_requirement(text, HERE, around=AROUND, constraint=constraint)


def test_a_line_keeps_everything_it_says() -> None:
    found = parse('Foo.Bar[B_x,a]>=1.2,<2 ; python_version < "3.8"')
    assert found.name == "foo-bar"
    assert found.extras == ("a", "b-x")
    assert str(found.specifier) == "<2,>=1.2"
    assert str(found.marker) == 'python_version < "3.8"'
    assert found.url is None
    assert (found.editable, found.constraint, found.hashes) == (False, False, ())
    assert found.origin == HERE
    assert found.text == 'Foo.Bar[B_x,a]>=1.2,<2 ; python_version < "3.8"'


@pytest.mark.parametrize(
    ("text", "name", "extras", "specifier", "url"),
    [
        ("foo", "foo", (), "", None),
        ("foo (>=1)", "foo", (), ">=1", None),
        ("foo ;", "foo", (), "", None),
        ("foo===1.0-odd", "foo", (), "===1.0-odd", None),
        ("foo===a/b", "foo", (), "===a/b", None),
        ("foo==1.0+local", "foo", (), "==1.0+local", None),
        ("foo @ https://u.example/x.zip", "foo", (), "", "https://u.example/x.zip"),
        ("foo[x]@https://u.example/x.zip", "foo", ("x",), "", "https://u.example/x.zip"),
        ("foo @ file:///srv/x", "foo", (), "", "file:///srv/x"),
        ("https://u.example/foo_x-1.0-py3-none-any.whl", "foo-x", (), "==1.0", SAME),
        ("https://u.example/foo-1.0%2Blocal-1-py3-none-any.whl?a=b#c=d", "foo", (), "==1.0+local", SAME),
        ("https://u.example/foo-1.0.tar.gz", None, (), "", SAME),
        ("https://u.example/foo-1.0.tar.gz#egg=Foo", "foo", (), "", SAME),
        ("https://u.example/x.zip#egg=foo[b,a]&subdirectory=y", "foo", ("a", "b"), "", SAME),
        ("https://u.example/x.zip#subdirectory=y&egg=foo", "foo", (), "", SAME),
        ("git+https://u.example/x.git@main#egg=foo", "foo", (), "", SAME),
        ("HTTPS://u.example/x.zip", None, (), "", SAME),
        ("git+ssh://git@u.example/x", None, (), "", SAME),
        ("./proj", None, (), "", "file:///home/me/proj"),
        (".", None, (), "", "file:///home/me"),
        ("..//other[x]", None, ("x",), "", "file:///home/other"),
        ("/home/other", None, (), "", "file:///home/other"),
        ("./a b", None, (), "", "file:///home/me/a%20b"),
        ("./foo-1.0-py3-none-any.whl", "foo", (), "==1.0", "file:///home/me/foo-1.0-py3-none-any.whl"),
        ("foo-1.0-py3-none-any.whl[x]", "foo", ("x",), "==1.0", "file:///home/me/foo-1.0-py3-none-any.whl"),
        ("foo-1.0.tar.gz", None, (), "", "file:///home/me/foo-1.0.tar.gz"),
        ("file:../other", None, (), "", "file:///home/other"),
        ("proj", "proj", (), "", None),
        ("base.txt", "base-txt", (), "", None),
    ],
)
def test_forms_that_pip_knows(
    text: str, name: str | None, extras: tuple[str, ...], specifier: str, url: str | None
) -> None:
    found = parse(text)
    assert (found.name, found.extras, str(found.specifier)) == (name, extras, specifier)
    assert found.url == (text if url == SAME else url)


@pytest.mark.parametrize(
    ("text", "url", "marker"),
    [
        ("https://u.example/x.zip ; os_name == 'nt'", "https://u.example/x.zip", 'os_name == "nt"'),
        ("https://u.example/x.zip;os_name=='nt'", "https://u.example/x.zip;os_name=='nt'", None),
        ("https://u.example/x.zip ; ", "https://u.example/x.zip", None),
        ("./proj;os_name=='nt'", "file:///home/me/proj", 'os_name == "nt"'),
        ("foo @ https://u.example/x.zip ;os_name=='nt'", "https://u.example/x.zip", 'os_name == "nt"'),
    ],
)
def test_a_marker_after_a_url_needs_a_space_behind_its_semicolon(text: str, url: str, marker: str | None) -> None:
    found = parse(text)
    assert found.url == url
    assert (str(found.marker) if found.marker else None) == marker


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("foo=1.0", "'foo=1.0' is not a requirement", "did you mean foo==1.0?"),
        ("foo[x]=1", "is not a requirement", "did you mean foo[x]==1?"),
        ("foo=>1.0", "is not a requirement", "did you mean foo>=1.0?"),
        ("foo=<1.0", "is not a requirement", "did you mean foo<=1.0?"),
        ("foo=~1.0", "is not a requirement", "did you mean foo~=1.0?"),
        ("foo<>1", "is not a requirement", "did you mean foo!=1?"),
        ("foo^1.0", "is not a requirement", "did you mean foo~=1.0?"),
        ("foo 1.0", "is not a requirement", "did you mean foo==1.0?"),
        ("foo>1.0 bar", "is not a requirement", "one requirement a line"),
        ("foo bar", "is not a requirement", "one requirement a line"),
        ("foo==", "is not a requirement", "the version is missing"),
        ("foo>=1.*", "is not a requirement", "a wildcard goes with == and != only: did you mean foo>=1?"),
        ("foo~=1", "is not a requirement", "did you mean foo~=1.0?"),
        ("foo>=1.0[bar]", "is not a requirement", "did you mean foo[bar]>=1.0?"),
        ("foo==1.0-custom-x", "is not a requirement", "PEP 440"),
        ("foo>=2013b.x", "is not a requirement", "PEP 440"),
        ("foo[x", "is not a requirement", "a bracket is missing"),
        ("foo_", "expected a name that ends in a letter or digit", ""),
        ("foo[x_]", "expected a name that ends in a letter or digit", ""),
        ("==1.0", "is not a requirement", "a requirement reads like"),
        ("; os_name == 'nt'", "is not a requirement", "a requirement reads like"),
        ("numpy=1.2=py38_0", "is not a requirement", "did you mean numpy==1.2 (this is conda's way of writing it)?"),
        ("pip install foo>=1", "is not a requirement", "did you mean foo>=1?"),
        ("import foo", "is not a requirement", "Python code"),
        ("<<<<<<< HEAD", "is not a requirement", "merge conflict"),
        ("[project]", "is not a requirement", "TOML"),
        ("dependencies:", "is not a requirement", "YAML"),
        ("<!DOCTYPE html>", "is not a requirement", "download the file in its raw form"),
        ("foo \N{EN DASH} bar", "is not a requirement", "U+2013 (EN DASH)"),
        ("foo\t--pre", "is not a requirement", "a tab stands before the option"),
        ("git@u.example:x/y.git", "is not a requirement|after @ expected a URL", "git+ssh://git@HOST/PATH"),
        ("git://u.example/x", "reads like a local path", "git+https://"),
        (
            "foo @ ./x",
            "is not a requirement|after @ expected a URL of a kind that pip can fetch",
            "file:///absolute/path",
        ),
        ("foo @ s3://u.example/x", "after @ expected a URL of a kind", "git+https://"),
        ("foo @ https:/u.example/x", "is not a requirement|after @ expected a URL", ""),
        ("foo; python_version < 3", "has a marker that cannot be read", "versions in a marker are quoted"),
        ("foo; os_name == 'a' && os_name == 'b'", "has a marker that cannot be read", "the words `and` and `or`"),
        ("foo; bar == 'x'", "has a marker that cannot be read", "PEP 508"),
        ("foo; os_name == 'nt' junk", "has a marker that cannot be read", "PEP 508"),
        ("foo; os_name == '\\x'", "has a marker that cannot be read", "PEP 508"),
        ("foo; 'x' in extras", "cannot be read|exists in lock files only", ""),
        ("foo; " + "(" * 3000 + "os_name == 'nt'" + ")" * 3000, "nested too deeply", ""),
        ("./nothing", "reads like a local path, and /home/me/nothing does not exist", "relative paths start from"),
        ("nothing.zip", "reads like a local path, and /home/me/nothing.zip does not exist", "relative paths"),
        ("./base.txt", "base.txt is neither a wheel nor an sdist", "write -r ./base.txt"),
        ("./plain", "the folder './plain' is no Python project", "relative paths start from /home/me"),
        ("https://u.example/foo.whl", "'foo.whl' is not a wheel's file name", "NAME-VERSION"),
        ("https://u.example/-1-py3-none-any.whl", "is not a wheel's file name", "NAME-VERSION"),
        ("https://[u.example/x.zip", "is not a URL", ""),
        ("https://u.example/x#egg=foo==1", "after #egg= expected a project's name, found 'foo==1'", "NAME @ URL"),
        ("file://host/x", "is a file on 'host'", "three slashes"),
    ],
)
def test_what_pip_refuses_is_refused_and_the_mistake_is_named(text: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert re.search(message, caught.value.message)
    assert caught.value.context == "r.txt:3"
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "written",
    [
        "foo @ bad:/${TOKEN}@u.example",
        "git+htps://${TOKEN}@u.example/x",
        "foo ==${TOKEN}x ==",
        "foo; a == ${TOKEN}",
        "foo 1${TOKEN}",
    ],
)
def test_what_came_from_the_environment_is_not_shown_in_errors(written: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_requirement(written.replace("${TOKEN}", "secret"), HERE, around=AROUND, written=written)
    assert "${TOKEN}" in caught.value.message
    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_what_came_from_the_environment_is_used_but_not_shown() -> None:
    found = parse_requirement(
        "foo @ https://secret@u.example/x", HERE, around=AROUND, written="foo @ https://${TOKEN}@u.example/x"
    )
    assert found.text == "foo @ https://${TOKEN}@u.example/x"
    assert found.url == "https://secret@u.example/x"


@pytest.mark.parametrize(
    ("text", "message"),
    [("./proj", "does not name a project"), ("foo[x]", "has extras"), ("https://u.example/x.zip", "does not name")],
)
def test_a_constraint_is_a_name_and_a_version(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text, constraint=True)
    assert parse("foo<2", constraint=True).constraint
    assert parse("foo @ https://u.example/x", constraint=True).url


@pytest.mark.parametrize(
    ("text", "name", "extras", "url"),
    [
        (".", None, (), "file:///home/me"),
        ("proj", None, (), "file:///home/me/proj"),
        ("./proj[a, B]", None, ("a", "b"), "file:///home/me/proj"),
        ("plain", None, (), "file:///home/me/plain"),
        ("file:///srv/x#egg=foo", "foo", (), "file:///srv/x#egg=foo"),
        ("file:///srv/x[y]", None, ("y",), "file:///srv/x"),
        ("git+https://u.example/x.git#egg=foo", "foo", (), SAME),
        ("git+https://u.example/x.git#egg=foo[x]", "foo", ("x",), SAME),
        ("git://u.example/x.git#egg=foo", "foo", (), "git+git://u.example/x.git#egg=foo"),
        ("svn+ssh://u.example/x#egg=foo", "foo", (), SAME),
        ("foo[x] @ git+https://u.example/x.git", "foo", ("x",), "git+https://u.example/x.git"),
    ],
)
def test_editables(text: str, name: str | None, extras: tuple[str, ...], url: str) -> None:
    found = parse_editable(text, HERE, around=AROUND)
    assert (found.name, found.extras, found.url) == (name, extras, text if url == SAME else url)
    assert found.editable
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("nothing", "cannot be editable", "relative paths start from /home/me"),
        ("https://u.example/x.zip#egg=foo", "cannot be editable", "git+https"),
        ("git+https://u.example/x.git", "does not say which project", "NAME @ git+https://u.example/x.git"),
        ("git+https://[u.example/x.git#egg=foo", "is not a URL", ""),
        ("file://host/x", "is a file on 'host'", "three slashes"),
    ],
)
def test_editables_that_are_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_editable(text, HERE, around=AROUND)
    assert hint in (caught.value.hint or "")


def test_an_editable_is_no_constraint() -> None:
    with pytest.raises(InputError, match="is editable; a constraint is"):
        parse_editable(".", HERE, around=AROUND, constraint=True)


def test_pep508_alone_knows_no_paths() -> None:
    assert parse_pep508("foo @ https://u.example/x ; os_name == 'nt'", HERE).marker is not None
    with pytest.raises(InputError, match="is not a requirement"):
        parse_pep508("./proj", HERE)
