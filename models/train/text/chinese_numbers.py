"""Numbers in Chinese characters, for Mandarin (simplified) and Cantonese (traditional)."""

import random
import string
from dataclasses import dataclass

DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Habits:
    """How one speaker says digits: 一 or 幺, 五五 or 双五."""

    one: bool
    double: bool


@dataclass(frozen=True)
class Numbers:
    """The number words of one language.

    `two` stands before measure words (两 or 兩), `myriad` for ten thousand; `one` replaces 一 in the digit strings of
    some speakers (幺), `double` comes before a repeated digit (双 or 孖). `variants` are other ways to say a part of a
    number, each with its share.
    """

    two: str
    myriad: str
    one: str
    double: str
    variants: tuple[tuple[str, str, float], ...]

    def cardinal(self, n: int) -> str:
        """`n` from 0 to 99,999,999: 105 is 一百零五, 15 is 十五."""
        if n >= 10_000:
            head, rest = divmod(n, 10_000)
            zero = "零" if 0 < rest < 1000 else ""
            return self.measured(head) + self.myriad + zero + (self.cardinal(rest) if rest else "")
        out, gap = "", False
        for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = n // unit % 10
            if digit == 0:
                gap = bool(out)
                continue
            word = "" if unit == 10 and digit == 1 and not out else DIGITS[digit]
            out += ("零" if gap else "") + word + name
            gap = False
        return out or DIGITS[0]

    def measured(self, n: int) -> str:
        """`n` as it is said before a measure word."""
        return self.two if n == 2 else self.cardinal(n)

    def varied(self, r: random.Random, said: str) -> str:
        for usual, other, share in self.variants:
            if r.random() < share:
                said = said.replace(usual, other)
        return said

    def number(self, r: random.Random, low: int, high: int) -> str:
        return self.varied(r, self.measured(r.randint(low, high)))

    def ordinal(self, r: random.Random, low: int, high: int) -> str:
        return self.varied(r, self.cardinal(r.randint(low, high)))

    def habits(self, r: random.Random) -> Habits:
        return Habits(one=bool(self.one) and r.random() < 0.45, double=r.random() < 0.25)

    def say(self, digits: str, habits: Habits) -> str:
        """A digit string as one speaker says it."""
        out = "".join(DIGITS[int(digit)] for digit in digits)
        if habits.double:
            for digit in DIGITS:
                out = out.replace(digit * 2, self.double + digit)
        return out.replace("一", self.one) if habits.one else out

    def digits(self, r: random.Random, n: int) -> str:
        return self.say(digit_string(r, n), self.habits(r))

    def grouped(self, r: random.Random, digits: str, groups: tuple[int, ...]) -> str:
        """`digits` said in groups, with a comma between them or a pause that is not written."""
        habits, said, start = self.habits(r), [], 0
        for size in groups:
            said.append(self.say(digits[start : start + size], habits))
            start += size
        return ("，" if r.random() < 0.5 else "").join(said)

    def decimal(self, r: random.Random, point: str) -> str:
        return f"{self.cardinal(r.randint(0, 99))}{point}{DIGITS[r.randint(1, 9)]}"

    def year(self, r: random.Random) -> str:
        return "".join(DIGITS[int(digit)] for digit in str(r.randint(1935, 2026)))


def digit_string(r: random.Random, n: int) -> str:
    """`n` digits of which about one in four repeats the one before it."""
    out = r.choice(string.digits)
    while len(out) < n:
        out += out[-1] if r.random() < 0.25 else r.choice(string.digits)
    return out
