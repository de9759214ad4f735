"""CVAT for images 1.1: whole exports, several tasks, subsets, and XML that must not be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import damaged, lay, pack, picture, read_or_refused

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import open_data
from clearsight.data.readers import cvat
from clearsight.data.tree import Tree
from clearsight.ops.rle import to_mask

META = """<version>1.1</version><meta><task><id>1</id><name>pets</name><size>3</size><mode>annotation</mode>
<labels><label><name>dog</name><color>#ff0000</color><type>any</type><attributes></attributes></label>
<label><name>cat</name><type>any</type></label><label><name>night</name><type>tag</type></label>
<label><name>day</name><type>tag</type></label></labels><original_size/></task><dumped>2024-01-01</dumped></meta>"""


def export(images: str, meta: str = META) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{meta}{images}</annotations>\n'


def image(name: str, inside: str = "", more: str = "") -> str:
    return f'<image id="0" name="{name}" {more} width="8" height="6">{inside}</image>'


BOX = '<box label="cat" source="manual" occluded="0" xtl="1.50" ytl="2.00" xbr="5.00" ybr="4.00" z_order="0">'
MARKED = f"""{BOX}<attribute name="age">3</attribute></box>
<box label="dog" occluded="0" xtl="0" ytl="0" xbr="2" ybr="2" rotation="30.0"></box>
<polygon label="dog" points="1.0,1.0;3.0,1.0;3.0,3.0;1.0,3.0" z_order="0"></polygon>
<polyline label="dog" points="1,1;2,2"></polyline><mask label="dog" rle="0, 4" left="0" top="0" width="2" height="2"/>
<tag label="night" source="manual"></tag>"""
PHOTO = picture(5, (8, 6))


@pytest.mark.parametrize("form", ["folder", "zip", "wrapped"])
def test_a_task(tmp_path: Path, form: str) -> None:
    images = image("a.png", MARKED) + image("deep/b.png", '<tag label="day"/>') + image("c.png")
    files: dict[str, bytes | str] = {f"images/{name}": PHOTO for name in ("a.png", "deep/b.png", "spare.png")}
    files["annotations.xml"] = export(images)
    if form == "zip":
        path = pack(tmp_path / "task.zip", files)
    else:
        path = lay(tmp_path / "set", {f"task/{name}" if form == "wrapped" else name: d for name, d in files.items()})
    data = open_data(path)
    assert (data.format, dict(data.info.splits)) == ("cvat", {"train": 3})
    assert data.info.labels == ("night", "day")  # the file's order, and only what whole pictures bear
    assert data.info.annotated == {"labels", "boxes", "masks"} and not data.info.several
    first, second, third = data.samples("train")
    assert first.key.endswith("images/a.png") and first.image.load().shape == (6, 8, 3)
    assert [sample.labels for sample in (first, second, third)] == [("night",), ("day",), None]
    assert first.boxes is not None and first.boxes.labels == ("cat",)
    np.testing.assert_array_equal(first.boxes.xyxy, np.array([[1.5, 2, 5, 4]], np.float32))
    assert first.masks is not None and first.masks.labels == ("dog", "dog")
    wanted = np.zeros((2, 6, 8), bool)
    wanted[0, 1:3, 1:3] = wanted[1, :2, :2] = True
    np.testing.assert_array_equal([to_mask(runs) for runs in first.masks.load()], wanted)
    assert second.boxes is not None and second.boxes.labels == ()
    with pytest.raises(BadImage):
        third.image.load()
    notes = " / ".join(data.info.notes)
    for part in ("attributes are not read: age", "1 picture without a tag, taken as not annotated with labels"):
        assert part in notes
    root = f"{path}/{data.samples('train')[0].key.removesuffix('images/a.png')}"
    where = f"{root}annotations.xml:"
    assert {fault.what: fault.items for fault in data.info.faults} == {
        "rotated boxes": (f"{where} <box> 2 ({first.key})",),
        "shapes of the kind 'polyline'": (f"{where} <polyline> 4 ({first.key})",),
        "pictures with a box and no mask for 1 object": (f"{where} 1 of cat ({first.key})",),
        "pictures that are listed but not there": (f"{root}annotations.xml: {third.key}",),
        "pictures that no annotation names": (first.key.replace("/a", "/spare"),),
    }


def test_a_project_with_subsets(tmp_path: Path) -> None:
    tags = [
        '<tag label="day"/>',
        '<tag label="day"/><tag label="night"/>',
        '<tag label="night"/>',
        '<tag label="day"/>',
    ]
    subsets = ["Train", "Validation", "odd", "default"]
    images = "".join(
        image(f"{n}.png", tag, f'subset="{subset}" task_id="{n}"')
        for n, (tag, subset) in enumerate(zip(tags, subsets, strict=True))
    )
    meta = META.replace("<task>", "<project>").replace("</task>", "</project>")
    files: dict[str, bytes | str] = {f"images/{subset}/{n}.png": PHOTO for n, subset in enumerate(subsets)}
    files["images/2.png"] = files.pop("images/odd/2.png")
    path = pack(tmp_path / "x.zip", files | {"annotations.xml": export(images, meta)})
    data = open_data(path)
    assert dict(data.info.splits) == {"train": 3, "val": 1}
    assert data.info.several and data.info.annotated == {"labels"}
    assert "subsets that name none of train, val, test are read as train: odd" in data.info.notes
    assert [sample.labels for sample in data.samples("val")] == [("day", "night")]
    assert [sample.image.load()[0, 0, 0] for sample in data.samples("train")] == [5, 5, 5]


def test_several_tasks_and_a_file_alone(tmp_path: Path) -> None:
    one = {f"{task}/annotations.xml": export(image("a.png", '<tag label="day"/>')) for task in ("t1", "t2")}
    lay(tmp_path, one | {"t1/images/a.png": PHOTO, "t2/images/a.png": PHOTO, "t2/a.png": b"not this"})
    data = open_data(tmp_path)
    assert [sample.key for sample in data.samples("train")] == ["t1/images/a.png", "t2/images/a.png"]
    alone = open_data(tmp_path / "t1" / "annotations.xml")
    assert (alone.format, alone.name) == ("cvat", "annotations")
    assert alone.samples("train")[0].image.load().shape == (6, 8, 3)


BOMB = """<?xml version="1.0"?><!DOCTYPE annotations [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><annotations><meta/><image name="&c;" width="1" height="1"/></annotations>"""
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations><meta>&x;</meta></annotations>'
DEFAULTS = '<!DOCTYPE annotations [<!ATTLIST image name CDATA "long">]>' + export("<image/>").split("\n", 1)[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"annotations\.xml has a DOCTYPE, which no annotation needs; refused"),
        (OUTSIDE, "has a DOCTYPE"),
        (DEFAULTS, "has a DOCTYPE"),
        (export(image("a.png"))[:-20], r"annotations\.xml is no XML, or cut short"),
        (export(""), "its annotations name no picture"),
        (export('<track id="0" label="cat"></track>'), "holds tracks of a video; export it as 'CVAT for images 1.1'"),
        (export('<image id="0" width="8" height="6"/>'), "an <image> without a name"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    lay(tmp_path, {"annotations.xml": text, "images/a.png": PHOTO})
    with pytest.raises(InputError, match=message):
        open_data(tmp_path)


NO_OUTLINE = "polygons whose coordinates are no numbers of pixels, or no pairs"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ('<box label="a" xtl="1" ytl="x" xbr="2" ybr="3"/>', "boxes whose coordinates are no numbers"),
        ('<box label="a" xtl="1" xbr="2" ybr="3"/>', "boxes whose coordinates are no numbers"),
        ('<box label="a" xtl="NaN" ytl="1" xbr="2" ybr="3"/>', "boxes whose coordinates are no numbers"),
        ('<polygon label="a" points="1,2;3"/>', NO_OUTLINE),
        ('<polygon label="a" points="1,2;3,4;x,5"/>', NO_OUTLINE),
        ('<polygon label="a"/>', "polygons of fewer than 3 points"),
    ],
)
def test_a_shape_that_cannot_be_used_ends_no_reading(tmp_path: Path, wrong: str, what: str) -> None:
    good = '<box label="cat" xtl="1" ytl="1" xbr="3" ybr="3"/><polygon label="dog" points="1,1;3,1;3,3"/>'
    lay(tmp_path, {"annotations.xml": export(image("a.png", good + wrong)), "images/a.png": PHOTO})
    data = open_data(tmp_path)
    (fault,) = [found for found in data.info.faults if found.done == "left out"]
    assert (fault.what, fault.total) == (what, 2)
    assert fault.items == (f"{tmp_path}/annotations.xml: <{wrong[1:].split()[0].strip('/>')}> 3 (images/a.png)",)
    (sample,) = data.samples("train")
    assert sample.boxes is not None and sample.boxes.labels == ("cat",)
    assert sample.masks is not None and sample.masks.labels == ("dog",)


def test_exchanged_corners_are_turned_round_and_counted(tmp_path: Path) -> None:
    inside = '<box label="cat" xtl="5" ytl="4" xbr="1" ybr="2"/>'
    data = open_data(lay(tmp_path, {"annotations.xml": export(image("a.png", inside)), "images/a.png": PHOTO}))
    assert [fault.what for fault in data.info.faults] == ["boxes whose second corner lies before the first"]
    (sample,) = data.samples("train")
    assert sample.boxes is not None and sample.boxes.xyxy.tolist() == [[1, 2, 5, 4]]


def test_a_size_that_is_none_is_read_from_the_picture(tmp_path: Path) -> None:
    text = export('<image name="a.png" width="8"><box label="cat" xtl="6" ytl="1" xbr="20" ybr="3"/></image>')
    data = open_data(lay(tmp_path, {"annotations.xml": text, "images/a.png": PHOTO}))
    assert [fault.items for fault in data.info.faults] == [
        (f"{tmp_path}/annotations.xml: <image>: 8 x None (images/a.png)",),
        (f"{tmp_path}/annotations.xml: <box> 1 (images/a.png)",),
    ]
    (sample,) = data.samples("train")
    assert sample.boxes is not None and (sample.boxes.said, sample.boxes.xyxy.tolist()) == (None, [[6, 1, 8, 3]])


def test_a_class_that_is_declared_and_never_drawn_is_told_of(tmp_path: Path) -> None:
    """dog, cat, night and day are declared, of which the last two are for whole pictures."""
    boxes = f'{BOX}</box><tag label=""/>'
    path = lay(tmp_path, {"annotations.xml": export(image("a.png", boxes)), "images/a.png": PHOTO})
    data = open_data(path)
    assert (data.info.labels, data.info.annotated) == (("dog", "cat"), {"boxes"})
    (fault,) = data.info.faults
    where = f"{tmp_path}/annotations.xml: <tag> 2 (images/a.png)"
    assert (fault.what, fault.items, fault.total) == ("tags without a label", (where,), 2)
    found = [finding for finding in run_checks(gather(data)) if "declared" in finding.message]
    assert [(finding.level, finding.items) for finding in found] == [("warning", ("dog",))]


def test_an_export_without_a_shape_is_nothing_to_learn(tmp_path: Path) -> None:
    path = lay(tmp_path, {"annotations.xml": export(image("a.png")), "images/a.png": PHOTO})
    data = open_data(path)
    assert (data.info.labels, data.info.annotated) == (("dog", "cat"), {"boxes"})
    assert [(finding.level, finding.message) for finding in run_checks(gather(data))] == [
        ("error", "no picture that can be read has a box: there is nothing to learn")
    ]


@pytest.mark.parametrize(
    ("inside", "level", "items"),
    [
        ('<box label="cat" xtl="1" ytl="1" xbr="3" ybr="3"/><tag label="day"/>', "warning", ("dog",)),
        ('<polygon label="dog" points="1,1;3,1;3,3"/><tag label="day"/>', "warning", ("cat",)),
        ('<tag label="day"/>', "note", ()),
    ],
)
def test_classes_that_nothing_bears_beside_tags(
    tmp_path: Path, inside: str, level: str, items: tuple[str, ...]
) -> None:
    path = lay(tmp_path, {"annotations.xml": export(image("a.png", inside)), "images/a.png": PHOTO})
    found = [finding for finding in run_checks(gather(open_data(path))) if "declared" in finding.message]
    assert [(finding.level, finding.items) for finding in found if finding.items] == ([(level, items)] if items else [])
    unborne = "night" if items else "dog, cat, night"
    assert [finding.message for finding in found if not finding.items] == [
        f"labels that are declared and nothing bears: {unborne}"
    ]


def test_a_file_alone_names_the_pictures_beside_those_it_names(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"images/{name}.png": PHOTO for name in ("a", "b")}
    path = lay(tmp_path, files | {"annotations.xml": export(image("a.png", BOX + "</box>")), "other/c.png": PHOTO})
    (fault,) = cvat.info(Location(path / "annotations.xml")).faults
    assert (fault.what, fault.items) == ("pictures that no annotation names", ("images/b.png",))


def test_sniffing_reads_but_the_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Tree, "read")
    path = lay(tmp_path, {"annotations.xml": export(image("a.png")), "images/a.png": PHOTO})
    assert cvat.sniff(Location(path)) is not None


def test_other_xml_is_not_ours(tmp_path: Path) -> None:
    assert cvat.sniff(Location(lay(tmp_path, {"a.xml": "<annotation><folder/></annotation>"}))) is None
    with pytest.raises(InputError, match=r"its root is <annotation>, not <annotations>"):
        cvat.info(Location(tmp_path / "a.xml"))
    with pytest.raises(InputError, match=r"holds no annotations\.xml"):
        cvat.info(Location(lay(tmp_path / "b", {"1.png": PHOTO})))


def test_boxes_that_need_mending_and_classes_of_their_own(tmp_path: Path) -> None:
    def box(label: str, *edges: float) -> str:
        names = zip(("xtl", "ytl", "xbr", "ybr"), edges, strict=True)
        return f'<box label="{label}" ' + " ".join(f'{name}="{edge}"' for name, edge in names) + "/>"

    inside = box("cat", 1, 1, 3, 3) + box("cat", 1, 1, 3, 3) + box("dog", 6, 4, 12, 9) + box("dog", 20, 1, 22, 3)
    inside += box("", 1, 1, 2, 2) + '<tag label="night"/>'
    path = lay(tmp_path, {"annotations.xml": export(image("a.png", inside)), "images/a.png": PHOTO})
    data = open_data(path)
    assert (data.info.labels, data.info.classes("boxes")) == (("night",), ("dog", "cat"))
    where = f"{tmp_path}/annotations.xml: <box>"
    assert {fault.what: (fault.items, fault.total) for fault in data.info.faults} == {
        "boxes without a label": ((f"{where} 5 (images/a.png)",), 5),
        "boxes that are there twice": ((f"{where} 2 (images/a.png)",), 5),
        "boxes wholly outside their picture": ((f"{where} 4 (images/a.png)",), 5),
        "boxes that reach beyond their picture": ((f"{where} 3 (images/a.png)",), 5),
    }
    (sample,) = data.samples("train")
    assert sample.boxes is not None and sample.boxes.labels == ("cat", "dog") and sample.boxes.said == (6, 8)
    np.testing.assert_array_equal(sample.boxes.xyxy, [[1, 1, 3, 3], [6, 4, 8, 6]])


def test_polygons_alone_make_no_boxes_and_a_note_says_so(tmp_path: Path) -> None:
    ring = '<polygon label="dog" points="1,1;3,1;3,3"/>'
    info = open_data(lay(tmp_path, {"annotations.xml": export(image("a.png", ring)), "images/a.png": PHOTO})).info
    assert info.annotated == {"masks"}
    assert info.notes == ("1 picture with polygons and no box; no boxes are made of the polygons: images/a.png",)


def test_shapes_of_one_label_and_group_are_one_instance(tmp_path: Path) -> None:
    ring = '<polygon label="{}" {} points="{},1;{},1;{},3;{},3"/>'
    inside = "".join(
        ring.format(label, group, *(left, left + 1, left + 1, left))
        for label, group, left in (
            ("dog", 'group_id="1"', 0),
            ("cat", 'group_id="1"', 1),
            ("dog", 'group_id="0"', 2),
            ("dog", "", 3),
            ("dog", 'group_id="1"', 4),
        )
    )
    inside += '<mask label="dog" rle="0, 4" left="6" top="4" width="2" height="2" group_id="1"/>'
    data = open_data(lay(tmp_path, {"annotations.xml": export(image("a.png", inside)), "images/a.png": PHOTO}))
    masks = data.samples("train")[0].masks
    assert masks is not None and masks.labels == ("dog", "cat", "dog", "dog") and data.info.faults == ()
    wanted = np.zeros((4, 6, 8), bool)
    wanted[0, 1:3, [0, 4]] = wanted[0, 4:, 6:] = True
    wanted[1, 1:3, 1] = wanted[2, 1:3, 2] = wanted[3, 1:3, 3] = True
    np.testing.assert_array_equal([to_mask(runs) for runs in masks.load()], wanted)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3000), st.binary(max_size=4), st.integers(0, 6))
@example(0, b"", 0)
def test_damaged_bytes_are_read_or_refused(tmp_path: Path, place: int, new: bytes, gone: int) -> None:
    whole = export(image("a.png", MARKED))
    data = damaged(whole, place, new, gone)
    lay(tmp_path, {"annotations.xml": data, "images/a.png": PHOTO})
    assert read_or_refused(cvat, Location(tmp_path)) or data != whole.encode()
