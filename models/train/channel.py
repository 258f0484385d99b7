"""What lies between a mouth and the recogniser: room, noise, level, telephone. All sound is float32 at 16 kHz."""

import random

import numpy as np
import scipy.fft
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

RATE = 16_000
PHONE_RATE = 8_000
PACKET = PHONE_RATE // 50  # 20 ms


def through_channel(r: random.Random, n: np.random.Generator, sound: np.ndarray, babble: np.ndarray) -> np.ndarray:
    """A caller's sound as it arrives. `babble`: a few seconds of many voices, for the room behind the caller."""
    if r.random() < 0.2:
        sound = in_room(r, n, sound)
    if r.random() < 0.6:
        sound = with_noise(r, n, sound, babble)
    return through_line(r, n, sound * (0.95 * decibels(r.uniform(-24, 0)) / max(np.abs(sound).max(initial=0), 1e-3)))


def through_line(r: random.Random, n: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """Level kept: clipping, for two thirds a telephone, the hiss of the line, 16 bits."""
    length = len(sound)
    if r.random() < 0.08:
        sound = np.clip(sound * decibels(r.uniform(3, 14)), -0.95, 0.95)
    if r.random() < 0.67:
        phone = sound_by_phone(r, n, resample_poly(sound, 1, 2))
        sound = resample_poly(phone, 2, 1)[:length]
    if r.random() < 0.5:
        sound = sound + n.standard_normal(length) * decibels(r.uniform(-90, -60))
    return (np.round(np.clip(sound, -1, 1) * 32767) / 32768).astype(np.float32)


def decibels(level: float) -> float:
    return 10 ** (level / 20)


def power(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2) + 1e-12))


def in_room(r: random.Random, n: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """Echoes that die away within 50 to 350 ms."""
    length = int(RATE * r.uniform(0.05, 0.35))
    response = n.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
    response *= r.uniform(0.05, 0.3) / np.sqrt((response**2).sum())
    response[0] = 1
    return fftconvolve(sound, response)[: len(sound)].astype(np.float32)


def with_noise(r: random.Random, n: np.random.Generator, sound: np.ndarray, babble: np.ndarray) -> np.ndarray:
    if r.random() < 0.2:
        # Other people in the room: any louder and it is not clear who is meant.
        start = r.randrange(len(babble))
        other, ratio = np.resize(np.roll(babble, -start), len(sound)), r.uniform(10, 28)
    else:
        other, ratio = noise(r, n, len(sound)), r.uniform(4, 30)
    return sound + other * (power(sound) / (power(other) + 1e-9) / decibels(ratio))


def noise(r: random.Random, n: np.random.Generator, length: int) -> np.ndarray:
    """White, coloured, a band that swells (wind, traffic), or hum."""
    white = n.standard_normal(length).astype(np.float32)
    kind = r.random()
    if kind < 0.3:
        return white
    if kind < 0.72:
        spectrum = scipy.fft.rfft(white)
        spectrum /= (np.arange(len(spectrum)) + 20.0) ** r.uniform(0.3, 1.0)
        return scipy.fft.irfft(spectrum, length).astype(np.float32)
    time = np.arange(length) / RATE
    if kind < 0.88:
        low = r.uniform(100, 1500)
        band = butter(2, [low, min(7500, low * r.uniform(1.5, 4))], "band", fs=RATE, output="sos")
        swell = 1 + 0.8 * np.sin(2 * np.pi * r.uniform(0.2, 3) * time)
        return (sosfilt(band, white) * swell).astype(np.float32)
    pitch = r.choice([50, 60, 100, 120, r.uniform(80, 400)])
    hum = sum(np.sin(2 * np.pi * pitch * k * time + k) / k for k in range(1, 6))
    return (hum + 0.05 * white).astype(np.float32)


def sound_by_phone(r: random.Random, n: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """Band, G.711 and lost packets at 8 kHz."""
    if r.random() < 0.65:
        edges = [r.uniform(120, 330), r.uniform(3100, 3800)]
        sound = sosfilt(butter(r.choice([2, 4]), edges, "band", fs=PHONE_RATE, output="sos"), sound)
    law = r.choice([mu_law, a_law, mu_law, a_law, lambda clear: clear])
    sound = law(np.clip(sound, -1, 1))
    if r.random() < 0.12:
        sound = with_loss(r, n, sound)
    return sound


def mu_law(sound: np.ndarray) -> np.ndarray:
    """G.711 mu-law there and back: 127 steps a side on a logarithmic curve."""
    step = np.round(np.log1p(255 * np.abs(sound)) / np.log(256) * 127) / 127
    return np.sign(sound) * np.expm1(step * np.log(256)) / 255


def a_law(sound: np.ndarray) -> np.ndarray:
    """G.711 A-law there and back."""
    slope, size = 87.6, np.abs(sound)
    scale = 1 + np.log(slope)
    curve = np.where(size < 1 / slope, slope * size, 1 + np.log(np.maximum(slope * size, 1e-9))) / scale
    step = np.round(curve * 127) / 127
    back = np.where(step < 1 / scale, step * scale / slope, np.exp(step * scale - 1) / slope)
    return np.sign(sound) * back


def with_loss(r: random.Random, n: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """1 to 6 % of the packets lost, some in a row; heard instead: nothing, the packet before, or comfort noise."""
    sound, rate = sound.copy(), r.uniform(0.01, 0.06)
    conceal = r.choice(["silence", "repetition", "comfort noise"])
    lost = False
    for start in range(PACKET, len(sound) - PACKET, PACKET):
        lost = r.random() < (0.35 if lost else rate)
        if not lost:
            continue
        if conceal == "repetition":
            sound[start : start + PACKET] = 0.8 * sound[start - PACKET : start]
        else:
            quiet = decibels(r.uniform(-66, -50)) if conceal == "comfort noise" else 0.0
            sound[start : start + PACKET] = n.standard_normal(PACKET) * quiet
    return sound
