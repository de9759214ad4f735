"""Every reader on small sets made on the spot, whole and broken."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.data import tree
from clearsight.data.readers import cifar, digits, folder, idx, table
from clearsight.data.readers.names import few, natural_order, split_of


def picture(colour: int = 0, size: tuple[int, int] = (4, 3)) -> bytes:
    """A small PNG of one grey."""
    buffer = io.BytesIO()
    PIL.Image.new("L", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def lay(root: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def pack(path: Path, files: dict[str, bytes | str]) -> Path:
    """Write files into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


SPLITS = {
    "train/cats/2.png": picture(2),
    "train/cats/10.png": picture(10),
    "train/dogs/1.png": picture(20),
    "Validation/cats/3.png": picture(3),
    "test/dogs/deep/er/4.png": picture(4),
}


# --- names


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


def test_few_says_how_many_more() -> None:
    assert few(["a", "b"]) == "a, b"
    assert few(list("abcdef")) == "a, b, c and 3 more"


# --- folder


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
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    with open(os.fsencode(tmp_path) + b"/caf\xe9/\xff.png", "wb") as file:
        file.write(picture(7))
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


# --- zip


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


# --- table

PHOTOS = {f"img/{n}.png": picture(n) for n in range(1, 5)}


def read_table(path: Path, split: str = "train", **options: str) -> list[tuple[str, tuple[str, ...] | None]]:
    return [(sample.key, sample.labels) for sample in table.read(Location(path, **options), split)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "Image Path,Species,camera\nimg/1.png,cat,A\nimg/2.png,dog,B\n"),
        ("labels.csv", '\ufeffimg;label;camera\r\n"img/1.png";"cat";A\r\n\r\nimg/2.png;dog;B\r\n'),
        ("labels.tsv", "camera\tfile_name\ttarget\nA\timg/1.png\tcat\nB\timg/2.png\tdog\n"),
        (
            "labels.jsonl",
            '{"image": "img/1.png", "label": "cat", "camera": "A"}\n\n'
            '{"label": "dog", "camera": "B", "image": "img/2.png"}',
        ),
    ],
)
def test_tables_of_every_kind(tmp_path: Path, name: str, text: str) -> None:
    lay(tmp_path, PHOTOS | {name: text})
    for path in (tmp_path / name, tmp_path):  # the table by its name, and the folder that it describes
        location = Location(path)
        info = table.info(location)
        assert dict(info.splits) == {"train": 2}
        assert info.labels == ("cat", "dog")
        assert info.columns == ("camera",)
        assert info.notes == ()
        samples = list(table.read(location, "train"))
        assert [(s.key, s.labels, s.extra) for s in samples] == [
            ("img/1.png", ("cat",), {"camera": "A"}),
            ("img/2.png", ("dog",), {"camera": "B"}),
        ]
        assert [int(s.image.load()[0, 0, 0]) for s in samples] == [1, 2]
        assert table.sniff(location) is not None


def test_a_table_in_a_zip(tmp_path: Path) -> None:
    text = "path,label\nimg/1.png,cat\n./img/../img/2.png,dog\nimg/9.png,cat\n/etc/x.png,dog\n"
    files = {f"set/{name}": data for name, data in (PHOTOS | {"data.csv": text}).items()}
    location = Location(pack(tmp_path / "x.zip", files))
    samples = list(table.read(location, "train"))
    assert [int(sample.image.load()[0, 0, 0]) for sample in samples[:2]] == [1, 2]
    for sample in samples[2:]:
        with pytest.raises(BadImage, match="is not in the zip"):
            sample.image.load()
    assert table.info(location).notes == ("2 of 4 rows name a picture that is not there: img/9.png, /etc/x.png",)


def test_a_column_of_splits(tmp_path: Path) -> None:
    text = "image,label,split\nimg/1.png,a,Train\nimg/2.png,b,valid\nimg/3.png,a,TEST\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    assert dict(table.info(Location(path)).splits) == {"train": 1, "val": 1, "test": 1}
    assert read_table(path, "val") == [("img/2.png", ("b",))]
    path.write_text(text + "img/4.png,a,holdout\n")
    with pytest.raises(InputError, match=r"x\.csv:5: the split 'holdout' is not known"):
        table.info(Location(path))


def test_a_column_called_split_that_means_something_else(tmp_path: Path) -> None:
    text = "image,label,split\nimg/1.png,a,left\nimg/2.png,b,right\n"
    info = table.info(Location(lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"))
    assert dict(info.splits) == {"train": 2}
    assert info.columns == ("split",)
    assert "'split' names none of train, val, test" in info.notes[0]


def test_tables_named_after_splits(tmp_path: Path) -> None:
    files = {"train.csv": "image,label\nimg/1.png,a\nimg/2.png,b\n", "val.csv": "image,label\nimg/3.png,a\n"}
    lay(tmp_path, PHOTOS | files | {"prices.csv": "item,price\ntea,2\n"})
    assert dict(table.info(Location(tmp_path)).splits) == {"train": 2, "val": 1}
    assert read_table(tmp_path, "val") == [("img/3.png", ("a",))]


def test_several_tables_are_not_guessed_among(tmp_path: Path) -> None:
    lay(tmp_path, PHOTOS | {"a.csv": "image,label\nimg/1.png,a\n", "b.csv": "image,label\nimg/1.png,b\n"})
    with pytest.raises(InputError, match=r"several tables, a\.csv, b\.csv; name the one"):
        table.info(Location(tmp_path))


def test_several_label_columns_and_empty_cells(tmp_path: Path) -> None:
    text = "image,colour,kind\nimg/1.png,red,cat\nimg/2.png,,dog\nimg/3.png,,\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    rows = read_table(path, label_column="colour, kind")
    assert [labels for _, labels in rows] == [("red", "cat"), ("dog",), None]


def test_json_lists_and_numbers_as_labels(tmp_path: Path) -> None:
    rows = [{"image": "1.png", "labels": ["a", "b"]}, {"image": "2.png", "labels": 3}, {"image": "3.png"}]
    path = lay(tmp_path, {"x.jsonl": "\n".join(map(json.dumps, rows))}) / "x.jsonl"
    assert [labels for _, labels in read_table(path)] == [("a", "b"), ("3",), None]


def test_columns_by_option_and_by_content(tmp_path: Path) -> None:
    text = "what,where,image\ncat,img/1.png,yes\ndog,img/2.png,no\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    asked = {"image_column": "where", "label_column": "what"}
    assert read_table(path, **asked) == [("img/1.png", ("cat",)), ("img/2.png", ("dog",))]
    path.write_text("what,where\ncat,img/1.png\ndog,img/2.png\n")
    assert read_table(path) == [("img/1.png", ("cat",)), ("img/2.png", ("dog",))]
    with pytest.raises(InputError, match=r"no column 'wher', it has what, where; did you mean 'where'\?"):
        table.info(Location(path, image_column="wher"))


def test_a_table_without_labels_says_so(tmp_path: Path) -> None:
    path = lay(tmp_path, PHOTOS | {"x.csv": "image,width,height\nimg/1.png,4,3\n"}) / "x.csv"
    info = table.info(Location(path))
    assert info.annotated == frozenset() and info.labels == ()
    assert "say --label-column" in info.notes[0]
    assert read_table(path) == [("img/1.png", None)]


def test_missing_pictures_are_samples_that_fail_when_loaded(tmp_path: Path) -> None:
    text = "image,label\nimg/1.png,a\nimg/gone.png,b\nimg/lost.png,a\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    info = table.info(Location(path))
    assert dict(info.splits) == {"train": 3}
    assert info.notes == ("2 of 3 rows name a picture that is not there: img/gone.png, img/lost.png",)
    with pytest.raises(BadImage, match=r"gone\.png: the file is not there"):
        list(table.read(Location(path), "train"))[1].image.load()


def test_a_picture_in_several_rows_keeps_them_apart(tmp_path: Path) -> None:
    text = "image,label\nimg/1.png,a\nimg/1.png,b\nimg/1.png,a\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    assert [key for key, _ in read_table(path)] == ["img/1.png", "img/1.png#2", "img/1.png#3"]
    note = "1 picture named by several rows, told apart as #2, #3: img/1.png"
    assert table.info(Location(path)).notes == (note,)


def test_latin1_is_read_and_noted(tmp_path: Path) -> None:
    path = lay(tmp_path, {"x.csv": "image,label\n1.png,café\n".encode("latin-1")}) / "x.csv"
    assert read_table(path) == [("1.png", ("café",))]
    assert "is not UTF-8 and was read as Latin-1" in table.info(Location(path)).notes[0]
    path.write_bytes("image,label\n1.png,café\n".encode("utf-16"))
    assert read_table(path) == [("1.png", ("café",))]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "image,label\n1.png,a\n2.png,a,b\n", r"x\.csv:3: has 3 cells where the header has 2"),
        ("x.csv", 'image,label\n"two\nlines.png",a\n2.png\n', r"x\.csv:4: has 1 cells"),
        ("x.csv", "", r"x\.csv is empty"),
        ("x.csv", "image,label\n", r"x\.csv has no rows"),
        ("x.csv", "image,image,label\n1.png,2.png,a\n", r"x\.csv:1: the column 'image' is there twice"),
        ("x.csv", "1.png,a\n2.png,b\n", r"x\.csv:1 is a row, not a header"),
        ("x.csv", "image,label\n,a\n", r"x\.csv:2: names no picture"),
        ("x.csv", "size,price\n1,2\n", r"no column of pictures among size, price; say --image-column"),
        ("x.jsonl", '{"image": "1.png"}\n{"image": \n', r"x\.jsonl:2: is not JSON"),
        ("x.jsonl", '["1.png"]\n', r"x\.jsonl:1: must be a JSON object"),
        ("x.jsonl", '{"image": "a\\u0000.png"}', r"x\.jsonl:1: names no picture"),
        ("x.jsonl", '{"image": "1.png", "label": {"a": 1}}', r"x\.jsonl:1: 'label' must hold a label"),
        ("x.jsonl", "\n", r"x\.jsonl has no rows"),
    ],
)
def test_broken_tables_name_file_and_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        table.info(Location(lay(tmp_path, {name: text}) / name))


cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_any_cells_come_back(rows: list[tuple[str, str]]) -> None:
    import csv

    from clearsight.data.readers.sheet import parse

    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("note", "label"), *rows])
    wanted = [(a.strip(), b.strip()) for a, b in rows if a.strip() or b.strip()]
    if not wanted:
        with pytest.raises(InputError):
            parse(buffer.getvalue().encode(), "x.csv")
        return
    sheet = parse(buffer.getvalue().encode(), "x.csv")
    assert [(row["note"], row["label"]) for _, row in sheet.rows] == wanted


# --- idx


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mnist() -> dict[str, np.ndarray]:
    """Eleven pictures to train on and three to test, of different height and width."""
    generator = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": generator.integers(0, 256, (11, 5, 4), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.arange(11, dtype=np.uint8) % 10,
        "t10k-images-idx3-ubyte": generator.integers(0, 256, (3, 5, 4), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.array([7, 7, 0], np.uint8),
    }


@pytest.mark.parametrize("style", ["plain", "gz", "dots", "emnist", "zip", "raw", "both"])
def test_idx_in_its_many_guises(tmp_path: Path, mnist: dict[str, np.ndarray], style: str) -> None:
    files = {name: idx_bytes(array) for name, array in mnist.items()}
    packed = {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
    path = tmp_path / "set"
    if style == "zip":
        path = pack(tmp_path / "set.zip", {f"set/{name}": data for name, data in packed.items()})
    elif style == "dots":
        lay(path, {name.replace("-idx", ".idx"): data for name, data in files.items()})
    elif style == "emnist":
        names = {name: name.replace("t10k", "test") for name in packed}
        lay(path, {f"emnist-letters-{names[name]}": data for name, data in packed.items()})
    elif style == "raw":
        lay(path / "raw", packed)
    else:
        lay(path, files if style == "plain" else packed if style == "gz" else files | packed)
    location = Location(path)
    assert idx.sniff(location) is not None
    info = idx.info(location)
    assert dict(info.splits) == {"train": 11, "test": 3}
    assert info.labels == tuple("0123456789")
    samples = list(idx.read(location, "test"))
    assert [sample.labels for sample in samples] == [("7",), ("7",), ("0",)]
    assert [sample.key for sample in samples] == ["test/00000", "test/00001", "test/00002"]
    wanted = mnist["t10k-images-idx3-ubyte"]
    wanted = wanted.transpose(0, 2, 1) if style == "emnist" else wanted
    for sample, grey in zip(samples, wanted, strict=True):
        image = pickle.loads(pickle.dumps(sample.image))
        np.testing.assert_array_equal(image.load(), np.stack([grey] * 3, axis=-1))
    assert len(pickle.dumps(samples[0].image)) < 500  # a reference, not the pixels


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("which", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
@pytest.mark.parametrize("keep", [0, 3, 9, -4])
def test_idx_cut_short(tmp_path: Path, mnist: dict[str, np.ndarray], packed: bool, which: str, keep: int) -> None:
    files = {name: idx_bytes(array) for name, array in mnist.items()}
    if packed:
        files = {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
        which += ".gz"
    files[which] = files[which][:keep]
    location = Location(lay(tmp_path, files))
    with pytest.raises(InputError, match=which):
        idx.info(location)
        list(idx.read(location, "train"))


def test_idx_files_that_disagree_or_lie(tmp_path: Path, mnist: dict[str, np.ndarray]) -> None:
    files = {name: idx_bytes(array) for name, array in mnist.items()}
    location = Location(lay(tmp_path, files))
    images, labels = tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(10, np.uint8)))
    with pytest.raises(InputError, match="holds 11 pictures, .*train-labels-idx1-ubyte 10 labels"):
        idx.info(location)
    labels.write_bytes(files["train-images-idx3-ubyte"])
    with pytest.raises(InputError, match="starts 00 00 08 03, not 00 00 08 01"):
        idx.info(location)
    labels.unlink()
    with pytest.raises(InputError, match="has no labels beside it; put train-labels-idx1-ubyte there"):
        idx.info(location)
    labels.write_bytes(files["train-labels-idx1-ubyte"])
    images.write_bytes(bytes((0, 0, 8, 3)) + struct.pack(">3I", 2**31, 2**31, 2**31))
    with pytest.raises(InputError, match="its header speaks of"):
        idx.info(location)


def test_two_idx_sets_in_one_folder(tmp_path: Path, mnist: dict[str, np.ndarray]) -> None:
    files = {name: idx_bytes(array) for name, array in mnist.items()}
    lay(tmp_path, files | {f"emnist-digits-{name}": data for name, data in files.items()})
    with pytest.raises(InputError, match="holds several sets"):
        idx.info(Location(tmp_path))


def test_a_picture_whose_file_went_away_is_a_bad_picture(tmp_path: Path, mnist: dict[str, np.ndarray]) -> None:
    lay(tmp_path, {name: idx_bytes(array) for name, array in mnist.items()})
    sample = next(iter(idx.read(Location(tmp_path), "train")))
    (tmp_path / "train-images-idx3-ubyte").unlink()
    with pytest.raises(BadImage, match="its file has changed"):
        sample.image.load()


@pytest.mark.data
def test_the_real_mnist() -> None:
    path = Path(__file__).parents[4] / "shared" / "data" / "mnist"
    if not path.is_dir():
        pytest.skip(f"{path} is not there")
    info = idx.info(Location(path))
    assert dict(info.splits) == {"train": 60_000, "test": 10_000}
    first = next(iter(idx.read(Location(path), "train")))
    assert first.labels == ("5",) and first.image.load().shape == (28, 28, 3)


# --- cifar

NAMES10 = "airplane automobile bird cat deer dog frog horse ship truck".split()


def cifar_files(hundred: bool) -> tuple[dict[str, bytes], np.ndarray]:
    """Official files with two pictures a batch, and the pictures of the first (2, 32, 32, 3)."""
    generator = np.random.default_rng(1)
    pixels = generator.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    heads = [(3, 42), (19, 99)] if hundred else [(3,), (9,)]
    planes = pixels.transpose(0, 3, 1, 2)
    batch = b"".join(bytes(head) + plane.tobytes() for head, plane in zip(heads, planes, strict=True))
    if hundred:
        fine, coarse = (
            "\n".join(f"{kind} {n}".replace(" ", "_") for n in range(k)) for kind, k in (("f", 100), ("c", 20))
        )
        names = {"fine_label_names.txt": fine.encode(), "coarse_label_names.txt": coarse.encode()}
        return {"train.bin": batch, "test.bin": batch, **names}, pixels
    batches = {f"data_batch_{n}.bin": batch for n in range(1, 6)}
    return {"batches.meta.txt": "\n".join([*NAMES10, ""]).encode(), **batches, "test_batch.bin": batch}, pixels


@pytest.mark.parametrize("hundred", [False, True])
@pytest.mark.parametrize("style", ["folder", "wrapped", "zip", "tar.gz"])
def test_cifar_binary(tmp_path: Path, hundred: bool, style: str) -> None:
    files, pixels = cifar_files(hundred)
    path = tmp_path / f"set.{style}"
    if style == "tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"cifar-binary/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    elif style == "zip":
        pack(path, {f"x/{name}": data for name, data in files.items()})
    else:
        lay(path / ("x" if style == "wrapped" else ""), files)
    location = Location(path)
    assert cifar.sniff(location) is not None
    info = cifar.info(location)
    assert dict(info.splits) == {"train": 2 if hundred else 10, "test": 2}
    assert len(info.labels) == (100 if hundred else 10)
    first, second = list(cifar.read(location, "train"))[:2]
    assert first.labels == (("f_42",) if hundred else ("cat",))
    assert first.extra == ({"superclass": "c_3"} if hundred else {})
    assert second.labels == (("f_99",) if hundred else ("truck",))
    assert first.key == ("train/00000" if hundred else "data_batch_1/00000")
    np.testing.assert_array_equal(first.image.load(), pixels[0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(second.image)).load(), pixels[1])


def test_cifar_that_is_not_whole(tmp_path: Path) -> None:
    files, _ = cifar_files(False)
    location = Location(lay(tmp_path, files))
    (tmp_path / "batches.meta.txt").unlink()
    info = cifar.info(location)
    assert info.labels == tuple("0123456789")
    assert "lacks batches.meta.txt; the classes are called by their numbers" in info.notes[0]
    (tmp_path / "test_batch.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(InputError, match="has a label 10, beyond the names of its classes"):
        list(cifar.read(location, "test"))
    (tmp_path / "data_batch_3.bin").write_bytes(files["data_batch_3.bin"][:-1])
    with pytest.raises(InputError, match=r"data_batch_3\.bin is cut short: 6,145 bytes are no multiple of 3,073"):
        cifar.info(location)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(InputError, match=r"lacks data_batch_3\.bin"):
        cifar.info(location)


def test_a_tar_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("x/data_batch_1.bin")
        member.size = 3073
        archive.addfile(member, io.BytesIO(os.urandom(3073)))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match="is damaged or cut short"):
        cifar.info(Location(path))


# --- digits


def test_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    location = Location(Path("digits"))
    info = digits.info(location)
    assert dict(info.splits) == {"train": 1797}
    assert info.labels == tuple("0123456789")
    samples = list(digits.read(location, "train"))
    truth = load_digits()
    assert [int(sample.labels[0]) for sample in samples if sample.labels] == truth.target.tolist()
    assert samples[7].key == "digits/0007"
    pixels = np.stack([sample.image.load() for sample in samples])
    assert pixels.dtype == np.uint8 and pixels.shape == (1797, 8, 8, 3)
    np.testing.assert_allclose(pixels[..., 0] * 16 / 255, truth.images, atol=16 / 255 / 2 + 1e-9)
    assert list(digits.read(location, "val")) == []


def test_digits_yield_to_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert digits.sniff(Location(Path("digits"))) is not None
    assert digits.sniff(Location(Path("other/digits"))) is None
    (tmp_path / "digits").mkdir()
    assert digits.sniff(Location(Path("digits"))) is None
