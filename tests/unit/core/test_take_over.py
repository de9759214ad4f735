"""The weights of one net for another that has other classes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.registry import find

OLD, NEW = ("ant", "bee", "cat"), ("cat", "dog", "ant", "eel")


def make(labels: tuple[str, ...], family: str = "classify.feedforward", seed: int = 0, **said: Any) -> tuple[Any, Any]:
    task = find("tasks", "classify")(labels=labels, **{"size": 16, "channels": 1, **said})
    config = {"model": "test_resnet"} if family.endswith("timm") else {"hidden": [4, 3]}  # as wide as there are classes
    torch.manual_seed(seed)
    return task, find("nets", family).build(task, config)


@pytest.mark.parametrize("family", ["classify.feedforward", "classify.timm"])
def test_rows_go_by_name_and_the_rest_as_it_is(family: str) -> None:
    old_task, old = make(OLD, family)
    new_task, new = make(NEW, family, seed=1)
    drawn = {name: value.clone() for name, value in new.state_dict().items()}
    said = new.take_over(old, old_task, new_task)
    assert said == "head: 2 of 4 classes taken over, 2 new: dog, eel, 1 left out: bee"
    images = torch.rand(5, 1, 16, 16)
    with torch.no_grad():
        logits, before = new.eval()(images)["logits"], old.eval()(images)["logits"]
    torch.testing.assert_close(logits[:, [0, 2]], before[:, [2, 0]])
    head = list(drawn)[-1]
    assert torch.equal(new.state_dict()[head][[1, 3]], drawn[head][[1, 3]])


def test_the_same_classes_in_another_order_give_the_same_answers() -> None:
    old_task, old = make(OLD)
    new_task, new = make(OLD[::-1], seed=1)
    assert new.take_over(old, old_task, new_task) == "head: 3 of 3 classes taken over"
    images = torch.rand(5, 1, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(new(images)["logits"], old(images)["logits"].flip(1))


def test_a_net_that_sees_pictures_otherwise_is_refused() -> None:
    old_task, old = make(OLD)
    for said in ({"size": 20}, {"channels": 3}):
        task, net = make(NEW, **said)
        with pytest.raises(InputError, match=r"not for this net: body\.1\.weight is \(4, 256\) and the net has"):
            net.take_over(old, old_task, task)
