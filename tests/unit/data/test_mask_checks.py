"""What `inspect` says of masks: those that cannot be used, values of no class, empty ones, outlines that cross themselves."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from laying import lay, picture
from masking import PIXELS, indexed
from rich.console import Console

import clearsight
from clearsight.core.errors import CheckFailed
from clearsight.core.registry import find
from clearsight.core.sample import ArrayImage, Masks, Sample
from clearsight.data.checks import GateContext, gather, run_checks
from clearsight.data.classes import ClassChoice, Item
from clearsight.data.open import open_data
from clearsight.data.readers import mask_values
from clearsight.verbs import inspect

PHOTO = picture(5)


def semantic(folder: Path) -> Path:
    files: dict[str, bytes | str] = {"classes.txt": "sky\nroad\ncar\nship\n"}
    for number in range(1, 8):
        files[f"images/{number}.png"] = picture(number)
        files[f"masks/{number}.png"] = indexed(np.where(PIXELS == 3, 0, PIXELS))
    wrong = {"masks/2.png": indexed(np.where(PIXELS == 3, 9, PIXELS)), "masks/3.png": indexed(np.zeros((5, 5)))}
    return lay(folder, files | wrong | {"images/8.png": picture(8)})


def found(context: GateContext, check: str) -> dict[str, tuple[str, ...]]:
    return {f"{f.level}: {f.message}": f.items for f in run_checks(context) if f.check == check}


def test_semantic_masks(tmp_path: Path) -> None:
    context = gather(open_data(semantic(tmp_path)), full=True)
    bad = f"{tmp_path}/images/3.png: its mask {tmp_path}/masks/3.png is of 5 x 5 pixels, the picture of 4 x 3"
    assert found(context, "masks") == {
        "error: the masks of 1 of 7 pictures cannot be used: make them anew, or leave these out": (
            f"{bad}: one of them was resized",
        ),
        "error: 1 of 7 masks have pixels of values outside the classes, which count for nothing: name these values in the "
        "table of classes, or correct the masks": ("images/2.png: 9 (1 pixel)",),
    }
    assert context.counts() == {"train": {"sky": 6, "road": 6, "car": 6, "ship": 0}}
    balance = found(context, "balance")
    assert any("1 class is declared and has no picture anywhere" in text for text in balance)
    assert any("2 pictures of train are not annotated with masks" in text for text in balance)
    share = context.pixels()
    assert sum(share.values()) == pytest.approx(1) and share["sky"] == pytest.approx(23 / 65)
    headers = gather(open_data(tmp_path))
    assert headers.masks == {} and found(headers, "masks") == {} and found(headers, "balance") == {}


def test_training_is_refused_before_values_outside_the_classes_are_void_without_a_word(tmp_path: Path) -> None:
    options = {"runs": str(tmp_path / "runs"), "weights": "none", "steps": 1, "device": "cpu"}
    with pytest.raises(CheckFailed, match=r"1 of 7 masks have pixels of values outside the classes.*--no-gate"):
        clearsight.train(str(semantic(tmp_path / "data")), max_bad=0.5, **options)


def test_each_mask_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, read = open_data(semantic(tmp_path)), []
    values_of = mask_values.values_of
    monkeypatch.setattr(mask_values, "values_of", lambda mask, *how: read.append(mask.name) or values_of(mask, *how))
    gather(data, full=True)
    assert sorted(read) == [f"{tmp_path}/masks/{number}.png" for number in range(1, 8)]


def test_what_inspect_prints(tmp_path: Path) -> None:
    outcome = inspect.run(inspect.Options(data=str(semantic(tmp_path / "road"))))
    out = io.StringIO()
    outcome.show(Console(file=out, width=200))
    text = out.getvalue()
    assert "road: 8 pictures (train 8), 4 classes, read as masks" in text
    assert "Share of pixels: road 36.9%, sky 35.4%, car 27.7%, ship 0.0%" in text
    assert "pictures without a mask were taken as not annotated, 1 of 8: bring their masks" in text
    written = json.loads(json.dumps(outcome.to_dict()))
    assert written["counted"] == "pictures" and set(written["pixels"]) == {"sky", "road", "car", "ship"}


def test_instances(tmp_path: Path) -> None:
    bow, tiny, good = [0, 0, 3, 3, 3, 0, 0, 3], [0.1, 0.1, 0.2, 0.1, 0.2, 0.2], [0, 0, 3, 0, 3, 2]
    entries = [
        {"id": n, "image_id": 1 + n // 3, "category_id": 1, "bbox": [0, 0, 3, 3], "iscrowd": 0, "segmentation": [ring]}
        for n, ring in enumerate((bow, tiny, good, good))
    ]
    images = [{"id": n, "file_name": f"{n}.png", "height": 3, "width": 4 + (n == 2)} for n in (1, 2)]
    document = {"images": images, "annotations": entries, "categories": [{"id": 1, "name": "cat"}]}
    path = lay(tmp_path, {"x.json": json.dumps(document), "1.png": PHOTO, "2.png": picture(7)})
    context = gather(open_data(path), full=True)
    assert found(context, "masks") == {
        "error: the masks of 1 of 2 pictures cannot be used: make them anew, or leave these out": (
            f"{tmp_path}/2.png: is of 4 x 3 pixels, its annotation says 5 x 3; was it resized afterwards?",
        ),
        "warning: 1 of 4 instances has no pixel: draw them anew or remove them": (
            f"{tmp_path}/x.json: annotation 1 (1.png)",
        ),
        CROSSING.format(1, 4): (f"{tmp_path}/x.json: annotation 0 (1.png)",),
    }
    assert find("checks", "masks") is not None


CROSSING = (
    "warning: {} of {} instances has an outline that crosses itself: see that the pixels are those that are meant"
)
BOW, SQUARE = [(0, 0), (3, 3), (3, 0), (0, 3)], [(0, 0), (2, 0), (2, 2), (0, 2)]


def labelme() -> dict[str, bytes | str]:
    shapes = [
        {"label": name, "points": ring, "shape_type": "polygon"} for name, ring in (("dog", SQUARE), ("cat", BOW))
    ]
    document = {"imagePath": "1.png", "imageHeight": 3, "imageWidth": 4, "flags": {}, "shapes": shapes}
    return {"1.png": PHOTO, "1.json": json.dumps(document)}


def cvat() -> dict[str, bytes | str]:
    rings = [(name, ";".join(f"{x},{y}" for x, y in ring)) for name, ring in (("dog", SQUARE), ("cat", BOW))]
    inside = "".join(f'<polygon label="{name}" points="{points}"/>' for name, points in rings)
    image = f'<image id="0" name="1.png" width="4" height="3">{inside}</image>'
    return {"annotations.xml": f"<annotations><version>1.1</version>{image}</annotations>", "images/1.png": PHOTO}


def label_studio() -> dict[str, bytes | str]:
    results = [
        {
            "id": f"r{name}",
            "type": "polygonlabels",
            "from_name": "p",
            "to_name": "image",
            "original_width": 4,
            "original_height": 3,
            "image_rotation": 0,
            "value": {"points": [[25 * x, 100 / 3 * y] for x, y in ring], "polygonlabels": [name]},
        }
        for name, ring in (("dog", SQUARE), ("cat", BOW))
    ]
    task = {"id": 7, "data": {"image": "1.png"}, "annotations": [{"id": 1, "result": results}]}
    return {"1.png": PHOTO, "x.json": json.dumps([task])}


@pytest.mark.parametrize(
    ("files", "where"),
    [
        (labelme, "1.json: shape 2 (1.png)"),
        (cvat, "annotations.xml: <polygon> 2 (images/1.png)"),
        (label_studio, "x.json: task 7: region rcat (1.png)"),
    ],
)
def test_outlines_that_cross_are_named_by_file_and_place(
    tmp_path: Path, files: Callable[[], dict[str, bytes | str]], where: str
) -> None:
    """Also where `--classes` leaves out what is before them."""
    path = lay(tmp_path, files())
    assert found(gather(open_data(path), full=True), "masks") == {CROSSING.format(1, 2): (f"{tmp_path}/{where}",)}
    chosen = gather(open_data(path, classes="cat=lion,-dog"), full=True)
    assert found(chosen, "masks") == {CROSSING.format(1, 1): (f"{tmp_path}/{where}",)}


def test_instances_that_say_no_place_are_named_by_their_number_among_all() -> None:
    masks = Masks("instances", tuple, ("cat", "dog"))
    assert masks.places() == ("instance 1, cat", "instance 2, dog")
    kept = ClassChoice((Item("cat", None),), False)(Sample("a", ArrayImage(np.zeros((3, 4), np.uint8)), masks=masks))
    assert kept is not None and kept.masks is not None and kept.masks.places() == ("instance 2, dog",)
