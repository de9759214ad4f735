"""--net-options reaches the net, the plan and the model on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import clearsight
from clearsight.core.errors import InputError


def train(folder: Path, **said: Any) -> Any:
    return clearsight.train("digits", runs=str(folder), name="run", steps=2, batch_size=8, eval_every=99, **said)


def test_settings_are_in_the_plan_and_rebuild_the_net(tmp_path: Path) -> None:
    model = train(tmp_path, net="conv32", net_options={"kernel": 5, "activation": "gelu"})
    assert model.net.body[0].kernel_size == (5, 5)
    assert isinstance(model.net.body[1], torch.nn.GELU)
    plan = yaml.safe_load((tmp_path / "run" / "plan.yaml").read_text("utf-8"))
    assert plan["facts"]["net"] == {"name": "conv32", "config": {"kernel": 5, "activation": "gelu"}}
    assert plan["settings"]["net_options"]["value"] == "kernel=5,activation=gelu"
    stored = json.loads((tmp_path / "run" / "model" / "model.json").read_text("utf-8"))
    assert stored["net"]["config"] == {"kernel": 5, "activation": "gelu"}
    again = train(tmp_path, net="conv32", net_options="kernel=5,activation=gelu", resume=True)
    assert all(torch.equal(a, b) for a, b in zip(model.net.parameters(), again.net.parameters(), strict=True))


@pytest.mark.parametrize(
    ("net", "net_options", "message"),
    [
        ("conv32", "kernel=4", "the net conv32: kernel is 4, and may be 3, 5 or 7"),
        ("conv32", "colour=5", "the net conv32 has no setting 'colour'; it has kernel"),
        ("conv32", "kernel", "write it as in kernel=5,activation=gelu"),
        ("test_resnet", "model=resnet18", "--net-options: model is what --net says; leave it out"),
        ("test_resnet", "kernel=5", "test_resnet cannot be made with {'kernel': 5}"),
    ],
)
def test_bad_settings_end_before_a_run_begins(tmp_path: Path, net: str, net_options: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train(tmp_path, net=net, net_options=net_options)
    assert not (tmp_path / "run" / "plan.yaml").exists()
