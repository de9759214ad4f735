"""Test-time augmentation: which views are averaged, and with what weight."""

from __future__ import annotations

import torch

from clearsight.core.net import Net
from clearsight.tasks.picture.views import Averaged


class Corner(torch.nn.Module):
    """Its one logit is the upper left pixel."""

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": images[:, 0, :1, 0]}


def answer(views: str, picture: torch.Tensor) -> float:
    net: Net = Corner()  # type: ignore[assignment]
    return float(Averaged(net, views)(picture[None, None])["logits"])  # type: ignore[arg-type]


def test_flip_averages_a_picture_and_its_mirror_image() -> None:
    picture = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    assert answer("flip", picture) == (1 + 3) / 2


def test_moved_views_count_half_as_much() -> None:
    picture = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    # reflected by one pixel: rows 5 4 5 6 5 / 2 1 2 3 2 / 5 4 5 6 5 / ...
    upper = (5 + 5) / 2  # the corner of the view from (0, 0), and of its mirror image
    lower = (5 + 5) / 2  # the corner of the view from (2, 2): the centre 5, and mirrored the corner (0, 2) of that view
    assert answer("flip_shift", picture) == (1 + 3) / 4 + (upper + lower) / 4
