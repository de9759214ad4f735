"""The README and the pages in docs/ keep their word: every command and every program in them runs, in order.

A `console` block holds commands after `$` and, where it shows what they answer, lines of the answer: these must come in
that order, numbers aside; `...` stands for what is left out of a line or between lines. A command must end with exit
code 0, or with that which `$ echo $?` shows below it. A `python` block must run to its end. What cannot run here says
why in a comment `<!-- not run: … -->` before the block.

The README's first lines, those for a fresh machine, run as programs of their own but for what they install; the other
commands run in this process, which is quicker, those of pages that name it with the run that the README has trained.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
FOLLOWING = [page for page in PAGES if re.search(r"\b(runs/digits|scans)\b", page.read_text(encoding="utf-8"))]
"""Pages that need what the README has made."""

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + PAGES

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\n+)?^```(?P<kind>console|python)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
DURATION = re.compile(r"\d+ min \d+ s")
NUMBER = re.compile(r"\d[\d,.]*(e[-+]?\d+)?")
INSTALLING = re.compile(r"python3 -m venv|\S*pip install")
WIDTH = 100  # columns of the terminal that the documents show


@dataclass
class Command:
    """A command of a document and what the document says of it."""

    text: str
    shown: list[str] = field(default_factory=list)
    code: int = 0


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which every block of the README has run."""
    folder = tmp_path_factory.mktemp("readme")
    lay_photos(folder)
    run_blocks(ROOT / "README.md", folder)
    return folder


@pytest.mark.xdist_group("readme")
def test_the_readme_does_what_it_says(readme: Path) -> None:
    assert (readme / "runs/digits/model.onnx").is_file()
    assert (readme / "runs/digits/report.html").is_file()


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("page", FOLLOWING, ids=lambda page: page.stem)
def test_a_page_goes_on_from_the_readme(page: Path, readme: Path, tmp_path: Path) -> None:
    for name in ("runs/digits", "photos", "scans"):
        shutil.copytree(readme / name, tmp_path / name)
    run_blocks(page, tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FOLLOWING], ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    lay_photos(tmp_path)
    run_blocks(page, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def test_every_verb_has_a_page() -> None:
    from clearsight.core.registry import VERBS

    assert set(VERBS) <= {page.stem for page in PAGES}


@pytest.mark.parametrize("script", ["readme_table", "options_page"])
def test_what_a_script_writes_into_the_documents_is_up_to_date(script: str) -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def lay_photos(folder: Path) -> None:
    """`photos/`, the documents' name for pictures of one's own: cut from scikit-learn's two photographs."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng(0)
    for name, photo in zip(("temple", "flower"), load_sample_images().images, strict=True):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(30):
            side = int(rng.integers(80, 200))
            x, y = int(rng.integers(640 - side)), int(rng.integers(427 - side))
            Image.fromarray(photo[y : y + side, x : x + side]).save(folder / f"photos/{name}/{number:02d}.jpg")


def run_blocks(document: Path, folder: Path) -> None:
    """Run a document's blocks in a folder; the programs share their variables, as in one session."""
    text = document.read_text(encoding="utf-8")
    variables: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(folder), surroundings():
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start("text"))
            if block["why"]:
                continue
            if block["kind"] == "python":
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    exec(compile("\n" * line + block["text"], document, "exec"), variables)
                continue
            for command in commands(block["text"]):
                run = as_program if ".venv/bin/" in command.text else in_process
                code, output = run(command.text)
                place = f"{document.name}:{line}: $ {command.text}"
                assert code == command.code, f"{place}\nexit code {code}, not {command.code}\n{output}"
                compare(command.shown, output, place)


def commands(text: str) -> Iterator[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line == "$ echo $?":
            found[-1].code = int(next(lines))
        elif line.startswith("$ "):
            found.append(Command(line[2:]))
        elif line:
            found[-1].shown.append(line)
    return iter(found)


def compare(shown: list[str], output: str, place: str) -> None:
    """Every line shown comes in the output, in that order, but for numbers, blanks and bars."""
    there = iter([plain(line) for line in output.splitlines()])
    for line in shown:
        wanted = re.compile(".*".join(map(re.escape, plain(line).split("..."))))
        found = line.strip() == "..." or any(wanted.fullmatch(answer) for answer in there)
        assert found, f"{place}\ndoes not answer, or not in this order:\n{line}\nbut\n{output}"


def plain(line: str) -> str:
    """A line without what differs from machine to machine."""
    line = DURATION.sub("0 s", line)  # how long a slow machine says it took
    return " ".join(NUMBER.sub("#", re.sub("[█▏▎▍▌▋▊▉]+", "", line)).split())


def as_program(command: str) -> tuple[int, str]:
    """Run a line for a shell. What installs is left out: .ci/run does that, in a new environment."""
    parts = [part for part in command.split(" && ") if not INSTALLING.match(part)]
    program = f"{shlex.quote(sys.executable)} -m clearsight"
    line = " && ".join(part.replace(".venv/bin/clearsight", program) for part in parts)
    done = subprocess.run(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def in_process(command: str) -> tuple[int, str]:
    """Run a `clearsight` command without a new process."""
    from clearsight import cli

    words = shlex.split(command)
    assert words[0] == "clearsight", f"{command}: give clearsight's commands alone, or say why it is not run"
    output, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                cli.main()
            except SystemExit as ended:
                code = int(ended.code or 0)
    return code, output.getvalue()


@contextlib.contextmanager
def surroundings() -> Iterator[None]:
    """A terminal of `WIDTH`, no network, nobody's data; and as many threads afterwards as before."""
    import torch

    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(WIDTH))
        patch.setenv("HF_HUB_OFFLINE", "1")
        for name in ("CLEARSIGHT_DATA", "CLEARSIGHT_WEIGHTS"):
            patch.delenv(name, raising=False)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
