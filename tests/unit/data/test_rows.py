"""Sets that keep many pictures in one file: idx, CIFAR's batches, scikit-learn's digits."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from laying import lay, pack

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.data.readers import cifar, digits, idx


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
    with pytest.raises(InputError, match=r"holds 11 pictures, .*train-labels-idx1-ubyte 10 labels"):
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


NAMES10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


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
    np.testing.assert_allclose(pixels[..., 0] * (16 / 255), truth.images, atol=16 / 255 / 2 + 1e-9)
    assert list(digits.read(location, "val")) == []


def test_digits_yield_to_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert digits.sniff(Location(Path("digits"))) is not None
    assert digits.sniff(Location(Path("other/digits"))) is None
    (tmp_path / "digits").mkdir()
    assert digits.sniff(Location(Path("digits"))) is None
