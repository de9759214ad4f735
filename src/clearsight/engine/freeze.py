"""Which part of a pretrained net stays still, and for how long: a function of the step alone."""

from __future__ import annotations

from torch.nn.modules.batchnorm import _BatchNorm

from clearsight.core.learner import Learner
from clearsight.engine.plan import Plan


class Freeze:
    """All pretrained blocks stay still for the plan's `freeze_steps`. Then they thaw together or, where the plan has
    `unfreeze_steps`, the one next to the head first and one more after each so many steps (gradual unfreezing, Howard
    and Ruder 2018). The plan's share `still` of the blocks, next to the input, never moves: what they see is the same in most
    photographs, and no gradient need be worked out for them, whose pictures are the largest."""

    def __init__(self, learner: Learner, plan: Plan) -> None:
        self.learner = learner
        self.blocks = learner.net.backbone_blocks()
        self.freeze, self.every = plan.freeze_steps, plan.facts.get("unfreeze_steps", 0)
        self.still = round((plan.settings.get("still") or 0.0) * len(self.blocks))  # older plans do not know it

    def blocks_still(self, step: int) -> int:
        """How many blocks stay still at a step, counted from the input."""
        if step < self.freeze:
            return len(self.blocks)
        return max(self.still, len(self.blocks) - 1 - (step - self.freeze) // self.every if self.every else 0)

    def changes(self, step: int) -> bool:
        """Whether other blocks stay still from this step on than before it."""
        return step > 0 and self.blocks_still(step) != self.blocks_still(step - 1)

    def frozen(self, step: int) -> set[int]:
        """The ids of the parameters that stay still."""
        return {id(p) for block in self.blocks[: self.blocks_still(step)] for p in block}

    def train_mode(self, step: int) -> None:
        """Training mode, but for norms whose weights are frozen: their statistics stay still with them."""
        self.learner.train()
        frozen = self.frozen(step)
        for module in self.learner.modules() if frozen else ():
            if isinstance(module, _BatchNorm) and any(id(p) in frozen for p in module.parameters()):
                module.eval()
