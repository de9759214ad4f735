"""Members of a tar: the same as `tarfile` finds, or one sentence."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import picture
from tarring import tar

from clearsight.core.errors import BadImage, InputError
from clearsight.data.tar import Member, TarImage, members, read_at

LAYOUTS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=40)


def found(path: Path) -> list[Member]:
    with path.open("rb") as file:
        return list(members(file, path))


def expected(path: Path) -> list[Member]:
    with tarfile.open(path) as archive:
        return [Member(m.name, m.offset_data, m.size) for m in archive if m.isreg()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_members_are_those_that_tarfile_finds(tmp_path, layout):
    names = ["a.jpg", "b/" * 60 + "deep.jpg", "c.cls", "d.txt"]
    names += [] if layout == tarfile.USTAR_FORMAT else ["x" * 300 + ".jpg", "grün/ß.jpg"]
    path = tar(tmp_path / "a.tar", {name: name * n for n, name in enumerate(names)}, layout)
    assert found(path) == expected(path) and len(found(path)) == len(names)
    with path.open("rb") as file:
        read = {}
        for member in members(file, path):  # reading in between disturbs nothing
            read[member.name] = read_at(file, member.offset, member.size).decode()
    assert read == {name: name * n for n, name in enumerate(names)}


@given(
    st.lists(st.tuples(st.lists(TEXT, min_size=1, max_size=9), st.integers(0, 1200)), max_size=5),
    st.sampled_from(LAYOUTS[1:]),
)
def test_any_names_are_those_that_tarfile_finds(tmp_path_factory, files, layout):
    content = {"/".join(parts): b"x" * size for parts, size in files}
    path = tar(tmp_path_factory.mktemp("any") / "a.tar", content, layout)
    assert found(path) == expected(path)


def test_links_folders_and_huge_sizes(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "for all"}) as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("file.jpg", tarfile.REGTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
    assert [member.name for member in found(path)] == ["file.jpg"]
    for layout in LAYOUTS[1:]:  # GNU writes the size in base 256, pax as a record
        huge = tarfile.TarInfo("huge.jpg")
        huge.size = 9 * 2**30
        path.write_bytes(huge.tobuf(layout))
        with path.open("r+b") as file:
            file.truncate(10 * 2**30)  # a hole: takes no room, and its end looks like a tar's
        assert found(path)[0].size == huge.size


@given(st.integers(0, 4 * 512 - 1) | st.just(3 * 512))
def test_a_tar_cut_short_is_one_sentence(tmp_path_factory, length):
    path = tar(tmp_path_factory.mktemp("cut") / "a.tar", {"a.jpg": "x" * 700})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=rf"^{path} is cut short[^\n]*; copy or make it again$"):
        found(path)


@given(st.binary(max_size=3000))
def test_no_bytes_are_more_than_an_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "a.tar"
    path.write_bytes(data)
    try:
        found(path)
    except InputError as error:
        assert str(error).startswith(str(path)) and "\n" not in str(error)


def test_damage_is_named(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(b"not a tar" * 100)
    with pytest.raises(InputError, match=r"a\.tar is no tar"):
        found(path)
    data = bytearray(tar(path, {"a.jpg": "x", "b.jpg": "y"}).read_bytes())
    data[1024] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="is damaged at byte 1,024"):
        found(path)


def test_a_picture_is_read_from_its_place(tmp_path):
    path = tar(tmp_path / "a.tar", {"n.txt": "x", "p.png": picture(40)})
    member = found(path)[1]
    image = pickle.loads(pickle.dumps(TarImage(path, *member)))
    assert image.name == f"{path}/p.png" and image.size() == (3, 4) and image.load()[0, 0].tolist() == [40] * 3
    for damaged, reason in (
        (TarImage(tmp_path / "b.tar", *member), "the tar is not there"),
        (TarImage(tmp_path, *member), "the tar cannot be read"),
        (TarImage(path, "p.png", 10**6, 5), "the tar is cut short"),
        (TarImage(path, "p.png", 0, 2**30), "more than any picture"),
    ):
        with pytest.raises(BadImage, match=reason):
            damaged.encoded()


@pytest.mark.parametrize(
    "record", [b"13 size=" + b"9" * 5000, b"9" * 5000 + b" size=1", b"30 size=" + b"9" * 21 + b"\n"]
)
def test_numbers_of_thousands_of_digits_are_damage(tmp_path: Path, record: bytes) -> None:
    record = b"%d%s" % (len(record) + 2, record[2:]) if record.startswith(b"13") else record
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(record)
    path = tmp_path / "a.tar"
    path.write_bytes(header.tobuf() + record + bytes(-len(record) % 512) + bytes(1024))
    with pytest.raises(InputError, match=rf"^{path} has a damaged pax header; copy or make it again$"):
        found(path)
