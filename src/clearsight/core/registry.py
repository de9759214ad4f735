"""What there is, by name: one literal table per kind, "name" -> "module:object", imported only when asked for.

Third parties add to a table through entry points of the group `clearsight.<table>`: a package that declares
`[project.entry-points."clearsight.readers"] tfrecord = "my_package.tfrecord"` gives `--format tfrecord`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from clearsight.core.errors import InputError

VERBS: Mapping[str, str] = {
    "train": "clearsight.verbs.train",
    "evaluate": "clearsight.verbs.evaluate",
    "predict": "clearsight.verbs.predict",
    "inspect": "clearsight.verbs.inspect",
    "report": "clearsight.verbs.report",
    "export": "clearsight.verbs.export",
    "nets": "clearsight.verbs.nets",
    "learning-curve": "clearsight.verbs.learning_curve",
    "reject": "clearsight.verbs.reject",
    "convert": "clearsight.verbs.convert",
}
"""Modules with `SUMMARY`, `Options`, `run(options)`; in the order that `--help` shows them."""

TASKS: Mapping[str, str] = {
    "classify": "clearsight.tasks.classify.task:Classify",
    "multilabel": "clearsight.tasks.multilabel.task:Multilabel",
    "regress": "clearsight.tasks.regress.task:Regress",
    "detect": "clearsight.tasks.detect.task:Detect",
    "segment": "clearsight.tasks.segment.task:Segment",
    "instances": "clearsight.tasks.instances.task:FindInstances",
}

PREDICTIONS: Mapping[str, str] = {
    "classify": "clearsight.tasks.classify.prediction:Classification",
    "multilabel": "clearsight.tasks.multilabel.prediction:LabelSet",
    "regress": "clearsight.tasks.regress.prediction:Values",
    "detect": "clearsight.tasks.detect.prediction:Detections",
    "segment": "clearsight.tasks.segment.prediction:Segmentation",
    "instances": "clearsight.tasks.instances.prediction:Instances",
}
"""Each task's typed prediction, apart from the task because it needs no torch."""

NETS: Mapping[str, str] = {
    "classify.feedforward": "clearsight.tasks.picture.classic:FeedForward",
    "classify.lenet": "clearsight.tasks.picture.classic:LeNet",
    "classify.conv32": "clearsight.tasks.picture.classic:Conv32",
    "classify.conv32-64": "clearsight.tasks.picture.classic:Conv32And64",
    "classify.twoconv": "clearsight.tasks.picture.classic:TwoConv",
    "classify.recurrent": "clearsight.tasks.picture.recurrent:Recurrent",
    "classify.vit": "clearsight.tasks.picture.attention:ViT",
    "classify.resnet20": "clearsight.tasks.picture.residual:ResNet20",
    "classify.resnet56": "clearsight.tasks.picture.residual:ResNet56",
    "classify.fast": "clearsight.tasks.picture.fast:Fast",
    "classify.timm": "clearsight.tasks.picture.timm:TimmClassifier",
    "detect.yolo": "clearsight.tasks.objects.yolo:Yolo",
    "detect.ssd": "clearsight.tasks.detect.ssd:SSD",
    "detect.retinanet": "clearsight.tasks.detect.retinanet:RetinaNet",
    "detect.fcos": "clearsight.tasks.detect.fcos:FCOS",
    "detect.faster-rcnn": "clearsight.tasks.objects.faster_rcnn:FasterRCNN",
    "detect.dfine": "clearsight.tasks.detect.dfine:DFine",
    "segment.lite": "clearsight.tasks.segment.lite:Lite",
    "segment.unet": "clearsight.tasks.segment.library:UNet",
    "segment.unetplusplus": "clearsight.tasks.segment.library:UNetPlusPlus",
    "segment.deeplabv3plus": "clearsight.tasks.segment.library:DeepLabV3Plus",
    "segment.fpn": "clearsight.tasks.segment.library:FPN",
    "segment.segformer": "clearsight.tasks.segment.library:SegFormer",
    "segment.upernet": "clearsight.tasks.segment.library:UPerNet",
    "segment.fcn": "clearsight.tasks.segment.fcn:FCN",
    "instances.yolo-mask": "clearsight.tasks.instances.yolo_mask:YoloMask",
    "instances.mask-rcnn": "clearsight.tasks.instances.mask_rcnn:MaskRCNN",
}
"""`task.net`. Where a net's name is not here and the task has a `timm` family, the name is one of timm's models."""

READERS: Mapping[str, str] = {
    "folder": "clearsight.data.readers.folder",
    "table": "clearsight.data.readers.table",
    "idx": "clearsight.data.readers.idx",
    "cifar": "clearsight.data.readers.cifar",
    "imagenet": "clearsight.data.readers.imagenet",
    "webdataset": "clearsight.data.readers.webdataset",
    "coco": "clearsight.data.readers.coco",
    "voc": "clearsight.data.readers.voc",
    "voc-masks": "clearsight.data.readers.voc_segmentation",
    "yolo": "clearsight.data.readers.yolo",
    "boxes": "clearsight.data.readers.box_table",
    "labelme": "clearsight.data.readers.labelme",
    "cvat": "clearsight.data.readers.cvat",
    "labelstudio": "clearsight.data.readers.labelstudio",
    "masks": "clearsight.data.readers.masks",
    "object-masks": "clearsight.data.readers.object_masks",
    "cityscapes": "clearsight.data.readers.cityscapes",
    "cityscapes-objects": "clearsight.data.readers.cityscapes_objects",
    "digits": "clearsight.data.readers.digits",
    "shapes": "clearsight.data.readers.shapes",
}

WRITERS: Mapping[str, str] = {
    "coco": "clearsight.data.writers.coco",
    "voc": "clearsight.data.writers.voc",
    "yolo": "clearsight.data.writers.yolo",
    "boxes": "clearsight.data.writers.boxes",
    "labelme": "clearsight.data.writers.labelme",
    "cvat": "clearsight.data.writers.cvat",
    "labelstudio": "clearsight.data.writers.labelstudio",
    "masks": "clearsight.data.writers.masks",
    "object-masks": "clearsight.data.writers.object_masks",
    "cityscapes": "clearsight.data.writers.cityscapes",
    "folder": "clearsight.data.writers.folder",
    "table": "clearsight.data.writers.table",
}
"""Called as the readers that read what they write."""

CHECKS: Mapping[str, str] = {
    "unreadable": "clearsight.data.checks.unreadable:check",
    "duplicates": "clearsight.data.checks.duplicates:check",
    "groups": "clearsight.data.checks.groups:check",
    "annotations": "clearsight.data.checks.annotations:check",
    "masks": "clearsight.data.checks.masks:check",
    "balance": "clearsight.data.checks.balance:check",
    "sizes": "clearsight.data.checks.sizes:check",
    "keys": "clearsight.data.checks.keys:check",
    "notes": "clearsight.data.checks.notes:check",
}

SECTIONS: Mapping[str, str] = {
    "summary": "clearsight.verbs.sections.summary:render",
    "curves": "clearsight.verbs.sections.curves:render",
    "confusion": "clearsight.verbs.sections.confusion:render",
    "scatter": "clearsight.verbs.sections.scatter:render",
    "lines": "clearsight.verbs.sections.lines:render",
    "per_class": "clearsight.verbs.sections.per_class:render",
    "breakdown": "clearsight.verbs.sections.breakdown:render",
    "mistakes": "clearsight.verbs.sections.mistakes:render",
    "rejection": "clearsight.verbs.sections.rejection:render",
    "data": "clearsight.verbs.sections.data:render",
    "settings": "clearsight.verbs.sections.settings:render",
    "manifest": "clearsight.verbs.sections.manifest:render",
}
"""Sections of the report, in their order."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "verbs": VERBS,
    "tasks": TASKS,
    "predictions": PREDICTIONS,
    "nets": NETS,
    "readers": READERS,
    "writers": WRITERS,
    "checks": CHECKS,
    "sections": SECTIONS,
}


@cache
def names(table: str) -> dict[str, str]:
    """Every name of a table with where it is found: our own first, then those of installed packages."""
    found = dict(TABLES[table])
    for point in entry_points(group=f"clearsight.{table}"):
        found.setdefault(point.name, point.value)
    return found


def find(table: str, name: str) -> Any:
    """The object (or module) behind a name. Raises `InputError` naming what there is."""
    known = names(table)
    if name not in known:
        raise InputError(f"there is no {table.removesuffix('s')} {name!r}; there is {', '.join(known)}")
    module, _, attribute = known[name].partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def net_family(task: str, net: str) -> tuple[type[Any], dict[str, Any]]:
    """The Net class behind `task.net` and the config that names the net within its family. A name not listed is one of
    timm's models."""
    known = names("nets")
    if net == "timm":
        raise InputError("timm is a library of nets: name one of its models, such as resnet18 (see: clearsight nets)")
    if task in names("tasks"):
        task = find("tasks", task).nets or task
    if f"{task}.{net}" in known:
        return find("nets", f"{task}.{net}"), {}
    if f"{task}.timm" in known:
        return find("nets", f"{task}.timm"), {"model": net}
    own = [name.removeprefix(f"{task}.") for name in known if name.startswith(f"{task}.")]
    raise InputError(f"there is no net {net!r} for {task}; there is {', '.join(own) or 'none'}")
