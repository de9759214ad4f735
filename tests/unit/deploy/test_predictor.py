from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.deploy.predictor import Description, OnnxPredictor

DESCRIBED = Description("photo", {"name": "classify", "labels": ["a", "ü"]}, {"name": "lenet", "config": {"x": [1]}})


def test_the_description_survives_the_metadata() -> None:
    assert Description.from_metadata(DESCRIBED.to_metadata(), "m.onnx") == DESCRIBED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clearsight.format": "2"}, "m.onnx has format 2, newer than the 1 known here"),
        ({"clearsight.format": "x"}, "m.onnx: its metadata is damaged"),
        ({"clearsight.task": "{"}, "m.onnx: its metadata is damaged"),
    ],
)
def test_metadata_that_cannot_be_used_is_refused(change: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Description.from_metadata({**DESCRIBED.to_metadata(), **change}, "m.onnx")


def test_metadata_that_lacks_a_part_is_refused() -> None:
    metadata = DESCRIBED.to_metadata()
    del metadata["clearsight.net"]
    with pytest.raises(InputError, match=r"damaged \('clearsight.net'\)"):
        Description.from_metadata(metadata, "m.onnx")
    with pytest.raises(InputError, match="was not written by clearsight export"):
        Description.from_metadata({"author": "someone"}, "m.onnx")


def test_predictions_come_in_order_and_typed(photo_onnx: bytes, make_picture: Any) -> None:
    photos = [make_picture(30 + i, 50 - i, i) for i in range(6)]
    predictor = OnnxPredictor(photo_onnx, threads=1)
    found = list(predictor(iter(photos)))
    for photo, prediction in zip(photos, found, strict=True):
        np.testing.assert_array_equal(prediction.to_dict()["score"], predictor.finals(photo)["probabilities"].max())
    assert {prediction.to_dict()["label"] for prediction in found} <= {"ants", "bees", "wasps"}
    assert len({prediction.to_dict()["score"] for prediction in found}) == 6


def test_photos_are_taken_as_they_come(photo_onnx: bytes, make_picture: Any) -> None:
    taken = []

    def photos() -> Any:
        for number in range(5):
            taken.append(number)
            yield make_picture(20, 20, number)

    found = OnnxPredictor(photo_onnx)(photos())
    next(found)
    assert taken == [0]


def test_a_view_that_is_not_contiguous_is_answered_too(photo_onnx: bytes, make_picture: Any) -> None:
    photo = make_picture(40, 60, 1)
    predictor = OnnxPredictor(photo_onnx)
    turned = predictor.finals(photo[::-1, ::2])["probabilities"]
    np.testing.assert_array_equal(turned, predictor.finals(photo[::-1, ::2].copy())["probabilities"])


def test_files_that_cannot_answer_are_refused_with_a_sentence(
    photo_onnx: bytes, raw_onnx: bytes, tmp_path: Path
) -> None:
    for name, content, words in (
        ("cut.onnx", photo_onnx[: len(photo_onnx) // 2], "cut.onnx cannot be read as ONNX"),
        ("text.onnx", b"hello, I am no graph", "text.onnx cannot be read as ONNX"),
        ("empty.onnx", b"", "empty.onnx cannot be read as ONNX"),
        ("raw.onnx", raw_onnx, "raw.onnx is a raw graph.*without --raw"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words) as caught:
            OnnxPredictor(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"none\.onnx is not there"):
        OnnxPredictor(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="cannot be read as ONNX"):
        OnnxPredictor(photo_onnx[:1000])


def test_a_graph_of_someone_else_is_refused(photo_onnx: bytes, tmp_path: Path) -> None:
    import onnx

    proto = onnx.load_from_string(photo_onnx)
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "foreign.onnx")
    with pytest.raises(InputError, match=r"foreign\.onnx was not written by clearsight export"):
        OnnxPredictor(tmp_path / "foreign.onnx")


def test_without_onnxruntime_the_extra_is_named(photo_onnx: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime, which is not installed.*clearsight\[export\]"):
        OnnxPredictor(photo_onnx)
