"""Sounds that are not speech: silence, noise, music, line tones, keys, a murmur of many voices. Peak 1, 16 kHz."""

import random

import numpy as np

from channel import RATE, decibels, noise

# (frequencies Hz, on s, off s): ringback, busy, congestion and special tones of America, Europe, China, Hong Kong.
LINE_TONES = [
    ((440, 480), 2.0, 4.0), ((425,), 1.0, 4.0), ((450,), 1.0, 4.0), ((400, 450), 0.4, 0.2), ((425,), 1.0, 3.0),
    ((480, 620), 0.5, 0.5), ((425,), 0.5, 0.5), ((450,), 0.35, 0.35), ((480, 620), 0.25, 0.25), ((425,), 0.25, 0.25),
    ((350, 440), 9.0, 0.0), ((425,), 9.0, 0.0), ((440,), 0.3, 9.7), ((1400,), 0.4, 14.6), ((1000,), 9.0, 0.0),
]  # fmt: skip
KEYS = ((697, 770, 852, 941), (1209, 1336, 1477, 1633))
SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19)


def no_speech(r: random.Random, n: np.random.Generator, seconds: float, babble: np.ndarray) -> np.ndarray:
    """One of them, at a level between barely audible and loud."""
    length = int(seconds * RATE)
    time = np.arange(length) / RATE
    kind = r.choices(["silence", "noise", "line", "keys", "music", "babble", "clicks"], [3, 4, 2, 2, 5, 3, 1])[0]
    if kind == "silence":
        return n.standard_normal(length).astype(np.float32) * decibels(r.uniform(-100, -55))
    if kind == "babble":
        # Many voices at once, none of them to be understood.
        sound = np.resize(np.roll(babble, -r.randrange(len(babble))), length)
    else:
        make = {"noise": noise, "line": line_tone, "keys": keys, "music": music, "clicks": clicks}[kind]
        sound = make(r, n, length) if kind in ("noise", "clicks") else make(r, time)
    sound = sound / (np.abs(sound).max(initial=0) + 1e-6) * decibels(r.uniform(-40, -2))
    return (sound + n.standard_normal(length) * decibels(r.uniform(-85, -40))).astype(np.float32)


def line_tone(r: random.Random, time: np.ndarray) -> np.ndarray:
    frequencies, on, off = r.choice(LINE_TONES)
    phase = time + r.uniform(0, on + off)
    return sum(np.sin(2 * np.pi * f * time) for f in frequencies) * (phase % (on + off) < on)


def keys(r: random.Random, time: np.ndarray) -> np.ndarray:
    """Somebody presses keys (DTMF)."""
    sound, at = np.zeros(len(time)), int(RATE * r.uniform(0, 0.5))
    while at < len(time):
        length = int(RATE * r.uniform(0.06, 0.35))
        part = time[at : at + length]
        sound[at : at + length] = sum(np.sin(2 * np.pi * r.choice(row) * part) for row in KEYS)
        at += length + int(RATE * r.uniform(0.04, 0.6))
    return sound


def music(r: random.Random, time: np.ndarray) -> np.ndarray:
    """Notes and chords of a few timbres, plucked or held, sometimes trembling: a hold melody."""
    sound, at = np.zeros(len(time)), 0
    base, beat = r.uniform(98, 440), r.uniform(0.12, 0.6)
    harmonics, slope = range(1, r.randint(2, 9), r.choice([1, 1, 2])), r.uniform(0.7, 2.2)
    decay, tremble = r.choice([0, r.uniform(0, 8)]), r.choice([0, 0, r.uniform(0.002, 0.01)])
    while at < len(time):
        part = time[at : at + int(RATE * beat * r.choice([1, 1, 2, 4]))]
        local = part - part[0]
        note = np.zeros(len(part))
        for _ in range(r.choice([1, 1, 1, 2, 3, 4])):
            pitch = base * 2 ** (r.choice(SCALE) / 12)
            wobble = tremble * np.sin(2 * np.pi * 5.5 * local)
            note += sum(np.sin(2 * np.pi * pitch * k * (local + wobble / 6)) / k**slope for k in harmonics)
        fade = np.minimum(1, np.minimum(local, local[-1] - local) / 0.01)
        sound[at : at + len(part)] += note * np.exp(-local * decay) * fade
        at += len(part)
    return sound


def clicks(r: random.Random, n: np.random.Generator, length: int) -> np.ndarray:
    """Knocks, cracks, somebody handling the receiver."""
    sound = n.standard_normal(length) * 0.003
    for _ in range(r.randint(1, 12)):
        size = min(length, int(RATE * r.uniform(0.004, 0.15)))
        at = r.randrange(max(1, length - size))
        burst = n.standard_normal(size) * np.exp(-np.arange(size) / (size * r.uniform(0.1, 0.4)))
        sound[at : at + size] += burst[: length - at] * r.uniform(0.1, 1)
    return sound
