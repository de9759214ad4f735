"""Fetching from a server of our own: whole, wrong, missing, interrupted."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clearsight.core.errors import InputError
from clearsight.data import sources
from clearsight.data.sources import SOURCES, Source, download, fetch, known

ONE, TWO = b"one" * 100_000, b"two"


class Server(ThreadingHTTPServer):
    """Serves `files`; counts what was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    """`/moved` leads to a place that is not https; `/cut` promises more than it sends."""

    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        if name == "moved":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/x")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif name in self.server.files:
            data = self.server.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data) + (10 if name == "cut" else 0)))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server({"one.gz": ONE, "two.gz": TWO, "cut": ONE}) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def a_set(*mirrors: str, **files: bytes) -> Source:
    return Source("tiny", {f"{name}.gz": md5(data) for name, data in files.items()}, mirrors, ())


def test_one_file_arrives_with_progress(tmp_path: Path, server: Server) -> None:
    steps: list[tuple[int, int | None]] = []
    download(server.url + "one.gz", tmp_path / "one.gz", md5(ONE), lambda done, total: steps.append((done, total)))
    assert (tmp_path / "one.gz").read_bytes() == ONE
    assert steps[-1] == (len(ONE), len(ONE)) and len(steps) > 1
    assert [path.name for path in tmp_path.iterdir()] == ["one.gz"]


def test_one_file_is_kept_as_it_is_and_several_make_a_folder(tmp_path: Path, server: Server) -> None:
    assert fetch(a_set(server.url, one=ONE), tmp_path / "new" / "root") == tmp_path / "new" / "root" / "one.gz"
    folder = fetch(a_set(server.url, one=ONE, two=TWO), tmp_path)
    assert folder == tmp_path / "tiny"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"one.gz": ONE, "two.gz": TWO}
    assert not (tmp_path / ".tiny.fetching").exists()


@pytest.mark.parametrize("name", ["one.gz", "cut"])
def test_another_content_is_refused_and_leaves_nothing(tmp_path: Path, server: Server, name: str) -> None:
    with pytest.raises(InputError, match=r"is not the file it should be .*its MD5 is [0-9a-f]{32}, published is"):
        download(server.url + name, tmp_path / "x", md5(b"other") if name == "one.gz" else md5(ONE + b"rest"))
    assert list(tmp_path.iterdir()) == []


def test_what_the_server_lacks(tmp_path: Path, server: Server) -> None:
    with pytest.raises(InputError, match=r"gone\.gz answers 404 Not Found"):
        fetch(a_set(server.url, gone=b""), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_server_there(tmp_path: Path) -> None:
    with Server({}) as server:
        url = server.url  # a port where nobody listens any more
    with pytest.raises(InputError, match=r"one\.gz cannot be reached \(.*refused"):
        fetch(a_set(url, one=ONE), tmp_path)


def test_the_next_mirror_is_tried(tmp_path: Path, server: Server) -> None:
    server.files["bad/one.gz"] = b"another"
    source = a_set(server.url + "bad/", server.url + "none/", server.url, one=ONE)
    assert fetch(source, tmp_path).read_bytes() == ONE
    assert server.asked == ["bad/one.gz", "none/one.gz", "one.gz"]


def test_an_interrupted_set_is_not_there_and_goes_on_later(tmp_path: Path, server: Server) -> None:
    del server.files["two.gz"]
    source = a_set(server.url, one=ONE, two=TWO)
    with pytest.raises(InputError, match="404"):
        fetch(source, tmp_path)
    assert not (tmp_path / "tiny").exists()
    server.files["two.gz"] = TWO
    assert sorted(path.name for path in fetch(source, tmp_path).iterdir()) == ["one.gz", "two.gz"]
    assert server.asked == ["one.gz", "two.gz", "two.gz"]


def test_only_https_but_for_this_machine(tmp_path: Path, server: Server) -> None:
    with pytest.raises(InputError, match=r"http://example\.org/x is not https; refused"):
        download("http://example.org/x", tmp_path / "x", "")
    with pytest.raises(InputError, match=r"http://192\.0\.2\.1/x is not https; refused"):
        download(server.url + "moved", tmp_path / "x", "")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_not_blamed_on_the_server(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources, "download", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); say another place"):
        fetch(a_set(server.url, one=ONE), tmp_path)


def test_known_names_however_written() -> None:
    for name in ("fashion-mnist", "FashionMNIST", "fashion_mnist"):
        source = known(name)
        assert source is not None and source.name == "fashion-mnist"
    assert known("CIFAR-100") is SOURCES["cifar100"]
    assert known("imagenet") is None


def test_sources_are_https_and_agree_with_torchvision() -> None:
    from torchvision.datasets import MNIST, FashionMNIST

    assert dict(MNIST.resources) == dict(SOURCES["mnist"].files)
    assert dict(FashionMNIST.resources) == dict(SOURCES["fashion-mnist"].files)
    assert SOURCES["mnist"].mirrors[0] in MNIST.mirrors
    for name, source in SOURCES.items():
        assert source.name == name
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in source.mirrors)
        assert all(len(checksum) == 32 for checksum in source.files.values())
        assert bool(source.files) == bool(source.mirrors) != bool(source.by_hand)


def test_what_must_be_unpacked_is_not_fetched(tmp_path: Path) -> None:
    for name in ("coco", "voc"):
        with pytest.raises(InputError, match=rf"^fetch .* unpack .* in {tmp_path}/{name}, so that it holds "):
            fetch(SOURCES[name], tmp_path)
    assert list(tmp_path.iterdir()) == []
