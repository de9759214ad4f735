"""An exported model answering for photographs: numpy, Pillow and ONNX Runtime, no torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clearsight.core.errors import InputError, missing_extra
from clearsight.core.image import Pixels
from clearsight.core.prediction import Prediction
from clearsight.core.registry import find
from clearsight.core.sample import Array, printable
from clearsight.engine.tiles import Tiled, Tiles, answering

FORMAT = 1
"""Number of the metadata's format. An old file answers for ever; a newer number is refused."""

PREFIX = "clearsight."
"""Every key of ours in the metadata of an .onnx file begins with this; `clearsight.format` is the number alone, the
others are JSON."""

Kind = Literal["photo", "raw"]


@dataclass(frozen=True)
class Description:
    """What an exported file says of itself."""

    kind: Kind  # "photo": photo in, final arrays out; "raw": batches of canvases in, the net's outputs out
    task: Mapping[str, Any]  # name, labels, size …, as in model.json
    net: Mapping[str, Any]  # name, config
    provenance: Mapping[str, Any] = field(default_factory=dict)  # data, licence, weights, versions

    def to_metadata(self) -> dict[str, str]:
        """The metadata of an .onnx file: text by key."""
        values = {"kind": self.kind, "task": self.task, "net": self.net, "provenance": self.provenance}
        texts = {f"{PREFIX}{key}": json.dumps(value, ensure_ascii=False) for key, value in values.items()}
        return {f"{PREFIX}format": str(FORMAT), **texts}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], name: str) -> Description:
        """The inverse of `to_metadata`. Raises `InputError` where the file `name` is not ours, newer or damaged."""
        number = metadata.get(f"{PREFIX}format")
        if number is None:
            raise InputError(f"{name} was not written by clearsight export, so its classes and sizes are unknown")
        try:
            newer = int(number) > FORMAT
            if not newer:
                return cls(**{key: json.loads(metadata[PREFIX + key]) for key in cls.__dataclass_fields__})
        except (KeyError, ValueError) as error:
            raise InputError(f"{name}: its metadata is damaged ({error}); export the model again") from None
        raise InputError(f"{name} has format {number}, newer than the {FORMAT} known here: pip install -U clearsight")


def open_session(model: Path | bytes, threads: int | None = None) -> Any:
    """An ONNX Runtime session of a file or of its bytes, on the CPU. Raises `InputError`."""
    try:
        import onnxruntime
    except ImportError:
        raise missing_extra("onnxruntime", "export") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # 0: one for each core
    options.log_severity_level = 4  # what goes wrong is said below, in one sentence
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions share no base of its own
        name = "the exported graph" if isinstance(model, bytes) else printable(str(model))
        if isinstance(model, Path) and not model.is_file():
            raise InputError(f"{name} is not there; clearsight export writes one from a run") from None
        first = str(error).strip().splitlines()[0]
        raise InputError(f"{name} cannot be read as ONNX ({first}); copy it or export the model again") from error


class OnnxPredictor:
    """Answers for photographs with the photo graph of an .onnx file. The torch counterpart is `engine.predictor`."""

    def __init__(self, model: Path | bytes, threads: int | None = None, tiles: Tiles | None = None) -> None:
        """`model` is a file or its bytes; with `tiles` large photographs are looked at in parts. Raises `InputError` for one
        that is not there, damaged, not ours, or raw, where its task has no tiles, and where its answers say too little to be
        put together."""
        self.session = open_session(model, threads)
        name = "the exported graph" if isinstance(model, bytes) else printable(str(model))
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.description = Description.from_metadata(metadata, name)
        if self.description.kind != "photo":
            raise InputError(
                f"{name} is a raw graph, which takes canvases and not photographs: export the model without --raw"
            )
        self.task_name: str = self.description.task["name"]
        self.prediction: type[Prediction] = find("predictions", self.task_name)
        self.labels = tuple(self.description.task["labels"])
        task = self.description.task
        self._tiled = None if tiles is None else Tiled(self._answers, self.prediction, task, tiles)
        if tiles is not None and (lacking := answering(task, self.prediction)):
            said = ",".join(f"{field}={json.dumps(value)}" for field, value in lacking.items())
            raise InputError(
                f"--tiles {tiles}: answers of {name} for parts of a photograph cannot be put together as it was exported; "
                f"export it with --answer {said}"
            )

    def finals(self, photo: Pixels) -> dict[str, Array]:
        """The final arrays of one photograph, uint8 (H, W, 3)."""
        there = {output.name for output in self.session.get_outputs()}
        names = [name for name in self.prediction.finals if name in there]  # an older file may know fewer
        values = self.session.run(names, {"photo": np.ascontiguousarray(photo)})
        return dict(zip(names, values, strict=True))

    def __call__(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        """Predictions in the order of the photographs, each uint8 (H, W, 3), one by one."""
        return self._answers(photos) if self._tiled is None else self._tiled(photos)

    def _answers(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        for photo in photos:
            yield self.prediction.from_arrays(self.finals(photo), self.labels)
