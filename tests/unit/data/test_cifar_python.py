"""CIFAR's Python batches, as Python 2 and 3 pickle them, and pickles that are programmes of somebody else's."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import struct
import tarfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laying import lay, pack

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.data.open import open_data
from clearsight.data.readers import cifar, unpickle

NAMES10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def python2(value: Any) -> bytes:
    """A pickle as Python 2's cPickle writes it with protocol 2: text as byte strings, numpy.core for numpy."""
    return b"\x80\x02" + _python2(value) + b"."


def _python2(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        kind = value.dtype.str[1:].encode()
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        dtype = (
            b"cnumpy\ndtype\n"
            + _python2(kind)
            + b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        )
        shape = b"(" + b"".join(map(_python2, value.shape)) + b"t"
        return made + b"(K\x01" + shape + dtype + b"\x89" + _python2(value.tobytes()) + b"tb"
    if isinstance(value, dict):
        return b"}(" + b"".join(_python2(key) + _python2(item) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_python2, value)) + b"e"
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    data = value.encode("latin-1") if isinstance(value, str) else value
    return b"T" + struct.pack("<i", len(data)) + data


def python3(value: Any) -> bytes:
    """As Python 3 writes it with protocol 2, the keys as bytes."""
    return pickle.dumps({key.encode(): item for key, item in value.items()}, protocol=2)


def set_of(hundred: bool, dump: Callable[[Any], bytes]) -> tuple[dict[str, bytes], np.ndarray]:
    """Official files with two pictures a batch, and those pictures (2, 32, 32, 3)."""
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    rows = pixels.transpose(0, 3, 1, 2).reshape(2, 3072)
    common = {"batch_label": "a batch", "filenames": ["a.png", "b\xe9.png"], "data": rows}
    if hundred:
        batch = dump({**common, "fine_labels": [42, 99], "coarse_labels": [3, 19]})
        names = {key: [f"{key[0]}_{n}" for n in range(k)] for key, k in (("fine", 100), ("coarse", 20))}
        meta = dump({f"{key}_label_names": listed for key, listed in names.items()})
        return {"file.txt~": b"", "train": batch, "test": batch, "meta": meta}, pixels
    batch = dump({**common, "labels": [3, 9]})
    meta = dump({"label_names": NAMES10, "num_cases_per_batch": 2, "num_vis": 3072})
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    return {"batches.meta": meta, "readme.html": b"<html>", **dict.fromkeys(names, batch)}, pixels


@pytest.mark.parametrize("dump", [python2, python3])
@pytest.mark.parametrize("hundred", [False, True])
@pytest.mark.parametrize("style", ["folder", "zip", "tar.gz"])
def test_cifar_python(tmp_path: Path, hundred: bool, style: str, dump: Callable[[Any], bytes]) -> None:
    files, pixels = set_of(hundred, dump)
    path = tmp_path / f"set.{style}"
    if style == "tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"cifar-python/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    elif style == "zip":
        pack(path, {f"cifar-python/{name}": data for name, data in files.items()})
    else:
        lay(path, files)
    found = open_data(path)
    assert found.format == "cifar" and dict(found.info.splits) == {"train": 2 if hundred else 10, "test": 2}
    assert found.info.labels == (tuple(f"f_{n}" for n in range(100)) if hundred else tuple(NAMES10))
    first, second = found.samples("train")[:2]
    assert (first.labels, second.labels) == ((("f_42",), ("f_99",)) if hundred else (("cat",), ("truck",)))
    assert first.extra == ({"superclass": "c_3"} if hundred else {})
    assert second.key == ("train/00001" if hundred else "data_batch_1/00001")
    np.testing.assert_array_equal(first.image.load(), pixels[0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(second.image)).load(), pixels[1])


@given(
    st.dictionaries(
        st.text("abc", max_size=3),
        st.one_of(
            st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
            st.binary(max_size=9),
            st.integers(1, 4).map(lambda n: np.arange(3 * n, dtype=np.uint8).reshape(n, 3)),
        ),
        max_size=4,
    )
)
@settings(max_examples=50)
def test_plain_data_is_read_as_pickle_itself_reads_it(value: dict[str, Any]) -> None:
    for data in (python2(value), python3(value), pickle.dumps(value, protocol=4)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy.core
            expected = pickle.loads(data, encoding="bytes")
        found = unpickle.loads(data, "x")
        assert found.keys() == expected.keys()
        for key, item in expected.items():
            np.testing.assert_array_equal(found[key], item)


@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3, dtype=">i4"), np.array([True])]
)
def test_arrays_of_other_layouts(array: np.ndarray) -> None:
    found = unpickle.loads(pickle.dumps({"a": array, "b": array.flat[0]}, protocol=2), "x")
    np.testing.assert_array_equal(found["a"], array)
    assert found["b"] == array.flat[0]


class Calls:
    """Pickles as a call."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


MARKER = "left by a pickle"


@pytest.mark.parametrize(
    ("evil", "named"),
    [
        (Calls(os.system, f"touch '{MARKER}'"), "posix.system"),
        (Calls(builtins.eval, f"open('{MARKER}', 'w')"), "builtins.eval"),
        (Calls(builtins.getattr, np, "load"), "numpy"),
        (Calls(np.load, MARKER, None, True), "numpy.load"),
        (Calls(np.memmap, MARKER, "uint8", "w+", 0, 10), "numpy.memmap"),
        (Path(MARKER), "pathlib"),
        (io.BytesIO(), "_io.BytesIO"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_calls_anything_is_refused_unrun(
    tmp_path: Path, evil: Any, named: str, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        data = pickle.dumps({"data": evil}, protocol=protocol)
    except TypeError:  # a module does not pickle: write the call by hand
        data = b"cbuiltins\ngetattr\n(cnumpy\nload\ntR."
        named = "builtins.getattr"
    with pytest.raises(InputError, match=r"data_batch_1 asks for .*refused as unsafe") as caught:
        unpickle.loads(data, "data_batch_1")
    assert named.split(".")[-1] in str(caught.value).replace("__builtin__", "builtins")
    assert not list(tmp_path.iterdir())


ARRAY, KIND = b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\ndtype\n"
TRICKS = {
    "an array of objects": pickle.dumps({"data": np.array([{}, []], object)}, protocol=2),
    "an array of records": pickle.dumps({"data": np.zeros(2, "u1,i4")}, protocol=2),
    "a text array": pickle.dumps({"data": np.array(["a"])}, protocol=2),
    "an array without content": ARRAY + b"(tR.",
    "a huge array of nothing": ARRAY + b"(tR(K\x01(J\xff\xff\xff\x7ft" + KIND + b"U\x02u1\x85R\x89U\x01xtb.",
    "a type of its own": KIND + b"(Vnot a type\ntR.",
    "a type alone": KIND + b"U\x02u1\x85R.",
    "a function alone": ARRAY + b".",
    "bytes of a size": b"c__builtin__\nbytes\n(J\xff\xff\xff\x7ftR.",
    "attributes of a function": ARRAY + b"(N}(V__defaults__\nNutb.",
    "attributes of a type": KIND + b"(N}(V__setstate__\nNutb.",
    "an instance of a type": KIND + b")\x81.",
    "another codec": b"c_codecs\nencode\n(Vaa\nVrot13\ntR.",
    "a set": pickle.dumps({1, 2}, protocol=4),
    "a place far off in the memo": b"\x80\x02]r\xff\xff\xff\x7f.",
    "a list in itself": b"]q\x00(h\x00e.",
    "an extension": b"\x82\x01.",
    "a persistent thing": b"Vx\nQ.",
    "nothing": b"",
    "text": b"hello",
    "cut short": python2({"data": np.zeros((2, 3072), np.uint8)})[:-100],
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused(trick: str) -> None:
    with pytest.raises(InputError, match=r"x is no pickle of plain arrays|x asks for"):
        unpickle.loads(TRICKS[trick], "x")


def test_a_name_repeated_without_end_is_finished_once() -> None:
    """A hundred lists of a hundred names of the one below, six deep, are 10¹² things."""
    value: Any = [0] * 100
    for _ in range(6):
        value = [value] * 100
    assert len(unpickle.loads(pickle.dumps(value), "x")) == 100


@given(st.binary(max_size=80))
@settings(max_examples=150)
def test_any_bytes_are_plain_data_or_an_error(data: bytes) -> None:
    for start in (b"", b"\x80\x02", ARRAY, KIND):
        try:
            unpickle.loads(start + data, "x")
        except InputError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("test_batch", {"labels": [1, 2]}, "its data must be uint8"),
        ("test_batch", {"data": np.zeros((2, 3071), np.uint8), "labels": [1, 2]}, r"this is uint8 \(2, 3071\)"),
        ("test_batch", {"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, "must have 2 numbers as its 'labels'"),
        ("test_batch", {"data": np.zeros((2, 3072), np.uint8), "labels": [1, 256]}, "must have 2 numbers"),
        ("test_batch", {"data": np.zeros((2, 3072), np.uint8), "labels": ["a", "b"]}, "must have 2 numbers"),
        ("test_batch", {"data": np.zeros((2, 3072), np.uint8)}, "must have 2 numbers"),
        ("test_batch", {"data": np.zeros((0, 3072), np.uint8), "labels": []}, "holds no pictures"),
        ("test_batch", [1], "must hold a dict"),
        ("batches.meta", {"names": []}, "has no list 'label_names'"),
    ],
)
def test_a_batch_that_is_none(tmp_path: Path, file: str, content: Any, sentence: str) -> None:
    files, _ = set_of(False, python2)
    lay(tmp_path, {**files, file: pickle.dumps(content, protocol=2)})
    with pytest.raises(InputError, match=rf"{file}.*{sentence}"):
        cifar.info(Location(tmp_path))


def test_labels_beyond_the_names_and_missing_names(tmp_path: Path) -> None:
    files, _ = set_of(False, python2)
    rows = np.zeros((1, 3072), np.uint8)
    lay(tmp_path, {**files, "test_batch": python2({"data": rows, "labels": [10]})})
    with pytest.raises(InputError, match="has a label 10, beyond the names of its classes"):
        list(cifar.read(Location(tmp_path), "test"))
    (tmp_path / "batches.meta").unlink()
    assert "lacks batches.meta" in cifar.info(Location(tmp_path)).notes[0]
    (tmp_path / "data_batch_2").unlink()
    with pytest.raises(InputError, match="lacks data_batch_2"):
        cifar.info(Location(tmp_path))


def sized(path: Path, sizes: Mapping[str, int]) -> Path:
    """A tar of files of zeros."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, size in sizes.items():
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    return path


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        (
            {"a/data_batch_1": 1, "b/data_batch_1": 1},
            "holds two sets, a/data_batch_1 and b/data_batch_1; give a tar of one",
        ),
        ({"x/test_batch.bin": 32_000_001}, "x/test_batch.bin has 32,000,001 bytes, more than CIFAR's"),
        ({"x/batches.meta": 2**20 + 1, "x/test_batch": 1}, "x/batches.meta has 1,048,577 bytes, more than CIFAR's"),
    ],
)
def test_a_tar_larger_than_the_set_is_refused(tmp_path: Path, sizes: dict[str, int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        cifar.info(Location(sized(tmp_path / "x.tar.gz", sizes)))


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["x/test_batch"], True),
        (["x/file.txt~", "x/train", "x/test", "x/meta"], True),
        (["x/meta", "x/train"], True),
        (["x/train"], False),
        (["x/train", "y/train", "x/meta"], False),
        (["x/train", "x/readme", "x/meta"], False),
        (["x/other", "x/train", "x/meta"], False),
        ([], False),
    ],
)
def test_common_names_alone_are_not_cifar(tmp_path: Path, names: list[str], known: bool) -> None:
    location = Location(sized(tmp_path / "x.tar.gz", dict.fromkeys(names, 1)))
    assert (cifar.sniff(location) is not None) == known
