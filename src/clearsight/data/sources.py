"""Data sets known by name: where they officially come from, and how they are fetched.

Checksums are MD5, as their authors publish them (the CIFAR page, the Fashion-MNIST README) or torchvision checks.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearsight.core.errors import InputError

TIMEOUT = 30.0
"""Seconds without an answer after which a server counts as not there."""

BLOCK = 2**17

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes in all, where the server says how many."""


@dataclass(frozen=True)
class Source:
    """A data set's official files. One file is kept as it is, several go into a folder of the set's name. What has to be
    unpacked is not fetched: `by_hand` says what to fetch and how to lay it, `{root}` standing for the data root."""

    name: str
    files: Mapping[str, str]  # file name -> MD5
    mirrors: tuple[str, ...]  # URLs that the file names are appended to, in the order they are tried
    layouts: tuple[str, ...]  # where else the set may lie below a data root
    by_hand: str = ""


def _mnist(images: str, labels: str, test_images: str, test_labels: str) -> dict[str, str]:
    return {
        "train-images-idx3-ubyte.gz": images,
        "train-labels-idx1-ubyte.gz": labels,
        "t10k-images-idx3-ubyte.gz": test_images,
        "t10k-labels-idx1-ubyte.gz": test_labels,
    }


SOURCES: Mapping[str, Source] = {
    "mnist": Source(
        "mnist",
        _mnist(
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        ("https://ossci-datasets.s3.amazonaws.com/mnist/",),
        ("MNIST/raw", "MNIST"),
    ),
    "fashion-mnist": Source(
        "fashion-mnist",
        _mnist(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
        (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        ),
        ("FashionMNIST/raw", "FashionMNIST"),
    ),
    "cifar10": Source(
        "cifar10",
        {"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"},
        ("https://www.cs.toronto.edu/~kriz/",),
        ("cifar-10-batches-bin", "cifar-10-binary.tar.gz", "cifar-10-batches-py", "cifar-10-python.tar.gz"),
    ),
    "cifar100": Source(
        "cifar100",
        {"cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8"},
        ("https://www.cs.toronto.edu/~kriz/",),
        ("cifar-100-binary", "cifar-100-binary.tar.gz", "cifar-100-python", "cifar-100-python.tar.gz"),
    ),
    "coco": Source(
        "coco",
        {},
        (),
        ("COCO", "coco2017", "COCO2017"),
        "fetch train2017.zip, val2017.zip and annotations_trainval2017.zip from https://cocodataset.org/#download (19 GB) "
        "and unpack them in {root}/coco, so that it holds train2017, val2017 and annotations",
    ),
    "voc": Source(
        "voc",
        {},
        (),
        ("VOCdevkit", "VOC", "VOC2007", "VOC2012"),
        "fetch VOCtrainval_06-Nov-2007.tar (MD5 c52e279531787c972589f7e41ab4ae64) and VOCtest_06-Nov-2007.tar (MD5 "
        "b6e924de25625d8de591ea690078ad9f) from http://host.robots.ox.ac.uk/pascal/VOC/voc2007/ (0.9 GB) and unpack "
        "both in {root}/voc, so that it holds VOCdevkit/VOC2007",
    ),
}


def known(name: str) -> Source | None:
    """The source of a name, however it is written: `Fashion_MNIST`, `cifar-10`."""
    plain = _plain(name)
    return next((source for source in SOURCES.values() if _plain(source.name) == plain), None)


def fetch(source: Source, root: Path) -> Path:
    """Download a set below `root`; its file or folder. Raises `InputError` in one sentence, also for what must be laid by
    hand.

    Several files appear together or not at all; those that arrived whole before an interruption are kept for the
    next attempt.
    """
    if source.by_hand:
        raise InputError(source.by_hand.format(root=root))
    place = root / (next(iter(source.files)) if len(source.files) == 1 else source.name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        if len(source.files) == 1:
            _from_mirrors(source, place.name, source.files[place.name], place)
            return place
        partly = root / f".{source.name}.fetching"
        partly.mkdir(exist_ok=True)
        for name, checksum in source.files.items():
            if not (partly / name).is_file() or _md5(partly / name) != checksum:
                _from_mirrors(source, name, checksum, partly / name)
        partly.rename(place)
        return place
    except OSError as error:
        if place.exists():  # another process was sooner
            return place
        text = f"{root} cannot be written ({error.strerror}); say another place with --data-root"
        raise InputError(text) from None


def download(url: str, path: Path, checksum: str, progress: Progress | None = None) -> None:
    """One file, checked on the way; `path` appears whole or not at all.

    Raises `InputError` for another content, an address that is not https; `OSError` or `HTTPException` from the net.
    """
    _check_address(url)
    opener = urllib.request.build_opener(_SafeRedirects)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        digest = hashlib.md5(usedforsecurity=False)
        request = urllib.request.Request(url, headers={"User-Agent": "clearsight"})
        with os.fdopen(handle, "wb") as file, opener.open(request, timeout=TIMEOUT) as response:
            length = response.headers.get("Content-Length")
            total = int(length) if length and length.isdigit() else None
            done = 0
            while block := response.read(BLOCK):
                file.write(block)
                digest.update(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
        if digest.hexdigest() != checksum:
            what = f"its MD5 is {digest.hexdigest()}, published is {checksum}"
            raise InputError(f"{url} is not the file it should be ({done:,} bytes, {what})")
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _from_mirrors(source: Source, name: str, checksum: str, path: Path) -> None:
    """A file from the first mirror that has it. Raises `InputError` with what each answered."""
    answers: list[str] = []
    for mirror in source.mirrors:
        url = mirror + name
        try:
            with _bar(name) as progress:
                download(url, path, checksum, progress)
            return
        except InputError as error:
            answers.append(str(error))
        except urllib.error.HTTPError as error:
            error.close()
            answers.append(f"{url} answers {error.code} {error.reason}")
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                raise
            answers.append(f"{url} cannot be reached ({getattr(error, 'reason', error)})")
    raise InputError("; ".join(answers))


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where it would have gone by itself."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise InputError(f"{url} is not https; refused")


@contextlib.contextmanager
def _bar(name: str) -> Iterator[Progress | None]:
    """A progress bar on the terminal's error stream; none where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")
