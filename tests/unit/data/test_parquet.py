"""Parquet tables: pictures within or by path, class names in the metadata, shards, and damaged files."""

from __future__ import annotations

import io
import json
import multiprocessing
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laying import lay, picture

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.core.sample import ImageSource
from clearsight.data.open import open_data
from clearsight.data.readers import parquet, table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

LABEL = {"names": ["zebra", "ant", "bee"], "_type": "ClassLabel"}


def hub(rows: int, start: int = 0, features: dict[str, Any] | None = None, **columns: Any) -> bytes:
    """A file as the hub has it: structs of bytes and path, a class index, names in the metadata; grey n is row n."""
    images = [{"bytes": picture(start + n), "path": f"{start + n}.png"} for n in range(rows)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    arrays: dict[str, Any] = {"image": pa.array(images, kind), "label": [(start + n) % 3 for n in range(rows)]}
    found = pa.table(arrays | columns)
    features = {"image": {"_type": "Image"}, "label": LABEL} | (features or {})
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return write(found.replace_schema_metadata(metadata), 4)


def write(rows: Any, group: int | None = None) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, row_group_size=group)
    return buffer.getvalue()


def grey(source: ImageSource) -> int:
    return int(source.load()[0, 0, 0])


HUB = {
    "README.md": "# A set",
    "data/train-00000-of-00002.parquet": hub(6),
    "data/train-00001-of-00002-a09b74b3ef9c3b56.parquet": hub(5, 6),
    "data/validation-00000-of-00001.parquet": hub(3, 100),
}


@pytest.mark.parametrize("packed", [False, True])
def test_the_layout_of_the_hub(tmp_path: Path, packed: bool) -> None:
    place = lay(tmp_path / "set", HUB)
    if packed:
        place = tmp_path / "set.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in HUB.items():
                archive.writestr(f"set/{name}", data)
    data = open_data(place)
    assert (data.format, dict(data.info.splits)) == ("table", {"train": 11, "val": 3})
    assert data.info.labels == ("zebra", "ant", "bee")  # in the order of their numbers
    assert data.info.annotated == {"labels"} and not data.info.several and data.info.notes == ()
    samples = data.samples("train")
    assert [grey(sample.image) for sample in samples] == list(range(11))
    assert [sample.labels for sample in samples[:4]] == [("zebra",), ("ant",), ("bee",), ("zebra",)]
    assert samples[0].key.endswith("data/train-00000-of-00002/00000") and len({s.key for s in samples}) == 11
    assert [grey(samples[i].image) for i in (10, 0, 7, 5, 1)] == [10, 0, 7, 5, 1]  # out of order
    assert samples[3].image.size() == (3, 4)


def test_other_layouts(tmp_path: Path) -> None:
    converted = {f"default/{split}/{n:04}.parquet": hub(2, 2 * n) for split in ("train", "test") for n in range(2)}
    info = open_data(lay(tmp_path / "a", converted)).info
    assert dict(info.splits) == {"train": 4, "test": 4}
    parts = {f"part-0000{n}-0123abcd-01.c000.snappy.parquet": hub(2, 2 * n) for n in range(2)}
    assert dict(open_data(lay(tmp_path / "b", parts)).info.splits) == {"train": 4}
    one = open_data(lay(tmp_path, {"test.parquet": hub(2)}) / "test.parquet")
    assert (one.name, dict(one.info.splits)) == ("test", {"test": 2})
    lay(tmp_path / "c", {"en/train.parquet": hub(2), "de/train.parquet": hub(2)})
    with pytest.raises(InputError, match="several tables"):
        table.info(Location(tmp_path / "c"))


def test_a_missing_shard_is_noted(tmp_path: Path) -> None:
    lay(tmp_path, {"train-00001-of-00003.parquet": hub(2)})
    notes = open_data(tmp_path).info.notes
    assert notes == ("train: 1 of its 3 files are there; fetch the others for all of its rows",)


def test_raw_bytes_numbers_and_more_columns(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "picture": pa.array([picture(1), picture(2), None], pa.binary()),
            "mask": pa.array([picture(9)] * 3, pa.binary()),
            "kind": pa.array(["a", "b", None]),
            "age": pa.array([1.5, None, 3.0]),
            "day": pa.array([0, 1, 2], pa.timestamp("ns")),
        }
    )
    path = lay(tmp_path, {"x.parquet": write(rows)}) / "x.parquet"
    location = Location(path, label_column="kind", value_column="age")
    info = table.info(location)
    assert info.annotated == {"labels", "values"} and info.values == ("age",) and info.columns == ("day",)
    assert any("columns of bytes left out: mask" in note for note in info.notes)
    samples = list(table.read(location, "train"))
    assert [(s.labels, s.values) for s in samples] == [(("a",), {"age": 1.5}), (("b",), None), (None, {"age": 3.0})]
    assert samples[1].extra["day"].startswith("1970-01-01")
    assert grey(samples[1].image) == 2
    with pytest.raises(BadImage, match=r"x\.parquet\[2\]: the row holds no picture"):
        samples[2].image.load()


def test_pictures_by_path(tmp_path: Path) -> None:
    rows = pa.table({"file_name": ["img/1.png", "img/2.png", "img/3.png"], "label": ["a", "b", "a"]})
    files = {"img/1.png": picture(1), "img/2.png": picture(2), "meta.parquet": write(rows)}
    info = open_data(lay(tmp_path, files)).info
    assert info.labels == ("a", "b")
    assert info.notes == ("1 of 3 rows name a picture that is not there: img/3.png",)
    assert [s.key for s in table.read(Location(tmp_path), "train")] == ["img/1.png", "img/2.png", "img/3.png"]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    nested = pa.table({"image": pa.array([{"bytes": None, "path": "img/2.png"}], kind), "label": ["a"]})
    lay(tmp_path, {"meta.parquet": write(nested)})
    assert [grey(s.image) for s in table.read(Location(tmp_path), "train")] == [2]


def test_lists_of_class_labels_and_unlabelled_rows(tmp_path: Path) -> None:
    features = {"labels": {"feature": LABEL, "_type": "Sequence"}, "label": None}
    several = pa.array([[0, 2], [], None, [1]], pa.list_(pa.int64()))
    path = lay(tmp_path, {"x.parquet": hub(4, 0, features, labels=several)}) / "x.parquet"
    location = Location(path, label_column="labels")
    info = table.info(location)
    assert info.several and info.labels == ("zebra", "ant", "bee")
    assert [s.labels for s in table.read(location, "train")] == [("zebra", "bee"), (), None, ("ant",)]
    lay(tmp_path, {"x.parquet": hub(2, 0, label=pa.array([-1, 2.0], pa.float64()))})
    assert [s.labels for s in table.read(Location(path), "train")] == [None, ("bee",)]
    lay(tmp_path, {"x.parquet": hub(2, 0, label=pa.array([0, 7]))})
    with pytest.raises(InputError, match=r"x\.parquet:2: the label 7 has no name; there are 3, zebra, ant, bee"):
        table.info(Location(path))


def test_only_the_row_group_asked_for_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lay(tmp_path, {"x.parquet": hub(40)}) / "x.parquet"
    samples = list(table.read(Location(path), "train"))
    assert not parquet._kept or all(file.name != str(path) for file, *_ in parquet._kept)  # nothing read yet
    assert [grey(sample.image) for sample in samples] == list(range(40))
    assert len(parquet._kept) <= 4 and all(len(cells) <= 4 for *_, cells in parquet._kept)
    monkeypatch.setattr(parquet, "PIECE", 10)  # a row group larger than what is read at a time
    parquet._kept.clear()
    parquet._open.cache_clear()
    assert [grey(samples[i].image) for i in (0, 3, 2, 1, 39, 38, 5)] == [0, 3, 2, 1, 39, 38, 5]
    assert all(len(cells) < 4 for *_, cells in parquet._kept)
    assert "in one row group" in table.info(Location(path)).notes[0]


def test_threads_read_together(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = lay(tmp_path, {"x.parquet": hub(60)}) / "x.parquet"
    sources = [sample.image for sample in table.read(Location(path), "train")] * 3
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(grey, sources)) == list(range(60)) * 3


def test_a_picture_pickles_as_a_reference(tmp_path: Path) -> None:
    path = lay(tmp_path, {"x.parquet": hub(3)}) / "x.parquet"
    sample = list(table.read(Location(path), "train"))[2]
    assert len(pickle.dumps(sample)) < 1000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(sample.image.load), sample.image.load())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"x\.parquet is no Parquet file, or a damaged one"),
        (b"PAR1 and not the rest", r"x\.parquet is no Parquet file, or a damaged one"),
        (hub(8)[:-40], r"x\.parquet is no Parquet file, or a damaged one"),
        (hub(0), r"x\.parquet has no rows"),
        (write(pa.table({"size": [1], "price": [2]})), "no column of pictures among size, price; say --image-column"),
        (write(pa.table({"image": ["1.png"]}, metadata={"huggingface": "{"})), "metadata under 'huggingface'"),
    ],
)
def test_damaged_files(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data(lay(tmp_path, {"x.parquet": data}) / "x.parquet")


def test_damage_among_the_pictures_is_a_bad_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    large = [noise.bytes(5000) for _ in range(4)]
    rows = pa.table({"image": pa.array(large, pa.binary()), "label": ["a", "b", "a", "b"]})
    data = bytearray(write(rows, 2))
    data[4:4000] = bytes(3996)
    path = lay(tmp_path, {"x.parquet": bytes(data)}) / "x.parquet"
    samples = list(table.read(Location(path), "train"))
    with pytest.raises(BadImage, match=r"x\.parquet\[0\]: cannot be read"):
        samples[0].image.load()
    assert samples[3].image.encoded() == large[3]
    path.unlink()
    with pytest.raises(BadImage, match=r"x\.parquet\[3\]: cannot be read"):
        samples[3].image.load()


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lay(tmp_path, {"x.parquet": hub(1)}) / "x.parquet"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'clearsight\[parquet\]'"):
        open_data(path)


def test_a_stray_parquet_file_hides_no_folder(tmp_path: Path) -> None:
    pictures = {f"{name}/{n}.png": picture(n) for name in ("cats", "dogs") for n in range(2)}
    stray = {"cats/vectors.parquet": write(pa.table({"x": [1.0]})), "broken.parquet": b"no"}
    assert open_data(lay(tmp_path, pictures | stray)).format == "folder"
