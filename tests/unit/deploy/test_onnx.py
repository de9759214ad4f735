from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.deploy import onnx as deploy_onnx
from clearsight.deploy.predictor import OnnxPredictor, open_session

SHAPES = [(40, 120), (120, 40), (24, 24), (64, 64), (37, 53), (301, 199), (11, 7), (90, 1), (1, 90), (1, 1)]


@pytest.fixture(scope="module")
def both(small_artifact: Any, photo_onnx: bytes) -> Any:
    """Functions photo -> probabilities: the engine's predictor and the exported graph."""
    from clearsight.engine.predictor import Predictor

    original, exported = Predictor(small_artifact.task, small_artifact.net), OnnxPredictor(photo_onnx)
    return lambda photo: next(original([photo])).probabilities, lambda photo: exported.finals(photo)["probabilities"]


def test_the_photo_graph_answers_as_predict_does_whatever_the_shape(both: Any, make_picture: Any) -> None:
    original, exported = both
    answers = []
    for seed, (height, width) in enumerate(SHAPES):
        photo = make_picture(height, width, seed)
        answers.append(exported(photo))
        np.testing.assert_allclose(answers[-1], original(photo), atol=1e-5, err_msg=f"{height} × {width}")
    assert np.ptp(answers, axis=0).max() > 0.2, "the model says the same of everything: nothing was compared"


@given(height=st.integers(1, 150), width=st.integers(1, 150), seed=st.integers(0, 9))
@settings(max_examples=25)
def test_any_height_and_width_agree(both: Any, make_picture: Any, height: int, width: int, seed: int) -> None:
    original, exported = both
    photo = make_picture(height, width, seed)
    np.testing.assert_allclose(exported(photo), original(photo), atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_raw_graph_takes_batches_of_any_size(small_artifact: Any, raw_onnx: bytes, count: int) -> None:
    import torch

    images = torch.rand(count, 3, 24, 24, generator=torch.Generator().manual_seed(count))
    (logits,) = open_session(raw_onnx).run(["logits"], {"images": images.numpy()})
    with torch.no_grad():
        wanted = small_artifact.net(images)["logits"].numpy()
    assert logits.shape == (count, 3)
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-4)


def test_inputs_and_outputs_are_named_and_typed(photo_onnx: bytes, raw_onnx: bytes) -> None:
    photo, raw = open_session(photo_onnx), open_session(raw_onnx)
    assert [(i.name, i.type, i.shape) for i in photo.get_inputs()] == [
        ("photo", "tensor(uint8)", ["height", "width", 3])
    ]
    assert [(o.name, o.type, o.shape) for o in photo.get_outputs()] == [("probabilities", "tensor(float)", [3])]
    assert [(i.name, i.type, i.shape) for i in raw.get_inputs()] == [("images", "tensor(float)", ["batch", 3, 24, 24])]
    assert [(o.name, o.shape) for o in raw.get_outputs()] == [("logits", ["batch", 3])]


def test_the_file_says_what_it_is_and_nothing_of_this_machine(
    small_artifact: Any, photo_onnx: bytes, raw_onnx: bytes
) -> None:
    from clearsight.core.artifact import describe

    described = OnnxPredictor(photo_onnx).description
    assert described.kind == "photo"
    assert described.task["labels"] == ["ants", "bees", "wasps"]
    assert described.task["temperature"] == 1.5
    assert described.net == {"name": "lenet", "config": {}}
    assert described.provenance["run"] == {"fingerprint": "f00d"}  # no settings: they name folders
    assert described.provenance["licence"] == {"data": "CC0"}
    assert described.provenance["weights"] == describe(small_artifact.path)["weights"]
    assert described.provenance["exported"]["opset"] == 18
    assert open_session(raw_onnx).get_modelmeta().custom_metadata_map["clearsight.kind"] == '"raw"'
    for trace in (b"site-packages", b"stack_trace", str(Path(deploy_onnx.__file__).parents[3]).encode()):
        assert trace not in photo_onnx


def test_exporting_leaves_the_net_as_it_was(small_artifact: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(deploy_onnx, "_trace", lambda graph, *_: seen.append(graph))
    monkeypatch.setattr(deploy_onnx, "_finish", lambda *_: b"")
    small_artifact.net.train()
    try:
        deploy_onnx.export(small_artifact)
        assert small_artifact.net.training
        assert not any(part.training for part in seen[0].modules())
    finally:
        small_artifact.net.eval()


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_names_the_extra(small_artifact: Any, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"{package}, which is not installed.*clearsight\[export\]"):
        deploy_onnx.export(small_artifact)


def test_a_model_too_large_for_one_file_is_refused(small_artifact: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_onnx, "LARGEST", 1000)
    with pytest.raises(InputError, match="2 GiB"):
        deploy_onnx.export(small_artifact)


def test_a_net_that_cannot_be_traced_is_a_sentence(small_artifact: Any) -> None:
    from dataclasses import replace

    import torch

    from clearsight.tasks.picture.classic import LeNet

    class Undecided(LeNet):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            logits = self.body(images)
            return {"logits": logits if logits.sum().item() > 0 else -logits}

    net = Undecided.build(small_artifact.task, {})
    with pytest.raises(InputError, match="this net cannot be exported: ") as caught:
        deploy_onnx.export(replace(small_artifact, net=net), raw=True)
    assert "\n" not in str(caught.value)


WEIGHTS = Path(__file__).parents[4] / "shared/weights/mobilenetv2_100_imagenet.safetensors"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "weights"),
    [
        pytest.param("mobilenetv2_100", WEIGHTS, marks=pytest.mark.data),
        ("resnet18", None),
        ("vit_tiny_patch16_224", None),
        ("convnext_atto", None),
    ],
)
def test_nets_of_timm_export_and_agree(name: str, weights: Path | None) -> None:
    import torch
    from sklearn.datasets import load_sample_images

    from clearsight.core.artifact import Artifact
    from clearsight.core.registry import find, net_family
    from clearsight.deploy.agreement import compare_photo, compare_raw

    if weights is not None and not weights.is_file():
        pytest.skip(f"{weights} is missing")
    count = 5 if weights is None else 1000
    task = find("tasks", "classify")(labels=tuple(map(str, range(count))), size=224)
    family, config = net_family("classify", name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = family.build(task, config)
    if weights is not None:
        net.load_pretrained(str(weights))
    artifact = Artifact(task, net.eval())
    photos = load_sample_images().images
    for compare, raw in ((compare_photo, False), (compare_raw, True)):
        found = compare(artifact, deploy_onnx.export(artifact, raw), photos, 1e-4)
        assert found.holds, found
