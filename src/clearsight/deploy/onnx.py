"""A model as one ONNX file that holds everything between photograph and answer, and says what it is."""

from __future__ import annotations

import copy
import importlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from clearsight.core.artifact import Artifact, describe
from clearsight.core.errors import InputError, missing_extra
from clearsight.core.net import Net
from clearsight.core.task import Task
from clearsight.deploy.predictor import Description, Kind

OPSET = 18
"""The oldest that torch's exporter writes without converting, so that the file runs in many runtimes."""

LARGEST = 2**31 - 2**24
"""Bytes of weights that fit one file: protobuf ends at 2 GiB."""

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


class PhotoGraph(nn.Module):
    """Photo uint8 (H, W, 3) → the final arrays of the task's prediction, in the order of its `finals`.

    It answers for one photo, as photographs differ in shape; so its outputs have no batch axis.
    """

    def __init__(self, task: Task[Any], net: Net) -> None:
        super().__init__()
        self.preprocess, self.answer, self.postprocess = task.preprocess(), task.answering(net), task.postprocess()
        self.names = task.finals()

    def forward(self, photo: Tensor) -> tuple[Tensor, ...]:
        """The final arrays, each as `finals` says."""
        canvas, frame = self.preprocess(photo)
        finals = self.postprocess(self.answer(canvas), frame)
        return tuple(finals[name][0] for name in self.names)


class RawGraph(nn.Module):
    """Images float (B, C, *task.shape) in [0, 1] → the net's outputs, in the order of the task's `outputs`."""

    def __init__(self, task: Task[Any], net: Net) -> None:
        super().__init__()
        self.answer = task.answering(net)
        self.names = tuple(task.outputs)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The outputs, each (B, …)."""
        outputs = self.answer(images)
        return tuple(outputs[name] for name in self.names)


def export(artifact: Artifact, raw: bool = False) -> bytes:
    """The content of an .onnx file: the photo graph, or with `raw` the net alone.

    Photo graph: input `photo` uint8 (H, W, 3) of any height and width, outputs the task's `prediction.finals`.
    Raw graph: input `images` float32 (B, C, *task.shape) in [0, 1], any B, outputs the task's `outputs`.
    Raises `InputError` where a package is missing, the model is too large for one file or cannot be traced.
    """
    require_packages()
    task = artifact.task
    net = copy.deepcopy(artifact.net).cpu().eval()
    size = sum(value.numel() * value.element_size() for value in net.state_dict().values())
    if size > LARGEST:
        raise InputError(f"the weights are {size / 2**30:.1f} GiB, more than the 2 GiB that one ONNX file holds")
    graph: PhotoGraph | RawGraph
    if raw:
        graph, entry = RawGraph(task, net), "images"
        example = torch.rand(2, task.channels, *task.shape)
        dynamic = {0: torch.export.Dim("batch", min=1)}
    else:
        graph, entry = PhotoGraph(task, net), "photo"
        # neither equal nor one, so that no shape of the example is taken for a rule
        example = torch.zeros(37, 53, 3, dtype=torch.uint8)
        dynamic = {0: torch.export.Dim("height", min=1), 1: torch.export.Dim("width", min=1)}
    graph.eval()
    model = _trace(graph, example, entry, dynamic)
    return _finish(model, _description(artifact, "raw" if raw else "photo"))


def require_packages() -> None:
    """Raises `InputError`, naming the extra to install, where a package that exporting needs is missing."""
    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError:
            raise missing_extra(package, "export") from None


def _trace(graph: PhotoGraph | RawGraph, example: Tensor, entry: str, dynamic: Mapping[int, Any]) -> Any:
    """The graph as an ONNX `ModelProto`."""
    try:
        with _quiet():
            program = torch.onnx.export(
                graph,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                external_data=False,
                input_names=[entry],
                output_names=list(graph.names),
                dynamic_shapes=(dict(dynamic),),
                verbose=False,
            )
    except Exception as error:  # whatever the net does that cannot be traced ends in an error of its own kind
        first = str(error).strip().splitlines()[0]
        raise InputError(f"this net cannot be exported: {first} ({type(error).__name__})") from error
    assert program is not None  # what dynamo=True promises
    return program.model_proto


def _finish(model: Any, description: Description) -> bytes:
    """The file's bytes, with our metadata in place of the exporter's, which tells of the machine it ran on."""
    import onnx

    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
    for function in model.functions:
        for part in (function, *function.node, *function.value_info):
            del part.metadata_props[:]
    model.producer_name, model.producer_version = "clearsight", version("clearsight")
    onnx.helper.set_model_props(model, description.to_metadata())
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def _description(artifact: Artifact, kind: Kind) -> Description:
    return Description(
        kind,
        {"name": artifact.task.name, **artifact.task.model_dump(mode="json")},
        {"name": artifact.net.name, "config": dict(artifact.net.config)},
        _provenance(artifact),
    )


def _provenance(artifact: Artifact) -> dict[str, Any]:
    """Where the model comes from: what model.json says but the run's settings, which name this machine's folders."""
    known = dict(artifact.provenance)
    if isinstance(known.get("run"), Mapping):
        known["run"] = {name: value for name, value in known["run"].items() if name != "settings"}
    if artifact.path is not None:
        known["weights"] = describe(artifact.path)["weights"]
    created = datetime.now(UTC).isoformat(timespec="seconds")
    versions = {name: version(name) for name in ("clearsight", "torch", *PACKAGES)}
    return {**known, "exported": {"created": created, "opset": OPSET, "versions": versions}}


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's remarks on its own doings are none of the user's business."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
