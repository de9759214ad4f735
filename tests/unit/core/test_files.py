from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clearsight.core import files
from clearsight.core.errors import InputError
from clearsight.core.files import replacing, replacing_folder, write_bytes, write_json, write_text


def test_a_file_is_written_where_no_folder_is_yet(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "x.bin", b"\0\1")
    assert (tmp_path / "a" / "b" / "x.bin").read_bytes() == b"\0\1"


def test_text_is_utf8_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_text(path, "a longer text before")
    write_text(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_written_line_by_line_replaces_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    with replacing(path) as file:
        file.write("ß\n")
        assert not path.exists()
        file.write("2\n")
    assert path.read_bytes() == "ß\n2\n".encode()
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_bytes() == "ß\n2\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_json_has_null_for_what_is_not_finite(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"nan": float("nan"), "list": [float("inf"), 1.5, ("ß", None)], 3: True})
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"nan": None, "list": [None, 1.5, ["ß", None]], "3": True}
    assert "ß" in text and text.endswith("}\n")


def test_the_mode_of_a_new_file_is_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    (tmp_path / "folder").mkdir()
    write_bytes(tmp_path / "ours", b"")
    with replacing_folder(tmp_path / "our folder"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "our folder").stat().st_mode == (tmp_path / "folder").stat().st_mode


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "make room on the disk"),
        (errno.EACCES, "choose a place"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_a_refused_write_is_a_sentence_and_keeps_the_old(
    number: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.bin"
    write_bytes(path, b"old")

    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(InputError, match=advice) as caught:
        write_bytes(path, b"new")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_bytes(tmp_path / "x" / "y", b"")


@pytest.mark.parametrize("swaps", [True, False])
def test_a_folder_is_replaced_whole(swaps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not swaps:
        monkeypatch.setattr(files, "_swap", lambda one, other: False)
    path = tmp_path / "model"
    for content in ("first", "second"):
        with replacing_folder(path) as folder:
            (folder / f"{content}.txt").write_text(content)
            assert not (path / f"{content}.txt").exists()
        assert [item.name for item in path.iterdir()] == [f"{content}.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with replacing_folder(path) as folder:
        (folder / "x").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing_folder(path) as folder:
        (folder / "x").write_text("new")
        raise KeyboardInterrupt
    assert (path / "x").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_cleared_or_put_back(tmp_path: Path) -> None:
    (tmp_path / ".model.new-abc").mkdir()
    (tmp_path / ".model.old-abc" / "was").mkdir(parents=True)
    (tmp_path / ".model.old-abc" / "was" / "x").write_text("old")
    (tmp_path / ".model2.new-abc").mkdir()  # another folder's
    with pytest.raises(KeyError), replacing_folder(tmp_path / "model"):
        raise KeyError
    assert (tmp_path / "model" / "x").read_text() == "old"
    assert sorted(item.name for item in tmp_path.iterdir()) == [".model2.new-abc", "model"]


WRITER = """
import sys
from pathlib import Path
from clearsight.core.files import replacing_folder, write_text
path = Path(sys.argv[1])
for number in range(10**9):
    write_text(path / "note", str(number) * 5000)
    with replacing_folder(path / "model") as folder:
        for name in "ab":
            (folder / name).write_text(str(number))
    print(flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_at_any_moment_leaves_whole_files(tmp_path: Path) -> None:
    for round_ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.013 * round_)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        note = (tmp_path / "note").read_text()
        assert note == note[: len(note) // 5000] * 5000
        assert (tmp_path / "model" / "a").read_text() == (tmp_path / "model" / "b").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder may be away for a moment")
def test_a_replaced_folder_is_never_away(tmp_path: Path) -> None:
    if not _can_swap(tmp_path):
        pytest.skip("this file system cannot exchange two folders")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert all((tmp_path / "model").is_dir() for _ in range(20_000))
    finally:
        writer.kill()
        writer.communicate()


def _can_swap(folder: Path) -> bool:
    (folder / "1").mkdir()
    (folder / "2").mkdir()
    return files._swap(folder / "1", folder / "2")
