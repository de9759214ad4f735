"""Pictures with mask files: layouts, numbers, palettes, colours, 0 and 255, and files that are wrong."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from laying import lay, pack, picture
from masking import PIXELS, coloured, indexed, saved, wide

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.core.sample import VOID
from clearsight.data.checks import gather
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers import masks

PHOTO = picture(5)
NAMES = "sky\nroad\ncar\nunlabelled\n"
WANTED = np.where(PIXELS == 3, VOID, PIXELS)
CAMVID = Path(__file__).parents[4] / "shared" / "data" / "camvid.zip"
COLOURS = [(128, 64, 0), (0, 0, 200), (7, 7, 7), (0, 0, 0)]

LAYOUTS = {  # where the pictures of a split lie, and their masks
    "split first": ("{}/images/{}.png", "{}/masks/{}.png"),
    "kind first": ("images/{}/{}.png", "labels/{}/{}.png"),
    "suffix": ("{}/{}.png", "{}_masks/{}.png"),
    "joined": ("{}/{}.png", "{}annot/{}.png"),
    "prefix": ("images_prepped_{}/{}.png", "annotations_prepped_{}/{}.png"),
    "beside": ("{}/{}.png", "{}/{}_mask.png"),
    "letter": ("{}/{}.png", "{}_labels/{}_L.png"),
}


def only(data: Dataset, split: str = "train") -> np.ndarray:
    (sample,) = data.samples(split)
    assert sample.masks is not None
    return pickle.loads(pickle.dumps(sample.masks)).indices()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", LAYOUTS)
def test_layouts(tmp_path: Path, kind: str, packed: bool) -> None:
    photo, mask = LAYOUTS[kind]
    files: dict[str, bytes | str] = {"set/classes.txt": NAMES}
    for split, name in (("train", "a"), ("train", "b"), ("val", "a")):
        files[f"set/{photo.format(split, name)}"] = PHOTO
        files[f"set/{mask.format(split, name)}"] = indexed(PIXELS)
    data = open_data(pack(tmp_path / "x.zip", files) if packed else lay(tmp_path / "x", files))
    assert (data.format, dict(data.info.splits)) == ("masks", {"train": 2, "val": 1})
    assert (data.info.labels, data.info.annotated, data.info.instances) == (("sky", "road", "car"), {"masks"}, False)
    assert (data.info.notes, data.info.faults) == ((), ())
    assert [sample.key for sample in data.samples("train")] == [photo.format("train", name) for name in "ab"]
    np.testing.assert_array_equal(only(data, "val"), WANTED)


@pytest.mark.parametrize(
    ("table", "data"),
    [
        ({"classes.txt": NAMES}, indexed(PIXELS)),
        ({"classes.txt": NAMES}, indexed(PIXELS, [9, 9, 9] * 256)),
        ({"classes.txt": "0 sky\n1: road\n2,car\n3 unlabelled"}, indexed(PIXELS)),
        ({"_classes.csv": "Pixel Value, Class\n0, sky\n1, road\n2, car\n3, void"}, indexed(PIXELS)),
        ({"class_dict.csv": "name,r,g,b\nsky,128,64,0\nroad,0,0,200\ncar,7,7,7\nVoid,0,0,0\n"}, None),
        ({"label_colors.txt": "128 64 0\tsky\n0 0 200\troad\n7 7 7\tcar\n0 0 0\tdon't care"}, None),
        ({"labelmap.txt": "# label:color_rgb:parts:actions\nsky:128,64,0::\nroad:0,0,200::\ncar:7,7,7::\n"}, None),
        ({"label_colors.txt": "0 sky 128 64 0\n1 road 0 0 200\n2 car 7 7 7"}, None),
    ],
)
def test_tables(tmp_path: Path, table: dict[str, str], data: bytes | None) -> None:
    pixels = np.where(PIXELS == VOID, 3, PIXELS)
    mask = coloured(pixels, COLOURS) if data is None else data
    lay(tmp_path, table | {"images/1.png": PHOTO, "masks/1.png": mask})  # type: ignore[arg-type]
    found = open_data(tmp_path)
    assert found.info.labels == ("sky", "road", "car")
    np.testing.assert_array_equal(only(found), WANTED)


def test_palettes_stand_for_their_colours_where_the_table_has_these(tmp_path: Path) -> None:
    palette = [*COLOURS[2], *COLOURS[0], *COLOURS[1]]
    table = "sky 128 64 0\nroad 0 0 200\ncar 7 7 7\n"
    lay(tmp_path, {"classes.txt": table, "images/1.png": PHOTO, "masks/1.png": indexed(PIXELS % 3, palette)})
    np.testing.assert_array_equal(only(open_data(tmp_path)), (PIXELS % 3 + 2) % 3)


def test_without_a_table_classes_are_called_by_values_or_colours(tmp_path: Path) -> None:
    numbers = lay(tmp_path / "a", {"images/1.png": PHOTO, "masks/1.png": wide(np.where(PIXELS == 3, 7, PIXELS))})
    data = open_data(numbers)
    assert data.info.labels == ("class_0", "class_1", "class_2", "class_7")
    np.testing.assert_array_equal(only(data), PIXELS)
    lay(numbers, {"masks/1.png": indexed(PIXELS % 2)})  # a changed file is read anew
    assert open_data(numbers).info.labels == ("background", "object")
    mask = coloured(PIXELS % 3, COLOURS)
    data = open_data(lay(tmp_path / "b", {"images/1.png": PHOTO, "masks/1.png": mask}))
    assert data.info.labels == ("#0000c8", "#070707", "#804000")
    np.testing.assert_array_equal(only(data), (PIXELS % 3 + 2) % 3)
    objects = np.arange(300).reshape(15, 20)
    lay(tmp_path / "c", {"images/1.png": picture(1, (20, 15)), "masks/1.png": wide(objects)})
    with pytest.raises(InputError, match="hold 300 values, more than there can be classes; are they masks of objects"):
        open_data(tmp_path / "c")


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    files = {f"images/{name}.png": PHOTO for name in "abcde"}
    files |= {f"masks/{name}.png": indexed(PIXELS) for name in "abf"}
    files |= {
        "masks/c.png": indexed(np.zeros((6, 8))),
        "masks/d.png": indexed(PIXELS)[:45],
        "classes.txt": b"sky\nroad\ncar",
    }
    data = open_data(lay(tmp_path, files))
    assert {fault.what: (fault.items, fault.total) for fault in data.info.faults} == {
        "pictures without a mask": (("images/e.png",), 5),
        "masks without a picture": (("masks/f.png",), 5),
    }
    a, _, c, d, e = data.samples("train")
    assert e.masks is None and a.masks is not None and c.masks is not None and d.masks is not None
    np.testing.assert_array_equal(a.masks.indices(), WANTED)
    assert a.masks.judged()[1] == {"3": 1}
    with pytest.raises(BadImage, match=r"its mask .*c\.png is of 8 x 6 pixels, the picture of 4 x 3: one of them"):
        c.masks.load()
    with pytest.raises(BadImage, match=r"d\.png"):
        d.masks.load()
    chosen = open_data(tmp_path, classes="-road,car=vehicle").samples("train")[0].masks
    assert chosen is not None and chosen.labels == ("sky", "vehicle")
    np.testing.assert_array_equal(chosen.indices(), np.select([PIXELS == 0, PIXELS == 2], [0, 1], VOID))
    assert chosen.judged()[1] == {"3": 1}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", r"classes\.txt is no table of classes"),
        ("0 sky\n0 road", "gives two classes one value"),
        ("sky 1 2 3\nroad 1 2 3", "gives two classes one colour"),
        ("void", "names 0 classes"),
        ("\n".join(map(str, range(300))), "names 300 classes"),
    ],
)
def test_tables_that_cannot_be_meant(tmp_path: Path, table: str, message: str) -> None:
    lay(tmp_path, {"classes.txt": table, "images/1.png": PHOTO, "masks/1.png": indexed(PIXELS)})
    with pytest.raises(InputError, match=message):
        masks.info(Location(tmp_path))


def test_what_holds_no_masks_is_not_taken_for_them(tmp_path: Path) -> None:
    faces = lay(tmp_path / "a", {f"train/{kind}/{name}.png": PHOTO for kind, name in [("mask", "1"), ("none", "2")]})
    assert open_data(faces).format == "folder"
    with pytest.raises(InputError, match="holds no pictures with masks: put them into folders images and masks"):
        masks.info(Location(faces))
    assert masks.sniff(Location(faces / "train/mask/1.png")) is None


def test_masks_that_cannot_be_read_are_not_taken_for_classes(tmp_path: Path) -> None:
    """Not for pictures of the classes "images" and "masks", as which they would be learnt without a word."""
    jpeg = saved(PIL.Image.fromarray(PIXELS), "JPEG")
    smeared = {
        f"{kind}/{n}.{end}": data
        for n in "12"
        for kind, end, data in (("images", "png", PHOTO), ("masks", "jpg", jpeg))
    }
    with pytest.raises(InputError, match=r"none of its masks can be read: .*1\.jpg: is a JPEG, .*save masks as PNG"):
        open_data(lay(tmp_path / "a", smeared))
    first_cut = {
        f"{kind}/{n}.png": data for n in "12" for kind, data in (("images", PHOTO), ("masks", indexed(PIXELS)))
    }
    data = open_data(lay(tmp_path / "b", first_cut | {"masks/1.png": indexed(PIXELS)[:45]}))
    assert (data.format, data.info.labels) == ("masks", ("class_0", "class_1", "class_2", "class_3"))


def test_numbers_in_three_equal_channels(tmp_path: Path) -> None:
    """As OpenCV saves a mask that was read as a colour picture."""
    three = saved(PIL.Image.fromarray(PIXELS).convert("RGB"))
    table = lay(tmp_path / "a", {"classes.txt": NAMES, "images/1.png": PHOTO, "masks/1.png": three})
    np.testing.assert_array_equal(only(open_data(table)), WANTED)
    bare = lay(tmp_path / "b", {"images/1.png": PHOTO, "masks/1.png": three})
    assert open_data(bare).info.labels == ("class_0", "class_1", "class_2", "class_3")
    np.testing.assert_array_equal(only(open_data(bare)), PIXELS)
    two = saved(PIL.Image.fromarray(np.where(PIXELS > 1, 255, 0).astype(np.uint8)).convert("RGB"))
    nuclei = lay(tmp_path / "c", {"classes.txt": "nucleus", "images/1.png": PHOTO, "masks/1.png": two})
    assert open_data(nuclei).info.labels == ("background", "nucleus")
    np.testing.assert_array_equal(only(open_data(nuclei)), PIXELS > 1)
    turned = "nucleus 0 0 0\nbackground 255 255 255"  # colours that are grey are colours where the table says so
    np.testing.assert_array_equal(only(open_data(lay(nuclei, {"classes.txt": turned}))), PIXELS > 1)


def test_colours_that_nothing_explains_are_refused(tmp_path: Path) -> None:
    mask = coloured(PIXELS % 3, COLOURS)
    data = open_data(lay(tmp_path, {"classes.txt": NAMES, "images/1.png": PHOTO, "masks/1.png": mask}))
    with pytest.raises(
        BadImage, match=r"1\.png: holds colours and nothing says what they mean; save the classes' numbers"
    ):
        only(data)
    assert isinstance(next(iter(gather(data, full=True).masks.values())), BadImage)


def test_a_mask_whose_later_chunk_is_broken_is_named(tmp_path: Path) -> None:
    """Pillow raises SyntaxError there, not OSError."""
    noise = np.random.default_rng(0).integers(0, 3, (700, 700), np.uint8)  # of several chunks
    photo, mask = picture(5, (700, 700)), indexed(noise)
    second = mask.find(b"IDAT", mask.find(b"IDAT") + 4)
    assert second > 0
    broken = mask[:second] + b"\0\1\2\3" + mask[second + 4 :]
    files = {f"images/{n}.png": photo for n in "12"} | {"masks/1.png": mask, "masks/2.png": broken}
    data = open_data(lay(tmp_path, files))
    assert data.info.labels == ("class_0", "class_1", "class_2")
    second_masks = data.samples("train")[1].masks
    assert second_masks is not None
    with pytest.raises(BadImage, match=r"2\.png: is damaged or cut short"):
        second_masks.load()


@pytest.mark.parametrize(
    ("files", "second", "total"),
    [
        (("images/a.jpg", "images/a.png", "masks/a.png"), "images/a.png", 2),
        (("images/A.jpg", "images/a.jpg", "masks/a.png"), "images/a.jpg", 2),
        (("imgs/a.png", "photos/a.png", "masks/a.png"), "photos/a.png", 2),
        (("images/a.png", "images/b.png", "masks/a.png", "masks/a.tif", "masks/b.png"), "masks/a.tif", 3),
        (("images/a.png", "images/b/a.png", "masks/a.png", "masks/b/a.png"), None, 0),
    ],
)
def test_the_second_of_one_name_is_not_dropped_without_a_word(
    tmp_path: Path, files: tuple[str, ...], second: str | None, total: int
) -> None:
    data = open_data(lay(tmp_path, {name: indexed(PIXELS) for name in files}))
    kind = "masks" if second and second.startswith("masks") else "pictures"
    found = {(fault.what.partition(", ")[0], fault.items, fault.total) for fault in data.info.faults}
    assert found == ({(f"{kind} that have the name of another", (second,), total)} if second else set())


@pytest.mark.data
@pytest.mark.skipif(not CAMVID.exists(), reason=f"{CAMVID} is not there")
def test_camvid() -> None:
    data = open_data(CAMVID)
    assert (data.format, dict(data.info.splits)) == ("masks", {"train": 367, "val": 101})
    assert len(data.info.labels) == 11 and data.info.labels[-1] == "bicyclist" and data.info.faults == ()
    first = data.samples("val")[0].masks
    assert first is not None and first.indices().shape == (360, 480)
    assert set(np.unique(first.indices()).tolist()) <= {*range(11), VOID}
