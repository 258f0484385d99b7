"""Whisper's log-mel spectrogram as whisper.cpp computes it: 25 ms windows every 10 ms, 80 bands, in float."""

from functools import cache
from pathlib import Path

import numpy as np
import scipy.fft
import whisper

RATE, WINDOW, HOP, BANDS = 16_000, 400, 160, 80
FRAMES_A_SECOND = RATE // HOP
HANN = (0.5 * (1 - np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))).astype(np.float32)
SILENCE = -10.0  # log10 of the smallest power that is told apart
DYNAMIC = 8.0  # what lies further below the loudest is cut off


@cache
def filters() -> np.ndarray:
    """The mel filters of every Whisper model with 80 bands, [80, 201]."""
    return np.load(Path(whisper.__file__).parent / "assets" / "mel_filters.npz")["mel_80"].astype(np.float32)


def log_mel(sound: np.ndarray) -> tuple[np.ndarray, float]:
    """[frames, 80] in float16, and the value that silence after the sound has in it.

    Normalised over the whole, as Whisper does: cut-off 8 below the maximum, then (x + 4) / 4.
    """
    count = len(sound)
    frames = (count + WINDOW // 2) // HOP + 1
    half = WINDOW // 2
    padded = np.zeros(half + frames * HOP + WINDOW, np.float32)
    padded[half : half + count] = sound
    mirrored = min(half, max(0, count - 1))
    padded[half - mirrored : half] = sound[1 : 1 + mirrored][::-1]
    stride = padded.strides[0]
    windows = np.lib.stride_tricks.as_strided(padded, (frames, WINDOW), (HOP * stride, stride))
    spectrum = scipy.fft.rfft(windows * HANN, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.log10(np.maximum(power @ filters().T, 10**SILENCE))
    floor = max(float(mel.max()), SILENCE) - DYNAMIC
    return ((np.maximum(mel, floor) + 4) / 4).astype(np.float16), (max(SILENCE, floor) + 4) / 4
