from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from clearsight.deploy.agreement import Case, compare, compare_photo, compare_raw, cut, shaped, shapes
from clearsight.ops.difference import largest_difference as difference


def spoilt(model: bytes) -> bytes:
    """The graph with one of its weights changed."""
    import onnx
    from onnx import numpy_helper

    proto = onnx.load_from_string(model)
    (weight,) = (item for item in proto.graph.initializer if list(item.dims) == [120, 16 * 4 * 4])
    values = numpy_helper.to_array(weight) * 1.5
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    content: bytes = proto.SerializeToString()
    return content


def array(*values: float) -> Any:
    return {"x": np.array(values, np.float32)}


def test_difference_is_the_largest_over_all_arrays() -> None:
    one = {"x": np.array([1.0, 2.0]), "y": np.array([[3, 4]], np.uint8)}
    other = {"x": np.array([1.25, 2.0]), "y": np.array([[3, 5]], np.uint8)}
    assert difference(one, other) == 1.0
    assert difference(other, one) == 1.0  # and no uint8 wraps round
    assert difference(one, one) == 0.0
    assert difference({"x": np.zeros((0, 4))}, {"x": np.zeros((0, 4))}) == 0.0


@pytest.mark.parametrize(
    "other",
    [array(1.0, math.nan), array(1.0), array(1.0, math.inf), {"y": array(1.0, 2.0)["x"]}, {}],
    ids=["nan", "shape", "inf", "name", "none"],
)
def test_what_cannot_be_compared_is_infinitely_far(other: Any) -> None:
    assert difference(array(1.0, 2.0), other) == math.inf


def test_two_that_are_both_no_number_do_not_agree() -> None:
    assert difference(array(math.nan), array(math.nan)) == math.inf


def test_rows_gather_the_cases_of_a_name() -> None:
    cases = [Case("wide", np.array([1.0])), Case("tall", np.array([2.0])), Case("wide", np.array([3.0]))]
    found = compare(
        lambda given: {"x": given},
        lambda given: {"x": given * 1.125},
        cases,
        tolerance=0.375,
        words=lambda finals: f"{finals['x'][0]:.0f}",
        difference=difference,
    )
    assert [(row.name, row.cases, row.difference, row.same) for row in found.rows] == [
        ("wide", 2, 0.375, True),  # 1 and 1.125 read alike, 3 and 3.375 too
        ("tall", 1, 0.25, True),
    ]
    assert found.difference == 0.375
    assert found.holds  # at the tolerance, not beyond it


def test_beyond_the_tolerance_it_does_not_hold() -> None:
    found = compare(
        lambda given: {"x": given},
        lambda given: {"x": given + 1},
        [Case("a", np.array([1.0]))],
        tolerance=0.99,
        words=lambda finals: str(finals["x"]),
        difference=difference,
    )
    assert not found.holds
    assert not found.rows[0].same


def test_no_case_is_no_proof() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        compare(lambda given: {}, lambda given: {}, [], 1.0, str, difference)


def test_the_photo_graph_agrees_and_a_changed_weight_is_found(
    small_artifact: Any, photo_onnx: bytes, make_picture: Any
) -> None:
    photos = [make_picture(90, 70, 1), make_picture(60, 110, 2)]
    found = compare_photo(small_artifact, photo_onnx, photos, 1e-4)
    assert found.holds
    assert len(found.rows) == 8
    assert all(row.cases == 2 and row.same for row in found.rows)
    wrong = compare_photo(small_artifact, spoilt(photo_onnx), photos, 1e-4)
    assert not wrong.holds
    assert all(row.difference > 1e-4 for row in wrong.rows)


def test_the_raw_graph_agrees_and_a_changed_weight_is_found(
    small_artifact: Any, raw_onnx: bytes, make_picture: Any
) -> None:
    photos = [make_picture(90, 70, 1), make_picture(60, 110, 2)]
    found = compare_raw(small_artifact, raw_onnx, photos, 1e-4)
    assert found.holds
    assert [row.name for row in found.rows] == [f"batch of {count}" for count in (1, 2, 3, 5, 8)]
    assert not compare_raw(small_artifact, spoilt(raw_onnx), photos, 1e-4).holds


@pytest.mark.parametrize("size", [8, 28, 224, 640])
def test_shapes_are_many_and_lie_on_both_sides_of_the_canvas(size: int) -> None:
    found = shapes(size)
    assert len({height / width for height, width in found.values()}) >= 5
    height, width = found["smaller than the canvas"]
    assert height < size and width < size
    height, width = found["larger than the canvas"]
    assert height > size and width > size


def test_every_photo_is_taken_as_it_is_and_in_every_shape(make_picture: Any) -> None:
    photos = [make_picture(50, 40, 1), make_picture(30, 70, 2)]
    cases = list(shaped(photos, 32))
    assert [case.given.shape for case in cases[:2]] == [(50, 40, 3), (30, 70, 3)]
    wanted = [(*shape, 3) for shape in shapes(32).values() for _ in photos]
    assert [case.given.shape for case in cases[2:]] == wanted
    assert all(case.given.dtype == np.uint8 and case.given.flags.writeable for case in cases)


def test_cut_keeps_the_middle() -> None:
    photo = np.zeros((4, 12, 3), np.uint8)
    photo[:, 4:8] = 200
    assert (cut(photo, 4, 4) == 200).all()
    assert (cut(photo.swapaxes(0, 1), 4, 4) == 200).all()
    assert (cut(photo, 4, 12) == photo).all()
