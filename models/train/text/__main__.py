"""Prints samples and what the grammar holds: `python -m text [sentences] [samples]`."""

import random
import re
import sys
from collections import Counter
from types import ModuleType

from . import cantonese, english, mandarin

RARE = 5  # a word that comes up less often than this in all sentences is hardly learned


def report(name: str, language: ModuleType, units: str, count: int, samples: int) -> None:
    """Samples of a language, and the numbers of its different sentences and units (words or characters)."""
    r = random.Random(1)
    print(f"\n{name}")
    for _ in range(samples):
        print(f"  {language.sentence(r)}\n  - {language.fragment(r)}")
    sentences = [language.sentence(r) for _ in range(count)]
    seen = Counter(unit for sentence in sentences for unit in re.findall(units, sentence.lower()))
    length = sum(seen.values()) / count
    rare = sum(n < RARE for n in seen.values())
    print(f"{count} sentences, {len(set(sentences))} different, {length:.1f} units each")
    print(f"{len(seen)} different units, {rare} of them fewer than {RARE} times")


def main() -> None:
    count, samples = (int(value) for value in (sys.argv[1:] + ["60000", "10"][len(sys.argv) - 1 :]))
    report("English", english, "[a-z']+", count, samples)
    report("Mandarin", mandarin, "[㐀-鿿]", count, samples)
    report("Cantonese", cantonese, "[㐀-鿿𠀀-𯿿]", count, samples)


main()
