"""Pictures, folders and zips for the tests of the readers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import PIL.Image


def picture(colour: int = 0, size: tuple[int, int] = (4, 3)) -> bytes:
    """A small PNG of one grey."""
    buffer = io.BytesIO()
    PIL.Image.new("L", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def lay(root: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def pack(path: Path, files: dict[str, bytes | str]) -> Path:
    """Write files into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
