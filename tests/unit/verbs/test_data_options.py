"""--classes, --group and --split-list through the verbs: a training, its resumption, and judging it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from clearsight.core.errors import InputError
from clearsight.verbs import evaluate, inspect, train

PATIENT = r"name:(p\d+)_"


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures of each of four classes, three of each patient."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    for number, name in enumerate(("cat", "dog", "junk", "wolf")):
        folder = tmp_path / "pets" / name
        folder.mkdir(parents=True)
        for n in range(12):
            pixels = draw.integers(60 * number, 60 * number + 50, (16, 16, 3), dtype=np.uint8)
            PIL.Image.fromarray(pixels).save(folder / f"p{n // 3}_{n}.png")
    return tmp_path / "pets"


def patients(keys: list[str]) -> set[str]:
    return {re.search(r"p\d+", key)[0] for key in keys}  # type: ignore[index]


def test_a_training_by_classes_and_groups_is_resumed_and_judged_alike(pets: Path) -> None:
    said = {
        "data": "pets",
        "classes": "wolf=dog,-junk",
        "group": PATIENT,
        "net": "lenet",
        "epochs": 1,
        "val_share": 0.5,
    }
    outcome = train.run(train.Options(**said))
    listed = json.loads((outcome.folder / "splits.json").read_text())
    assert len(listed["train"]) + len(listed["judge"]) == 36 and listed["judge"]
    assert not patients(listed["train"]) & patients(listed["judge"])
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    assert set(manifest["data"]["labels"]) == {"cat", "dog"}

    again = train.run(train.Options(data="pets", net="lenet", epochs=1, resume=True))  # the plan knows the rest
    assert again.folder == outcome.folder and again.result is not None and outcome.result is not None
    assert again.result.score == outcome.result.score
    held_out = evaluate.run(evaluate.Options(model=str(outcome.folder)))
    splits = str(outcome.folder / "splits.json")
    options = evaluate.Options(model=str(outcome.folder), data="pets", classes="wolf=dog,-junk", split_list=splits)
    elsewhere = evaluate.run(options)
    assert held_out.result.count == elsewhere.result.count == len(listed["judge"])
    assert held_out.result.score == elsewhere.result.score == outcome.result.score


def test_a_second_set_has_its_classes_named_alike(pets: Path, tmp_path: Path) -> None:
    for name in ("cat", "wolf"):
        (tmp_path / "other" / name).mkdir(parents=True)
        for n in range(3):
            PIL.Image.new("RGB", (16, 16), (n, 9, 90)).save(tmp_path / "other" / name / f"{n}.png")
    said = {"data": "pets", "val": "other", "classes": "wolf=dog,-junk", "net": "lenet", "epochs": 1}
    outcome = train.run(train.Options(**said))
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    assert {label: counts["judge"] for label, counts in manifest["data"]["labels"].items()} == {"cat": 3, "dog": 3}
    assert evaluate.run(evaluate.Options(model=str(outcome.folder))).result.count == 6


def test_inspect_tells_what_is_left_out_and_which_groups_are_shared(pets: Path, tmp_path: Path) -> None:
    keys = {
        split: [f"{name}/p{n // 3}_{n}.png" for name in ("cat", "dog") for n in range(*bounds)]
        for split, bounds in {"train": (0, 8), "test": (8, 12)}.items()
    }
    (tmp_path / "list.json").write_text(json.dumps(keys))
    found = inspect.run(inspect.Options(data="pets", split_list="list.json", group=PATIENT)).to_dict()
    assert found["splits"] == {"train": 16, "test": 8}
    messages = [finding["message"] for finding in found["findings"]]
    assert any("24 pictures not in list.json and left out" in message for message in messages)
    (shared,) = [finding for finding in found["findings"] if finding["check"] == "groups"]
    assert shared["items"] == ["p2 (train 4, test 2)"]


def test_columns_hold_for_the_pictures_given_with_val(pets: Path) -> None:
    """And a folder given there, which has no columns, is read as it is."""
    rows = [f"pets/{name}/p{n // 3}_{n}.png,{name},x" for name in ("cat", "dog") for n in range(12)]
    for split, every in (("learn", rows[::2]), ("judge", rows[1::2])):
        Path(f"{split}.csv").write_text("\n".join(["image,kind,site", *every]))
    said = {
        "data": "learn.csv",
        "label_column": "kind",
        "classes": "cat,dog",
        "net": "lenet",
        "steps": 1,
        "gate": False,
    }
    for val, count in (("judge.csv", 12), ("pets", 24)):
        outcome = train.run(train.Options(**said, val=val, name=f"by {Path(val).stem}"))
        assert outcome.result is not None and outcome.result.count == count
        assert evaluate.run(evaluate.Options(model=str(outcome.folder))).result.score == outcome.result.score


def test_a_test_split_without_labels_is_not_judged_on(pets: Path) -> None:
    files = [f"{name}/p{n // 3}_{n}.png" for n in range(12) for name in ("cat", "dog")]
    rows = {"train": files[:12], "val": files[12:18], "test": files[18:]}
    for split, names in rows.items():
        label = (lambda name: "") if split == "test" else (lambda name: name.split("/")[0])
        (pets / f"{split}.csv").write_text("image,label\n" + "".join(f"{name},{label(name)}\n" for name in names))
    said = {"data": "pets", "format": "table", "net": "lenet", "epochs": 1}
    outcome = train.run(train.Options(**said))
    assert outcome.judged_on == "val" and outcome.result is not None and outcome.result.count == 6
    assert (outcome.folder / "report.html").is_file()
    again = train.run(train.Options(**said, resume=True))
    assert again.result is not None and again.result.score == outcome.result.score
    (pets.parent / "bare.csv").write_text("image,label\npets/cat/p0_0.png,\n")
    with pytest.raises(InputError, match=r"--val bare\.csv: none of its pictures has labels to judge by"):
        train.run(train.Options(**said, val="bare.csv"))
