"""The canvas against Pillow and torch's own resampling, by hand, and by property."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clearsight.ops import resize
from clearsight.ops.geometry import canvas_to_photo, photo_to_canvas
from clearsight.ops.resize import PAD, fit, squeeze, triangle_matrix


def photo(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("shape", [(40, 40), (100, 60), (33, 250), (7, 5), (1, 1), (64, 1)])
def test_squash_equals_torchs_antialiased_interpolation(shape: tuple[int, int]) -> None:
    picture = photo(*shape)
    ours, _ = fit(picture, 32, "squash")
    theirs = F.interpolate(picture.movedim(-1, 0)[None].float(), (32, 32), mode="bilinear", antialias=True)
    torch.testing.assert_close(ours, theirs, atol=0.003, rtol=0)


@pytest.mark.parametrize("shape", [(50, 80), (200, 90), (300, 301)])
def test_crop_equals_pillows_resize_of_the_middle(shape: tuple[int, int]) -> None:
    picture = photo(*shape)
    height, width = shape
    side = min(shape)
    box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    theirs = Image.fromarray(picture.numpy()).resize((32, 32), Image.Resampling.BILINEAR, box=box)
    ours, _ = fit(picture, 32, "crop")
    # Pillow works in 8 bits, twice; and lets pixels beyond the box bleed in
    inner = np.abs(ours[0].movedim(0, -1).numpy() - np.asarray(theirs, np.float32))[2:-2, 2:-2]
    assert inner.max() <= 1.5


def test_a_picture_of_the_canvas_size_stays_as_it_is() -> None:
    picture = photo(16, 16)
    for how in ("crop", "squash", "letterbox"):
        canvas, frame = fit(picture, 16, how)  # type: ignore[arg-type]
        assert torch.equal(canvas[0].movedim(0, -1), picture.float())
        assert frame.tolist() == [[1, 1, 0, 0, 16, 16]]


def test_letterbox_by_hand() -> None:
    white = torch.full((2, 4, 3), 255, dtype=torch.uint8)
    canvas, frame = fit(white, 4, "letterbox")
    grey = PAD * 255
    expected = torch.tensor([[grey] * 4, [255.0] * 4, [255.0] * 4, [grey] * 4])
    torch.testing.assert_close(canvas[0, 0], expected)
    assert frame.tolist() == [[1, 1, 0, -1, 4, 2]]


def test_photographs_of_one_shape_go_together() -> None:
    pictures = torch.stack([photo(20, 30, seed) for seed in range(3)])
    together, frames = fit(pictures, 16, "crop")
    assert together.shape == (3, 3, 16, 16) and frames.shape == (3, 6)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], fit(pictures[i], 16, "crop")[0])


def test_squeeze_is_fit_in_eight_bits() -> None:
    picture = photo(90, 70)
    ours = squeeze(picture, 32)
    assert ours.dtype == torch.uint8
    assert (ours.float() - fit(picture, 32, "squash")[0][0]).abs().max() <= 1.01


@settings(max_examples=60)
@given(
    height=st.integers(1, 300), width=st.integers(1, 300), size=st.integers(1, 64),
    how=st.sampled_from(["crop", "squash", "letterbox"]), share=st.floats(0.5, 1),
)  # fmt: skip
def test_a_flat_photograph_stays_flat_and_points_return(
    height: int, width: int, size: int, how: str, share: float
) -> None:
    flat = torch.full((height, width, 3), 200, dtype=torch.uint8)
    canvas, frame = fit(flat, size, how, share)  # type: ignore[arg-type]
    inside = canvas[(canvas - PAD * 255).abs() > 1e-3] if how == "letterbox" else canvas
    assert ((inside - 200).abs() < 1e-2).all()
    points = torch.rand(1, 5, 2) * size
    back = photo_to_canvas(canvas_to_photo(points, frame), frame)
    torch.testing.assert_close(back, points, atol=1e-3, rtol=1e-4)
    corners = canvas_to_photo(torch.tensor([[[0.0, 0.0], [size, size]]]), frame)[0]
    if how == "squash":
        torch.testing.assert_close(corners, torch.tensor([[0.0, 0.0], [width, height]]), atol=1e-2, rtol=0)


def test_rows_of_weights_sum_to_one() -> None:
    weights = triangle_matrix(torch.arange(50.0), 13, torch.tensor(50 / 13), torch.tensor(0.0))
    torch.testing.assert_close(weights.sum(1), torch.ones(13))


@pytest.mark.parametrize("how", ["letterbox", "crop", "squash"])
def test_a_large_photograph_goes_strip_by_strip_and_comes_to_the_same(
    how: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, taken = photo(211, 307), []
    whole, frame = fit(picture, (64, 96), how)
    monkeypatch.setattr(resize, "STRIP", 20_000)
    as_float = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda self: taken.append(self.numel()) or as_float(self))
    strips, again = fit(picture, (64, 96), how)
    torch.testing.assert_close(strips, whole, atol=1e-4, rtol=0)
    assert torch.equal(frame, again) and len(taken) > 5 and max(taken) <= 20_000
