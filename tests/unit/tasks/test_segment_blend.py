"""Answers for overlapping parts of a photograph become one without seams, and without all of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.ops.tiling import Part, parts_at, scale_for
from clearsight.tasks.segment.blend import blended
from clearsight.tasks.segment.prediction import Segmentation

NAMES = ("sky", "road", "tree")
Answer = Callable[[Part], Any]


def whole(photo: tuple[int, int], shares: Iterable[Any], parts: list[Part], classes: int = 3) -> Any:
    """The blocks of `blended` laid into one array (K, H, W), which they must cover once."""
    made, times = np.zeros((classes, *photo)), np.zeros(photo, int)
    places = [(0, 0, photo[1], photo[0]), *(part.window for part in parts)]
    for rows, columns, found in blended(shares, places):
        made[:, rows, columns] = found
        times[rows, columns] += 1
    assert (times == 1).all()
    return made


def middles(start: float, end: float, count: int) -> Any:
    """The middles of `count` pixels that lie between two places."""
    return start + (np.arange(count) + 0.5) * (end - start) / count


def plane(part: Part) -> Any:
    """A function of the place alone, which is even in x and y: three shares (3, h, w) with a sum of 1."""
    x1, y1, x2, y2 = part.window
    x, y = middles(x1, x2, part.width)[None, :], middles(y1, y2, part.height)[:, None]
    first, second = 0.2 + x / 4000 + 0 * y, 0.1 + y / 4000 + 0 * x
    return np.stack([first, second, 1 - first - second]).astype(np.float32)


layouts = {
    "photo": st.tuples(st.integers(1, 400), st.integers(1, 400)),
    "canvas": st.tuples(st.integers(8, 90), st.integers(8, 90)),
    "scale": st.one_of(st.just(1.0), st.floats(0.3, 6)),
    "overlap": st.floats(0.05, 0.6),
}


@settings(max_examples=60, deadline=None)
@given(**layouts)
def test_constant_answers_are_given_back(photo: Any, canvas: Any, scale: float, overlap: float) -> None:
    parts = parts_at(photo, canvas, scale, overlap)
    shares = np.array([0.2, 0.5, 0.3], np.float32)[:, None, None]
    made = whole(photo, (np.broadcast_to(shares, (3, part.height, part.width)) for part in parts), parts)
    np.testing.assert_allclose(made, np.broadcast_to(shares, made.shape), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(**layouts)
def test_parts_of_one_function_of_the_place_agree_with_it(
    photo: Any, canvas: Any, scale: float, overlap: float
) -> None:
    """In the middle; at the photograph's border, where parts are shrunk, a pixel knows no more than its own middle."""
    parts = parts_at(photo, canvas, scale, overlap)
    made = whole(photo, (plane(part) for part in parts), parts)
    wanted = plane(Part((0, 0, photo[1], photo[0]), *photo))
    edge = int(np.ceil(scale)) if scale > 1 else 0
    inner = np.s_[:, edge : photo[0] - edge, edge : photo[1] - edge]
    np.testing.assert_allclose(made[inner], wanted[inner], atol=1e-5)
    np.testing.assert_allclose(made, wanted, atol=1e-5 + edge / 4000)


@pytest.mark.parametrize("turned", [False, True])
def test_where_two_parts_meet_one_fades_into_the_other(turned: bool) -> None:
    """Two parts of 100 pixels that share 20, one sure of the first class and the other of the second."""
    photo = (180, 60) if not turned else (60, 180)
    parts = parts_at(photo, (100, 100), 1.0, 0.2)
    assert len(parts) == 2
    answers = []
    for number, part in enumerate(parts):
        shares = np.zeros((2, part.height, part.width), np.float32)
        shares[number] = 1
        answers.append(shares)
    made = whole(photo, answers, parts, 2)
    line = made[1, :, 30] if not turned else made[1, 30]
    assert (line[:80] == 0).all() and (line[100:] == 1).all()
    profile = 1 - np.cos(2 * np.pi * (np.arange(100) + 0.5) / 100)
    np.testing.assert_allclose(line[80:100], profile[:20] / (profile[:20] + profile[80:]), atol=1e-6)
    assert np.diff(line).max() < 0.13 and np.diff(line).min() >= 0  # no step of more than an even ramp's two


def test_a_block_comes_for_each_part_before_the_next_is_taken() -> None:
    photo, classes = (640, 320), 3
    parts, taken = parts_at(photo, (64, 64), 1.0, 0.25), []

    def answers() -> Iterator[Any]:
        for number, part in enumerate(parts):
            taken.append(number)
            yield np.full((classes, part.height, part.width), 1 / classes, np.float32)

    places = [(0, 0, photo[1], photo[0]), *(part.window for part in parts)]
    finished = 0
    for count, (rows, columns, _) in enumerate(blended(answers(), places), 1):
        assert len(taken) == count  # one block for one part
        finished += (rows.stop - rows.start) * (columns.stop - columns.start)
    assert finished == photo[0] * photo[1] and len(taken) == len(parts)


def test_a_large_block_comes_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    from clearsight.tasks.segment import blend

    photo = (500, 300)
    parts = parts_at(photo, (40, 40), 5.0, 0.25)
    made = whole(photo, (plane(part) for part in parts), parts)
    monkeypatch.setattr(blend, "STRIP", 5_000)
    blocks = list(blended((plane(part) for part in parts), [(0, 0, 300, 500), *(part.window for part in parts)]))
    assert max(found.size for _, _, found in blocks) <= 5_000 and len(blocks) > len(parts)
    again = whole(photo, (plane(part) for part in parts), parts)
    np.testing.assert_array_equal(made, again)


def answer(photo: tuple[int, int], seed: int) -> Answer:
    """A mask that is a function of the place: stripes, as a net that shows its surroundings no regard would give."""
    draw = np.random.default_rng(seed)
    edges = np.sort(draw.integers(0, max(photo), 9))

    def parts(part: Part) -> Segmentation:
        x1, y1, x2, y2 = part.window
        x, y = middles(x1, x2, part.width)[None, :], middles(y1, y2, part.height)[:, None]
        number = np.searchsorted(edges, x + 0 * y, side="right") % 3
        shares = np.full((3, part.height, part.width), 0.1, np.float32)
        np.put_along_axis(shares, number[None], 0.8, axis=0)
        return Segmentation(number.astype(np.uint8), NAMES, shares)

    return parts


@settings(max_examples=30, deadline=None)
@given(photo=st.tuples(st.integers(30, 300), st.integers(30, 300)), side=st.integers(16, 64), seed=st.integers(0, 99))
def test_masks_of_parts_become_that_of_the_photograph(photo: Any, side: int, seed: int) -> None:
    say = answer(photo, seed)
    parts = parts_at(photo, (side, side), 1.0, 0.25)
    places = [(0, 0, photo[1], photo[0]), *(part.window for part in parts)]
    if len(parts) == 1:
        return
    made = Segmentation.merged((say(part) for part in parts), places, {"probabilities": True})
    np.testing.assert_array_equal(made.mask, say(Part(places[0], *photo)).mask)
    assert made.probabilities is None and made.names == NAMES


def test_one_part_is_the_answer_and_keeps_what_was_asked_for() -> None:
    only = answer((40, 50), 3)(Part((0, 0, 50, 40), 40, 50))
    assert Segmentation.merged(iter([only]), [(0, 0, 50, 40)], {"probabilities": True}) is only
    bare = Segmentation.merged(iter([only]), [(0, 0, 50, 40)], {"probabilities": False})
    assert bare.probabilities is None and (bare.mask == only.mask).all()


def test_parts_without_probabilities_cannot_be_put_together() -> None:
    parts = parts_at((90, 40), (40, 40), 1.0, 0.25)
    bare = [Segmentation(np.zeros((part.height, part.width), np.uint8), NAMES) for part in parts]
    with pytest.raises(ValueError, match="put together by their probabilities"):
        Segmentation.merged(bare, [(0, 0, 40, 90), *(part.window for part in parts)], {})


@pytest.mark.parametrize(
    ("photo", "usual", "along", "scale"),
    [
        ((512, 512), 1.0, None, None),
        ((760, 512), 1.0, None, None),  # shown by half smaller than in training: no tiles
        ((770, 512), 1.0, None, 1.0),
        ((3000, 4000), 7.8, None, None),  # as large as training's photographs
        ((9000, 12000), 7.8, None, 7.8),
        ((1000, 1000), 0.5, None, 0.5),  # training showed them enlarged
        ((1024, 700), 1.0, 1, None),
        ((1024, 700), 1.0, 2, 1024 / 512 / 1.75),
        ((400, 300), 9.0, 3, 400 / 512 / 2.5),  # a number is meant, whatever the size
    ],
)
def test_the_scale_is_that_of_training(photo: Any, usual: float, along: int | None, scale: float | None) -> None:
    assert scale_for(photo, (512, 512), usual, along, 0.25) == scale


@given(
    photo=st.tuples(st.integers(1, 3000), st.integers(1, 3000)), canvas=st.tuples(st.integers(32, 600), st.integers(32, 600)),
    scale=st.floats(0.2, 8),
)  # fmt: skip
def test_parts_are_no_larger_than_the_canvas_and_cover_the_photograph(photo: Any, canvas: Any, scale: float) -> None:
    """All at one scale, which is that asked for but for a whole number of pixels."""
    parts = parts_at(photo, canvas, scale, 0.25)
    shown = [round(side / max(scale, 1)) or 1 for side in photo]
    for axis, sides in ((0, [part.width for part in parts]), (1, [part.height for part in parts])):
        assert max(sides) <= canvas[1 - axis]
        spans = sorted({(part.window[axis], part.window[axis + 2]) for part in parts})
        assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(photo[1 - axis])
        assert all(after[0] < before[1] for before, after in pairwise(spans))
        for part, side in zip(parts, sides, strict=True):
            width = part.window[axis + 2] - part.window[axis]
            assert width / side == pytest.approx(photo[1 - axis] / shown[1 - axis])
