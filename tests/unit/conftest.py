"""What several tests share: a small classifier in its run's folder, and the same exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

SIZE = 24
LABELS = ("ants", "bees", "wasps")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with a model of random weights, its last layer set so that pictures get different answers."""
    import torch

    from clearsight.core import artifact
    from clearsight.core.registry import find

    task = find("tasks", "classify")(labels=LABELS, size=SIZE, fit="letterbox", temperature=1.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        net = find("nets", "classify.lenet").build(task, {})
    preprocess = task.preprocess()
    with torch.no_grad():
        canvases = [preprocess(torch.from_numpy(picture(30, 30 + seed, seed)))[0] for seed in range(32)]
        logits = net(torch.cat(canvases))["logits"]
        weight, bias = list(net.parameters())[-2:]
        scale = 3 / logits.std(0)
        weight.mul_(scale[:, None])
        bias.copy_((bias - logits.mean(0)) * scale)
    provenance = {"run": {"settings": None, "fingerprint": "f00d"}, "licence": {"data": "CC0"}}
    folder = tmp_path_factory.mktemp("runs") / "small"
    artifact.save(artifact.Artifact(task, net, provenance), folder / "model", "A card.")
    return folder


@pytest.fixture(scope="session")
def small_artifact(small_run: Path) -> Any:
    """The model of `small_run`, loaded."""
    from clearsight.core import artifact

    return artifact.load(small_run)


@pytest.fixture(scope="session")
def photo_onnx(small_artifact: Any) -> bytes:
    """Its photo graph."""
    from clearsight.deploy.onnx import export

    return export(small_artifact)


@pytest.fixture(scope="session")
def raw_onnx(small_artifact: Any) -> bytes:
    """Its raw graph."""
    from clearsight.deploy.onnx import export

    return export(small_artifact, raw=True)


@pytest.fixture(scope="session")
def photo_file(photo_onnx: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its photo graph in a file."""
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    path.write_bytes(photo_onnx)
    return path


def picture(height: int, width: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """uint8 (H, W, 3): smooth colours with some noise, others for each seed."""
    draw = np.random.default_rng(seed)
    colours = draw.integers(0, 256, (2, 2, 3))
    y, x = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
    smooth = (
        (colours[0, 0] * (1 - x) + colours[0, 1] * x) * (1 - y) + colours[1, 0] * (1 - x) * y + colours[1, 1] * x * y
    )
    return np.clip(smooth + draw.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def make_picture() -> Any:
    """`picture(height, width, seed)`."""
    return picture


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three pictures, one of them further down, and a text file."""
    import PIL.Image

    root = tmp_path / "pictures"
    (root / "deep").mkdir(parents=True)
    for number, name in enumerate(("b.png", "a.jpg", "deep/a.png")):
        PIL.Image.fromarray(picture(40 + number, 30, number)).save(root / name)
    (root / "notes.txt").write_text("not a picture")
    return root
