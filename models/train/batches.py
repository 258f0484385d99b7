"""From shards to batches of tensors."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from examples import UNSURE, Example, Examples, Segment, Window
from mel import BANDS, FRAMES_A_SECOND
from vocabulary import END, Vocabulary, tokens

CHOICES = 7  # tokens that a target is spread over, at most
VALIDATION = 3  # the first shards, one a language, are never trained on
FULL = 3000  # frames of Whisper's whole window


def read_shard(index: Path) -> list[Window]:
    mels = np.load(index.with_suffix(".npy"), mmap_mode="r")
    windows = []
    for entry in json.loads(index.read_text(encoding="utf-8")):
        language = entry["language"]
        segments = [Segment(a, b, tokens(text, language), labels) for a, b, text, labels in entry["segments"]]
        mel = mels[entry["at"] : entry["at"] + entry["frames"]]
        windows.append(Window(mel, entry["pad"], language, entry["kind"], segments))
    return windows


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """What is said in all the shards, as (text, language)."""
    for index in sorted(folder.glob("*.json")):
        for entry in json.loads(index.read_text(encoding="utf-8")):
            yield from ((text, entry["language"]) for _, _, text, _ in entry["segments"])


class Corpus:
    """All windows of a folder that the vocabulary can write; `scan` takes in shards that came since."""

    def __init__(self, folder: Path, vocabulary: Vocabulary):
        self.folder, self.vocabulary = folder, vocabulary
        self.seen: set[Path] = set()
        self.training: list[Window] = []
        self.validation: list[Window] = []
        self.scan()

    def scan(self) -> None:
        for index in sorted(set(self.folder.glob("*.json")) - self.seen):
            self.seen.add(index)
            into = self.validation if int(index.stem) < VALIDATION else self.training
            into += [w for w in read_shard(index) if all(self.vocabulary.knows(s.tokens) for s in w.segments)]

    @property
    def hours(self) -> float:
        return sum(len(window.mel) for window in self.training) / FRAMES_A_SECOND / 3600


@dataclass
class Batch:
    """B examples of T frames and S tokens. A target's choices are rows; `unsure` marks those over all text."""

    mel: torch.Tensor  # [B, T, 80] bfloat16
    rows: torch.Tensor  # [B, S]
    choices: torch.Tensor  # [B * S, CHOICES]
    weights: torch.Tensor  # [B * S, CHOICES]
    unsure: torch.Tensor  # [B * S]
    labels: torch.Tensor  # one after the other
    label_counts: torch.Tensor  # [B]
    seconds: float


def collate(examples: list[Example], vocabulary: Vocabulary, frames: int) -> Batch:
    count, length = len(examples), (max(len(e.tokens) for e in examples) + 15) // 16 * 16
    mel = np.empty((count, frames, BANDS), np.float32)
    rows = np.full((count, length), vocabulary.row(END))
    choices = np.zeros((count, length, CHOICES), np.int64)
    weights = np.zeros((count, length, CHOICES), np.float32)
    unsure = np.zeros((count, length), np.float32)
    for i, example in enumerate(examples):
        known = min(len(example.mel), frames)
        mel[i, :known], mel[i, known:] = example.mel[:known], example.pad
        rows[i, : len(example.tokens)] = [vocabulary.row(token) for token in example.tokens]
        for at, target in enumerate(example.targets):
            if target == UNSURE:
                unsure[i, at] = 1
            elif target:
                choices[i, at, : len(target)] = [vocabulary.row(token) for token in target]
                weights[i, at, : len(target)] = list(target.values())
    flat = lambda array: torch.from_numpy(array.reshape(count * length, *array.shape[2:]))
    return Batch(
        torch.from_numpy(mel).to(torch.bfloat16),
        torch.from_numpy(rows), flat(choices), flat(weights), flat(unsure),
        torch.tensor([label for e in examples for label in e.labels], dtype=torch.long),
        torch.tensor([len(e.labels) for e in examples]),
        sum(len(e.mel) for e in examples) / FRAMES_A_SECOND,
    )  # fmt: skip


def bucket(frames: int) -> int:
    """Few different shapes: the kernels for each are prepared once."""
    step = 64 if frames <= 640 else 128
    return min(FULL, (max(frames, 128) + step - 1) // step * step)


@dataclass
class Plan:
    """How batches are made."""

    budget: int  # encoder positions a batch, about
    full: float  # share of batches in whole windows of 30 s
    longest: float  # seconds of a window
    masks: float  # share of examples with parts of the spectrogram masked
    mistakes: float  # share of wrong tokens in what the decoder reads


def batches(corpus: Corpus, vocabulary: Vocabulary, r: random.Random, plan: Plan) -> Iterator[Batch]:
    """Without end, of windows of like lengths."""
    examples = Examples(vocabulary, r, corpus.training, plan.masks, plan.mistakes)
    while True:
        corpus.scan()
        pool = [window for window in corpus.training if len(window.mel) <= plan.longest * FRAMES_A_SECOND]
        r.shuffle(pool)
        for first in range(0, len(pool), 3000):
            groups = list(grouped(r, pool[first : first + 3000], plan.budget))
            r.shuffle(groups)
            for frames, windows in groups:
                if r.random() < plan.full:
                    frames, windows = FULL, r.choices(windows, k=max(4, int(1.2 * plan.budget / 1500)))
                yield collate([examples.training(window) for window in windows], vocabulary, frames)


def grouped(r: random.Random, pool: list[Window], budget: int) -> Iterator[tuple[int, list[Window]]]:
    """Windows of about one length, and how many frames their batch has: the longest and some silence."""
    pool = sorted(pool, key=lambda window: -len(window.mel) - r.uniform(0, 30))
    at = 0
    while at < len(pool):
        extra = r.choices([r.uniform(0, 30), r.uniform(30, 150), r.uniform(150, 600)], [0.75, 0.18, 0.07])[0]
        frames = bucket(int(len(pool[at].mel) + 30 + extra))
        count = max(4, int(2 * budget / frames))
        yield frames, pool[at : at + count]
        at += count
