#!/usr/bin/env python3
"""Telephone calls for the measurement: the sentences of sentences.tsv, which the bundled model was not trained on, said
by espeak-ng, as G.711 carries them. The same files each time.

    make-calls.py FOLDER

Writes NAME.wav (8 kHz) and NAME.json (`lang`; `sentences` with text, start_ms, end_ms), as in audio-samples/.
"""

import json
import os
import random
import subprocess
import sys
import wave

import numpy as np
from pypinyin import Style, lazy_pinyin

RATE = 8_000
A_CALL = 8  # utterances
VOICES = ["", "m1", "m3", "m7", "f1", "f2", "f4", "Alex", "Mario", "Andy", "Michael", "zac", "linda", "belinda"]
ACCENTS = {"en": ["en-us", "en-gb", "en-us", "en-gb-x-rp"], "zh": ["cmn-latn-pinyin"]}
PUNCTUATION = str.maketrans("，。？！", ",.?!")


def spoken(text, language):
    """Mandarin by its syllables and tones: espeak-ng's own dictionary of characters is small."""
    if language != "zh":
        return text
    return " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True)).translate(PUNCTUATION)


def espeak(text, voice, speed, pitch):
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    rate = int.from_bytes(wav[24:28], "little")
    # To a pipe it writes a length that is not one.
    data = wav[wav.find(b"data") + 8 :]
    return rate, np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64) / 32768


def telephone_band(sound, rate):
    """At 8 kHz, 300 to 3,400 Hz: what lies outside is cut from the spectrum."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    spectrum[(frequencies < 300) | (frequencies > 3_400)] = 0
    length = len(sound) * RATE // rate
    kept = np.zeros(length // 2 + 1, complex)
    take = min(len(kept), len(spectrum))
    kept[:take] = spectrum[:take]
    return np.fft.irfft(kept, length) * length / len(sound)


def trimmed(sound):
    loud = np.nonzero(np.abs(sound) > 0.02 * np.abs(sound).max())[0]
    return sound[loud[0] : loud[-1] + 1]


def g711(sound):
    """Through the mu-law companding curve (G.711), 8 bits and back."""
    squeezed = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
    squeezed = np.round(squeezed * 127) / 127
    return np.sign(squeezed) * (np.expm1(np.abs(squeezed) * np.log(256))) / 255


def say(texts, language, voice, pick):
    """One utterance: a sentence, or two with a pause too short to end it."""
    parts = []
    for text in texts:
        rate, sound = espeak(spoken(text, language), voice, pick.randint(135, 180), pick.randint(35, 65))
        sound = trimmed(telephone_band(sound, rate))
        parts += [sound / np.abs(sound).max() * 0.4, np.zeros(RATE // 5)]
    return np.concatenate(parts[:-1])


def call(utterances, language, pick, noise):
    variant = pick.choice(VOICES)
    voice = pick.choice(ACCENTS[language]) + (f"+{variant}" if variant else "")
    sounds, sentences, at = [np.zeros(RATE)], [], RATE
    for texts in utterances:
        sound = say(texts, language, voice, pick)
        gap = np.zeros(int(RATE * pick.uniform(0.9, 1.6)))
        joined = (" " if language == "en" else "").join(texts)
        sentences.append({"text": joined, "start_ms": at * 1000 // RATE, "end_ms": (at + len(sound)) * 1000 // RATE})
        sounds += [sound, gap]
        at += len(sound) + len(gap)
    line = np.concatenate(sounds)
    line = g711(np.clip(line + noise.standard_normal(len(line)) * 0.001, -1, 1))
    return (line * 32767).astype("<i2"), {"lang": language, "voice": voice, "rate": RATE, "sentences": sentences}


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "sentences.tsv"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    for language in ACCENTS:
        pick, noise = random.Random(language), np.random.default_rng(8)
        texts = [text for which, text in lines if which == language]
        utterances = []
        while texts:
            count = 2 if pick.random() < 0.12 and len(texts) > 1 else 1
            utterances.append([texts.pop() for _ in range(count)])
        for number, first in enumerate(range(0, len(utterances), A_CALL)):
            pcm, told = call(utterances[first : first + A_CALL], language, pick, noise)
            name = os.path.join(folder, f"{language}-{number:02}")
            with wave.open(f"{name}.wav", "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes(pcm.tobytes())
            with open(f"{name}.json", "w", encoding="utf-8") as file:
                json.dump(told, file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
