"""A small template grammar: plain text files of alternatives, and Python functions for what is counted or spelled.

A file holds sections. `[name]` starts one, with an alternative on each line; `[name words]` starts one whose
alternatives stand between spaces. `3: text` makes an alternative three times as likely; `#` starts a comment. Sections
of the same name are one section. In an alternative, braces are replaced:

    {street}        an alternative of the section, or the result of the function, called "street"
    {number 2 20}   the function "number" with the arguments 2 and 20
    {a|b|}          one of the options; the last is empty here
"""

import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path

WORDS = Path(__file__).parent / "words"
_BRACES = re.compile(r"\{([^{}]*)\}")
_HEADING = re.compile(r"\[([^\] ]+)( words)?\]")
_WEIGHT = re.compile(r"(\d+): ?")

Rule = Callable[..., str]


class Section:
    """Alternatives and their cumulative weights."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights: list[int] = []

    def add(self, line: str) -> None:
        weight = _WEIGHT.match(line)
        self.lines.append(line[weight.end() :] if weight else line)
        self.weights.append((self.weights[-1] if self.weights else 0) + (int(weight[1]) if weight else 1))

    def pick(self, r: random.Random) -> str:
        return r.choices(self.lines, cum_weights=self.weights)[0]


class Grammar:
    """The sections of some files under `words/`, and the functions that templates may call by name."""

    def __init__(self, files: list[str], rules: dict[str, Rule]) -> None:
        self.sections: dict[str, Section] = {}
        self.rules = rules
        for file in files:
            self._read(WORDS / file)

    def _read(self, path: Path) -> None:
        section, split = Section(), False
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].strip()
            if heading := _HEADING.fullmatch(line):
                section, split = self.sections.setdefault(heading[1], Section()), bool(heading[2])
            elif split:
                for word in line.split():
                    section.add(word)
            elif line:
                section.add(line)

    def lines(self, name: str) -> list[str]:
        """The alternatives of a section as they are written."""
        return self.sections[name].lines

    def pick(self, r: random.Random, name: str) -> str:
        """An alternative of the section `name`, expanded."""
        return self.expand(r, self.sections[name].pick(r))

    def expand(self, r: random.Random, text: str) -> str:
        """`text` with its braces replaced, the innermost first."""
        while "{" in text:
            text = _BRACES.sub(lambda braces: self._replace(r, braces[1]), text)
        return text

    def _replace(self, r: random.Random, inside: str) -> str:
        if "|" in inside:
            return r.choice(inside.split("|"))
        name, *arguments = inside.split()
        if name in self.rules:
            return self.rules[name](r, *map(int, arguments))
        return self.sections[name].pick(r)

    def check(self) -> None:
        """Raises KeyError if a template names a section or a function that is not there."""
        for line in itertools.chain.from_iterable(section.lines for section in self.sections.values()):
            for inside in _BRACES.findall(line):
                if "|" not in inside and inside.split()[0] not in self.rules | self.sections:
                    raise KeyError(f"{inside!r} in {line!r}")
