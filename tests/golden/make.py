"""Writes the golden folder of the present format: run once when the format's number changes, never again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from clearsight.core.artifact import FORMAT, Artifact, save
from clearsight.engine.predictor import Predictor
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.picture.classic import FeedForward

here = Path(__file__).parent / f"format-{FORMAT}"
torch.manual_seed(0)
torch.set_num_threads(1)
task = Classify(labels=("cat", "dog", "émeu"), size=8, fit="letterbox", temperature=1.25)
net = FeedForward.build(task, {"hidden": [4]})
photo = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
save(Artifact(task, net, {"licence": {"data": "CC0", "weights": "Apache-2.0"}}), here / "model", "A golden model.\n")
Image.fromarray(photo).save(here / "photo.png")
found = next(iter(Predictor(task, net)([photo])))
(here / "expected.json").write_text(json.dumps([float(p) for p in found.probabilities]) + "\n")
