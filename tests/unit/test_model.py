"""The Python face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clearsight
from clearsight.core.errors import InputError


def test_predict_takes_paths_pixels_and_pillow(small_run: Path, pictures: Path) -> None:
    from PIL import Image

    model = clearsight.load(small_run)
    path = pictures / "b.png"
    pixels = np.asarray(Image.open(path))
    answers = [model.predict(one) for one in (path, str(path), pixels, Image.open(path))]
    assert all(np.array_equal(a.probabilities, answers[0].probabilities) for a in answers)
    several = model.predict([path, pixels])
    assert len(several) == 2 and several[0].label == answers[0].label
    assert answers[0].top(2)[0] == (answers[0].label, answers[0].score)
    assert answers[0].to_dict()["label"] == answers[0].label
    shown = answers[0]._repr_png_()
    assert shown is not None and shown.startswith(b"\x89PNG")


def test_tiles_are_refused_by_name_where_there_are_none(small_run: Path, pictures: Path) -> None:
    model = clearsight.load(small_run)
    assert model.predict(pictures / "b.png", tiles="off").label == model.predict(pictures / "b.png").label
    with pytest.raises(InputError, match="--tiles 3: classify answers for a photograph as a whole"):
        model.predict(pictures / "b.png", tiles=3)
    with pytest.raises(InputError, match="tiles='many': say auto, off, or how many tiles"):
        model.predict(pictures / "b.png", tiles="many")


def test_what_it_says_of_itself(small_run: Path) -> None:
    model = clearsight.load(small_run)
    assert model.labels == ("ants", "bees", "wasps") and model.metrics == {}
    assert "classify" in repr(model) and "3 labels" in repr(model)


def test_saved_elsewhere_it_is_the_same(small_run: Path, pictures: Path, tmp_path: Path) -> None:
    model = clearsight.load(small_run)
    model.save(tmp_path / "copy")
    again = clearsight.load(tmp_path / "copy")
    a, b = (m.predict(pictures / "b.png").probabilities for m in (model, again))
    assert np.array_equal(a, b)


def test_judging_without_a_run_asks_for_data(small_run: Path, tmp_path: Path) -> None:
    clearsight.load(small_run).save(tmp_path / "copy")
    with pytest.raises(InputError, match="--data"):
        clearsight.load(tmp_path / "copy").evaluate()


def test_a_picture_that_is_none_is_named(small_run: Path, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("hello")
    with pytest.raises(InputError, match=r"x\.jpg"):
        clearsight.load(small_run).predict(tmp_path / "x.jpg")


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        clearsight.nothing  # noqa: B018
    assert set(dir(clearsight)) >= {"train", "load", "inspect", "Model"}
