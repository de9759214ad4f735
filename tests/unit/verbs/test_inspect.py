from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from rich.console import Console

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.verbs.inspect import InspectOutcome, Options, run


def paint(path: Path, seed: int, size: tuple[int, int] = (20, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, label in enumerate(("cat", "dog", "[red]fox[/red]".replace("/", "."))):
        for i in range(6 + number):
            paint(tmp_path / "pets" / "train" / label / f"{i}.png", 100 * number + i)
        for i in range(2):
            paint(tmp_path / "pets" / "val" / label / f"{i}.png", 100 * number + 50 + i)
    return tmp_path / "pets"


def look(data: Path, **options: object) -> InspectOutcome:
    return run(parse(Options, {"data": str(data), **options}))


def shown(outcome: InspectOutcome, width: int = 100) -> str:
    stream = io.StringIO()
    outcome.show(Console(file=stream, width=width))
    return stream.getvalue()


def test_a_good_set(folder: Path) -> None:
    outcome = look(folder)
    assert outcome.exit_code == 0
    answer = json.loads(json.dumps(outcome.to_dict()))
    assert answer["data"] == "pets" and answer["format"] == "folder"
    assert answer["splits"] == {"train": 21, "val": 6}
    assert answer["labels"] == ["[red]fox[.red]", "cat", "dog"]
    assert answer["counts"]["train"] == {"cat": 6, "dog": 7, "[red]fox[.red]": 8}
    assert answer["sizes"]["height"] == {"min": 20, "median": 20, "max": 20}
    assert (answer["unreadable"], answer["decoded"], answer["findings"], answer["grid"]) == (0, True, [], None)
    text = shown(outcome)
    assert "pets: 27 pictures (train 21, val 6), 3 classes, read as folder" in text
    assert "[red]fox[.red]" in text and "Nothing wrong was found." in text
    assert "width 30, height 20; 1 size in all" in text


def test_bars_are_as_long_as_their_counts(folder: Path) -> None:
    lines = {line.split()[0]: line for line in shown(look(folder)).splitlines() if "█" in line}
    assert lines["[red]fox[.red]"].count("█") == 24  # 10 pictures, the most
    assert lines["cat"].count("█") == 19  # 8 of them: 19.2


def test_what_is_wrong_is_said_and_fails_the_check(folder: Path) -> None:
    (folder / "train" / "cat" / "bad.png").write_bytes(b"<html>no</html>")
    for i in range(8):
        (folder / "val" / "dog" / f"leak{i}.png").write_bytes((folder / "train" / "dog" / "0.png").read_bytes())
    outcome = look(folder)
    assert outcome.exit_code == 1
    findings = {(finding.check, finding.level) for finding in outcome.findings}
    assert {("unreadable", "error"), ("duplicates", "error"), ("duplicates", "warning")} <= findings
    text = shown(outcome, 200)
    assert "✖ error" in text and "▲ warning" in text and "bad.png: is a web page or XML, not a picture" in text
    assert "and 3 more (--json names all)" in text  # 8 leaks, 5 shown
    leaks = next(f for f in outcome.to_dict()["findings"] if "also in train" in f["message"])
    assert len(leaks["items"]) == 8
    assert look(folder, max_bad=0.5).to_dict()["unreadable"] == 1


def test_headers_alone_see_no_cut_picture(folder: Path) -> None:
    cut = folder / "train" / "cat" / "0.png"
    cut.write_bytes(cut.read_bytes()[:-300])
    assert look(folder).to_dict()["unreadable"] == 1
    quick = look(folder, full=False)
    assert quick.to_dict()["unreadable"] == 0 and "--full decodes every one" in shown(quick)


def test_one_class_only(tmp_path: Path) -> None:
    for i in range(6):
        paint(tmp_path / "pets" / "cat" / f"{i}.png", i)
    outcome = look(tmp_path / "pets", augment=True, output=str(tmp_path / "grid.png"))
    assert outcome.exit_code == 1
    assert any("nothing to tell apart" in finding.message for finding in outcome.findings)
    assert any("no grid was made" in finding.message for finding in outcome.findings)
    assert not (tmp_path / "grid.png").exists() and outcome.grid is None


def test_many_classes_show_the_commonest_and_the_rarest(tmp_path: Path) -> None:
    for label in range(40):
        for i in range(1 + label % 2):
            paint(tmp_path / "many" / f"c{label:02}" / f"{i}.png", 10 * label + i, (2, 2))
    lines = [line for line in shown(look(tmp_path / "many")).splitlines() if line.startswith(("c0", "c1", "c2", "c3"))]
    assert [line.split()[1] for line in lines if "class" not in line] == ["2"] * 15 + ["1"] * 15
    assert "… 10 more …" in shown(look(tmp_path / "many"))


def test_the_grid_of_augmented_samples(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "out" / "grid.png"
    outcome = look(folder, augment=True, output=str(path), size=16)
    assert outcome.grid == path and str(path) in shown(outcome, 300)
    first = path.read_bytes()
    with PIL.Image.open(path) as grid:
        assert (grid.format, grid.mode) == ("PNG", "RGB")
        assert grid.size == (6 + 8 * (96 + 6), 6 + 6 * (96 + 6 + 20))  # 16-pixel canvases six times as large
        pixels = np.asarray(grid)
    tiles = [pixels[26 + 122 * row : 122 + 122 * row, 6 : 6 + 96] for row in range(6)]
    assert len({tile.tobytes() for tile in tiles}) == 6  # six samples, all different
    variants = {pixels[26:122, 6 + 102 * column : 102 + 102 * column].tobytes() for column in range(8)}
    assert len(variants) == 8
    look(folder, output=str(path), size=16)
    assert path.read_bytes() == first  # the same picture every time


def test_rows_of_the_grid_are_spread_over_the_classes(folder: Path) -> None:
    from clearsight.data.open import open_data
    from clearsight.verbs.grid import _choose

    samples = open_data(folder).samples("train")
    labels = [(sample.labels or ("",))[0] for sample, _ in _choose(samples)]
    assert labels == ["[red]fox[.red]"] * 2 + ["cat"] * 2 + ["dog"] * 2
    (folder / "train" / "cat" / "0.png").write_bytes(b"")
    assert len(_choose(samples)) == 6  # one that cannot be read is passed over
    assert _choose([]) == []


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        look(tmp_path / "nowhere")


def test_looking_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; from clearsight.verbs.inspect import Options, run\n"
        f"assert run(Options(data={str(folder)!r})).exit_code == 0; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_set_with_boxes(tmp_path: Path) -> None:
    for number in range(6):
        paint(tmp_path / f"cells/{number}.png", number)
    rows = [f"{number}.png,{label},1,1,{9 + n},9" for number in range(6) for n, label in enumerate(("red", "white"))]
    rows += ["0.png,red,1,1,5,5", "0.png,red,25,1,50,9", "0.png,red,1,1,5,5"]
    (tmp_path / "cells/boxes.csv").write_text("image,label,xmin,ymin,xmax,ymax\n" + "\n".join(rows))
    outcome = look(tmp_path / "cells")
    assert outcome.exit_code == 0
    answer = outcome.to_dict()
    assert (answer["counts"], answer["counted"]) == ({"train": {"red": 8, "white": 6}}, "boxes")
    text = shown(outcome)
    assert "cells: 6 pictures (train 6), 14 boxes of 2 classes, read as boxes" in text
    assert "boxes  train" in text and "red        8" in text
    assert "▲ warning boxes that are there twice were left out once, 1 of 15: remove the copies" in text
    assert "boxes that reach beyond their picture were clipped to it, 1 of 15" in text
    assert "boxes.csv: line 16 (0.png)" in text.replace("\n", "")
