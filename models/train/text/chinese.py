"""What the Mandarin and the Cantonese grammar share: names that are explained, words without a sense, cut sentences."""

import random
import re

from .chinese_numbers import Numbers
from .grammar import Grammar, Rule


def number_rules(numbers: Numbers, point: str) -> dict[str, Rule]:
    """The functions that templates of both languages call for numbers."""
    return {
        "number": numbers.number,
        "ordinal": numbers.ordinal,
        "digits": numbers.digits,
        "year": numbers.year,
        "month": lambda r: numbers.cardinal(r.randint(1, 12)),
        "decimal": lambda r: numbers.decimal(r, point),
    }


class Chinese:
    """The utterances of one language: its grammar and the word that joins "of" (的 or 嘅)."""

    def __init__(self, grammar: Grammar, of: str) -> None:
        self.grammar, self.of = grammar, of
        grammar.rules |= {"problem": self.problem, "selfname": self.self_name, "explainedname": self.explained_name}
        self.categories = sorted(name for name in grammar.sections if "." in name)
        lines = {part for section in grammar.sections.values() for line in section.lines for part in line.split("，")}
        self.vocabulary = sorted(line for line in lines if 2 <= len(line) <= 6 and re.fullmatch(r"[㐀-鿿]+", line))
        self.explaining: dict[str, list[str]] = {}
        for word in (word for name in ("word", "thing", "verb") for word in grammar.lines(name) if len(word) == 2):
            for character in word:
                self.explaining.setdefault(character, []).append(word)

    def problem(self, r: random.Random) -> str:
        """A statement of one of the taxonomy's categories, all of them equally often."""
        return self.grammar.pick(r, r.choice(self.categories))

    def self_name(self, r: random.Random) -> str:
        """The surname, and the whole name after it: "我姓梁，叫梁少芬"."""
        surname = self.grammar.pick(r, "surname")
        return f"我姓{surname}，{r.choice(('叫', '', '我叫'))}{surname}{self.grammar.pick(r, 'given')}"

    def explained_name(self, r: random.Random) -> str:
        """A surname by its parts, or a given name by the words that its characters stand in: "建设的建，明亮的明"."""
        if r.random() < 0.6:
            given = self.grammar.pick(r, "given")
            said = [f"{r.choice(self.explaining[x])}{self.of}{x}" for x in given if x in self.explaining]
            if said:
                return "，".join(said)
        return self.grammar.pick(r, "radicals")

    def salad(self, r: random.Random) -> str:
        """A few words of the vocabulary, all equally likely, so that no character is rare."""
        words = [r.choice(self.vocabulary) for _ in range(r.randint(1, 5))]
        return r.choice(("", "", "", "，")).join(words) + "。"

    def sentence(self, r: random.Random, salads: float = 0.15) -> str:
        """One utterance with its punctuation; a share `salads` of them is words without a sense."""
        text = self.salad(r) if r.random() < salads else self.grammar.pick(r, "sentence")
        return text if text[-1] in "。？！" else text + "。"

    def fragment(self, r: random.Random) -> str:
        """A number, an address, a name alone, or a part of a sentence, as if it were one."""
        if r.random() < 0.8:
            return self.grammar.pick(r, "fragment") + "。"
        text = re.sub(r"[，。？！、]", "", self.sentence(r, salads=0.0))
        start = r.choice((0, r.randrange(len(text))))
        return text[start : start + r.randint(2, 10)].strip() + "。"
