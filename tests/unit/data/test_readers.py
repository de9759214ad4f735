"""Class folders and zips, whole and broken; the names that all readers go by."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, pack, picture

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.data import tree
from clearsight.data.readers import folder
from clearsight.data.readers.names import few, natural_order, split_of, split_within, words_of

SPLITS = {
    "train/cats/2.png": picture(2),
    "train/cats/10.png": picture(10),
    "train/dogs/1.png": picture(20),
    "Validation/cats/3.png": picture(3),
    "test/dogs/deep/er/4.png": picture(4),
}


def test_natural_order_counts_and_keeps_each_name_once() -> None:
    names = ["item10", "item2", "Item1", "item2", "b", "A", "٣"]
    assert natural_order(names) == ("A", "b", "Item1", "item2", "item10", "٣")


@given(st.lists(st.text()))
def test_natural_order_takes_any_names_in_any_order(names: list[str]) -> None:
    assert natural_order(names) == natural_order(reversed(names))
    assert set(natural_order(names)) == set(names)


def test_split_names() -> None:
    given = ["Train", "training", "VALID", "validation", "dev", "Testing", "cats", "trainer"]
    assert [split_of(name) for name in given] == ["train", "train", "val", "val", "val", "test", None, None]


def test_splits_within_names_and_the_words_for_them() -> None:
    given = ["instances_train2017", "my-VALID.coco", "2017_test", "trainval", "photos", "a_dev_test"]
    assert [split_within(name) for name in given] == ["train", "val", "test", None, None, "val"]
    assert words_of("val") == ("val", "valid", "validation", "dev")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_tree_answers_for_files_and_folders(tmp_path: Path, zipped: bool) -> None:
    files: dict[str, bytes | str] = {"a/b/c.txt": "0123456789", "d.txt": "x"}
    path = pack(tmp_path / "x.zip", files) if zipped else lay(tmp_path / "x", files)
    there = tree.open_tree(path)
    assert there.head("a/b/c.txt", 4) == b"0123" and there.head("./d.txt", 4) == b"x"
    assert [there.has_folder(name) for name in ("", ".", "a", "a/b/", "d.txt", "e")] == [True] * 4 + [False] * 2
    assert [there.has(name) for name in ("a/b/c.txt", "a/b", "x" * 5000, "a\0b")] == [True, False, False, False]
    with pytest.raises(InputError, match=r"not there|not in the zip"):
        there.head("e.txt", 4)


def test_few_says_how_many_more() -> None:
    assert few(["a", "b"]) == "a, b"
    assert few(list("abcdef")) == "a, b, c and 3 more"


@pytest.mark.parametrize("wrapped", ["", "pets/"])
@pytest.mark.parametrize("zipped", [False, True])
def test_class_folders_in_splits(tmp_path: Path, wrapped: str, zipped: bool) -> None:
    files = {wrapped + name: data for name, data in SPLITS.items()}
    path = pack(tmp_path / "pets.zip", files) if zipped else lay(tmp_path / "set", files)
    location = Location(path)
    info = folder.info(location)
    assert dict(info.splits) == {"train": 3, "val": 1, "test": 1}
    assert info.labels == ("cats", "dogs")
    assert info.notes == ()
    train = list(folder.read(location, "train"))
    assert [sample.key for sample in train] == ["train/cats/10.png", "train/cats/2.png", "train/dogs/1.png"]
    assert [sample.labels for sample in train] == [("cats",), ("cats",), ("dogs",)]
    assert [int(sample.image.load()[0, 0, 0]) for sample in train] == [10, 2, 20]
    assert train[0].image.size() == (3, 4)
    (test,) = folder.read(location, "test")
    assert test.labels == ("dogs",)
    evidence = folder.sniff(location)
    assert evidence is not None and evidence.confidence == 0.9


def test_class_folders_without_splits_are_one_split_in_natural_order(tmp_path: Path) -> None:
    root = lay(tmp_path, {f"class {n}/x.png": picture(n) for n in (1, 2, 10)})
    info = folder.info(Location(root))
    assert dict(info.splits) == {"train": 3}
    assert info.labels == ("class 1", "class 2", "class 10")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    root = lay(tmp_path, {"train/1.png": picture(), "tram/2.png": picture()})
    assert folder.info(Location(root)).labels == ("train", "tram")


def test_what_is_left_out_is_noted(tmp_path: Path) -> None:
    files = {
        "cats/1.png": picture(),
        "dogs/1.png": picture(),
        "dogs/notes.txt": "x",
        "beside.png": picture(),
        ".hidden/1.png": picture(),
        "cats/._1.png": "macOS",
        "__MACOSX/cats/1.png": "macOS",
        "Thumbs.db": "Windows",
    }
    root = lay(tmp_path, files)
    (root / "empty").mkdir()
    info = folder.info(Location(root))
    assert dict(info.splits) == {"train": 2}
    assert info.labels == ("cats", "dogs")
    assert info.notes == (
        "1 class folder without a picture, left out of the classes: empty",
        "1 picture in no class folder and left out: beside.png",
        "1 file that is no picture: dogs/notes.txt",
    )


def test_pictures_beside_the_splits_are_noted(tmp_path: Path) -> None:
    root = lay(tmp_path, SPLITS | {"extra/cats/9.png": picture(), "train/lost.png": picture()})
    info = folder.info(Location(root))
    assert sum(n or 0 for n in info.splits.values()) == len(SPLITS)
    assert info.notes == ("2 pictures in no class folder of a split and left out: extra/cats/9.png, train/lost.png",)


def test_one_class_only_is_told_as_it_is(tmp_path: Path) -> None:
    root = lay(tmp_path, {"cats/1.png": picture(), "cats/2.png": picture()})
    assert folder.info(Location(root)).labels == ("cats",)


@pytest.mark.parametrize("files", [["1.png", "2.png"], ["train/1.png", "test/2.png"]])
def test_pictures_without_class_folders(tmp_path: Path, files: list[str]) -> None:
    location = Location(lay(tmp_path, {name: picture() for name in files}))
    evidence = folder.sniff(location)
    assert evidence is not None and evidence.confidence < 0.2
    with pytest.raises(InputError, match="2 pictures but no class folders; put the pictures of each class"):
        folder.info(location)


def test_an_empty_folder(tmp_path: Path) -> None:
    assert folder.sniff(Location(tmp_path)) is None
    with pytest.raises(InputError, match="holds no pictures, no files"):
        folder.info(Location(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names of any bytes")
def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    lay(tmp_path, {"dogs/1.png": picture(1)})
    lay(tmp_path, {os.fsdecode(b"caf\xe9/\xff.png"): picture(7)})
    location = Location(tmp_path)
    assert folder.info(location).labels == ("caf\\xe9", "dogs")
    sample = next(iter(folder.read(location, "train")))
    assert sample.key == "caf\\xe9/\\xff.png"
    assert sample.image.load()[0, 0, 0] == 7
    assert sample.image.name.encode() == f"{tmp_path}/caf\\xe9/\\xff.png".encode()


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    lay(tmp_path, {"far/cat.png": picture(), "set/dogs/1.png": picture()})
    (tmp_path / "set" / "cats").symlink_to(tmp_path / "far")
    (tmp_path / "set" / "dogs" / "again").symlink_to(tmp_path / "set")
    names = tree.open_tree(tmp_path / "set").files
    assert names == ("cats/cat.png", "dogs/1.png")


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {"cats/1.png": picture()})
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("cats"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="cats: no permission to list this folder"):
        folder.info(Location(tmp_path))


def test_a_damaged_member_is_one_bad_picture(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"cats/1.png": picture(1, (90, 90)), "dogs/1.png": picture(2)})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("cats/1.png").header_offset + 30 + len("cats/1.png")
    data[start + 8 : start + 24] = bytes(16)
    path.write_bytes(data)
    cat, dog = folder.read(Location(path), "train")
    with pytest.raises(BadImage, match=r"x\.zip/cats/1\.png: is damaged in the zip"):
        cat.image.load()
    assert dog.image.load()[0, 0, 0] == 2


def test_a_zip_bomb_and_an_encrypted_member_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "x.zip", {"cats/1.png": b"0" * 5000, "dogs/1.png": picture()})
    monkeypatch.setattr(tree, "MAX_MEMBER", 4000)
    cat, dog = folder.read(Location(path), "train")
    with pytest.raises(BadImage, match="refused as a zip bomb"):
        cat.image.load()
    dog.image.load()
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(mark) + flags] |= 1  # the last member, dogs/1.png, in both of its headers
    path.write_bytes(data)
    with pytest.raises(BadImage, match="is encrypted"):
        dog.image.load()


def test_a_damaged_zip_is_one_sentence(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", SPLITS)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"x\.zip is no zip, or a damaged one"):
        folder.info(Location(path))


def test_a_member_that_leads_out_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"cats/1.png": picture(), "../../etc/evil.png": picture()})
    with pytest.raises(InputError, match=r"evil\.png' leads out of the zip"):
        folder.info(Location(path))


def test_names_in_zips_of_other_systems(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"cats\\1.png": picture(), "Grüße/1.png": picture()})
    data = path.read_bytes()
    path.write_bytes(_without_utf8_flags(data))
    assert folder.info(Location(path)).labels == ("cats", "Grüße")
    assert all(sample.image.load().shape == (3, 4, 3) for sample in folder.read(Location(path), "train"))


def _without_utf8_flags(data: bytes) -> bytes:
    """As macOS writes zips: names in UTF-8, the flag that says so unset."""
    raw = bytearray(data)
    for mark, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + flags] &= ~0x08
            at = raw.find(mark, at + 4)
    return bytes(raw)


def test_a_zip_picture_is_read_in_a_fresh_process(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", SPLITS)
    images = [sample.image for sample in folder.read(Location(path), "train")]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        digests = list(pool.map(_digest, [pickle.dumps(image) for image in images]))
    assert digests == [image.digest() for image in images]


def _digest(data: bytes) -> str:
    return str(pickle.loads(data).digest())


def test_a_replaced_zip_is_read_anew(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"a/1.png": picture(1), "b/1.png": picture(1)})
    assert folder.info(Location(path)).labels == ("a", "b")
    pack(path, {"a/1.png": picture(1), "b/1.png": picture(1), "c/1.png": picture(9)})
    assert folder.info(Location(path)).labels == ("a", "b", "c")
    assert [sample.image.load()[0, 0, 0] for sample in folder.read(Location(path), "train")] == [1, 1, 9]


def test_threads_share_a_zip(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {f"c{n % 2}/{n}.png": picture(n, (60, 60)) for n in range(200)})
    images = [sample.image for sample in folder.read(Location(path), "train")]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda image: image.digest(), images))
    assert together == [image.digest() for image in images]
    assert len(set(together)) == 200
