"""`inspect --strengths` and `--run`: which augmentations the picture shows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import Plan, resolve
from clearsight.verbs.inspect import InspectOutcome, Options, run
from clearsight.verbs.strengths import chosen_strengths, in_words

LAYOUT = (6, 20, 96, 102)  # gap, caption, tile, step


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for number, label in enumerate(("cat", "dog")):
        for i in range(3):
            path = tmp_path / "pets" / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(10 * number + i).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            PIL.Image.fromarray(pixels).save(path)
    return tmp_path / "pets"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "pets"
    folder.mkdir(parents=True)
    task = {"name": "classify", "labels": ["cat", "dog"], "size": 16, "fit": "squash"}
    options = TrainOptions(data="pets", alternate=1.0, flip=0.0, crop=1.0, seed=3)
    resolve(options, {}, {}, {"task": task}).save(folder / "plan.yaml")
    return folder


def look(data: Path, output: Path, **options: object) -> InspectOutcome:
    return run(parse(Options, {"data": str(data), "output": str(output), **options}))


def tiles(path: Path, side: int) -> np.ndarray:
    """(row, column, side, side, 3): the canvases shown, at their own size."""
    gap, caption, tile, step = LAYOUT
    with PIL.Image.open(path) as grid:
        pixels = np.asarray(grid)
    top = gap + caption + caption
    rows = [
        [pixels[top + (step + caption) * y :][:tile, gap + step * x :][:, :tile] for x in range(8)] for y in range(6)
    ]
    skip = tile // side
    return np.stack(rows)[:, :, skip // 2 :: skip, skip // 2 :: skip]


def test_no_strength_shows_the_pictures_as_they_are_judged(pets: Path, tmp_path: Path) -> None:
    outcome = look(pets, tmp_path / "grid.png", strengths="", size=16)
    assert outcome.grid == tmp_path / "grid.png"
    shown = tiles(outcome.grid, 16)
    assert (shown == shown[:, :1]).all() and shown[:, 0].std() > 20


def test_a_run_shows_its_own_task_and_its_mirroring_in_turn(pets: Path, trained: Path, tmp_path: Path) -> None:
    shown = tiles(look(pets, tmp_path / "grid.png", run=str(trained)).grid or Path(), 16)
    plain, mirrored = shown[:, 0], shown[:, 0, :, ::-1]
    for row in range(6):
        ways = [np.array_equal(shown[row, column], mirrored[row]) for column in range(1, 8)]
        assert all(
            np.array_equal(shown[row, i + 1], mirrored[row] if way else plain[row]) for i, way in enumerate(ways)
        )
        assert all(first != second for first, second in pairwise(ways))


def test_what_is_said_changes_what_the_run_has(trained: Path) -> None:
    plan = Plan.load(trained / "plan.yaml")
    strengths = chosen_strengths(plan, "erase=0.5, alternate=0")
    assert strengths is not None and strengths["seed"] == 3
    assert in_words(strengths) == "erase 0.5" and in_words({}) == "none"
    assert chosen_strengths(None, None) is None and chosen_strengths(None, "flip=1") == {"flip": 1.0}


def test_what_the_task_does_not_do_is_not_shown(pets: Path, tmp_path: Path) -> None:
    outcome = look(pets, tmp_path / "grid.png", strengths="mosaic=0.5,flip=1", size=16)
    assert outcome.grid is None and outcome.exit_code == 1
    said = "no grid was made: --strengths mosaic does not fit classify: its answer is for a picture as a whole"
    assert outcome.findings[0].message.startswith(said)
    assert look(pets, tmp_path / "grid.png", strengths="mosaic=0,flip=1", size=16).grid is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strengths": "randaugment"}, "'randaugment' says nothing; write it as in randaugment=5"),
        ({"strengths": "sepia=1"}, "'sepia=1' says nothing; .* of flip, alternate, upside"),
        ({"strengths": "erase=3"}, "--erase '3': input should be less than or equal to 1"),
        ({"strengths": "shift=far"}, "--shift 'far': input should be a valid number"),
        ({"run": "nowhere"}, "--run nowhere: there is no plan.yaml"),
    ],
)
def test_what_cannot_be_shown_is_said_before_the_data_is_read(options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run(parse(Options, {"data": "no such data", **options}))
    assert "\n" not in str(caught.value)
