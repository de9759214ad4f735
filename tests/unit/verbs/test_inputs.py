from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from clearsight.core.errors import InputError
from clearsight.verbs.inputs import find_pictures


def names(root: Path, *targets: str) -> list[str]:
    return [Path(picture.name).relative_to(root).as_posix() for picture in find_pictures(targets)]


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_a_folder_gives_the_pictures_below_it_sorted(pictures: Path) -> None:
    (pictures / ".hidden.png").write_bytes(b"")
    assert names(pictures, str(pictures)) == ["a.jpg", "b.png", "deep/a.png"]


def test_a_zip_gives_its_pictures(pictures: Path, tmp_path: Path) -> None:
    path = zipped(pictures, tmp_path / "some.zip")
    found = find_pictures([str(path)])
    assert [picture.name for picture in found] == [f"{path}/{name}" for name in ("a.jpg", "b.png", "deep/a.png")]
    assert found[1].load().shape == (40, 30, 3)


def test_targets_keep_their_order_and_repeats(pictures: Path) -> None:
    b, a = str(pictures / "b.png"), str(pictures / "a.jpg")
    assert names(pictures, b, a, b) == ["b.png", "a.jpg", "b.png"]


def test_a_file_that_is_named_is_taken_whatever_its_ending(pictures: Path) -> None:
    assert names(pictures, str(pictures / "notes.txt")) == ["notes.txt"]


def test_patterns_that_the_shell_left_alone(pictures: Path, tmp_path: Path) -> None:
    assert names(pictures, str(pictures / "*.png")) == ["b.png"]
    assert names(pictures, str(pictures / "*")) == ["a.jpg", "b.png", "deep/a.png"]  # no text file
    assert names(pictures, str(pictures / "**")) == ["a.jpg", "b.png", "deep/a.png"]  # nothing twice
    zipped(pictures, tmp_path / "some.zip")
    assert len(find_pictures([str(tmp_path / "*.zip")])) == 3


def test_a_name_that_looks_like_a_pattern_is_a_name(pictures: Path) -> None:
    odd = pictures / "odd [1].png"
    odd.write_bytes((pictures / "b.png").read_bytes())
    assert names(pictures, str(odd)) == ["odd [1].png"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("gone.jpg", r"gone\.jpg is not there"),
        ("*.webp", r"\*\.webp holds no picture"),
        ("empty", "empty holds no picture"),
        ("damaged.zip", r"damaged\.zip is no zip, or a damaged one"),
    ],
)
def test_a_target_without_a_picture_is_named(pictures: Path, target: str, words: str) -> None:
    (pictures / "empty").mkdir()
    (pictures / "damaged.zip").write_bytes(b"PK no")
    with pytest.raises(InputError, match=words):
        find_pictures([str(pictures / "b.png"), str(pictures / target)])


def test_no_target_at_all() -> None:
    with pytest.raises(InputError, match="name the pictures"):
        find_pictures([])
