"""Label Studio's exports "JSON" and "JSON-MIN": a list of tasks in a file, alone or in a folder or zip with pictures.

Choices are labels of the whole picture, rectangles its boxes, polygons and brush strokes its masks, all but the last in percent
of its size.
Format: https://labelstud.io/guide/export; https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Array, Sample, printable
from clearsight.data.brush import read_brush
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.columns import IMAGE_COLUMNS
from clearsight.data.readers.drawn import Drawing, Patch
from clearsight.data.readers.faults import other
from clearsight.data.readers.labelstudio_tasks import Task, tasks_of
from clearsight.data.readers.marks import add_polygon, note_polygons
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.readers.values import cornered, number, outline, read_json
from clearsight.data.tree import FolderTree, Tree, around, is_tree, open_tree

COLUMNS = frozenset({"image_column", "label_column"})

SPLIT = "split"
"""What of a task's data says its split, where it names one."""

HEAD = 2**16
"""Bytes of a file that sniffing looks at."""

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an uploaded file


def sniff(location: Location) -> Evidence | None:
    """Sure of a JSON file that begins as a list of tasks."""
    tree, found = _find(location)
    return Evidence(0.94, f"an export of Label Studio: {few(found)}") if tree and len(found) == 1 else None


def info(location: Location) -> DataInfo:
    """Labels, pictures, what was left out. Raises `InputError` with the file that is not as it must be."""
    return _gather(location).info("labelstudio")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures in the order of the file."""
    return _gather(location).samples(split)


def _find(location: Location) -> tuple[Tree | None, list[str]]:
    """The tree that pictures are looked for in, and the uppermost JSON files that look like an export."""
    path = location.path
    if is_tree(path):
        tree: Tree = open_tree(path)
        tops = [name for name in tree.files if "/" not in name.removeprefix(tree.heart)]
        files = [name for name in tops if name.lower().endswith(".json")]
    elif path.is_file() and path.suffix.lower() == ".json":
        tree, files = FolderTree(path.parent), [path.name]
    else:
        return None, []
    few_enough = files if len(files) < 10 else []  # one beside each picture: not ours
    return tree, [name for name in few_enough if _looks_right(tree.head(name, HEAD))]


def _looks_right(head: bytes) -> bool:
    if not re.match(rb"(\xef\xbb\xbf)?\s*\[\s*\{", head):
        return False
    full = b'"annotations"' in head and any(word in head for word in (b'"completed_by"', b'"result"', b'"data"'))
    return full or b'"annotation_id"' in head or b'"lead_time"' in head


def _gather(location: Location) -> BoxSet:
    tree, files = _find(location)
    place = printable(str(location.path))
    if tree is None or len(files) != 1:
        what = f"{few(files)}; name the one that is meant" if files else "no export; export the project as JSON"
        raise InputError(f"{place} holds {what}")
    where = printable(str(tree.path / files[0]))
    gathered = BoxSet(shares=True, corners=False)
    wanted = [part.strip() for part in location.label_column.split(",")] if location.label_column else []
    members: set[str] = set()
    controls: dict[str, None] = {}
    for task in tasks_of(read_json(tree, files[0]), wanted, gathered, where):
        member, extra = _picture(task, tree, posixpath.dirname(files[0]), location, gathered, where)
        members.add(member)
        told, split = task.results is not None, split_of(str(extra.get(SPLIT, "")))
        if split is not None:
            del extra[SPLIT]
        key, image = gathered.key(member), tree.image(member)
        picture = Picture(key, image, split or "train", annotated=told, extra=extra, source=where)
        gathered.pictures.append(picture)
        sizes = [(result.get("original_height"), result.get("original_width")) for result in task.results or ()]
        here = printable(f"task {task.number}")
        height, width = next((pair for pair in sizes if any(pair)), (None, None))
        gathered.say_size(picture, height, width, here)
        for position, result in enumerate(task.results or (), 1):
            if result.get("type") == "choices":
                controls[str(result.get("from_name"))] = None
            said = result.get("id")
            called = f"region {said}" if isinstance(said, (str, int)) and said else f"result {position}"
            _add(picture, result, wanted, gathered, printable(f"{here}: {called}"))
    if wanted and not controls.keys() >= set(wanted):
        raise InputError(f"{where} has no choices called {few(wanted)}; it has {few(list(controls), 10) or 'none'}")
    _settle(gathered, [] if wanted else list(controls))
    gathered.name_unlisted(around(location.path, tree, members), members)
    return gathered


def _settle(gathered: BoxSet, controls: list[str]) -> None:
    """What only the whole set shows: that a picture without choices has none, and what a person should know."""
    gathered.columns = tuple(dict.fromkeys(column for picture in gathered.pictures for column in picture.extra))
    if any(picture.labels is not None for picture in gathered.pictures):
        free = [picture for picture in gathered.pictures if picture.annotated and picture.labels is None]
        for picture in free:
            picture.labels = ()
        if free:
            so = "so that none applies" if gathered.several else "unlabelled (with --task multilabel: none applies)"
            what = f"{count(len(free), 'picture')} annotated without a choice, {so}"
            gathered.notes.append(f"{what}: {few([picture.key for picture in free])}")
    if len(controls) > 1:
        together = f"the labels are the choices of {few(controls, 5)} together"
        gathered.notes.append(f"{together}; say --label-column {controls[0]} to take one alone")
    if bare := [picture.key for picture in gathered.pictures if not picture.annotated]:
        gathered.notes.append(f"{count(len(bare), 'picture')} not annotated: {few(bare)}")
    note_polygons(gathered)


def _add(picture: Picture, result: Mapping[str, Any], wanted: list[str], gathered: BoxSet, where: str) -> None:
    """One result of an annotation: labels, a box, a mask, or something that is left out and named."""
    kind, value = str(result.get("type")), result.get("value")
    gathered.faults.count("shapes")
    if not isinstance(value, dict):
        gathered.faults.add(box_faults.other_kind(kind, "results"), picture.place(where))
    elif kind == "choices" and not ({"x", "points"} & value.keys()):
        if not wanted or result.get("from_name") in wanted:
            _choose(picture, value, where)
        else:
            what = f"choices of {printable(str(result.get('from_name')))!r}"
            gathered.faults.add(other(what, "name them too in --label-column if they are meant"), picture.place(where))
    elif kind == "choices":
        gathered.faults.add(box_faults.REGION_CHOICES, picture.place(where))
    elif kind not in ("rectanglelabels", "polygonlabels", "brushlabels"):
        gathered.faults.add(box_faults.other_kind(kind, "results"), picture.place(where))
    elif number(result.get("image_rotation") or 0) % 360:
        gathered.faults.add(box_faults.TURNED, picture.place(where))
    else:
        named = value.get(kind) or [""]
        labels = [printable(str(label).strip()) for label in (named if isinstance(named, list) else [named])]
        _region(picture, kind, value, labels, gathered, where)


def _region(
    picture: Picture, kind: str, value: Mapping[str, Any], labels: list[str], gathered: BoxSet, where: str
) -> None:
    """A box or a mask, one for each of its labels. Percent become shares of the picture's sides."""
    if kind == "rectanglelabels" and number(value.get("rotation") or 0) % 360:
        gathered.refuse(box_faults.ROTATED, picture.place(where))
    elif kind == "rectanglelabels":
        edges = cornered(*(number(value.get(name)) for name in ("x", "y", "width", "height")))
        x1, y1, x2, y2 = (edge / 100 for edge in edges)
        for label in labels:
            gathered.add(picture, Box(label, (x1, y1, x2, y2), where))
    elif kind == "brushlabels":
        mask = _painted(value.get("rle"), picture.said)
        if mask is None:
            gathered.refuse(mask_faults.NO_RUNS, picture.place(where))
            return
        for label in labels:
            gathered.add_mask(picture, Drawing(label, Patch.of(mask, 0, 0), where))
    else:
        percent = outline(value.get("points"))
        ring = None if percent is None else tuple((x / 100, y / 100) for x, y in percent)
        for label in labels:
            add_polygon(gathered, picture, label, [ring], where, shares=True)


def _painted(packed: Any, size: tuple[int, int] | None) -> Array | None:
    """The pixels of a brush stroke, bool (H, W); None where it is damaged, or nothing says its size."""
    if size is None or not isinstance(packed, list):
        return None
    try:
        return read_brush(packed, *size)
    except ValueError:
        return None


def _choose(picture: Picture, value: Mapping[str, Any], where: str) -> None:
    chosen = value.get("choices")
    if not isinstance(chosen, list):
        raise InputError(f"{picture.source}: {where} has choices that are no list; export it again")
    labels = (printable(str(choice).strip()) for choice in chosen)
    picture.labels = natural_order([*(picture.labels or ()), *filter(None, labels)])


def _picture(
    task: Task, tree: Tree, folder: str, location: Location, gathered: BoxSet, where: str
) -> tuple[str, dict[str, Any]]:
    """Where the picture of a task is, looked for beside the file and in `images/`, and the task's other data."""
    column = location.image_column or next((name for name in IMAGE_COLUMNS if name in task.data), None)
    column = column or next((name for name, value in task.data.items() if is_picture(_path(str(value)))), None)
    reference = task.data.get(column) if column else None
    if not isinstance(reference, str) or not reference or "\0" in reference:
        has = few(list(task.data), 5) or "nothing"
        raise InputError(f"{where}: task {task.number} names no picture among {has}; say --image-column")
    places = [posixpath.join(folder, inner, place) for place in _places(reference) for inner in ("", "images")]
    member = next((place for place in places if tree.has(place)), None)
    if member is None:
        member = places[-2]  # its bare name
        gathered.faults.add(box_faults.MISSING, f"{where}: task {task.number}: {printable(reference)}")
    extra = {name: value for name, value in task.data.items() if name != column and not isinstance(value, (dict, list))}
    return member, extra


def _places(reference: str) -> list[str]:
    """Where a picture may lie that Label Studio knows as an upload, a local file, or an address: the whole path first,
    then without its upper folders, then without what was put before its name."""
    parts = [part for part in _path(reference).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    places = ["/".join(parts[start:]) for start in range(len(parts))] or [printable(reference)]
    bare = _UPLOADED.sub("", places[-1])
    return places if bare == places[-1] else [*places, bare]


def _path(reference: str) -> str:
    """The path in `/data/local-files/?d=…`, `s3://…/…`, `https://…/…` or a plain name."""
    try:
        address = urlsplit(reference)
    except ValueError:
        return reference
    if "d" in (query := parse_qs(address.query)):
        return query["d"][0]
    return unquote(address.path) if address.scheme or reference.startswith("/data/") else reference
