"""The embedded set `shapes`: drawn scenes of coloured, textured, partly hidden objects of six classes, with boxes and masks.

`shapes` is 1,000 scenes to learn from and 200 to judge on, of 160 × 160 pixels; `shapes:train=500,val=100,side=128,seed=3`
says otherwise, and `side=192x128` draws 192 wide and 128 high. A scene follows from its seed, split and number, so that
more of them change none of the others. `samples.layout` says where objects are, `samples.paint` what they look like.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import Boxes, ImageSource, Masks, Sample, printable
from clearsight.data.samples.layout import LABELS, Scene, lay_out
from clearsight.data.samples.paint import draw_scene
from clearsight.ops.rle import Runs

NAME = "shapes"
EXAMPLE = f"{NAME}:train=500,val=100,side=128,seed=3"

LIMITS = {"train": (0, 1_000_000), "val": (0, 1_000_000), "test": (0, 1_000_000), "seed": (0, 2**63 - 1)}
SIDES = (32, 4096)
"""Pixels that a side may have."""


@dataclass(frozen=True)
class Asked:
    """What a name of the set asks for."""

    train: int = 1000
    val: int = 200
    test: int = 0
    height: int = 160
    width: int = 160
    seed: int = 0

    def splits(self) -> dict[str, int]:
        """Scenes of each split that has some."""
        return by_split({"train": self.train, "val": self.val, "test": self.test})


@dataclass(frozen=True)
class SceneImage(ImageSource):
    """The picture of a scene, drawn when asked for."""

    scene: Scene

    @property
    def name(self) -> str:  # type: ignore[override]
        return key_of(self.scene)

    def encoded(self) -> None:
        return None

    def load(self) -> Pixels:
        return draw_scene(self.scene)

    def size(self) -> tuple[int, int]:
        return self.scene.height, self.scene.width

    def digest(self) -> str:
        """What the pixels follow from: equal scenes are equal pictures, and no others."""
        return hashlib.blake2b(repr(self.scene).encode(), digest_size=16).hexdigest()

    def glance(self, full: bool = False) -> tuple[str, tuple[int, int]]:
        return self.digest(), self.size()


@dataclass(frozen=True)
class SceneMasks:
    """The visible parts of a scene's objects, when called. Picklable."""

    scene: Scene

    def __call__(self) -> tuple[Runs, ...]:
        return lay_out(self.scene).masks()


def sniff(location: Location) -> Evidence | None:
    """Certain where the place is the bare name `shapes`, or that with settings, and nothing of that name lies on disk."""
    text = str(location.path)
    if text.partition(":")[0] == NAME and not location.path.exists():
        return Evidence(1.0, "the embedded set of drawn objects")
    return None


def info(location: Location) -> DataInfo:
    """Splits and the six classes. Raises `InputError` for settings that are none."""
    return DataInfo(NAME, _asked(location).splits(), LABELS, frozenset({"boxes", "masks"}), instances=True)


def read(location: Location, split: str) -> Iterator[Sample]:
    """The scenes of a split, keys "shapes/train-00000" and on. About a millisecond each, the first time."""
    yield from _samples(_asked(location), split)


def key_of(scene: Scene) -> str:
    """What a scene is called within its set."""
    return f"{NAME}/{scene.split}-{scene.number:05d}"


@lru_cache(maxsize=4)
def _samples(asked: Asked, split: str) -> tuple[Sample, ...]:
    number = asked.splits().get(split, 0)
    return tuple(_sample(Scene(asked.seed, split, index, asked.height, asked.width)) for index in range(number))


def _sample(scene: Scene) -> Sample:
    layout = lay_out(scene)
    labels = tuple(thing.label for thing in layout.things)
    boxes = Boxes(layout.boxes(), labels, said=(scene.height, scene.width))
    return Sample(key_of(scene), SceneImage(scene), boxes=boxes, masks=Masks("instances", SceneMasks(scene), labels))


def _asked(location: Location) -> Asked:
    """The settings in a name. Raises `InputError` where one is not known, not a number, said twice or out of range."""
    text = str(location.path)
    said = text.partition(":")[2]
    if text == NAME:
        return Asked()
    if text.partition(":")[0] != NAME:
        raise InputError(f"{printable(text)} is not the name of a drawn set: say {NAME}, or {EXAMPLE}")
    values: dict[str, int] = {}
    for part in said.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        found = _setting(name, value, text)
        if repeated := found.keys() & values.keys():
            raise InputError(f"{text} says {'side' if 'width' in repeated else name} twice; say it once")
        values |= found
    asked = Asked(**values)
    if not asked.splits():
        raise InputError(f"{text} asks for no scene; give train, val or test a number above 0, as in {EXAMPLE}")
    return asked


def _setting(name: str, value: str, text: str) -> Mapping[str, int]:
    """One setting as fields of `Asked`."""
    if name == "side":
        match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", value)
        sides = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not all(SIDES[0] <= side <= SIDES[1] for side in sides):
            allowed = f"one number of pixels or width x height, {SIDES[0]} to {SIDES[1]:,}: side=160 or side=192x128"
            raise InputError(f"{text}: side must be {allowed}")
        return {"width": sides[0], "height": sides[1]}
    if name not in LIMITS:
        what = f"{name!r} is no setting" if name else "a setting has no name"
        raise InputError(f"{text}: {what}; there is {', '.join((*LIMITS, 'side'))}, as in {EXAMPLE}")
    low, high = LIMITS[name]
    if not re.fullmatch(r"[0-9]{1,19}", value) or not low <= int(value) <= high:
        raise InputError(f"{text}: {name} must be a whole number from {low} to {high:,}, not {value!r}")
    return {name: int(value)}
