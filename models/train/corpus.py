"""Writes the corpus: shards of log-mel windows with what is said in them. `python corpus.py OUT --hours 40`

A shard is `NUMBER.npy` (all windows' frames one after the other, [frames, 80] float16) and `NUMBER.json` (a window
each: where its frames are, language, segments). A shard's number seeds it: whatever is there already is left as it is,
so a broken run is started again with the same command, and more hours later are more of the same.
"""

import argparse
import json
import os
import random
from multiprocessing import Process
from pathlib import Path

import numpy as np

from channel import RATE, through_channel, through_line
from mel import log_mel
from phones import labels
from sounds import no_speech
from utterances import babble, unknown_speech, utterance
from voices import Voices

# Four tenths English, three tenths each of Mandarin and Cantonese.
LANGUAGES = "en zh yue en zh en yue en zh yue".split()
WINDOWS = 400  # a shard; about half an hour
LONGEST = 29.5  # s


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), np.float32)


def conversation(r: random.Random, voices: Voices, language: str) -> tuple[np.ndarray, list]:
    """Utterances with pauses between, and (start s, end s, text, CTC labels) of each. Mostly it is one."""
    count, limit = r.choices([(1, 12), (r.randint(2, 3), 16), (r.randint(4, 8), 28)], [0.72, 0.2, 0.08])[0]
    parts = [silence(r.choice([0, r.uniform(0, 0.3), r.uniform(0, 1)]))]
    at, segments = len(parts[0]) / RATE, []
    for _ in range(count):
        said = utterance(r, voices, language)
        seconds = len(said.sound) / RATE
        if segments:
            pause = silence(r.choice([r.uniform(0.25, 0.8), r.uniform(0.3, 2)]))
            if at + len(pause) / RATE + seconds > limit:
                break
            parts.append(pause)
            at += len(pause) / RATE
        parts.append(said.sound)
        segments.append((round(at, 2), round(at + seconds, 2), said.text, labels(said.spoken)))
        at += seconds
    parts.append(silence(r.choice([0, r.uniform(0, 0.3), r.uniform(0, 1.2)])))
    return np.concatenate(parts), segments


def window(r: random.Random, n: np.random.Generator, voices: Voices, language: str, murmur: np.ndarray):
    """One training window: sound, kind, segments."""
    kind = r.choices(["speech", "no speech", "unknown"], [0.87, 0.075, 0.055])[0]
    if kind == "no speech":
        seconds = r.choice([r.uniform(0.4, 4), r.uniform(2, 12), r.uniform(2, 12)])
        return through_line(r, n, no_speech(r, n, seconds, murmur)), kind, []
    if kind == "unknown":
        sound = unknown_speech(r, voices, language)[: 12 * RATE]
        pauses = [silence(r.uniform(0, 0.6)) for _ in range(2)]
        return through_channel(r, n, np.concatenate([pauses[0], sound, pauses[1]]), murmur), kind, []
    while True:
        sound, segments = conversation(r, voices, language)
        if len(sound) < LONGEST * RATE:
            return through_channel(r, n, sound, murmur), kind, segments


def write_shard(out: Path, number: int, voices: Voices) -> float:
    """Hours written; 0 for what was there."""
    index = out / f"{number:04d}.json"
    if index.exists():
        return 0
    language = LANGUAGES[number % len(LANGUAGES)]
    r, n = random.Random(number), np.random.default_rng(number)
    murmur = babble(r, voices)
    mels, windows, at = [], [], 0
    for _ in range(WINDOWS):
        sound, kind, segments = window(r, n, voices, language, murmur)
        mel, pad = log_mel(sound)
        mels.append(mel)
        windows.append(
            {"at": at, "frames": len(mel), "pad": pad, "language": language, "kind": kind, "segments": segments}
        )
        at += len(mel)
    np.save(index.with_suffix(".npy"), np.concatenate(mels))
    # The index comes last and at once: a shard without one does not count.
    part = index.with_suffix(".part")
    part.write_text(json.dumps(windows, ensure_ascii=False), encoding="utf-8")
    part.rename(index)
    return at / 360_000


def work(out: Path, numbers: range) -> None:
    voices = Voices()
    for number in numbers:
        if hours := write_shard(out, number, voices):
            print(f"{number:04d} {LANGUAGES[number % len(LANGUAGES)]}: {hours:.2f} h", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=40)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    shards = round(options.hours * 2)
    workers = [
        Process(target=work, args=(options.out, range(first, shards, options.processes)))
        for first in range(options.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    failed = [worker.exitcode for worker in workers if worker.exitcode]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(workers)} processes failed; start again to go on")


if __name__ == "__main__":
    main()
