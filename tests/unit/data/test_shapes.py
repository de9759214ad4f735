"""The drawn set `shapes`: the same scenes everywhere, boxes and masks of what can be seen, names that say what is asked."""

from __future__ import annotations

import hashlib
import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.data.open import open_data
from clearsight.data.readers import shapes
from clearsight.data.readers.shapes import SceneImage, SceneMasks
from clearsight.data.samples.layout import LABELS, MOST, SEEN, SIZES, SMALLEST, Scene, lay_out
from clearsight.data.samples.outlines import OUTLINES
from clearsight.data.samples.paint import draw_scene
from clearsight.ops.rle import box, to_mask

SCENES = st.builds(
    Scene,
    seed=st.integers(0, 50),
    split=st.sampled_from(["train", "val", "test"]),
    number=st.integers(0, 10_000),
    height=st.integers(32, 120),
    width=st.integers(32, 120),
)


def everything(scene: Scene) -> str:
    """A hash of all that a scene gives."""
    layout = lay_out(scene)
    total = hashlib.sha256(draw_scene(scene).tobytes())
    total.update(b"".join(runs.counts.tobytes() for runs in layout.masks()) + layout.boxes().tobytes())
    total.update(",".join(thing.label for thing in layout.things).encode())
    return total.hexdigest()


def test_another_process_draws_the_same_bytes() -> None:
    scenes = [Scene(seed, split, 7, 48, 64) for seed in (0, 3) for split in ("train", "val")]
    code = (
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent)]!r}\n"
        "from test_shapes import Scene, everything\n"
        f"for scene in {scenes!r}: print(everything(scene))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [everything(scene) for scene in scenes]
    assert len(set(done.stdout.split())) == len(scenes)


@given(SCENES)
@settings(max_examples=60)
def test_boxes_are_those_of_the_masks(scene: Scene) -> None:
    layout = lay_out(scene)
    masks, boxes = [to_mask(runs) for runs in layout.masks()], layout.boxes()
    assert len(masks) == len(layout.things)
    assert boxes.dtype == np.float32
    for mask, found in zip(masks, boxes, strict=True):
        assert mask.shape == (scene.height, scene.width)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert found.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@given(SCENES)
@settings(max_examples=60)
def test_later_objects_hide_earlier_ones_and_enough_of_each_is_seen(scene: Scene) -> None:
    layout = lay_out(scene)
    owner = np.full((scene.height, scene.width), -1)
    whole = []
    margin = 200  # pixels about the picture, as objects reach beyond it
    window = (-margin, scene.height + margin, -margin, scene.width + margin)
    for number, thing in enumerate(layout.things):
        inside = thing.distance(window) < 0
        whole.append(np.count_nonzero(inside))
        owner[inside[margin:-margin, margin:-margin]] = number
    assert (owner == layout.owner).all()
    for number, total in enumerate(whole):
        assert np.count_nonzero(owner == number) >= SEEN * total
    assert sum(to_mask(runs) for runs in layout.masks()).max(initial=0) <= 1


def test_scenes_have_one_to_eight_objects_of_six_classes_and_many_sizes() -> None:
    layouts = [lay_out(Scene(0, "train", number, 160, 160)) for number in range(150)]
    counts = [len(layout.things) for layout in layouts]
    things = [thing for layout in layouts for thing in layout.things]
    assert (min(counts), max(counts)) == (1, MOST)
    assert {thing.label for thing in things} == set(LABELS) == set(OUTLINES)
    shares = np.array([2 * thing.radius / 160 for thing in things])
    assert shares.min() >= SIZES[0]
    assert shares.max() <= SIZES[1]
    assert (shares < 0.15).any()
    assert (shares > 0.4).any()
    seen = [np.count_nonzero(layout.owner == n) for layout in layouts for n in range(len(layout.things))]
    hidden = [s < np.count_nonzero(t.distance(t.window()) < 0) for s, t in zip(seen, things, strict=True)]
    assert 0.2 < np.mean(hidden) < 0.8  # partly hidden, or cut by the edge


def test_objects_stand_out_from_what_is_around_them() -> None:
    clear = []
    for number in range(40):
        scene = Scene(1, "val", number, 128, 128)
        layout, pixels = lay_out(scene), draw_scene(scene).astype(float)
        for index, thing in enumerate(layout.things):
            mask = layout.owner == index
            around = (np.abs(thing.distance((0, 128, 0, 128)) - 2) < 1) & (layout.owner == -1)
            if around.sum() > 20:
                inner = np.median(pixels[mask], axis=0)
                clear.append(np.linalg.norm(inner - np.median(pixels[around], axis=0)) > 40)
    assert len(clear) > 100
    assert np.mean(clear) > 0.95


def test_an_object_is_drawn_where_its_mask_is() -> None:
    """The edge between an object and the background is where the mask says, to the pixel."""
    off = []
    for number in range(30):
        scene = Scene(2, "train", number, 160, 160)
        layout, pixels = lay_out(scene), draw_scene(scene).astype(float)
        for index, thing in enumerate(layout.things):
            distance = thing.distance((0, 160, 0, 160))
            inside = (layout.owner == index) & (distance > -4)
            outside = (layout.owner == -1) & (distance < 4)
            if min(inside.sum(), outside.sum()) < 60:
                continue
            inner, outer = (np.median(pixels[where], axis=0) for where in (inside, outside))
            nearer = np.linalg.norm(pixels - inner, axis=2) < np.linalg.norm(pixels - outer, axis=2)
            off.append((nearer[inside & (distance < -1)].mean(), 1 - nearer[outside & (distance > 1)].mean()))
    assert len(off) > 50
    assert np.mean(off) > 0.9


@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 200), (300, 64), (33, 47)])
def test_any_size(height: int, width: int) -> None:
    for number in range(5):
        scene = Scene(0, "train", number, height, width)
        assert draw_scene(scene).shape == (height, width, 3)
        assert all(thing.radius >= SMALLEST for thing in lay_out(scene).things)


def test_outlines_by_hand() -> None:
    """Points of which one can say at once whether they are within."""
    half = math.sqrt(0.5)
    cases = {
        "circle": ([(0, 0), (0.99, 0)], [(1.01, 0)]),
        "square": ([(0.99, 0), (0.49, 0.49)], [(0.51, 0.51), (1.01, 0)]),
        "triangle": ([(0.99, 0), (-0.49, 0.8)], [(-0.51, 0), (0.5, 0.5)]),
        "star": ([(0.99, 0), (-0.44, 0)], [(-0.46, 0), (half, half)]),
        "ring": ([(0.61, 0), (0, -0.99)], [(0, 0), (0.59, 0), (1.01, 0)]),
        "cross": ([(0, 0), (0.95, 0.29), (0.29, -0.95)], [(0.31, 0.31), (0.96, 0)]),
    }
    assert cases.keys() == OUTLINES.keys()
    for label, (inside, outside) in cases.items():
        for points, sign in ((inside, -1), (outside, 1)):
            x, y = np.array(points, float).T
            assert (np.sign(OUTLINES[label](x, y)) == sign).all(), label


@given(st.sampled_from(LABELS), st.floats(0, 2 * math.pi))
def test_outlines_lie_within_the_circle_around_them(label: str, turn: float) -> None:
    x, y = np.array([1.001 * math.cos(turn)]), np.array([1.001 * math.sin(turn)])
    assert OUTLINES[label](x, y)[0] > 0


def test_as_a_data_set() -> None:
    data = open_data("shapes:train=6,val=3,side=64x48,seed=3")
    assert (data.format, dict(data.info.splits)) == ("shapes", {"train": 6, "val": 3})
    assert data.info.labels == LABELS
    assert data.info.annotated == {"boxes", "masks"}
    samples = data.samples("train")
    assert [sample.key for sample in samples][:2] == ["shapes/train-00000", "shapes/train-00001"]
    for sample in samples:
        assert sample.labels is None
        assert sample.boxes is not None
        assert sample.masks is not None
        assert sample.masks.kind == "instances"
        assert sample.boxes.labels == sample.masks.labels
        masks = sample.masks.runs()
        assert [(runs.height, runs.width) for runs in masks] == [(48, 64)] * len(sample.boxes.labels)
        np.testing.assert_array_equal([box(runs) for runs in masks], sample.boxes.xyxy)
        assert sample.image.size() == sample.boxes.said == (48, 64)
        assert sample.image.load().shape == (48, 64, 3)
        assert sample.image.glance(full=True) == (sample.image.digest(), (48, 64))
    assert len({sample.image.digest() for split in ("train", "val") for sample in data.samples(split)}) == 9


def test_the_bare_name() -> None:
    info = shapes.info(Location(Path("shapes")))
    assert dict(info.splits) == {"train": 1000, "val": 200}
    assert next(iter(shapes.read(Location(Path("shapes")), "val"))).image.size() == (160, 160)
    assert list(shapes.read(Location(Path("shapes")), "test")) == []


def test_more_scenes_change_none_of_the_others() -> None:
    few, more = (open_data(f"shapes:train={count},val=1,side=32") for count in (3, 5))
    digests = [[sample.image.digest() for sample in data.samples("train")] for data in (few, more)]
    assert digests[1][:3] == digests[0]
    other = open_data("shapes:train=3,val=1,side=32,seed=1")
    assert not set(digests[0]) & {sample.image.digest() for sample in other.samples("train")}


def test_pictures_and_masks_are_picklable_and_their_masks_say_what_they_depend_on() -> None:
    scene = Scene(0, "val", 3, 40, 50)
    image, masks = pickle.loads(pickle.dumps((SceneImage(scene), SceneMasks(scene))))
    assert (image.load() == draw_scene(scene)).all()
    owner = lay_out(scene).owner
    assert len(masks()) == owner.max() + 1
    for index, runs in enumerate(masks()):
        np.testing.assert_array_equal(to_mask(runs), owner == index)
    assert repr(masks) != repr(SceneMasks(Scene(1, "val", 3, 40, 50)))


def test_a_folder_of_that_name_hides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shapes.sniff(Location(Path("shapes:side=64"))) is not None
    assert shapes.sniff(Location(Path("shapesmith"))) is None
    (tmp_path / "shapes").mkdir()
    assert shapes.sniff(Location(Path("shapes"))) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shapes:", "a setting has no name; there is train, val, test, seed, side"),
        ("shapes:train=5,", "a setting has no name"),
        ("shapes:colour=3", "'colour' is no setting"),
        ("shapes:train", "train must be a whole number from 0 to 1,000,000, not ''"),
        ("shapes:train=-1", "not '-1'"),
        ("shapes:train=2.5", "not '2.5'"),
        ("shapes:train=1000001", "not '1000001'"),
        ("shapes:train=٣", "not '٣'"),
        ("shapes:train=1,train=2", "says train twice"),
        ("shapes:side=64,side=32x32", "says side twice"),
        ("shapes:side=31", "side must be one number of pixels or width x height, 32 to 4,096"),
        ("shapes:side=64x", "side must be"),
        ("shapes:train=0,val=0", "asks for no scene"),
    ],
)
def test_names_that_say_nothing_sensible(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        open_data(name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_said_to_be_shapes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the name of a drawn set"):
        open_data(tmp_path, format="shapes")


def test_a_misspelt_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="did you mean shapes"):
        open_data("shaps")
