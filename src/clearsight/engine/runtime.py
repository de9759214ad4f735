"""The machine: devices, ranks, threads, precision, and what is written down of them."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from clearsight.core.errors import InputError
from clearsight.core.machine import cores

SMALL_BATCH = 100_000_000  # multiply-adds under which a batch is not worth sharing among threads

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def choose_device(wanted: str | None) -> tuple[str, str]:
    """The kind of device and why. Raises `InputError` where the wanted one is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted is not None:
        if not there[wanted]:
            found = ", ".join(name for name, yes in there.items() if yes)
            raise InputError(f"--device {wanted}: this machine has none; it has {found}")
        return wanted, "you said so"
    name = next(name for name, yes in there.items() if yes)
    return name, "the fastest this machine has"


def choose_threads(batch_cost: int, ranks: int) -> tuple[int, str]:
    """CPU threads for one process and why; `batch_cost` is the multiply-adds of a batch, forward.

    A small batch is done before its parts are handed out: measured here, a net of 45 million multiply-adds a batch runs
    as fast on one thread as on two, and several times slower on two when another program holds a core.
    """
    if batch_cost < SMALL_BATCH:
        return 1, f"{batch_cost / 1e6:.0f} million multiply-adds a batch are not worth sharing out"
    local = int(os.environ.get("LOCAL_WORLD_SIZE", ranks))
    return max(1, cores() // local), "the cores this process may use"


def multiplies_bf16(device: str) -> bool:
    """Whether the device multiplies matrices in bfloat16 faster than in float32, by what its maker says it can."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu":
        return False
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def keep_freed_memory() -> None:
    """Ask the C library to keep large blocks that are freed, in place of returning them to the system at every step and
    paying for their pages again: half of a CPU training's time was that, measured here. Linux with glibc; else nothing.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, (1 << 31) - 1)
    except (OSError, AttributeError, TypeError):  # another C library, or Windows
        return


def collect_rarely() -> None:
    """Let Python look for unused cycles once in 100,000 new objects, not in 700: the samples of a data set are hundreds of
    thousands of objects that all stay, and going through them again and again was a twelfth of a short run."""
    gc.set_threshold(100_000, 20, 20)


def make_fabric(device: str, devices: int, precision: str) -> Fabric:
    """A Fabric, not launched yet; started by torchrun it takes its ranks from the environment."""
    if device == "cuda" and devices > torch.cuda.device_count():
        raise InputError(f"--devices {devices}: this machine has {torch.cuda.device_count()}")
    if device == "cpu":
        # importing Fabric sets this, and torch's optimisers then look for NVIDIA's library anew at every step
        os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its banner is not ours to show
    world = int(os.environ.get("WORLD_SIZE", devices))
    return Fabric(
        accelerator=device,
        devices=int(os.environ.get("LOCAL_WORLD_SIZE", devices)),
        num_nodes=max(1, world // int(os.environ.get("LOCAL_WORLD_SIZE", world))),
        strategy="ddp" if world > 1 else "auto",
        precision=PRECISIONS[precision],  # type: ignore[arg-type]
    )


def use_precision(fabric: Fabric, precision: str) -> None:
    """Let a Fabric that is launched compute in the precision of a plan, which is made after it."""
    from lightning_fabric.plugins.precision import MixedPrecision, Precision

    kind = "bf16" if precision == "16" and fabric.device.type == "cpu" else precision  # as Fabric itself does
    plugin = Precision() if kind == "32" else MixedPrecision(PRECISIONS[kind], fabric.device.type)  # type: ignore[arg-type]
    fabric._strategy.precision = fabric._precision = plugin


def leave_ranks() -> None:
    """End this process's part in a group of ranks. Threads of gloo that are still there when Python ends abort it."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        gc.collect()  # wrapped modules hold on to the group
        torch.distributed.destroy_process_group()


def seed_step(seed: int, device: torch.device) -> None:
    """Seed what is drawn inside a net (dropout), so that a step depends on nothing before it."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, devices, system."""
    import psutil

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "cuda": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "system": platform.platform(),
        "python": sys.version.split()[0],
    }


def describe_versions() -> dict[str, str]:
    """Versions of what decides a result."""
    found = {}
    for name in ("clearsight", "torch", "torchvision", "timm", "lightning-fabric", "numpy", "pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def describe_git(folder: Path) -> str | None:
    """The commit of the folder's repository, with + where files differ; None outside of one."""
    try:
        head, status = (
            subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=5, check=True).stdout
            for words in (
                ["rev-parse", "--short=12", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no"],
            )
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.strip() + ("+" if status.strip() else "")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
