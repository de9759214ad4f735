"""torch.compile, where this machine has what it needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from clearsight.engine.plan import Plan


def cannot_compile(device: torch.device) -> str:
    """Why nothing can be compiled here, in a few words; empty where it can. Compiles a sum of two numbers to find out,
    as torch compiles with whatever C++ compiler, or Triton, the machine has."""

    def twice(x: Tensor) -> Tensor:
        return x + x

    try:
        torch.compile(twice)(torch.ones(2, device=device))
    except Exception as error:  # of torch's parts, of the compiler and of the system: there is no base for them
        return " ".join(str(error).split())[:200] or type(error).__name__
    finally:
        torch._dynamo.reset()
    return ""


def compilable(plan: Plan, device: torch.device, say: Callable[[str], None]) -> Plan:
    """The plan, without `compile` where nothing can be compiled here: that decides how fast it runs, not what it does."""
    if not plan.compile or not (reason := cannot_compile(device)):
        return plan
    say(f"warning: training goes on without --compile, as this machine cannot compile ({reason})")
    return plan.with_setting("compile", False, "this machine cannot compile")


def compiled(module: nn.Module) -> nn.Module:
    """The module with a forward that is compiled at its first call. Its parameters and their names stay as they are."""
    module.compile()
    return module
