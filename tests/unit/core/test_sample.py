from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import PIL.Image
import pytest

from clearsight.core.errors import BadImage
from clearsight.core.sample import ArrayImage, Boxes, FileImage, ImageSource, Sample, printable

NOISE = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> FileImage:
    PIL.Image.fromarray(NOISE).save(tmp_path / "a.png")
    return FileImage(tmp_path / "a.png")


def test_a_file_is_read_when_asked(photo: FileImage) -> None:
    np.testing.assert_array_equal(photo.load(), NOISE)
    assert photo.size() == (5, 8)
    assert photo.name == str(photo.path)
    assert FileImage(Path("not there")).name == "not there"  # naming reads nothing


@pytest.mark.parametrize("full", [False, True])
def test_a_glance_is_digest_and_size_in_one_reading(photo: FileImage, full: bool) -> None:
    array = ArrayImage(NOISE)
    for image in (photo, array):
        assert image.glance(full) == (image.digest(), (5, 8)) == (image.digest(), image.size())


def test_only_a_full_glance_sees_a_cut_file(photo: FileImage) -> None:
    photo.path.write_bytes(photo.path.read_bytes()[:-30])
    assert photo.glance()[1] == (5, 8)
    with pytest.raises(BadImage, match=r"a\.png: .*(truncated|damaged)"):
        photo.glance(full=True)


def test_digests_are_equal_for_exact_copies_only(photo: FileImage, tmp_path: Path) -> None:
    (tmp_path / "copy.png").write_bytes(photo.path.read_bytes())
    assert FileImage(tmp_path / "copy.png").digest() == photo.digest()
    changed = NOISE.copy()
    changed[0, 0, 0] ^= 1
    arrays = [ArrayImage(NOISE), ArrayImage(changed), ArrayImage(NOISE.reshape(8, 5, 3))]
    assert len({image.digest() for image in arrays}) == 3
    assert ArrayImage(NOISE.copy(), name="another").digest() == ArrayImage(NOISE).digest()


def test_what_the_system_says_of_a_file(photo: FileImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadImage, match="the file is not there"):
        FileImage(tmp_path / "b.png").load()
    with pytest.raises(BadImage, match="cannot be read"):
        FileImage(tmp_path).load()

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadImage, match="no permission to read it"):
        photo.size()


def test_arrays_are_grey_or_rgb() -> None:
    grey = ArrayImage(NOISE[..., 0])
    np.testing.assert_array_equal(grey.load(), np.stack([NOISE[..., 0]] * 3, axis=2))
    assert grey.size() == (5, 8)


@pytest.mark.parametrize("pixels", [NOISE.astype(np.float32), NOISE[..., :2], NOISE[None], NOISE[0, 0]])
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(BadImage, match="row 7: pixels must"):
        ArrayImage(pixels, name="row 7").load()


def test_a_source_without_bytes_must_say_how_it_loads() -> None:
    class Nothing(ImageSource):
        name = "nothing"

        def encoded(self) -> None:
            return None

    with pytest.raises(TypeError, match="Nothing has no bytes"):
        Nothing().load()


def test_samples_go_to_workers(photo: FileImage) -> None:
    sample = Sample("a", photo, labels=("cat",), extra=MappingProxyType({"camera": 3}))
    again = pickle.loads(pickle.dumps(sample))
    assert again == sample and again.extra == {"camera": 3}
    error = pickle.loads(pickle.dumps(BadImage("a.png", "is cut short")))
    assert (str(error), error.name, error.reason) == ("a.png: is cut short", "a.png", "is cut short")


def test_boxes_need_a_label_each() -> None:
    assert Boxes(np.zeros((0, 4), np.float32), ()).crowd is None
    with pytest.raises(ValueError, match="2 labels need boxes of shape"):
        Boxes(np.zeros((1, 4), np.float32), ("a", "b"))


def test_some_of_the_boxes_keep_their_flags() -> None:
    flags = np.array([True, False, True])
    boxes = Boxes(np.arange(12, dtype=np.float32).reshape(3, 4), ("a", "b", "c"), flags, ~flags, (4, 5))
    some = boxes.rows([2, 1], ("x", "b"))
    np.testing.assert_array_equal(some.xyxy, [[8, 9, 10, 11], [4, 5, 6, 7]])
    assert some.crowd is not None and some.difficult is not None
    assert (some.labels, some.crowd.tolist(), some.difficult.tolist()) == (("x", "b"), [True, False], [False, True])
    assert some.said == (4, 5)
    none = Boxes(boxes.xyxy, boxes.labels).rows([], ())
    assert none.xyxy.shape == (0, 4) and (none.crowd, none.difficult, none.said) == (None, None, None)


def test_names_that_are_not_utf8_can_be_printed(tmp_path: Path) -> None:
    assert printable("Käthe.jpg") == "Käthe.jpg"
    assert printable(os.fsdecode(b"K\xe4the.jpg")) == ("K\\xe4the.jpg" if sys.platform == "linux" else "Käthe.jpg")
    printable("\udcff").encode("utf-8")
    assert printable("half \ud800") == "half \\ud800"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_whose_name_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/K\xe4the.png"))
    buffer = io.BytesIO()
    PIL.Image.fromarray(NOISE).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    image = FileImage(path)
    np.testing.assert_array_equal(image.load(), NOISE)
    image.name.encode("utf-8")
