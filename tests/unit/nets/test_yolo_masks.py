"""The small nets that draw an object each: against plain convolutions of torch, one object at a time."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.nets.yolo.masks import STRIDE, MaskFeatures, MaskNets


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def by_convolutions(nets: MaskNets, features: Tensor, box: Tensor, numbers: Tensor) -> Tensor:
    """One object's mask logits (M, M), by `grid_sample` and 1×1 convolutions."""
    height, width = features.shape[1:]
    share = (torch.arange(nets.side) + 0.5) / nets.side
    x, y = (box[i] + (box[i + 2] - box[i]) * share for i in (0, 1))
    at = torch.stack(torch.meshgrid(x / (width * STRIDE), y / (height * STRIDE), indexing="xy"), -1) * 2 - 1
    read = F.grid_sample(features[None], at[None], align_corners=False, padding_mode="border")
    own = torch.stack(torch.meshgrid(share * 2 - 1, share * 2 - 1, indexing="xy"))
    value, start = torch.cat([read, own[None]], 1), 0
    for layer, (outputs, inputs) in enumerate(nets.shapes):
        weight = numbers[start : start + outputs * inputs].reshape(outputs, inputs, 1, 1)
        start += outputs * inputs
        value = F.conv2d(value, weight, numbers[start : start + outputs])
        start += outputs
        value = value.relu() if layer < 2 else value
    assert start == len(numbers)
    return value[0, 0]


def test_they_are_convolutions_of_what_a_box_sees() -> None:
    nets = MaskNets(5, 7)
    assert nets.count == 5 * 8 + 5 * 6 + 6
    features, numbers = drawn(2, 5, 12, 16), drawn(2, 3, nets.count)
    boxes = torch.tensor([[[4.0, 6.0, 30.0, 29.5], [10.0, 3.0, 17.5, 44.0], [33.0, 20.0, 60.0, 46.0]]] * 2) * 0.98
    found = nets(features, boxes, numbers)
    assert found.shape == (2, 3, 7, 7)
    for row in range(2):
        for number in range(3):
            expected = by_convolutions(nets, features[row], boxes[row, number], numbers[row, number])
            torch.testing.assert_close(found[row, number], expected, atol=1e-4, rtol=1e-4)


def test_all_pictures_at_once_are_pictures_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    nets = MaskNets(4, 6)
    features, numbers = drawn(3, 4, 8, 8), drawn(3, 5, nets.count)
    boxes = torch.tensor([2.0, 3.0, 20.0, 27.0]).expand(3, 5, 4) + drawn(3, 5, 1)
    one_by_one = nets(features, boxes, numbers)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(nets(features, boxes, numbers), one_by_one, atol=1e-5, rtol=1e-5)


def test_all_places_begin_with_one_net_that_is_not_zero() -> None:
    nets, projects = MaskNets(8, 4), [nn.Conv2d(6, MaskNets(8, 4).count, 1) for _ in range(2)]
    torch.manual_seed(0)
    nets.begin(projects)
    first, second = (project(torch.zeros(1, 6, 1, 1)).flatten() for project in projects)
    assert torch.equal(first, second)
    assert first[:80].std().item() == pytest.approx((2 / 10) ** 0.5, rel=0.3)
    assert not first[80:88].any() and first[-1] == 0  # biases


@pytest.mark.parametrize("side", [4, 8])
def test_features_are_at_a_quarter_whatever_the_neck_s_finest_level(side: int) -> None:
    torch.manual_seed(0)
    made = MaskFeatures(6, 12, 8, 5).eval()
    found = made(torch.rand(2, 6, 8, 12), torch.rand(2, 12, 32 // side, 48 // side))
    assert found.shape == (2, 5, 8, 12)
    assert made(torch.rand(2, 6, 8, 12), torch.zeros(2, 12, 8, 12)).ne(found).any()
