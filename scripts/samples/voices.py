"""Synthetic callers, with word times that are known because the synthesiser itself tells them.

espeak-ng reports where each word begins (its library's word events, to the sample), flite where each phone ends
(`-psdur`). A word ends where the next one begins; before a pause, where its sound falls below FAINT.
"""

import ctypes
import multiprocessing
import re
import struct
import subprocess
import tempfile
import wave

# Amplitude, against the loudest sample of the utterance, below which a sound has ended.
FAINT = 0.02
# Of espeak-ng's C header: events, output mode, parameters.
LIST_END, WORD = 0, 1
RETRIEVE, DONT_EXIT, UTF8, BY_CHARACTER = 2, 0x8000, 1, 1
SPEED, PITCH = 1, 3
PUNCTUATION = " .,?!，。？！"


class Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


def _espeak(voice, text, speed, pitch):
    """Rate, samples, and (position in the text, sample) of every word."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    rate = library.espeak_Initialize(RETRIEVE, 0, None, DONT_EXIT)
    pcm, begins = [], []

    @Callback
    def collect(samples, count, events):
        if samples and count:
            pcm.extend(samples[:count])
        at = 0
        while events[at].type != LIST_END:
            if events[at].type == WORD:
                begins.append((events[at].text_position - 1, events[at].sample))
            at += 1
        return 0

    library.espeak_SetSynthCallback(collect)
    if rate <= 0 or library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {voice}; install espeak-ng and its data")
    library.espeak_SetParameter(SPEED, speed, 0)
    library.espeak_SetParameter(PITCH, pitch, 0)
    spoken = text.encode() + b"\0"
    library.espeak_Synth(spoken, len(spoken), 0, BY_CHARACTER, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return rate, pcm, begins


def espeak(voice, text, speed=150, pitch=50, pinyin=None):
    """Says `text` (for Mandarin its `pinyin`, a syllable a character): rate, samples, words with seconds."""
    # The library keeps state from one utterance to the next; a process each makes every one the same every time.
    with multiprocessing.get_context("fork").Pool(1) as process:
        rate, pcm, begins = process.apply(_espeak, (voice, pinyin or text, speed, pitch))
    ends = [sample for _, sample in begins[1:]] + [len(pcm)]
    if pinyin:
        characters = [c for c in text if c not in PUNCTUATION]
        if len(characters) != len(begins):
            raise SystemExit(f"{text}: {len(characters)} characters, {len(begins)} syllables in {pinyin!r}")
        words = characters
    else:
        places = [position for position, _ in begins] + [len(text)]
        words = [text[a:b].strip(PUNCTUATION) for a, b in zip(places, places[1:])]
    spans = [(begin / rate, _sounds_until(pcm, begin, end) / rate) for (_, begin), end in zip(begins, ends)]
    return rate, [sample / 32768 for sample in pcm], list(zip(words, spans))


def _sounds_until(pcm, begin, end):
    loudest = max(map(abs, pcm))
    while end > begin + 1 and abs(pcm[end - 1]) < loudest * FAINT:
        end -= 1
    return end


def flite(voice, text, stretch=1.0, pitch=None):
    """Says `text`: rate, samples, words with seconds."""
    settings = ["-voice", voice, "--setf", f"duration_stretch={stretch:.2f}"]
    if pitch:
        settings += ["--setf", f"int_f0_target_mean={pitch}"]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        told = _run(["flite", *settings, "-psdur", "-t", text, "-o", file.name])
        with wave.open(file.name) as sound:
            rate, count = sound.getframerate(), sound.getnframes()
            pcm = struct.unpack(f"<{count}h", sound.readframes(count))
    ends = [(phone, float(end)) for phone, end in re.findall(r"(\w+):([\d.]+)", told)]
    phones = [(phone, begin, end) for (_, begin), (phone, end) in zip([("pau", 0.0)] + ends, ends) if phone != "pau"]
    words, at = [], 0
    for word in text.split():
        word = word.strip(PUNCTUATION)
        length = len([p for p in _run(["flite", "-voice", voice, "-ps", "-t", word, "-o", "none"]).split() if p != "pau"])
        words.append((word, (phones[at][1], phones[at + length - 1][2])))
        at += length
    if at != len(phones):
        raise SystemExit(f"{text}: flite says {len(phones)} phones in the sentence and {at} in its words")
    return rate, [sample / 32768 for sample in pcm], words


def _run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
