"""Driving the command line: in this process where speed counts, as a process of its own where signals do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import yaml
from safetensors.numpy import load_file

COLOURS = ("blue", "green", "red")
SRC = Path(__file__).parents[2] / "src"
QUICK = ("--net", "lenet", "--epochs", "2", "--threads", "1", "--device", "cpu")
"""Options of a training that takes a second."""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one sentence it ended with. There must be one, at the end, and no traceback anywhere."""
        lines = self.err.splitlines()
        assert lines and lines[-1].startswith("error: "), self.err
        assert sum(line.startswith("error: ") for line in lines) == 1, self.err
        assert "Traceback" not in self.err + self.out, self.err
        return lines[-1].removeprefix("error: ")


def clearsight(*words: object) -> Said:
    """`clearsight WORDS` in this process. With --debug an error is raised here."""
    from clearsight import cli

    out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = ["clearsight", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    return Said(code, out.getvalue(), err.getvalue())


def command(*words: object) -> list[str]:
    """The command line of a process of its own."""
    return [sys.executable, "-m", "clearsight", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    """Its environment: this source tree, no colours, no network's proxies needed."""
    return {**os.environ, "PYTHONPATH": str(SRC), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **more}


def process(*words: object, timeout: float = 240) -> Said:
    """`clearsight WORDS` as a process of its own."""
    done = subprocess.run(command(*words), env=environment(), capture_output=True, text=True, timeout=timeout)
    return Said(done.returncode, done.stdout, done.stderr)


def noise(number: int, colour: int, side: int = 16, strength: int = 70) -> PIL.Image.Image:
    """A picture of noise in which one colour is stronger: no two alike, easily told apart at this strength."""
    pixels = np.random.default_rng(number).integers(0, 150, (side, side, 3))
    pixels[..., colour] += strength
    return PIL.Image.fromarray(pixels.astype(np.uint8))


def paint(folder: Path, each: int, colours: Sequence[str] = COLOURS, side: int = 16) -> Path:
    """A folder of class folders of noise, `each` pictures in each."""
    for colour, name in enumerate(colours):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            noise(1000 * colour + number, colour, side).save(folder / name / f"{number}.png")
    return folder


def paint_zip(path: Path, count: int, side: int = 16, strength: int = 70) -> Path:
    """A zip of class folders of noise, `count` pictures in all."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            buffer = io.BytesIO()
            noise(number, number % 3, side, strength).save(buffer, "PNG")
            archive.writestr(f"{COLOURS[number % 3]}/{number}.png", buffer.getvalue())
    return path


def all_whole(folder: Path) -> int:
    """Read every file of a run's folder that has its final name; how many there were."""
    count = 0
    for path in folder.rglob("*"):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".yaml":
            yaml.safe_load(path.read_text(encoding="utf-8"))
        elif path.suffix == ".safetensors":
            load_file(path)
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
        count += 1
    return count
