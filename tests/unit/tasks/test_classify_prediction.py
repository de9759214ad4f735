"""A classifier's typed answer, and its drawing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import PIL.ImageFont
import pytest

from clearsight.tasks.classify.prediction import Classification
from clearsight.tasks.picture import draw

LABELS = ("ant", "bee", "fly", "moth", "wasp", "midge")


def answer(*probabilities: float) -> Classification:
    return Classification.from_arrays({"probabilities": np.array(probabilities)}, LABELS[: len(probabilities)])


def test_label_score_and_top() -> None:
    prediction = answer(0.1, 0.6, 0.3)
    assert (prediction.label, prediction.index) == ("bee", 1)
    assert prediction.score == pytest.approx(0.6)
    assert [label for label, _ in prediction.top(2)] == ["bee", "fly"]
    assert [label for label, _ in prediction.top(9)] == ["bee", "fly", "ant"]
    assert prediction.headline() == "bee 0.60" and repr(prediction) == "Classification(bee 0.60)"
    assert prediction.probabilities.dtype == np.float32


def test_of_equal_probabilities_the_first_class_wins_everywhere() -> None:
    prediction = answer(0.2, 0.4, 0.4)
    assert prediction.label == "bee"
    assert prediction.top(3)[0][0] == "bee"


def test_plain_values_of_at_most_five_classes() -> None:
    plain = answer(0.05, 0.5, 0.2, 0.15, 0.06, 0.04).to_dict()
    assert plain["label"] == "bee"
    assert [row["label"] for row in plain["top"]] == ["bee", "fly", "moth", "wasp", "ant"]
    assert all(type(row["score"]) is float for row in plain["top"])


def test_labels_must_fit_the_probabilities() -> None:
    with pytest.raises(ValueError, match="2 labels"):
        Classification.from_arrays({"probabilities": np.ones(3) / 3}, ("ant", "bee"))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (20, 3000), (900, 4), (300, 500)])
def test_a_drawing_holds_the_whole_photograph_and_a_band_below(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    drawing = np.asarray(answer(0.1, 0.6, 0.3).draw(photo))
    height, width = size
    times = max(1, -(-draw.SMALLEST // max(size)))
    left = (drawing.shape[1] - width * times) // 2
    shown = drawing[: height * times : times, left : left + width * times : times]
    np.testing.assert_array_equal(shown, photo)
    assert drawing.shape[1] >= draw.SMALLEST
    assert drawing.shape[0] > height * times + 60
    band = drawing[height * times :].reshape(-1, 3)
    assert (band == draw.BARS[0]).all(axis=1).any()


def test_a_bar_is_as_long_as_its_class_is_probable() -> None:
    photo = np.zeros((300, 600, 3), np.uint8)
    lengths = []
    for score in (0.0, 0.25, 0.5, 1.0):
        band = np.asarray(draw.draw_classes(photo, [("ant", score)]))[300:]
        lengths.append((band == draw.BARS[0]).all(axis=2).sum(axis=1).max())
    assert lengths[0] == 0
    assert lengths[1] == pytest.approx(lengths[3] / 4, abs=2)
    assert lengths[2] == pytest.approx(lengths[3] / 2, abs=2)


def test_long_names_are_cut_to_fit() -> None:
    font = PIL.ImageFont.load_default(size=16)
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)
    short = draw.shorten("a name that\nnever ends " * 9, font, 120)
    assert short.endswith("…")
    assert font.getlength(short) <= 120
    assert draw.shorten("ant", font, 120) == "ant"


def test_notebooks_show_the_drawing_where_the_photo_is_at_hand() -> None:
    prediction = answer(0.4, 0.6)
    assert prediction._repr_png_() is None
    data = replace(prediction, photo=np.zeros((10, 10, 3), np.uint8))._repr_png_()
    assert data is not None
    assert PIL.Image.open(io.BytesIO(data)).width >= draw.SMALLEST
