"""Writing files so that no reader ever sees half of one, whatever moment the power goes.

Where the system refuses (a full disk, no permission) an `InputError` names the file and says what to do.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from clearsight.core.errors import InputError


def ending(name: str) -> str:
    """A file name's ending in small letters, ".jpg"; none, "", for a hidden file (`.x.jpg`, macOS's `._x.jpg`). Quick, as
    it is asked of every file of a data set."""
    base = os.path.basename(name)  # noqa: PTH119
    stem, dot, last = base.rpartition(".")
    return f".{last.lower()}" if dot and stem and base[0] != "." else ""


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file in one move: the old content or the new, never a mixture."""
    with _beside(path) as handle, os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """As `write_bytes`, line by line: a UTF-8 file to write, which takes its name on leaving without an error."""
    with _beside(path) as handle, os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """`write_text` of JSON that people can read. Numbers that are not finite become null."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote. Raises `InputError` where the file is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()})") from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise InputError(f"{path} is damaged: it is not JSON ({error})") from None


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill; on leaving without an error it takes the place of `path`, else it is removed.

    One writer at a time: what an earlier one left when it was killed is cleared away.
    """
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_up_after_the_killed(path)
        new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.new-"))
        new.chmod(0o777 & ~_umask())
    try:
        yield new
        with in_words(path):
            if not path.exists():
                new.rename(path)
            elif not _swap(new, path):
                old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old-"))
                path.rename(old / "was")  # for this moment there is no `path`
                new.rename(path)
                shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)  # half done, or the old one after a swap


@contextmanager
def _beside(path: Path) -> Iterator[int]:
    """The handle of a new file, to be filled and closed; it takes the place of `path`, or is removed on an error."""
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            yield handle
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in a single step; False where the system or the file system has no such step."""
    names = os.fsencode(one), os.fsencode(other)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h; macOS's RENAME_SWAP is 2 as well
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "renameat2"):
        return bool(libc.renameat2(here, names[0], here, names[1], exchange) == 0)
    if sys.platform == "darwin":
        return bool(ctypes.CDLL(None).renamex_np(*names, exchange) == 0)
    return False


def _clear_up_after_the_killed(path: Path) -> None:
    """Put back a folder whose writer was killed between its two renames, and remove what was left half done."""
    for old in path.parent.glob(f".{glob.escape(path.name)}.old-*"):
        if (old / "was").exists() and not path.exists():
            (old / "was").rename(path)
        shutil.rmtree(old, ignore_errors=True)
    for new in path.parent.glob(f".{glob.escape(path.name)}.new-*"):
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Within this context an `OSError` becomes an `InputError`: what cannot be written, why, and what to do."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: ": make room on the disk",
            errno.EACCES: ": choose a place where you may write",
            errno.EPERM: ": choose a place where you may write",
            errno.EROFS: ": choose another place",
        }
        said = f"({(error.strerror or str(error)).lower()}){advice.get(error.errno or 0, '')}"
        raise InputError(f"{path} cannot be written {said}") from error


@cache
def _umask() -> int:
    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    return mask


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
