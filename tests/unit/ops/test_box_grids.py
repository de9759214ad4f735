"""Where the grids of masks lie, and what they make of a box that is a little too small."""

from __future__ import annotations

import numpy as np
import torch

from clearsight.ops.box_grids import REACH, covered, mask_boxes
from clearsight.ops.owners import NOBODY
from clearsight.ops.paste import paste
from clearsight.ops.rle import to_mask


def test_they_are_grown_about_their_middles_and_end_at_the_canvas() -> None:
    boxes = torch.tensor([[[10.0, 10.0, 20.0, 30.0], [-4.0, 0.0, 6.0, 10.0], [90.0, 30.0, 110.0, 50.0]]])
    found = mask_boxes(boxes, (40, 100))
    assert REACH == 1.2
    torch.testing.assert_close(found[0], torch.tensor([[9.0, 8, 21, 32], [0, 0, 7, 11], [88, 28, 100, 40]]))


def test_a_box_a_pixel_too_small_cuts_off_no_edge_of_its_object() -> None:
    owners = torch.full((1, 40, 40), NOBODY, dtype=torch.int32)
    owners[0, 10:22, 10:22] = 0
    narrow = torch.tensor([[11.0, 11.0, 21.0, 21.0]])
    grid = mask_boxes(narrow, (40, 40))
    wanted, _ = covered(owners, torch.tensor([0]), grid, torch.tensor([0]), 28)
    mask = to_mask(paste(wanted[0].float().numpy(), grid[0].numpy(), 40, 40))
    assert np.array_equal(mask, owners[0].numpy() == 0)
