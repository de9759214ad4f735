"""Pyramids, the anchors on them, and what regions read from them."""

from __future__ import annotations

import pytest
import torch
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import MultiScaleRoIAlign

from clearsight.nets.anchors import decode, make_anchors
from clearsight.nets.pyramid import Pyramid, grids
from clearsight.nets.regions import RegionPool

SHAPES = [(64, 64), (96, 64), (160, 224)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("above", "more"), [("convolved", [64, 128]), ("pooled", [64])])
def test_levels_have_the_places_that_grids_says(shape: tuple[int, int], above: str, more: list[int]) -> None:
    pyramid = Pyramid([4, 6, 8], [8, 16, 32], 16, above)  # type: ignore[arg-type]
    assert pyramid.strides == [8, 16, 32, *more]
    features = [torch.rand(2, c, shape[0] // s, shape[1] // s) for c, s in zip([4, 6, 8], [8, 16, 32], strict=True)]
    levels = pyramid(features)
    assert [(2, 16, *grid) for grid in grids(shape, pyramid.strides)] == [tuple(level.shape) for level in levels]


def test_anchors_are_torchvisions_where_the_levels_fill_the_canvas() -> None:
    generator = AnchorGenerator(((10, 20), (40, 80)), ((0.5, 1.0),) * 2)
    maps = [torch.zeros(1, 1, 8, 12), torch.zeros(1, 1, 4, 6)]
    theirs = generator(ImageList(torch.zeros(1, 3, 64, 96), [(64, 96)]), maps)[0]
    torch.testing.assert_close(torch.cat(make_anchors(generator, (64, 96), [8, 16])), theirs)


def test_anchors_keep_their_distance_where_the_last_row_hangs_over() -> None:
    generator = AnchorGenerator(((32,),), ((1.0,),))
    middles = make_anchors(generator, (96, 96), [64])[0].reshape(-1, 2, 2).mean(1)
    assert middles.tolist() == [[0, 0], [64, 0], [0, 64], [64, 64]]


def test_decoding_a_batch_is_decoding_each_picture() -> None:
    coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
    anchors, codes = torch.rand(7, 4).cumsum(1) * 20, torch.randn(3, 7, 4)
    found = decode(coder, codes, anchors)
    for each, code in zip(found, codes, strict=True):
        torch.testing.assert_close(each, coder.decode_single(code, anchors))
    own = torch.stack([anchors, anchors + 1, anchors + 2])
    torch.testing.assert_close(decode(coder, codes, own)[2], coder.decode_single(codes[2], anchors + 2))


@pytest.mark.parametrize("shape", [(128, 128), (128, 192)])
def test_regions_read_what_torchvision_reads(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    strides = (4, 8, 16, 32)
    levels = [torch.rand(2, 5, shape[0] // s, shape[1] // s) for s in strides]
    height, width = shape
    corners = torch.rand(40, 2, 2) * torch.tensor([width, height])
    boxes = torch.cat([corners.amin(1), corners.amax(1)], 1)
    boxes[0] = torch.tensor([0.0, 0.0, width, height])  # the whole canvas
    boxes[1] = torch.tensor([width - 5.0, height - 4.0, width, height])  # the last corner
    boxes[2] = torch.tensor([0.0, 0.0, 1e-3, 1e-3])  # hardly anything
    pictures = torch.tensor([0] * 25 + [1] * 15)
    theirs = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    named = {str(number): level for number, level in enumerate(levels)}
    wanted = theirs(named, [boxes[:25], boxes[25:]], [shape, shape])
    found = RegionPool(shape, strides, 7)(levels, boxes, pictures)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_a_region_of_imagenets_size_reads_the_level_of_stride_16() -> None:
    pool = RegionPool((512, 512), (4, 8, 16, 32), 7)
    sides = [10.0, 56.0, 112.0, 223.0, 224.0, 447.0, 448.0, 512.0]
    boxes = torch.tensor([[0.0, 0.0, side, side] for side in sides])
    assert pool.level(boxes).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert pool.level(torch.zeros(1, 4)).tolist() == [0]
