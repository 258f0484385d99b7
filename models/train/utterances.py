"""One utterance: a text of the grammar, or a piece of one, with a voice; and speech that nobody could write down."""

import random
import zlib
from dataclasses import dataclass

import numpy as np

from phones import read
from text import cantonese, english, mandarin
from voices import RATE, Voices

GRAMMARS = {"en": english, "zh": mandarin, "yue": cantonese}
NUMBERS = {
    *"zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split(),
    *"seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand".split(),
    *"零〇一二三四五六七八九十百千萬万兩两",
}
# Syllables of no word, in the letters that a voice reads as its own language.
SCRIPTS = {
    "ru bg": ("бвгдзклмнпрстх", "аеиоуы"),
    "el": ("βγδζθκλμνπρστφχ", "αειου"),
    "hi": ("कगचजटडतदनपबमरलवसह", "ािीुूेो"),
    "ta": ("கசடதநபமயரலவன", "ாிீுூேோ"),
    "fa ar": ("بتجدرسفکلمن", "اوی"),
    "ka": ("ბგდვზთკლმნპრსტ", "აეიოუ"),
    "ko": ("".join(chr(0xAC00 + 588 * lead) for lead in (0, 2, 3, 5, 6, 7, 9, 12, 15, 16)), ("",)),
}
LATIN = ("b d f g k l m n p r s t v z br st kl tr sp".split(), "a e i o u ai ou an en or".split())


@dataclass
class Word:
    """A word or character: seconds from the utterance's beginning, as written, as read."""

    start: float
    end: float
    text: str
    spoken: str


@dataclass
class Utterance:
    """Sound at 16 kHz, what is written down for it, and how that was read (for the CTC labels)."""

    sound: np.ndarray
    text: str
    spoken: str
    voice: str
    words: list["Word"]  # empty where the voice does not tell them


def is_held_out(text: str) -> bool:
    """Whether a text is for evaluation only: one in fifty, by its hash. Short ones are in everybody's mouth."""
    units = text.split() if text.isascii() else text
    return len(units) >= 6 and zlib.crc32(text.encode()) % 50 == 0


def sentence(r: random.Random, language: str, held_out: bool = False) -> str:
    while True:
        text = GRAMMARS[language].sentence(r)
        if is_held_out(text) == held_out:
            return text


def utterance(r: random.Random, voices: Voices, language: str) -> Utterance:
    """Whole sentences mostly; one in five a phrase alone, one in six a piece cut out of a sentence."""
    kind = r.random()
    if kind < 0.2:
        return said(r, voices, GRAMMARS[language].fragment(r), language)
    text = sentence(r, language)
    if kind < 0.37:
        return cut(r, said(r, voices, text, language, by_flite=0))
    return said(r, voices, text, language)


def said(r: random.Random, voices: Voices, text: str, language: str, by_flite: float = 0.25) -> Utterance:
    """`text` by one voice."""
    units = [(part, place) for spoken, place in read(text, language) for part in spoken.split()]
    spoken = " ".join(part for part, _ in units)
    heard = voices.say(r, spoken, language, by_flite)
    return Utterance(heard.sound, text, spoken, heard.voice, words(text, units, heard.words))


def words(text: str, units: list[tuple[str, int]], events: list[tuple[float, float, int]]) -> list[Word]:
    """What the voice's word events mean, or nothing where it did not tell every unit. A letter of two syllables in a
    Chinese text is one word."""
    if len(events) != len(units):
        return []
    found: list[Word] = []
    places = sorted({place for _, place in units})
    text_from = {a: text[a:b].strip() for a, b in zip(places, [*places[1:], len(text)])}
    before = None
    for (start, end, _), (spoken, place) in zip(events, units):
        if place == before:
            found[-1].end = end
            found[-1].spoken += " " + spoken
        else:
            found.append(Word(start, end, text_from[place], spoken))
        before = place
    return found


def cut(r: random.Random, whole: Utterance) -> Utterance:
    """A piece of one to eight words, out of the sound: what a human hears when a phrase is played alone."""
    if len(whole.words) < 3:
        return whole
    first, last = number_phrase(r, whole) if r.random() < 0.5 else random_phrase(r, whole)
    chosen = whole.words[first : last + 1]
    start, end = chosen[0].start + r.uniform(-0.02, 0.02), chosen[-1].end + r.uniform(-0.02, 0.02)
    sound = whole.sound[max(0, int(start * RATE)) : int(end * RATE)]
    joint = " " if whole.text.isascii() else ""
    text = joint.join(word.text for word in chosen).rstrip(",，、")
    text = text[0].upper() + text[1:]
    if text[-1] not in ".?!。？！":
        text += "." if whole.text.isascii() else "。"
    return Utterance(sound, text, " ".join(word.spoken for word in chosen), whole.voice, [])


def random_phrase(r: random.Random, whole: Utterance) -> tuple[int, int]:
    first = r.randrange(len(whole.words))
    return first, min(first + r.randrange(8), len(whole.words) - 1)


def number_phrase(r: random.Random, whole: Utterance) -> tuple[int, int]:
    """A run of number words, or any phrase where there is none."""
    number = [word.text.strip(",.?!，。？！、").lower() in NUMBERS for word in whole.words]
    begins = [at for at, here in enumerate(number) if here and (at == 0 or not number[at - 1])]
    if not begins:
        return random_phrase(r, whole)
    first = last = r.choice(begins)
    while last + 1 < len(number) and number[last + 1]:
        last += 1
    return first, last


def unknown_speech(r: random.Random, voices: Voices, language: str) -> np.ndarray:
    """Another language, nonsense by a known voice, or a known sentence played backwards: two to eight seconds."""
    kind = r.random()
    if kind < 0.55:
        foreign = r.choice(voices.foreign)
        return voices.say_foreign(r, nonsense(r, foreign), foreign).sound
    if kind < 0.7:
        return voices.say(r, nonsense(r, "en"), "en").sound
    return said(r, voices, sentence(r, language), language).sound[::-1].copy()


def nonsense(r: random.Random, language: str) -> str:
    consonants, vowels = next((letters for names, letters in SCRIPTS.items() if language in names.split()), LATIN)
    word = lambda: "".join(r.choice(consonants) + r.choice(vowels) for _ in range(r.randint(1, 4)))
    return " ".join(word() + r.choice(["", "", "", ","]) for _ in range(r.randint(3, 12))) + "."


def babble(r: random.Random, voices: Voices, seconds: float = 12) -> np.ndarray:
    """A room full of people: six to ten voices talk over one another without a pause."""
    length = int(seconds * RATE)
    murmur = np.zeros(length, np.float32)
    for _ in range(r.randint(6, 10)):
        language = r.choice(["en", "zh", "yue"])
        one = [said(r, voices, sentence(r, language), language, by_flite=0).sound for _ in range(2)]
        murmur += np.resize(np.roll(np.concatenate(one), r.randrange(RATE)), length) * r.uniform(0.4, 1)
    return murmur / (np.abs(murmur).max() + 1e-6)
