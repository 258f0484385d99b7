"""Trains until a time of day: `python train.py CORPUS OUT --until 13:00`. Started again, it goes on where it was.

Weights are kept in float32 and computed with in bfloat16. Matrices inside the blocks learn by Muon, the rest by AdamW.
The learning rate falls to nothing over the last `--decay` minutes, so that the best model is there at the end however
fast the machine was.
"""

import argparse
import collections
import copy
import datetime
import json
import queue
import random
import signal
import sys
import threading
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import batches as data
from checkpoint import Checkpoint, load, with_rows
from examples import Examples
from model import Nano
from muon import Muon
from phones import LABELS
from vocabulary import END, SPECIAL, TIMES, Vocabulary, used_tokens


# As far as training had come when this was written: weights and rows, no optimisers.
BEGUN = Path(__file__).parent / "begun.pt"


class Loss:
    """Cross entropy of the text against spread-out targets, and CTC of the encoder against the sounds."""

    def __init__(self, prior: Tensor, ctc: float):
        self.prior, self.ctc = prior, ctc

    def __call__(self, model: Nano, batch: data.Batch, dropout: float = 0.0) -> tuple[Tensor, dict[str, float]]:
        heard = model.encoder(batch.mel)
        hidden, table = model.decoder(batch.rows, heard, dropout)
        told = ((batch.weights[:, 0] > 0) | (batch.unsure > 0)).nonzero()[:, 0]
        choices, weights, unsure = batch.choices[told], batch.weights[told], batch.unsure[told]
        likely = F.log_softmax((hidden.flatten(0, 1)[told] @ table.T).float(), 1)
        text = -(likely.gather(1, choices) * weights).sum(1) - (likely @ self.prior) * unsure
        loss = text.mean()
        sounds = self._sounds(model, heard, batch)
        # A word is a target of one choice that is no time.
        word = (weights[:, 0] == 1) & (choices[:, 0] < len(self.prior) - TIMES)
        right = (likely.argmax(1) == choices[:, 0])[word].float().mean()
        figures = {"loss": loss, "word": text[word].mean(), "right": right, "ctc": sounds}
        return loss + self.ctc * sounds, {name: value.item() for name, value in figures.items()}

    def _sounds(self, model: Nano, heard: Tensor, batch: data.Batch) -> Tensor:
        likely = F.log_softmax(model.ctc(heard).float(), 2).transpose(0, 1)
        lengths = torch.full((heard.shape[0],), heard.shape[1])
        loss = F.ctc_loss(likely, batch.labels, lengths, batch.label_counts, zero_infinity=True, reduction="sum")
        return loss / max(1, int(batch.label_counts.sum()))


def prior(corpus: data.Corpus, vocabulary: Vocabulary) -> Tensor:
    """What may come where nothing was understood: any text token, the frequent ones a little more often, or the end."""
    counts = torch.zeros(len(vocabulary) + TIMES)
    for window in corpus.training:
        for segment in window.segments:
            for token in segment.tokens:
                counts[vocabulary.row(token)] += 1
    flat = counts**0.5
    flat *= 0.85 / flat.sum()
    flat[vocabulary.row(END)] = 0.15
    return flat


class Trainer:
    def __init__(self, options: argparse.Namespace, start: Checkpoint, corpus: data.Corpus, vocabulary: Vocabulary):
        self.options, self.corpus, self.vocabulary = options, corpus, vocabulary
        self.model = Nano(len(vocabulary), len(LABELS) + 2, **start.shape)
        self.model.load_state_dict(with_rows(start.model, len(vocabulary)))
        self.working = copy.deepcopy(self.model).to(torch.bfloat16)
        self.step, self.heard = start.step, start.heard
        self.first_step = start.step
        named = list(self.model.named_parameters())
        matrices = {name: p for name, p in named if (p.ndim == 2 and "blocks" in name) or p.ndim == 3}
        self.muon = Muon(list(matrices.values()))
        plain = lambda name, p: p.ndim < 2 or "positional" in name
        groups = [
            {"params": [p for name, p in named if name not in matrices and not plain(name, p)], "weight_decay": 0.05},
            {"params": [p for name, p in named if name not in matrices and plain(name, p)], "weight_decay": 0.0},
        ]
        self.adam = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-8, fused=True)
        if start.adam and len(start.ids) == len(vocabulary):
            self.adam.load_state_dict(start.adam)
            self.muon.speeds = start.muon
        self.loss = Loss(prior(corpus, vocabulary), options.ctc)

    def rate(self) -> float:
        """Warms up over the first steps of a run, falls towards the end of it by the clock."""
        warm = min(1.0, (self.step - self.first_step + 1) / self.options.warm_up)
        left = (self.options.until - time.time()) / (60 * self.options.decay)
        return self.options.rate * warm * min(1.0, max(0.01, left))

    def learn(self, batch: data.Batch) -> dict[str, float]:
        loss, figures = self.loss(self.working, batch, self.options.dropout)
        loss.backward()
        masters, workers = list(self.model.parameters()), list(self.working.parameters())
        for master, worker in zip(masters, workers):
            master.grad, worker.grad = worker.grad.float(), None
        norm = torch.nn.utils.clip_grad_norm_(masters, 1.0)
        if torch.isfinite(norm):
            rate = self.rate()
            for group in self.adam.param_groups:
                group["lr"] = rate
            self.muon.step(rate * 2.3)
            self.adam.step()
            self.model.pin()
            with torch.no_grad():
                torch._foreach_copy_(workers, masters)
        self.step += 1
        self.heard += batch.seconds
        return figures

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Share of right words by language, each given the right ones before it, and the CTC loss."""
        self.working.eval()
        examples = Examples(self.vocabulary, random.Random(0), [])
        figures = {}
        for language in ("en", "zh", "yue"):
            windows = [w for w in self.corpus.validation if w.language == language and w.segments][:96]
            windows.sort(key=lambda window: len(window.mel))
            results = []
            for at in range(0, len(windows), 16):
                chosen = [examples.plain(window) for window in windows[at : at + 16]]
                frames = data.bucket(max(len(example.mel) for example in chosen))
                results.append(self.loss(self.working, data.collate(chosen, self.vocabulary, frames))[1])
            for name in ("right", "ctc"):
                figures[f"{language} {name}"] = sum(r[name] for r in results) / max(1, len(results))
        self.working.train()
        return figures

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self.model.state_dict(), self.model.shape, self.vocabulary.ids, self.step, self.heard,
            self.adam.state_dict(), self.muon.speeds,
        )  # fmt: skip


def run(trainer: Trainer, out: Path) -> None:
    options = trainer.options
    ready: queue.Queue[data.Batch] = queue.Queue(6)

    def feed() -> None:
        r = random.Random()
        plan = data.Plan(options.budget, options.full, options.longest, options.masks, options.mistakes)
        for batch in data.batches(trainer.corpus, trainer.vocabulary, r, plan):
            ready.put(batch)

    threading.Thread(target=feed, daemon=True).start()
    try:
        learn(trainer, ready, out)
    finally:
        trainer.checkpoint().save(out / "last.pt")


def learn(trainer: Trainer, ready: queue.Queue[data.Batch], out: Path) -> None:
    """Until the time is up; a line of figures every 50 steps, a checkpoint every few minutes."""
    sums, saved, began = collections.Counter(), time.time(), time.time()
    while time.time() < trainer.options.until:
        sums.update(trainer.learn(ready.get()))
        if trainer.step % 50 == 0:
            line = {"step": trainer.step, "heard h": round(trainer.heard / 3600, 2), "s": round(time.time() - began)}
            line |= {"rate": round(trainer.rate(), 6)} | {name: round(total / 50, 4) for name, total in sums.items()}
            sums.clear()
            if trainer.step % 500 == 0:
                line |= {name: round(value, 4) for name, value in trainer.validate().items()}
            print(json.dumps(line), flush=True)
        if time.time() - saved > 180:
            trainer.checkpoint().save(out / "last.pt")
            saved = time.time()


def time_of_day(text: str) -> float:
    """Seconds since the epoch of the next HH:MM."""
    now = datetime.datetime.now()
    moment = now.replace(hour=int(text[:2]), minute=int(text[3:]), second=0, microsecond=0)
    return (moment if moment > now else moment + datetime.timedelta(days=1)).timestamp()


def start(options: argparse.Namespace) -> Checkpoint:
    last = options.out / "last.pt"
    if last.exists():
        return load(last)
    if BEGUN.exists() and not options.afresh:
        return load(BEGUN)
    fresh = Nano(len(SPECIAL), len(LABELS) + 2)
    return Checkpoint(fresh.state_dict(), fresh.shape, SPECIAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path, help="folder of the checkpoint, last.pt")
    parser.add_argument("--until", type=time_of_day, required=True, metavar="HH:MM")
    parser.add_argument("--decay", type=float, default=60, help="minutes over which the rate falls (%(default)s)")
    parser.add_argument("--afresh", action="store_true", help="from nothing, without the weights of begun.pt")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--warm-up", type=int, default=100, help="steps (%(default)s)")
    parser.add_argument("--ctc", type=float, default=0.5, help="weight of the encoder's own loss (%(default)s)")
    parser.add_argument("--dropout", type=float, default=0.1, help="in the decoder (%(default)s)")
    parser.add_argument("--budget", type=int, default=7000, help="encoder positions a batch (%(default)s)")
    parser.add_argument("--full", type=float, default=0.04, help="share of batches in whole 30 s windows (%(default)s)")
    parser.add_argument("--longest", type=float, default=30, help="seconds of a window; short ones teach words cheaper")
    parser.add_argument("--masks", type=float, default=0.5, help="share of examples with masks (%(default)s)")
    parser.add_argument("--mistakes", type=float, default=0.08, help="wrong tokens shown to the decoder (%(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    # Told to stop, it saves first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    torch.set_num_threads(options.threads)
    begun = start(options)
    vocabulary = Vocabulary(begun.ids).grown(used_tokens(data.texts(options.corpus)) | set(SPECIAL))
    corpus = data.Corpus(options.corpus, vocabulary)
    print(f"{len(vocabulary)} tokens, {len(corpus.training)} windows, {corpus.hours:.1f} h", flush=True)
    run(Trainer(options, begun, corpus, vocabulary), options.out)


if __name__ == "__main__":
    main()
