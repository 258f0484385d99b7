"""Voices: espeak-ng (in process, with the time of every word) and flite. Training and held-out voices apart.

espeak-ng has a few dozen "variants" (throats) that go with every language; a voice here is a language plus a variant.
"""

import ctypes
import ctypes.util
import random
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.signal import resample_poly

RATE = 16_000

VARIANTS = """m1 m2 m3 m4 m5 m6 f1 f2 f4 f5 adam Alex Alicia Andrea Andy Annie AnxiousAndy announcer antonio aunty
    belinda benjamin boris caleb david Denis Diogo ed edward edward2 Gene Gene2 grandma grandpa gustave
    Henrique Hugo iven iven2 iven3 iven4 Jacky john kaukovalta klatt klatt2 klatt3 klatt4 Lee marcelo
    Marco max michel miguel Mike norbert pablo paul pedro quincy RicishayMax rob robert sandro shelby
    steph steph2 steph3 Storm travis Tweaky victor""".split()
HELD_OUT_VARIANTS = "m7 m8 f3 Michael linda Mario zac anika".split()
FLITE = "slt rms kal kal16".split()
HELD_OUT_FLITE = ["awb"]

LANGUAGES = {
    "en": "en en-us en-us en-gb-x-rp en-gb-scotland en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc".split(),
    # Both take Latin letters with tone digits: `phones` decides how a character is read, and labels the same.
    "zh": ["cmn-latn-pinyin"],
    "yue": ["sit/yue-Latn-jyutping"],
}
# Speech the model cannot know. Those held out are heard in evaluation only.
FOREIGN = "de fr es it pt pl ru tr sv fi hu cs nl el id sw hi ta fa ro".split()
HELD_OUT_FOREIGN = "da bg ca ko vi ar lv ka".split()


@dataclass
class Spoken:
    """Sound of one utterance: float32 at `RATE`, peak 0.7, and the words' (start s, end s, position in the text)."""

    sound: np.ndarray
    words: list[tuple[float, float, int]]
    voice: str

    @property
    def seconds(self) -> float:
        return len(self.sound) / RATE


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
SYNCHRONOUS, WORD, END_OF_LIST, UTF8 = 2, 1, 0, 1
SPEED, PITCH, RANGE, GAP = 1, 3, 4, 7  # espeak_PARAMETER


class Espeak:
    """libespeak-ng in this process: a thousand short utterances a minute, where a process each would cost more."""

    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
        assert self.rate > 0, "libespeak-ng does not start; is the package espeak-ng there?"
        self.callback = CALLBACK(self._take)  # kept: the library holds no reference
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples, count, events) -> int:
        if count > 0:
            self.chunks.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768)
        at = 0
        while events[at].type != END_OF_LIST:
            if events[at].type == WORD:
                place = events[at].text_position - 1
                # A stray event may come once more at the end.
                if not self.events or place > self.events[-1][1]:
                    self.events.append((events[at].audio_position / 1000, place))
            at += 1
        return 0

    def say(self, text: str, voice: str, speed: int, pitch: int, lively: int, gap: int):
        """Sound at `self.rate` and the (start s, position in the text) of every word."""
        self.chunks, self.events = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((SPEED, speed), (PITCH, pitch), (RANGE, lively), (GAP, gap)):
            self.library.espeak_SetParameter(parameter, value, 0)
        raw = text.encode()
        self.library.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, UTF8, None, None)
        return np.concatenate(self.chunks or [np.zeros(0, np.float32)]), self.events


@cache
def espeak() -> Espeak:
    """The library has one state for the whole process."""
    return Espeak()


def flite(text: str, voice: str, stretch: float, pitch: int | None) -> tuple[np.ndarray, int]:
    """Sound and its rate; flite tells no word times."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}"]
        command += ["--setf", f"int_f0_target_mean={pitch}"] if pitch else []
        subprocess.run([*command, "-t", text, "-o", file.name], check=True, capture_output=True)
        raw = file.read()
    start = raw.find(b"data") + 8
    pcm = np.frombuffer(raw[start : start + (len(raw) - start) // 2 * 2], "<i2")
    return pcm.astype(np.float32) / 32768, int.from_bytes(raw[24:28], "little")


class Voices:
    """Says a text with a voice drawn at random, `held_out` ones or those of the training."""

    def __init__(self, held_out: bool = False):
        self.espeak = espeak()
        self.variants = HELD_OUT_VARIANTS if held_out else ["", *VARIANTS]
        self.flite = HELD_OUT_FLITE if held_out else FLITE
        self.foreign = HELD_OUT_FOREIGN if held_out else FOREIGN

    def say(self, r: random.Random, text: str, language: str, by_flite: float = 0.25) -> Spoken:
        """`text` as the voice reads it: for Chinese languages the syllables of `phones`, not characters."""
        if language == "en" and r.random() < by_flite:
            return self._flite(r, text)
        return self._espeak(r, text, r.choice(LANGUAGES[language]))

    def say_foreign(self, r: random.Random, text: str, language: str) -> Spoken:
        """A text read by a voice of another language, one of `foreign`."""
        return self._espeak(r, text, language)

    def _espeak(self, r: random.Random, text: str, base: str) -> Spoken:
        variant = r.choice(self.variants)
        voice = f"{base}+{variant}" if variant else base
        gap = r.choice([0, 0, 0, r.randint(1, 4)])
        sound, events = self.espeak.say(text, voice, r.randint(115, 195), r.randint(25, 75), r.randint(30, 70), gap)
        # Played a little faster or slower: every throat becomes many.
        factor = r.uniform(0.92, 1.08)
        sound, lead = trimmed(resampled(sound, self.espeak.rate * factor))
        length = len(sound) / RATE
        starts = [min(max(0.0, at / factor - lead), length) for at, _ in events]
        words = [(a, b, place) for a, b, (_, place) in zip(starts, [*starts[1:], length], events)]
        return Spoken(loud(sound), words, voice)

    def _flite(self, r: random.Random, text: str) -> Spoken:
        voice = r.choice(self.flite)
        low, high = (150, 220) if voice == "slt" else (85, 140)
        pitch = None if r.random() < 0.4 else r.randint(low, high)
        sound, rate = flite(text, voice, r.uniform(0.82, 1.2), pitch)
        sound, _ = trimmed(resampled(sound, rate * r.uniform(0.94, 1.06)))
        return Spoken(loud(sound), [], voice)


def resampled(sound: np.ndarray, rate: float) -> np.ndarray:
    up, down = 1600, round(rate / 10)
    divisor = np.gcd(up, down)
    return resample_poly(sound, up // divisor, down // divisor).astype(np.float32)


def trimmed(sound: np.ndarray) -> tuple[np.ndarray, float]:
    """Without the silence around it, and how many seconds went from its beginning."""
    heard = np.nonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=1e-6))[0]
    if len(heard) == 0:
        return sound, 0.0
    start = max(0, heard[0] - RATE // 100)
    return sound[start : heard[-1] + RATE // 50], start / RATE


def loud(sound: np.ndarray) -> np.ndarray:
    return sound * (0.7 / (np.abs(sound).max(initial=0) + 1e-6))
