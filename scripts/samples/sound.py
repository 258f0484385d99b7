"""Lines, noises and tones, as lists of floats in -1..1. Only the standard library, every random number seeded."""

import math
import random
from operator import mul

TELEPHONE = 8000


def seconds(rate, length):
    return range(round(rate * length))


def rms(samples):
    return math.sqrt(sum(s * s for s in samples) / max(len(samples), 1))


def at_peak(samples, decibels):
    """Scaled so that the loudest sample lies `decibels` (dBFS) below full scale."""
    gain = 10 ** (decibels / 20) / max(max(map(abs, samples)), 1e-9)
    return [s * gain for s in samples]


def at_level(samples, decibels):
    """Scaled to this root mean square, dBFS."""
    gain = 10 ** (decibels / 20) / max(rms(samples), 1e-9)
    return [s * gain for s in samples]


def _sinc(cutoff, x):
    return cutoff if x == 0 else math.sin(math.pi * cutoff * x) / (math.pi * x)


def _blackman(x):
    """For x in -1..1."""
    return 0.42 + 0.5 * math.cos(math.pi * x) + 0.08 * math.cos(2 * math.pi * x)


def resample(samples, rate, wanted):
    """Polyphase windowed sinc, without delay: times stay what they were."""
    if rate == wanted:
        return list(samples)
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    cutoff = min(1.0, wanted / rate) * 0.95
    reach = math.ceil(24 / cutoff)
    phases = []
    for phase in range(up):
        offsets = [phase / up - tap for tap in range(-reach + 1, reach + 1)]
        phases.append([_sinc(cutoff, x) * _blackman(x / (reach + 1)) for x in offsets])
    padded = [0.0] * reach + list(samples) + [0.0] * (reach + 1)
    out = []
    for n in range(len(samples) * up // down):
        whole, phase = divmod(n * down, up)
        out.append(sum(map(mul, phases[phase], padded[whole + 1 : whole + 1 + 2 * reach])))
    return out


def telephone_band(samples, low=300, high=3400, taps=161):
    """What an analogue line lets through; 8 kHz in and out, without delay."""
    half = taps // 2
    at = [n - half for n in range(taps)]
    band = [
        (_sinc(2 * high / TELEPHONE, x) - _sinc(2 * low / TELEPHONE, x)) * _blackman(x / (half + 1)) for x in at
    ]
    padded = [0.0] * half + list(samples) + [0.0] * half
    return [sum(map(mul, band, padded[n : n + taps])) for n in range(len(samples))]


def mu_law(samples):
    """There and back through G.711 mu-law: eight bits a sample."""
    return [_decoded(_encoded(s)) for s in samples]


def _encoded(sample):
    value = min(abs(round(sample * 32768)), 32635) + 132
    exponent = value.bit_length() - 8
    return (sample < 0, exponent, (value >> (exponent + 3)) & 15)


def _decoded(code):
    negative, exponent, mantissa = code
    value = (((mantissa << 3) + 132) << exponent) - 132
    return (-value if negative else value) / 32768


def white(rate, length, seed):
    generator = random.Random(seed)
    return [generator.gauss(0, 1) for _ in seconds(rate, length)]


def pink(rate, length, seed):
    """Kellet's filter: within 0.1 dB of 1/f between 10 Hz and half the rate."""
    poles = (0.99886, 0.99332, 0.96900, 0.86650, 0.55000, -0.7616)
    gains = (0.0555179, 0.0750759, 0.1538520, 0.3104856, 0.5329522, -0.0168980)
    state, last, out = [0.0] * 6, 0.0, []
    for w in white(rate, length, seed):
        state = [pole * s + gain * w for pole, s, gain in zip(poles, state, gains)]
        out.append(sum(state) + last + w * 0.5362)
        last = w * 0.115926
    return out


def tone(rate, length, frequencies, on=None, period=None):
    """Sines together, switched on for `on` of every `period` seconds."""
    whole = period or length
    return [
        sum(math.sin(2 * math.pi * f * n / rate) for f in frequencies) if (n / rate) % whole < (on or whole) else 0.0
        for n in seconds(rate, length)
    ]


KEYS = {
    key: (row, column)
    for row, keys in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"))
    for key, column in zip(keys, (1209, 1336, 1477, 1633))
}


def dtmf(rate, keys, on=0.12, off=0.18):
    return sum((tone(rate, on, KEYS[key]) + [0.0] * len(seconds(rate, off)) for key in keys), [])


def note(rate, length, midi, decay, harmonics=5):
    frequency = 440 * 2 ** ((midi - 69) / 12)
    return [
        sum(math.sin(2 * math.pi * frequency * h * n / rate) / h**1.5 for h in range(1, harmonics + 1))
        * math.exp(-decay * n / rate) * min(1.0, n / (0.01 * rate))
        for n in seconds(rate, length)
    ]


def chords(rate, bars, length):
    """Sustained chords, one after the other, as hold music has them. `bars`: MIDI notes of each."""
    out = []
    for bar in bars:
        voices = [note(rate, length, midi, 0.6) for midi in bar]
        out += [sum(column) for column in zip(*voices)]
    return out


def melody(rate, notes, beat):
    """One plucked note after the other. `notes`: (MIDI note, beats)."""
    return sum((note(rate, beat * beats, midi, 3.0) for midi, beats in notes), [])
