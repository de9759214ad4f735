"""Pictures that lie together in one file, as in MNIST and CIFAR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import Pixels
from clearsight.core.sample import Array, ImageSource, printable
from clearsight.data.tree import stamp


@dataclass(frozen=True)
class RowImage(ImageSource):
    """One picture of a file of many. It pickles as a reference; each process decodes the file once.

    `table` is a function of a module, with a cache: (path, member) -> uint8 (N, H, W) or (N, H, W, 3).
    """

    table: Callable[[Path, str], Array]
    path: Path  # the folder or archive
    member: str  # the file in it
    index: int

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(f"{self.path}/{self.member}[{self.index}]")

    def encoded(self) -> None:
        return None

    def load(self) -> Pixels:
        try:
            pixels = self.table(self.path, self.member)[self.index]
        except InputError as error:
            raise BadImage(self.name, str(error)) from None
        except (OSError, IndexError) as error:
            raise BadImage(self.name, f"its file has changed ({error})") from None
        if pixels.ndim == 2:
            return np.repeat(pixels[:, :, None], 3, axis=2)
        return np.array(pixels)  # a copy: the table stays as it is


def member_stamp(path: Path, member: str) -> tuple[int, int]:
    """What changes when the file that holds a member is replaced; the key of a table's cache."""
    return stamp(path / member if path.is_dir() else path)
