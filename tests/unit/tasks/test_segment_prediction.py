"""The class of each pixel, as a person has it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from clearsight.core.errors import InputError
from clearsight.ops import rle
from clearsight.ops.colours import RIM
from clearsight.tasks.picture.colours import colour_of
from clearsight.tasks.segment.prediction import Segmentation

LABELS = ("background", "road", "sky")
MASK = np.array([[0, 0, 2, 2], [1, 1, 2, 2], [1, 1, 1, 1]], np.uint8)


def made(**more: object) -> Segmentation:
    return Segmentation.from_arrays({"mask": MASK, **more}, LABELS)  # type: ignore[dict-item]


def test_areas_and_shares_are_counts_of_pixels() -> None:
    found = made()
    assert found.pixels == {"road": 6, "sky": 4, "background": 2}
    assert (found.area("road"), found.share("sky")) == (6, 4 / 12)
    assert found.where("sky").sum() == 4
    with pytest.raises(InputError, match="there is no class 'sea'; the model knows background, road, sky"):
        found.area("sea")


def test_it_reads_in_words_without_the_background() -> None:
    assert made().headline() == "road 50 %, sky 33 %"
    assert Segmentation(MASK * 0, LABELS).headline() == "nothing"


def test_its_json_holds_masks_that_coco_reads() -> None:
    found = made().to_dict()
    assert found["size"] == [3, 4]
    assert [each["label"] for each in found["classes"]] == ["road", "sky", "background"]
    assert [each["pixels"] for each in found["classes"]] == [6, 4, 2]
    for each in found["classes"]:
        mask = rle.to_mask(rle.from_coco(each["rle"]))
        assert (mask == (LABELS.index(each["label"]) == MASK)).all()


def test_polygons_run_round_the_parts_of_a_class() -> None:
    ((ring,),) = made().polygons("road")
    assert ring.tolist() == [[0, 1], [2, 1], [2, 2], [4, 2], [4, 3], [0, 3]]


def test_its_png_keeps_the_classes_and_shows_their_colours(tmp_path: Path) -> None:
    made().to_png(tmp_path / "mask.png")
    picture = PIL.Image.open(tmp_path / "mask.png")
    assert picture.mode == "P"
    assert (np.asarray(picture) == MASK).all()
    assert picture.convert("RGB").getpixel((0, 1)) == colour_of(1)
    assert (np.asarray(PIL.Image.open(io.BytesIO(made().files()[".png"]))) == MASK).all()


def test_probabilities_are_there_where_they_were_asked_for() -> None:
    assert made().probabilities is None
    shares = np.full((3, 3, 4), 1 / 3)
    assert made(probabilities=shares).probabilities.dtype == np.float32  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"probabilities must be \(3, 3, 4\)"):
        made(probabilities=shares[:2])


def test_a_class_that_the_labels_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="classes must be from 0 to 1, there is 2"):
        Segmentation(MASK, LABELS[:2])


def test_the_drawing_shows_classes_edges_and_a_legend_and_leaves_the_background() -> None:
    photo = np.full((300, 400, 3), 200, np.uint8)
    mask = np.kron(MASK, np.ones((100, 100), np.uint8))
    drawn = np.asarray(Segmentation(mask, LABELS).draw(photo))
    assert drawn.shape[1] == 400 and drawn.shape[0] > 300
    assert drawn[50, 50].tolist() == [200, 200, 200]
    assert drawn[99, 50].tolist() == list(RIM)  # where the background meets the road
    road = 0.45 * 200 + 0.55 * np.array(colour_of(1))
    assert np.abs(drawn[250, 50] - road).max() <= 1
    legend = {tuple(pixel) for pixel in drawn[300:].reshape(-1, 3).tolist()}
    assert {colour_of(1), colour_of(2)} <= legend
    assert colour_of(0) not in legend


def test_a_tiny_photograph_is_enlarged() -> None:
    drawn = made().draw(np.zeros((3, 4, 3), np.uint8))
    assert drawn.width == 256 and drawn.height > 192
