"""What values of mask files mean: 0 and 255 with strays among them, values outside the classes, large files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from laying import lay, picture
from masking import PIXELS, indexed, saved

from clearsight.core.sample import VOID
from clearsight.data.open import open_data
from clearsight.data.readers.mask_values import Meaning
from clearsight.data.write import write_data

PHOTO = picture(5)  # 4 x 3 pixels


@pytest.mark.parametrize(
    ("names", "bilevel"),
    [
        (None, False),
        (None, True),
        ("nucleus\n", False),
        ("nucleus\nbackground\n", False),
        ("background\nnucleus", False),
    ],
)
def test_0_and_255(tmp_path: Path, names: str | None, bilevel: bool) -> None:
    image = PIL.Image.fromarray(np.where(PIXELS > 1, 255, 0).astype(np.uint8))
    files = {"images/1.png": PHOTO, "masks/1.png": saved(image.convert("1") if bilevel else image)}
    data = open_data(lay(tmp_path, files | ({} if names is None else {"classes.txt": names})))
    masks = data.samples("train")[0].masks
    assert masks is not None and data.info.labels == ("background", "nucleus" if names else "object")
    np.testing.assert_array_equal(masks.indices(), PIXELS > 1)
    assert any("no table says" in note for note in data.info.notes) == (names is None)


@pytest.mark.parametrize("names", [None, "background\nnucleus\n"])
def test_stray_values_among_0_and_255_are_named(tmp_path: Path, names: str | None) -> None:
    """One that is no class does not make 255 void, nor is it the object: it counts for nothing, and is named."""
    binary = np.where(PIXELS > 1, 255, 0).astype(np.uint8)
    files: dict[str, bytes | str] = {} if names is None else {"classes.txt": names}
    for number in range(30):
        files |= {f"images/{number:02d}.png": PHOTO, f"masks/{number:02d}.png": indexed(binary)}
    stray, blurred = binary.copy(), binary.copy()
    stray[0] = [1, 254, 254, 128]
    blurred[2] = [1, 2, 3, 255]  # 1 among others is a stray too
    data = open_data(lay(tmp_path, files | {"masks/02.png": indexed(stray), "masks/03.png": indexed(blurred)}))
    assert data.info.labels == ("background", "nucleus" if names else "object")
    first, _, third, *_ = [sample.masks for sample in data.samples("train")]
    assert first is not None and third is not None
    np.testing.assert_array_equal(first.indices(), PIXELS > 1)
    found, beyond = third.judged()
    ones = {} if names else {"1": 1}  # where a table has two classes, 1 is the second
    assert beyond == {**ones, "128": 1, "254": 2}
    np.testing.assert_array_equal(found[1:], PIXELS[1:] > 1)
    assert found[0].tolist() == [1 if names else VOID, VOID, VOID, VOID]


def test_what_255_is_where_masks_hold_other_values_too(tmp_path: Path) -> None:
    files = {f"images/{n}.png": PHOTO for n in "12"}
    mixed = lay(tmp_path / "a", files | {"masks/1.png": indexed(PIXELS), "masks/2.png": indexed(PIXELS)})
    data = open_data(mixed)
    assert data.info.labels == ("class_0", "class_1", "class_2", "class_3")
    assert any("class_3, and 255 counts for nothing; write classes.txt" in note for note in data.info.notes)
    voids = np.where(PIXELS > 1, 255, 0)
    some = {f"images/{n:02d}.png": PHOTO for n in range(30)} | {f"masks/{n:02d}.png": indexed(voids) for n in range(29)}
    defects = lay(tmp_path / "b", some | {"masks/29.png": indexed(np.where(PIXELS > 1, 255, PIXELS))})
    assert open_data(defects).info.labels == ("class_0", "class_1")  # 1 is a class there, and 255 void
    none = open_data(lay(tmp_path / "c", {"images/1.png": PHOTO, "masks/1.png": indexed(PIXELS % 3)}))
    assert not any("255" in note for note in none.info.notes)


def test_a_meaning_of_nothing_leaves_all_beyond() -> None:
    indices, beyond = Meaning({}, {}).indices(np.zeros((2, 2, 3), np.uint8))
    assert (indices == VOID).all() and beyond == {"#000000": 4}


def test_large_masks_take_few_bytes_a_pixel() -> None:
    colours = np.zeros((3000, 2000, 3), np.uint8)
    colours[::3, :, 0] = 255
    for pixels, meaning in (
        (colours[..., 0], Meaning({0: 1, 255: 0})),
        (colours, Meaning(colours={(0, 0, 0): 1, (255, 0, 0): 0})),
    ):
        tracemalloc.start()
        indices, beyond = meaning.indices(pixels)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        np.testing.assert_array_equal(indices, colours[..., 0] == 0)
        assert beyond == {} and peak < 8 * indices.size


def test_values_outside_the_classes_are_told_where_masks_are_converted(tmp_path: Path) -> None:
    files = {"classes.txt": b"sky\nroad\ncar", "images/1.png": PHOTO, "masks/1.png": indexed(PIXELS)}
    data = open_data(lay(tmp_path / "a", files))
    for format in ("masks", "voc"):
        lost = write_data(data, format, tmp_path / format).lost.kinds
        assert {what: dict(of) for what, of in lost.items()} == {
            "pixels of values outside the classes": {"images/1.png": 1}
        }
