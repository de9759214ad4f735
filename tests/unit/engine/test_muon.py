"""Muon: near the orthogonal factor, as torch's own where that can do it, and its companions as theirs."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from clearsight.core.learner import ParamGroup
from clearsight.engine.muon import Muon, hidden_weights, orthogonalised
from clearsight.engine.optimisers import make_optimiser
from tests.contract.harness import make_plan


@settings(max_examples=25)
@given(st.integers(2, 24), st.integers(2, 40), st.integers(0, 9))
def test_newton_schulz_keeps_the_directions_and_levels_the_singular_values(rows: int, columns: int, seed: int) -> None:
    matrix = torch.randn(1, rows, columns, generator=torch.Generator().manual_seed(seed))
    left, values, right = torch.linalg.svd(matrix[0], full_matrices=False)
    found = left.T @ orthogonalised(matrix, 10)[0] @ right.T  # diagonal where the directions are kept
    own = found.diagonal()
    assert (found - own.diag()).abs().max() < 1e-3
    big = values > 1e-3 * values.max()  # ten steps lift what is smaller no further than that
    assert own[big].min() > 0.65 and own.max() < 1.25


def test_five_steps_are_near_to_u_v_for_well_conditioned_matrices() -> None:
    draw = torch.Generator().manual_seed(0)
    for rows, columns in ((16, 16), (8, 72), (96, 24)):
        left, _, right = torch.linalg.svd(torch.randn(rows, columns, generator=draw), full_matrices=False)
        matrix = left * torch.linspace(0.2, 1, min(rows, columns)) @ right
        for dtype, near in ((torch.float32, 1e-3), (torch.bfloat16, 5e-2)):
            found = orthogonalised(matrix[None], 5, dtype)[0]
            own = torch.linalg.svdvals(found)
            assert own.min() > 0.66 and own.max() < 1.23
            inside = left.T @ found @ right.T
            assert (inside - inside.diagonal().diag()).abs().max() < near


@pytest.mark.parametrize("shape", [(2, 16, 144), (1, 40, 48), (2, 200, 30)])
@pytest.mark.parametrize("rank", [1, 5, 1000])
@pytest.mark.parametrize("steps", [1, 5, 6])
def test_steps_worked_out_together_are_jordans(shape: tuple[int, int, int], rank: int, steps: int) -> None:
    """As the polynomial says, of the singular values in float64; what has no value stays nothing."""
    draw = torch.Generator().manual_seed(4)
    matrix = torch.randn(shape, generator=draw)
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    values = torch.where(torch.arange(values.shape[1]) < rank, values, 0)
    matrix = (left * values[:, None] @ right).float()
    values = values / values.norm(dim=1, keepdim=True)
    for _ in range(steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    torch.testing.assert_close(
        orthogonalised(matrix, steps), (left * values[:, None] @ right).float(), rtol=0, atol=5e-4
    )


def test_a_stack_is_orthogonalised_one_by_one() -> None:
    stack = torch.randn(3, 5, 9, generator=torch.Generator().manual_seed(1))
    together = orthogonalised(stack)
    for alone, found in zip(stack, together, strict=True):
        torch.testing.assert_close(orthogonalised(alone[None])[0], found, rtol=0, atol=1e-5)
    assert not orthogonalised(torch.zeros(1, 3, 4)).any()


def moved(optimiser: torch.optim.Optimizer, params: list[nn.Parameter], steps: int = 4) -> list[Tensor]:
    """The parameters after some steps along gradients drawn from a fixed seed."""
    draw = torch.Generator().manual_seed(5)
    for _ in range(steps):
        for p in params:
            p.grad = torch.randn(p.shape, generator=draw)
        optimiser.step()
    return [p.detach().clone() for p in params]


def parameters(*shapes: tuple[int, ...]) -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(7)
    return [nn.Parameter(torch.randn(shape, generator=draw)) for shape in shapes]


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize(("scale", "theirs"), [("shape", "original"), ("rms", "match_rms_adamw")])
def test_it_moves_matrices_as_torchs_muon(scale: str, theirs: str, nesterov: bool) -> None:
    mine, other = parameters((6, 6), (6, 6), (12, 5)), parameters((6, 6), (6, 6), (12, 5))
    group = {"params": mine, "scale": scale, "nesterov": nesterov, "dtype": "bfloat16"}
    ours = Muon([group], lr=0.05, momentum=0.8, weight_decay=0.1)
    torchs = torch.optim.Muon(
        other, lr=0.05, momentum=0.8, weight_decay=0.1, nesterov=nesterov, adjust_lr_fn=theirs, ns_steps=5
    )
    for a, b in zip(moved(ours, mine), moved(torchs, other), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0.02)  # bfloat16 rounds where the two sum in another order
        assert (a - b).abs().mean() < 0.002


@pytest.mark.parametrize(
    ("rule", "reference"),
    [
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1)),
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.1, momentum=0.8, nesterov=True)),
    ],
)
def test_its_companions_move_vectors_as_torchs(rule: str, reference: Any) -> None:
    mine, other = parameters((5,), (3, 4)), parameters((5,), (3, 4))
    ours = Muon([{"params": mine, "rule": rule}], lr=0.05, momentum=0.8, weight_decay=0.1)
    for a, b in zip(moved(ours, mine), moved(reference(other), other), strict=True):
        torch.testing.assert_close(a, b)


def test_kernels_are_one_matrix_whatever_their_layout() -> None:
    flat, kernel, last = parameters((8, 18)), parameters((8, 18)), parameters((8, 18))
    kernel = [nn.Parameter(kernel[0].detach().reshape(8, 2, 3, 3))]
    last = [nn.Parameter(last[0].detach().reshape(8, 2, 3, 3).to(memory_format=torch.channels_last))]
    found = [moved(Muon(params, lr=0.1), params)[0].reshape(8, 18) for params in (kernel, last)]
    draw = torch.Generator().manual_seed(5)
    optimiser = Muon(flat, lr=0.1)
    for _ in range(4):
        flat[0].grad = torch.randn(8, 2, 3, 3, generator=draw).reshape(8, 18)
        optimiser.step()
    for one in found:
        torch.testing.assert_close(one, flat[0].detach())


def test_normalised_kernels_have_the_norm_of_the_root_of_their_number() -> None:
    params = parameters((9, 4, 3, 3))
    group = {"params": params, "normalise": True, "scale": "none"}
    params[0].grad = torch.zeros_like(params[0])
    Muon([group], lr=0.1).step()
    assert params[0].norm().item() == pytest.approx(3.0, rel=1e-5)


def test_a_vector_is_no_matter_for_muon() -> None:
    with pytest.raises(ValueError, match="no vectors"):
        Muon([nn.Parameter(torch.zeros(3))])


def test_first_last_and_grouped_layers_are_not_hidden() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 3), nn.Linear(4, 4),
        nn.Linear(4, 2),
    )  # fmt: skip
    assert hidden_weights(net) == {id(net[3].weight), id(net[4].weight)}
    assert hidden_weights(nn.Linear(2, 2)) == set()


def test_groups_say_what_moves_them_and_how() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    kernels = ParamGroup([net[0].weight], rule="muon", settings={"steps": 3, "normalise": True})
    head = ParamGroup([net[2].weight], 0.5, 2.0, rule="sgd", settings={"momentum": 0.85})
    rest = ParamGroup([net[1].weight, net[0].bias], decay=False)
    plan = make_plan(5, optimiser="muon", lr=0.24, momentum=0.6, weight_decay=0.1)
    groups = make_optimiser([kernels, head, rest], plan, hidden_weights(net)).param_groups
    half = make_optimiser([kernels], make_plan(5, optimiser="muon", precision="bf16")).param_groups
    assert {g["dtype"] for g in groups} == {"float32"} and {g["dtype"] for g in half} == {"bfloat16"}
    assert [g["rule"] for g in groups] == ["muon", "sgd", "muon", "adamw"]
    assert [g["momentum"] for g in groups] == [0.6, 0.85, 0.6, 0.6]
    assert [g["weight_decay"] for g in groups] == [0.1, 0.2, 0.0, 0.0]
    assert (groups[0]["steps"], groups[0]["normalise"], groups[2]["steps"]) == (3, True, 5)
    assert groups[2]["params"] == [net[1].weight] and groups[3]["params"] == [net[0].bias]


def test_its_state_is_tensors_that_safetensors_keep() -> None:
    from clearsight.engine.checkpoint import pack_optimiser, unpack_optimiser

    def made() -> tuple[list[nn.Parameter], Muon]:
        params = parameters((4, 6), (4,), (3, 2))
        groups = [{"params": [p], "rule": rule} for p, rule in zip(params, ("muon", "adamw", "sgd"), strict=True)]
        return params, Muon(groups, lr=0.05)

    (params, optimiser), (again, other) = made(), made()
    moved(optimiser, params)
    tensors, values = pack_optimiser("o", optimiser)
    assert values == {} and len(tensors) == 5
    unpack_optimiser("o", other, copy.deepcopy(tensors), values)
    with torch.no_grad():
        for a, b in zip(again, params, strict=True):
            a.copy_(b)
    assert all(map(torch.equal, moved(optimiser, params), moved(other, again)))
