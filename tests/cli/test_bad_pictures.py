"""Odd and unreadable pictures: each is handled rightly, or named with what to do; training goes on without it."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from driving import QUICK, clearsight, noise, paint


def cut_jpeg(number: int) -> bytes:
    """Half of a JPEG: its header is whole, its pixels are not."""
    buffer = io.BytesIO()
    noise(number, 0, 64).save(buffer, "JPEG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


def turned(path: Path) -> None:
    marks = PIL.Image.Exif()
    marks[0x0112] = 6
    noise(10, 2).save(path, exif=marks)


def bomb(path: Path) -> None:
    """A PNG of a few hundred bytes that claims 60,000 × 60,000 pixels."""
    buffer = io.BytesIO()
    PIL.Image.new("L", (1, 1)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(bytes(data))


ODD: dict[str, Callable[[Path], object]] = {
    "deep.png": lambda path: PIL.Image.fromarray(
        np.random.default_rng(1).integers(0, 65536, (20, 30)).astype(np.uint16)
    ).save(path),
    "print.jpg": lambda path: noise(2, 2).convert("CMYK").save(path),
    "palette.png": lambda path: noise(3, 2).convert("P").save(path),
    "alpha.png": lambda path: noise(4, 2).convert("RGBA").save(path),
    "moving.gif": lambda path: noise(5, 2).save(path, save_all=True, append_images=[noise(6, 2), noise(7, 2)]),
    "pages.tif": lambda path: noise(8, 2).save(path, save_all=True, append_images=[noise(9, 2)]),
    "turned.jpg": turned,
    "dot.png": lambda path: PIL.Image.new("RGB", (1, 1), (200, 10, 10)).save(path),
    "long.png": lambda path: PIL.Image.new("RGB", (30_000, 2), (200, 10, 10)).save(path),
}
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut.jpg": (lambda path: path.write_bytes(cut_jpeg(1)), "truncated"),
    "words.jpg": (lambda path: path.write_text("this is no picture"), "is a text file, not a picture"),
    "page.png": (lambda path: path.write_text("<html></html>"), "is a web page"),
    "empty.png": (lambda path: path.write_bytes(b""), "the file is empty"),
    "bomb.png": (bomb, "decompression bomb"),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 plain pictures, nine odd ones and five that cannot be read, in one training folder."""
    folder = paint(tmp_path_factory.mktemp("odd") / "odd", 30)
    for name, make in ODD.items():
        make(folder / "red" / name)
    for name, (make, _) in BAD.items():
        make(folder / "red" / name)
    return folder


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_training_goes_on_without_the_unreadable_ones(odd: Path, tmp_path: Path, cache: str) -> None:
    more = ("--max-bad", "0.1", "--cache", cache, "--workers", "0")
    said = clearsight("train", odd, "--runs", tmp_path, *QUICK, *more)
    assert said.code == 0, said.err
    assert "5 pictures could not be used" in said.out
    for name, (_, reason) in BAD.items():
        (line,) = [line for line in said.out.splitlines() if name in line]
        assert reason in line
    manifest = json.loads((tmp_path / "odd" / "manifest.json").read_text())
    assert {Path(item["name"]).name for item in manifest["bad_pictures"]} == BAD.keys()
    listed = json.loads((tmp_path / "odd" / "splits.json").read_text())
    used = {Path(key).name for keys in listed.values() for key in keys}
    assert used >= ODD.keys()  # the odd ones are learnt from or judged on
    if cache == "memory":  # all are decoded before the first step, so what is left is told then
        assert f"{99 - len(listed['judge'])} training pictures" in said.err


def test_beyond_max_bad_training_fails_before_it_begins(odd: Path, tmp_path: Path) -> None:
    said = clearsight("train", odd, "--runs", tmp_path, *QUICK)
    assert said.code == 1
    assert "--max-bad 1.0% allows" in said.error and "of 104 pictures cannot be read" in said.error
    assert "words.jpg" in said.err or "page.png" in said.err
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_fail_only_when_decoded_count_too(tmp_path: Path) -> None:
    folder = paint(tmp_path / "set", 10)
    for number in range(3):
        (folder / "red" / f"cut{number}.jpg").write_bytes(cut_jpeg(number))
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 1
    assert "cannot be used" in said.error and "cut" in said.error and "--max-bad" in said.error
    assert not (tmp_path / "runs" / "set" / "model").exists()


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_they_are_all_named_whatever_they_were_for(cache: str, tmp_path: Path) -> None:
    """Of the pictures that teach, that choose and that judge."""
    folder = paint(tmp_path / "set", 50)
    for number in range(40):
        (folder / "red" / f"cut{number}.jpg").write_bytes(cut_jpeg(number))
    more = ("--max-bad", "0.3", "--patience", "9", "--cache", cache, "--workers", "0")
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK, *more)
    assert said.code == 0 and "40 pictures could not be used" in said.out
    roles = json.loads((tmp_path / "runs" / "set" / "splits.json").read_text())
    assert all(any("cut" in key for key in keys) for keys in roles.values())


def test_inspect_names_every_unreadable_picture(odd: Path) -> None:
    said = clearsight("inspect", odd, "--json")
    assert said.code == 1
    (finding,) = [f for f in json.loads(said.out)["findings"] if f["check"] == "unreadable"]
    assert {Path(item.split(":")[0]).name for item in finding["items"]} == BAD.keys()


def test_predict_answers_for_the_others(trained: Path, odd: Path) -> None:
    said = clearsight("predict", trained, *(odd / "red" / name for name in (*ODD, *BAD)), "--format", "jsonl")
    assert said.code == 1
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [Path(line["picture"]).name for line in lines] == [*ODD, *BAD]
    assert all("label" in line for line in lines[: len(ODD)])
    for line, (_, reason) in zip(lines[len(ODD) :], BAD.values(), strict=True):
        assert reason in line["error"]
    assert f"{len(BAD)} of {len(ODD) + len(BAD)} pictures could not be read" in said.err
    assert clearsight("predict", trained, odd / "red" / "cut.jpg").code == 2


def test_evaluate_lists_what_it_could_not_judge(trained: Path, odd: Path) -> None:
    said = clearsight("evaluate", trained, "--data", odd, "--json")
    answer = json.loads(said.out)
    assert said.code == 0 and answer["count"] == 99
    assert {Path(item["name"]).name for item in answer["bad_pictures"]} == BAD.keys()


def test_an_empty_class_folder_is_told_of(tmp_path: Path) -> None:
    folder = paint(tmp_path / "set", 10)
    (folder / "yellow").mkdir()
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 0
    assert "1 class folder without a picture" in said.err and "yellow" in said.err and "3 labels" in said.err


def test_one_class_only(tmp_path: Path) -> None:
    said = clearsight("train", paint(tmp_path / "set", 5, ["red"]), "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 2
    assert "two classes or more" in said.error and "'red'" in said.error
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", [None, "nothing", "words", "loose"])
def test_a_place_that_is_no_set(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "set"
    if content:
        folder.mkdir()
    if content == "words":
        (folder / "notes.txt").write_text("nothing to see")
    if content == "loose":
        noise(0, 0).save(folder / "0.png")
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 2 and str(folder) in said.error


def table(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image", "label"), *rows])
    return path


def test_a_table_with_missing_files_and_a_picture_twice(colours: Path, tmp_path: Path) -> None:
    pictures = sorted(colours.rglob("*.png"))
    rows = [(str(path), path.parent.name) for path in [*pictures, pictures[0]]]
    said = clearsight(
        "train",
        table(tmp_path / "set.csv", [*rows, ("gone.png", "red")]),
        "--runs",
        tmp_path,
        *QUICK,
        "--max-bad",
        "0.05",
    )
    assert said.code == 0, said.err
    assert "1 picture could not be used" in said.out and "gone.png: the file is not there" in said.out
    assert "1 picture named by several rows, told apart as #2" in said.err
    listed = json.loads((tmp_path / "set" / "splits.json").read_text())
    assert len({key for keys in listed.values() for key in keys}) == 61


def test_a_table_whose_files_are_all_missing(tmp_path: Path) -> None:
    said = clearsight(
        "train", table(tmp_path / "set.csv", [("a.png", "x"), ("b.png", "y")]), "--runs", tmp_path, *QUICK
    )
    assert said.code == 1 and "2 of 2 pictures cannot be read" in said.error
    assert "paths are relative to the table" in " ".join(clearsight("inspect", tmp_path / "set.csv").out.split())


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no UTF-8")


@linux
def test_file_names_that_are_no_utf8(colours: Path, trained: Path, tmp_path: Path) -> None:
    folder = paint(tmp_path / "set", 10)
    odd_class = Path(os.fsdecode(os.fsencode(folder) + b"/gr\xfcn"))
    odd_class.mkdir()
    for number in range(10):
        noise(9000 + number, 1).save(odd_class / os.fsdecode(b"%d\xe9.png" % number))
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 0, said.err
    model = json.loads((tmp_path / "runs" / "set" / "model" / "model.json").read_text(encoding="utf-8"))
    assert "gr\\xfcn" in model["task"]["labels"]
    assert (tmp_path / "runs" / "set" / "report.html").read_text(encoding="utf-8")
    answered = clearsight("predict", trained, odd_class, "--format", "jsonl")
    assert answered.code == 0
    assert all("\\xe9.png" in json.loads(line)["picture"] for line in answered.out.splitlines())


@linux
def test_two_pictures_of_one_key(tmp_path: Path) -> None:
    folder = paint(tmp_path / "set", 5)
    noise(7000, 0).save(folder / "red" / "\\xff.png")
    noise(7001, 0).save(os.fsdecode(os.fsencode(folder) + b"/red/\xff.png"))
    said = clearsight("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 2
    assert "1 key names more than one picture" in said.error and "\\xff.png (2 times)" in said.error


def test_a_damaged_zip(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("red/0.png", b"x" * 1000)
    path.write_bytes(path.read_bytes()[:500])
    said = clearsight("train", path, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 2 and "set.zip" in said.error and "damaged" in said.error


def test_evaluating_on_labels_that_the_model_does_not_know(trained: Path, tmp_path: Path) -> None:
    said = clearsight("evaluate", trained, "--data", paint(tmp_path / "set", 2, ["purple", "red"]))
    assert said.code == 2
    assert "'purple'" in said.error and "it knows blue, green, red" in said.error


def test_a_run_whose_pictures_have_changed_is_not_resumed(tmp_path: Path) -> None:
    folder = paint(tmp_path / "set", 10)
    words = ("train", folder, "--runs", tmp_path / "runs", *QUICK)
    assert clearsight(*words).code == 0
    noise(12345, 1).save(folder / "red" / "0.png")
    said = clearsight(*words, "--resume")
    assert said.code == 2 and "has changed since" in said.error
    (folder / "red" / "0.png").unlink()
    said = clearsight(*words, "--resume")
    assert said.code == 2 and "has changed since" in said.error
