"""Utterances of English hotline calls, as they are written down: numbers in words, spelled letters apart."""

import random
import re
import string
from functools import cache

from .english_numbers import RULES as NUMBERS
from .grammar import Grammar

NATO = """Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa Quebec Romeo
Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu""".split()


def letter(r: random.Random) -> str:
    return r.choice(string.ascii_uppercase)


def nato_letter(r: random.Random) -> str:
    return r.choice(NATO)


@cache
def code_words(initial: str) -> list[str]:
    """The words that stand for a letter: Bravo, Baker and Boy for B."""
    return [word for word in GRAMMAR.lines("codeword") + NATO if word[0] == initial]


def letter_as_in(r: random.Random, initial: str = "") -> str:
    """ "B as in Bravo", of any letter if none is given."""
    initial = initial or letter(r)
    return f"{initial} {r.choice(('as in', 'as in', 'for', 'like'))} {r.choice(code_words(initial))}"


def spell(r: random.Random, word: str) -> str:
    """`word` letter by letter: "M I L L E R", "M, I, L, L, E, R", "M I double L E R", "M as in Mike, I for India"."""
    letters = [character for character in word.upper() if character in string.ascii_uppercase]
    way = r.random()
    if way < 0.1:
        return ", ".join(letter_as_in(r, x) for x in letters[:4])
    if way < 0.25:
        return ", ".join(letters)
    spelled = " ".join(letters)
    return re.sub(r"\b(\w) \1\b", r"double \1", spelled) if way < 0.5 else spelled


def spelled(r: random.Random) -> str:
    """A name or a string of letters, spelled."""
    if r.random() < 0.25:
        return " ".join(letter(r) for _ in range(r.randint(2, 6)))
    return spell(r, GRAMMAR.pick(r, r.choice(("surname", "surname", "first", "hksurname", "streetname", "town"))))


def spelled_name(r: random.Random) -> str:
    surname = GRAMMAR.pick(r, "surname")
    return f"{surname}, {spell(r, surname)}"


def spelled_full_name(r: random.Random) -> str:
    first, surname = GRAMMAR.pick(r, "first"), GRAMMAR.pick(r, "surname")
    return f"{first} {surname}, {spell(r, surname)}"


def spelled_street(r: random.Random) -> str:
    street = GRAMMAR.pick(r, "streetname")
    return f"{street}, {spell(r, street)}"


def problem(r: random.Random) -> str:
    """A statement of one of the taxonomy's categories, all of them equally often."""
    return GRAMMAR.pick(r, r.choice(CATEGORIES))


RULES = NUMBERS | {
    "problem": problem,
    "letter": letter,
    "natoletter": nato_letter,
    "letterasin": letter_as_in,
    "spelled": spelled,
    "spelledname": spelled_name,
    "spelledfullname": spelled_full_name,
    "spelledstreet": spelled_street,
}
GRAMMAR = Grammar(["english.txt", "english-sentences.txt", "english-names.txt", "english-common.txt"], RULES)
CATEGORIES = sorted(name for name in GRAMMAR.sections if "." in name)


@cache
def vocabulary() -> list[str]:
    """The words of all sections, without those that only a sentence tells apart."""
    homophones = frozenset(GRAMMAR.lines("homophones"))
    lines = (line for section in GRAMMAR.sections.values() for line in section.lines)
    words = {word for line in lines for word in re.findall(r"[A-Za-z][A-Za-z']*", re.sub(r"\{[^|{}]*\}", " ", line))}
    once = {word.lower(): word for word in sorted(words)}
    return [once[word] for word in sorted(once) if word not in homophones]


def salad(r: random.Random) -> str:
    """A few words of the vocabulary, all equally likely, so that none is rare or known by its neighbors alone."""
    words = [r.choice(vocabulary()) for _ in range(r.randint(1, 7))]
    if len(words) > 3 and r.random() < 0.3:
        words[1] += ","
    return " ".join(words) + "."


def tidy(text: str) -> str:
    """One space between words and a capital at each start of a sentence."""
    text = re.sub(r"\s+", " ", text).strip().replace(" ,", ",")
    text = re.sub(r",([ ,]*,)+", ",", text)
    return re.sub(r"(^|[.?!] )(\w)", lambda start: start[1] + start[2].upper(), text)


def sentence(r: random.Random, salads: float = 0.15) -> str:
    """One utterance with its punctuation; a share `salads` of them is words without a sense."""
    return tidy(salad(r) if r.random() < salads else GRAMMAR.pick(r, "sentence"))


def fragment(r: random.Random) -> str:
    """A number, an address, a name or spelled letters alone, or some words cut out of a sentence, as if it were one."""
    if r.random() < 0.75:
        return tidy(GRAMMAR.pick(r, "fragment") + ".")
    words = sentence(r, salads=0.0).rstrip(".?!").split()
    start = r.choice((0, r.randrange(len(words))))
    cut = " ".join(words[start : start + r.randint(1, 6)])
    return tidy(cut.strip(",.?!") + ".")
