"""From what a user names to a data set: paths, embedded sets, names below a data root, and what is none of these."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import PIL.Image
import pytest

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.data import open as opening
from clearsight.data.open import Dataset, open_data, roots
from clearsight.data.readers import folder


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own cache and settings are not looked at; nothing is fetched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CLEARSIGHT_DATA", raising=False)

    def offline(source: object, root: Path) -> Path:
        raise InputError("https://example.org cannot be reached (offline)")

    monkeypatch.setattr(opening, "fetch", offline)


def pets(root: Path) -> Path:
    """Two class folders with one picture each."""
    for name in ("cats", "dogs"):
        (root / name).mkdir(parents=True)
        PIL.Image.new("RGB", (5, 4)).save(root / name / "1.png")
    return root


def zipped(path: Path) -> Path:
    """The same in a zip."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (5, 4)).save(buffer, "PNG")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("cats", "dogs"):
            archive.writestr(f"{name}/1.png", buffer.getvalue())
    return path


def test_a_folder(tmp_path: Path) -> None:
    data = open_data(pets(tmp_path / "pets"))
    assert isinstance(data, Dataset)
    assert (data.name, data.format, data.info.labels) == ("pets", "folder", ("cats", "dogs"))
    assert [sample.key for sample in data.samples("train")] == ["cats/1.png", "dogs/1.png"]
    assert [sample.key for sample in data.stream("train")] == ["cats/1.png", "dogs/1.png"]
    with pytest.raises(InputError, match="pets has no split 'val', it has train"):
        data.samples("val")


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pets(tmp_path / "pets"))
    assert open_data(".").name == "pets"


def test_embedded_digits_and_a_folder_that_hides_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = open_data("digits")
    assert (data.name, data.format, dict(data.info.splits)) == ("digits", "digits", {"train": 1797})
    pets(tmp_path / "digits")
    assert open_data("digits").format == "folder"


@pytest.mark.parametrize("how", ["option", "environment", "cache"])
@pytest.mark.parametrize("form", ["folder", "zip", "csv"])
def test_a_name_below_a_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, form: str) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / ("cache/clearsight/data" if how == "cache" else "root")
    root.mkdir(parents=True)
    if form == "folder":
        pets(root / "pets")
    elif form == "zip":
        zipped(root / "pets.zip")
    else:
        (root / "pets.csv").write_text("image,label\ncats/1.png,cat\n")
    if how == "environment":
        monkeypatch.setenv("CLEARSIGHT_DATA", str(root))
    data = open_data("pets", data_root=root if how == "option" else None)
    assert data.name == "pets"
    assert data.location.path.parent == root


@pytest.mark.parametrize("name", ["cifar10", "CIFAR-10", "cifar_10"])
def test_a_known_name_in_its_official_layout(tmp_path: Path, name: str) -> None:
    root = tmp_path / "cifar-10-batches-bin"
    root.mkdir()
    for batch in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        (root / f"{batch}.bin").write_bytes(bytes(3073))
    data = open_data(name, data_root=tmp_path)
    assert (data.format, dict(data.info.splits)) == ("cifar", {"train": 5, "test": 1})


def test_a_known_name_is_fetched_into_the_first_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(source: object, root: Path) -> Path:
        asked.append(root)
        return zipped(tmp_path / "fetched.zip")

    monkeypatch.setattr(opening, "fetch", fetch)
    assert open_data("fashion_mnist", data_root=tmp_path / "root").name == "fetched"
    assert asked == [tmp_path / "root"] == roots(tmp_path / "root")[:1]


def test_offline_and_absent_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_data("mnist", data_root=tmp_path / "root")
    text = str(caught.value)
    assert "\n" not in text
    for part in (
        f"mnist is not in {tmp_path}/root or {tmp_path}/cache/clearsight/data",
        "could not be fetched: https://example.org cannot be reached",
        f"put it into {tmp_path}/root/mnist",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("minst", "did you mean mnist?"),
        ("digit", "did you mean digits?"),
        ("qqqq", "known names are digits, shapes, mnist, fashion-mnist, cifar10, cifar100, coco, voc"),
        ("pest", "did you mean pets?"),
        ("./no/such/place", "no/such/place is not there"),
        ("pets/cast", "did you mean pets/cats?"),
        ("", "the path is not there"),
        ("a\0b", "is no file or folder"),
        ("x" * 5000, "cannot be opened"),
    ],
)
def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str) -> None:
    pets(tmp_path / "pets")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        open_data(target)
    assert message in str(caught.value)


def test_no_permission_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(InputError, match=r"cannot be opened .*Permission denied"):
        open_data(tmp_path / "pets")


def test_what_no_reader_knows_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("x")
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match=r"no format known here \(it holds 2 \.txt files, 1 folder\)"):
        open_data(tmp_path)
    with pytest.raises(InputError, match=r"a file ending \.txt\); formats are folder, table, idx"):
        open_data(tmp_path / "a.txt")


def test_pictures_without_classes_get_the_readers_own_advice(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (5, 4)).save(tmp_path / "1.png")
    with pytest.raises(InputError, match="put the pictures of each class into a folder of its own"):
        open_data(tmp_path)


def test_a_damaged_zip_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "pets.zip"
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(InputError, match="is no zip, or a damaged one"):
        open_data(path)


def test_format_overrides_and_unknown_formats_are_named(tmp_path: Path) -> None:
    root = pets(tmp_path / "pets")
    table = "image,label\ncats/1.png,feline\ndogs/1.png,canine\n"
    (root / "labels.csv").write_text(table)
    assert open_data(root).info.labels == ("canine", "feline")
    assert open_data(root, format="folder").info.labels == ("cats", "dogs")
    with pytest.raises(InputError, match="there is no reader 'tfrecord'; there is folder, table"):
        open_data(root, format="tfrecord")
    with pytest.raises(InputError, match="holds no idx file"):
        open_data(root, format="idx")


def test_columns_reach_the_reader(tmp_path: Path) -> None:
    root = pets(tmp_path / "pets")
    (root / "x.csv").write_text("image,label,breed\ncats/1.png,cat,manx\n")
    assert open_data(root, label_column="breed").info.labels == ("manx",)
    with pytest.raises(InputError, match="has no column 'bred'"):
        open_data(root / "x.csv", label_column="bred")


def test_columns_that_a_reader_does_not_know_are_refused(tmp_path: Path) -> None:
    root = pets(tmp_path / "pets")
    others = {
        "image_column": "table or boxes or labelstudio",
        "label_column": "table or webdataset or boxes or labelstudio",
        "value_column": "table",
    }
    for column, formats in others.items():
        said = f"--{column.replace('_', '-')} age: .*pets is read as folder, which has no such column; that is for {formats}$"
        with pytest.raises(InputError, match=said):
            open_data(root, **{column: "age"})  # type: ignore[arg-type]
    assert open_data(root, label_column="age", strict=False).info.labels == ("cats", "dogs")


def test_readers_equally_sure_are_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rival:
        @staticmethod
        def sniff(location: Location) -> Evidence | None:
            return Evidence(0.8, "it smells of it") if location.path.is_dir() else None

        @staticmethod
        def info(location: Location) -> DataInfo:
            return folder.info(location)

    monkeypatch.setattr(opening, "names", lambda table: {"folder": "", "rival": ""})
    monkeypatch.setattr(opening, "find", lambda table, name: {"folder": folder, "rival": Rival}[name])
    root = pets(tmp_path / "pets")
    with pytest.raises(InputError) as caught:
        open_data(root)
    assert "may be folder (2 class folders: cats, dogs) or rival (it smells of it); say which with --format" in str(
        caught.value
    )
    assert open_data(root, format="rival").format == "rival"


def test_opening_imports_no_torch(tmp_path: Path) -> None:
    script = (
        "import sys; from clearsight.data.open import open_data; "
        f"open_data({str(pets(tmp_path / 'pets'))!r}).samples('train'); "
        "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "splits", "classes"),
    [
        ("mnist", {"train": 60_000, "test": 10_000}, 10),
        ("cifar10", {"train": 50_000, "test": 10_000}, 10),
        ("ants_bees", {"train": 243, "val": 153}, 2),
    ],
)
def test_real_sets_by_name(name: str, splits: dict[str, int], classes: int) -> None:
    root = Path(__file__).parents[4] / "shared" / "data"
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    data = open_data(name, data_root=root)
    assert dict(data.info.splits) == splits
    assert len(data.info.labels) == classes
