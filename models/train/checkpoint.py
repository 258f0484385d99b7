"""Where training stands, in one file: weights, optimisers, the vocabulary's rows.

`python checkpoint.py RUN/last.pt begun.pt` keeps the weights alone, for others to go on from.
"""

import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch


@dataclass
class Checkpoint:
    model: dict  # parameters by name
    shape: dict  # of `Nano`
    ids: list[int]  # the token of each row
    step: int = 0
    heard: float = 0.0  # seconds of sound so far, repetitions counted
    adam: dict | None = None
    muon: list | None = None

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        torch.save(asdict(self), part)
        os.replace(part, path)


def load(path: Path) -> Checkpoint:
    return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))


def lean(start: Checkpoint) -> Checkpoint:
    """The weights alone, in half of the bytes: enough to begin from, with new optimisers."""
    model = {name: value.half() if value.is_floating_point() else value for name, value in start.model.items()}
    return replace(start, model=model, adam=None, muon=None)


def with_rows(model: dict, count: int, noise: float = 0.5) -> dict:
    """More text rows after those there: each like the average of the known ones, and a little different."""
    rows = model["decoder.text_rows"].float()
    more = rows.mean(0) + noise * rows.std(0) * torch.randn(count - len(rows), rows.shape[1])
    return {**model, "decoder.text_rows": torch.cat([rows, more])}


if __name__ == "__main__":
    lean(load(Path(sys.argv[1]))).save(Path(sys.argv[2]))
