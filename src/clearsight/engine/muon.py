"""Muon, an optimiser for the weights of hidden layers, with AdamW or SGD beside it for everything else.

K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024): the momentum of a weight matrix is
replaced by a matrix near to the closest orthogonal one, so that every direction of it moves as far. A convolution's
kernels (out, in, k, k) are taken as one matrix (out, in·k·k).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic a·X + b·X·XᵀX + c·X·(XᵀX)²: Jordan's, chosen for their slope at zero. They bring singular values to
about 0.7 to 1.2 in few steps, not to 1."""

TOGETHER = 5
"""Steps worked out on X·Xᵀ alone, at most: where it should be 0 an error of rounding, 1e-7, grows a² = 12 times a step."""

SCALES: dict[str, Callable[[int, int], float]] = {
    "rms": lambda rows, columns: 0.2 * float(max(rows, columns)) ** 0.5,
    "shape": lambda rows, columns: max(1.0, rows / columns) ** 0.5,
    "none": lambda rows, columns: 1.0,
}
"""What an orthogonal update (rows, columns) is multiplied by: "rms" makes its root mean square that of AdamW's updates,
0.2, so that one learning rate suits both (Liu et al. 2025, arXiv 2502.16982, eq. 4); "shape" is Jordan's."""


def orthogonalised(matrices: Tensor, steps: int = 5, dtype: torch.dtype = torch.float32) -> Tensor:
    """Of each matrix U·S·Vᵀ (N, R, C) about U·Vᵀ, in the matrices' dtype: Newton–Schulz steps computed in `dtype`.

    In bfloat16 it is twice as fast where the processor multiplies that, and as good.
    """
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    x = (wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)).to(dtype)
    much_wider = x.shape[2] >= 2 * x.shape[1]
    if much_wider and dtype != torch.bfloat16:
        for done in range(0, steps, TOGETHER):
            x = _product(x @ x.mT, min(TOGETHER, steps - done)) @ x
    else:
        x = _step_by_step(x, steps)
    found: Tensor = x.to(matrices.dtype)
    return found if wide is matrices else found.mT


def _step_by_step(x: Tensor, steps: int) -> Tensor:
    """(N, R, C) after the steps."""
    for _ in range(steps):
        x = torch.baddbmm(x, _bend(x @ x.mT), x, beta=COEFFICIENTS[0])
    return x


def _product(gram: Tensor, steps: int) -> Tensor:
    """What the steps multiply X by in all, (N, R, R), from X·Xᵀ: a step multiplies by Q = a + b·X·Xᵀ + c·(X·Xᵀ)², after which
    X·Xᵀ is Q·X·Xᵀ·Q. The wider X, the more is saved: nine times as wide as high, as 3×3 kernels are, three fifths."""
    found = factor = _factor(gram)
    for _ in range(steps - 1):
        gram = factor @ gram @ factor
        factor = _factor(gram)
        found = factor @ found
    return found


def _factor(gram: Tensor) -> Tensor:
    """a + b·G + c·G² (N, R, R)."""
    found = _bend(gram)
    found.diagonal(dim1=1, dim2=2).add_(COEFFICIENTS[0])
    return found


def _bend(gram: Tensor) -> Tensor:
    """b·G + c·G² (N, R, R)."""
    _, b, c = COEFFICIENTS
    return torch.baddbmm(gram, gram, gram, beta=b, alpha=c)


def hidden_weights(module: nn.Module) -> set[int]:
    """The ids of the weights that Muon moves where nothing else is said: those of every linear and convolution layer but
    the first and the last. Grouped convolutions are many small matrices and not among them."""
    layers = [m for m in module.modules() if isinstance(m, nn.Linear | nn.modules.conv._ConvNd)]
    return {id(layer.weight) for layer in layers[1:-1] if getattr(layer, "groups", 1) == 1}


class Muon(torch.optim.Optimizer):
    """Groups with the rule "muon" move by orthogonalised Nesterov momentum, those with "adamw" and "sgd" by these.

    Of a "muon" group `steps` and `dtype` are those of `orthogonalised`, `scale` is one of `SCALES`. `normalise` first
    gives every weight the norm √out: for layers that a norm follows, whose scale has no effect but to change how far a
    step reaches (K. Jordan, CIFAR-10 speed runs, after arXiv 2404.00498). Weight decay is decoupled (θ ← θ − lr·λ·θ)
    but for "sgd", where it is part of the gradient. Raises `ValueError` on a vector in a "muon" group.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        dtype: str = "float32",
    ) -> None:
        every = {"lr": lr, "weight_decay": weight_decay, "rule": "muon"}
        moving = {"momentum": momentum, "nesterov": True, "betas": (0.9, 0.999), "eps": 1e-8}
        defaults = every | moving | {"steps": 5, "dtype": dtype, "scale": "rms", "normalise": False}
        super().__init__(params, defaults)
        for group in self.param_groups:
            if group["rule"] == "muon" and any(p.ndim < 2 for p in group["params"]):
                raise ValueError("Muon moves weights of two dimensions or more, no vectors")

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Move every parameter that has a gradient."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        rules = {"muon": self._muon, "sgd": self._sgd, "adamw": self._adamw}
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                rules[group["rule"]](group, params, [p.grad for p in params])
        return loss

    def _kept(self, params: list[nn.Parameter], key: str) -> list[Tensor]:
        """The parameters' tensors of this name in the state, zeros at first."""
        for p in params:
            if key not in self.state[p]:
                self.state[p][key] = torch.zeros_like(p)
        return [self.state[p][key] for p in params]

    def _muon(self, group: dict[str, Any], params: list[nn.Parameter], grads: list[Tensor]) -> None:
        buffers = self._kept(params, "momentum_buffer")
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_add_(buffers, grads)
        ahead = torch._foreach_add(grads, buffers, alpha=group["momentum"]) if group["nesterov"] else buffers
        alike: dict[tuple[int, int], list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
        for p, direction in zip(params, ahead, strict=True):
            matrix = direction.reshape(len(direction), -1)
            alike[(matrix.shape[0], matrix.shape[1])].append((p, matrix))
        for (rows, columns), pairs in alike.items():
            together = torch.stack([matrix for _, matrix in pairs])
            updates = orthogonalised(together, group["steps"], getattr(torch, group["dtype"]))
            reach = group["lr"] * SCALES[group["scale"]](rows, columns)
            for (p, _), update in zip(pairs, updates, strict=True):
                if group["normalise"]:
                    p.mul_(rows**0.5 / p.norm().clamp(min=1e-7))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update.reshape(p.shape), alpha=-reach)

    def _sgd(self, group: dict[str, Any], params: list[nn.Parameter], grads: list[Tensor]) -> None:
        sgd(
            list(params),
            grads,
            list(self._kept(params, "momentum_buffer")) if group["momentum"] else [None] * len(params),
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            nesterov=group["nesterov"] and group["momentum"] > 0,
            dampening=0.0,
            maximize=False,
        )

    def _adamw(self, group: dict[str, Any], params: list[nn.Parameter], grads: list[Tensor]) -> None:
        for p in params:  # torch leaves a loaded count where it was saved from, and its fused kernel wants it beside p
            self.state[p]["step"] = self.state[p].get("step", torch.zeros(())).to(p.device)
        adamw(
            list(params),
            grads,
            self._kept(params, "exp_avg"),
            self._kept(params, "exp_avg_sq"),
            [],
            [self.state[p]["step"] for p in params],
            fused=all(p.device.type in {"cuda", "cpu"} for p in params),
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )
