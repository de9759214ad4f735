"""What a user may say about a training. Every None means "choose for me"; `plan` resolves it. No torch here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from clearsight.core.options import Options

Share = Field(ge=0, le=1)


class TrainOptions(Options):
    """Options of `clearsight train`, fields of the configuration and parameters of `clearsight.train`, all in one."""

    data: str = Field(description="Folder, zip, table or name of the pictures to learn from.")

    # what and where
    name: str | None = Field(None, description="Name of the run; by default that of the data.")
    runs: str = Field("runs", description="Folder that holds the runs.")
    resume: bool = Field(False, description="Carry on the run of this name where it stopped, to the same end.")
    format: str | None = Field(None, description="Format of the data, where sniffing it goes wrong.")
    data_root: str | None = Field(None, description="Where named data sets lie (or CLEARSIGHT_DATA).")
    image_column: str | None = Field(None, description="Tables: the column that names the picture.")
    label_column: str | None = Field(None, description="Tables: the column that holds the label.")
    val: str | None = Field(None, description="Another data set to judge on, in place of the data's own split.")
    val_share: float = Field(0.2, gt=0, lt=1, description="Share held out for judging where the data has no split.")
    gate: bool = Field(True, description="Stop where the check of the data finds an error (see: clearsight inspect).")
    max_bad: float = Field(0.01, ge=0, le=1, description="Share of unreadable pictures beyond which training fails.")

    # the model
    task: str | None = Field(None, description="What is asked of the pictures, where the data leaves a choice.")
    net: str | None = Field(None, description="Net: one of ours or any timm model (see: clearsight nets).")
    weights: str | None = Field(None, description="Pretrained weights: a .safetensors file, 'download' or 'none'.")
    size: int | None = Field(None, ge=4, le=4096, description="Side of the square the net sees, pixels.")
    channels: Literal[1, 3] | None = Field(None, description="Colour (3) or grey (1).")
    fit: Literal["crop", "squash", "letterbox"] | None = Field(None, description="How a photo meets the square.")

    # how long and how fast
    epochs: float | None = Field(None, gt=0, description="Passes over the training pictures.")
    steps: int | None = Field(None, gt=0, description="Optimiser steps, in place of epochs.")
    batch_size: int | None = Field(None, gt=0, description="Pictures in one forward pass on one device.")
    accumulate: int = Field(1, gt=0, description="Forward passes whose gradients make one step.")
    optimiser: Literal["sgd", "adam", "adamw"] | None = Field(None, description="Which optimiser.")
    lr: float | None = Field(None, gt=0, description="Learning rate at its highest.")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD's momentum.")
    nesterov: bool = Field(True, description="SGD's momentum looks ahead (Nesterov).")
    weight_decay: float | None = Field(None, ge=0, description="Decay of weights; biases and norms are left alone.")
    schedule: Literal["cosine", "step", "constant"] | None = Field(None, description="Course of the learning rate.")
    warmup: float | None = Field(None, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    drop_every: float = Field(0.3, gt=0, lt=1, description="Step schedule: share of the steps between two drops.")
    drop_factor: float = Field(0.1, gt=0, lt=1, description="Step schedule: what each drop multiplies the rate by.")
    clip: float | None = Field(None, gt=0, description="Largest norm of the gradient; none by default.")
    ema: float | None = Field(None, ge=0, lt=1, description="Decay of averaged weights; 0 for none.")
    freeze: float | None = Field(None, ge=0, description="Epochs for which the pretrained part stays still.")
    backbone_lr: float | None = Field(
        None, gt=0, le=1, description="Learning rate of the pretrained part, as a factor."
    )

    # loss and augmentation
    label_smoothing: float | None = Field(None, ge=0, lt=1, description="Share of the target spread over all classes.")
    class_weights: Literal["none", "balanced"] = Field("none", description="Weigh rare classes up in the loss.")
    flip: float | None = Field(None, ge=0, le=1, description="Probability of mirroring left to right.")
    crop: float | None = Field(None, gt=0, le=1, description="Least share of the area a random crop keeps; 1 for none.")
    shift: float | None = Field(None, ge=0, le=0.5, description="Largest random move, as share of the side.")
    rotate: float | None = Field(None, ge=0, le=180, description="Largest random turn, degrees.")
    colour: float | None = Field(None, ge=0, lt=1, description="Largest random change of light, contrast, saturation.")
    erase: float | None = Field(None, ge=0, le=1, description="Probability of greying out a rectangle.")
    mixup: float | None = Field(None, ge=0, description="MixUp's alpha; 0 for none.")
    cutmix: float | None = Field(None, ge=0, description="CutMix's alpha; 0 for none.")

    # when to look, when to stop
    eval_every: float = Field(1.0, gt=0, description="Epochs between two looks at the held-out pictures.")
    patience: int | None = Field(None, gt=0, description="Stop after so many looks without a better one.")
    keep: Literal["best", "last"] | None = Field(None, description="Which weights become the model.")

    # the machine
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="Kind of device.")
    devices: int = Field(1, gt=0, description="Number of devices (processes).")
    precision: Literal["32", "bf16", "16"] | None = Field(None, description="Numbers of the forward pass.")
    threads: int | None = Field(None, gt=0, description="CPU threads of each process.")
    workers: int | None = Field(None, ge=0, description="Processes that decode a set too big to keep.")
    cache: Literal["memory", "disk", "stream"] | None = Field(None, description="Where decoded pictures are kept.")
    ram: float | None = Field(None, gt=0, description="Memory for pictures, GiB; by default half of what is free.")
    seed: int = Field(0, ge=0, description="Every random draw follows from it.")

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str | None) -> str | None:
        if name is not None and (name in {"", ".", ".."} or any(c in name for c in '/\\:*?"<>|')):
            raise ValueError("a name must be usable as a folder's name")
        return name


AUGMENTATIONS = ("flip", "crop", "shift", "rotate", "colour", "erase", "mixup", "cutmix")
"""The options that are strengths of augmentations, handed to the task's pipeline by name."""
