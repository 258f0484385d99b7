"""Numbers as English speakers say them: house numbers, telephone numbers, times, dates, amounts, plates."""

import random
import string

UNITS = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "nine": "ninth", "twelve": "twelfth"}


def cardinal(n: int, link: str = " ") -> str:
    """`n` from 0 to 999,999 in words; `link` stands between the hundreds and the rest: " " or " and "."""
    if n < 10:
        return UNITS[n]
    if n < 20:
        return TEENS[n - 10]
    if n < 100:
        return TENS[n // 10 - 2] + (f" {UNITS[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    rest = n % size
    between = link if rest < 100 else " "
    return f"{cardinal(n // size, link)} {name}" + (between + cardinal(rest, link) if rest else "")


def ordinal(r: random.Random, low: int, high: int) -> str:
    words = cardinal(r.randint(low, high), r.choice((" ", " and "))).split()
    last = words[-1]
    words[-1] = IRREGULAR.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last.rstrip("t") + "th")
    return " ".join(words)


def number(r: random.Random, low: int, high: int) -> str:
    return cardinal(r.randint(low, high), r.choice((" ", " and ")))


def digit_string(r: random.Random, n: int) -> str:
    """`n` digits of which about one in four repeats the one before it."""
    out = r.choice(string.digits)
    while len(out) < n:
        out += out[-1] if r.random() < 0.25 else r.choice(string.digits)
    return out


class Saying:
    """How one caller says digits: "zero" or "oh", "five five" or "double five"."""

    def __init__(self, r: random.Random) -> None:
        self.zero = "zero" if r.random() < 0.65 else "oh"
        self.double = r.random() < 0.35

    def say(self, digits: str) -> str:
        words: list[str] = []
        i = 0
        while i < len(digits):
            word = self.zero if digits[i] == "0" else UNITS[int(digits[i])]
            run = 1
            while self.double and run < 3 and digits[i : i + run + 1] == digits[i] * (run + 1):
                run += 1
            words.append(("", "double ", "triple ")[run - 1] + word)
            i += run
        return " ".join(words)


def digits(r: random.Random, n: int) -> str:
    return Saying(r).say(digit_string(r, n))


def digit(r: random.Random) -> str:
    return r.choice(UNITS)


def grouped(r: random.Random, groups: tuple[int, ...]) -> str:
    """Groups of digits with a comma between them, or a pause that is not written, or none."""
    saying = Saying(r)
    said = [saying.say(digit_string(r, n)) for n in groups]
    return (", " if r.random() < 0.7 else " ").join(said)


def pairs(r: random.Random) -> str:
    """A number said in twos: "forty one, ninety eight, seventy seven, twenty five"."""
    return ", ".join(cardinal(r.randint(10, 99)) for _ in range(r.choice((3, 4))))


def phone(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.35:
        return grouped(r, (3, 3, 4))
    if kind < 0.5:
        return grouped(r, (3, 4))
    if kind < 0.7:
        return grouped(r, (4, 4))
    if kind < 0.8:
        return grouped(r, r.choice(((3, 4, 4), (5, 3, 3), (5, 6), (4, 3, 4))))
    if kind < 0.85:
        return pairs(r)
    if kind < 0.9:
        return f"{r.choice(('eight', 'nine', 'three'))} hundred, {grouped(r, (3, 4))}"
    return digits(r, r.randint(7, 11))


def house(r: random.Random) -> str:
    """A house number from 1 to 9999 in one of the ways that it is said: "four eighteen" or "four one eight"."""
    kind = r.random()
    n = r.randint(1, 99) if kind < 0.4 else r.randint(100, 999) if kind < 0.75 else r.randint(1000, 9999)
    way = r.random()
    if n < 100:
        return cardinal(n)
    if n % 100 == 0 or way < 0.2:
        return cardinal(n, r.choice((" ", " and ")))
    if way < 0.45:
        return Saying(r).say(str(n))
    high, low = divmod(n, 100)
    if low < 10:
        return f"{cardinal(high)} {r.choice(('oh', 'zero'))} {UNITS[low]}"
    return f"{cardinal(high)} {cardinal(low)}"


def room(r: random.Random) -> str:
    """A room number: its floor and two more digits."""
    floor, door = r.randint(1, 40), r.randint(1, 30)
    if r.random() < 0.5:
        return Saying(r).say(f"{floor}{door:02}")
    return f"{cardinal(floor)} {cardinal(door) if door > 9 else 'oh ' + UNITS[door]}"


def clock(r: random.Random) -> str:
    hour = cardinal(r.randint(1, 12))
    minute = r.choice((5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, r.randint(1, 59)))
    way = r.random()
    if way < 0.3:
        return f"{hour} o'clock"
    if way < 0.42:
        return f"half past {hour}"
    if way < 0.55:
        quantity = r.choice(("quarter", "quarter", "five", "ten", "twenty", "twenty five"))
        return f"{quantity} {r.choice(('past', 'to'))} {hour}"
    if way < 0.65:
        return f"{hour} {r.choice(('AM', 'PM'))}"
    if way < 0.72:
        return r.choice(("noon", "midnight", hour, hour))
    return f"{hour} {cardinal(minute) if minute > 9 else 'oh ' + UNITS[minute]}"


def year(r: random.Random) -> str:
    if r.random() < 0.6:
        return f"nineteen {cardinal(r.randint(30, 99))}"
    n = r.randint(0, 26)
    if n < 10:
        return "two thousand" + (f"{r.choice((' ', ' and '))}{UNITS[n]}" if n else "")
    return f"twenty {cardinal(n)}"


def amount(r: random.Random) -> str:
    coin, part = r.choice((("dollars", "cents"),) * 4 + (("pounds", "pence"), ("euros", "cents"), ("bucks", "cents")))
    kind = r.random()
    if kind < 0.45:
        return f"{number(r, 2, 99)} {coin}"
    if kind < 0.7:
        return f"{number(r, 1, 9)} hundred {coin}" if r.random() < 0.3 else f"{number(r, 100, 999)} {coin}"
    if kind < 0.8:
        return f"{number(r, 1000, 9999)} {coin}"
    if kind < 0.88:
        return f"{number(r, 1, 90)} thousand {coin}"
    if kind < 0.95:
        return f"{number(r, 1, 60)} {coin} {'and ' if r.random() < 0.5 else ''}{number(r, 5, 99)} {part}"
    return r.choice(("a hundred", "a thousand", "a couple of hundred", "half a million")) + f" {coin}"


def case_number(r: random.Random) -> str:
    """A reference: digits, in groups or not, with letters before them now and then."""
    kind = r.random()
    if kind < 0.15:
        return f"{letters(r, r.randint(1, 2))} {digits(r, r.randint(3, 6))}"
    if kind < 0.25:
        return f"{digits(r, 3)}, dash, {digits(r, 4)}"
    if kind < 0.5:
        return grouped(r, r.choice(((3, 3), (4, 4), (2, 3), (3, 3, 3), (4, 3))))
    return digits(r, r.randint(4, 8))


def letters(r: random.Random, n: int) -> str:
    return " ".join(r.choice(string.ascii_uppercase) for _ in range(n))


def plate(r: random.Random) -> str:
    """A number plate: "K L M four seven two", "W X three eight zero seven", "seven A B C one two three"."""
    kind = r.random()
    if kind < 0.4:
        return f"{letters(r, 3)} {digits(r, r.choice((3, 4)))}"
    if kind < 0.7:
        return f"{letters(r, 2)} {digits(r, r.choice((2, 3, 4)))}"
    if kind < 0.85:
        return f"{letters(r, 2)} {digits(r, 2)} {letters(r, 3)}"
    return f"{digit(r)} {letters(r, 3)} {digits(r, 3)}"


def bus(r: random.Random) -> str:
    n = number(r, 1, 99) if r.random() < 0.6 else house(r)
    return n + (f" {r.choice('ABCEKMPSX')}" if r.random() < 0.25 else "")


def decimal(r: random.Random) -> str:
    return f"{number(r, 0, 99)} point {digits(r, r.choice((1, 1, 2)))}"


def confusable(r: random.Random) -> str:
    """Two numbers that are easily taken for each other: "sixteen, not sixty"."""
    n = r.randint(3, 9)
    teen, ten = TEENS[n], TENS[n - 2]
    pair = [teen, ten] if r.random() < 0.7 else [f"{UNITS[n]} {teen}", f"{UNITS[n]} {ten}"]
    r.shuffle(pair)
    return ", not ".join(pair)


RULES = {
    "number": number,
    "ordinal": ordinal,
    "digits": digits,
    "digit": digit,
    "phone": phone,
    "house": house,
    "roomnumber": room,
    "clock": clock,
    "year": year,
    "amount": amount,
    "casenumber": case_number,
    "plate": plate,
    "busnumber": bus,
    "decimal": decimal,
    "confusable": confusable,
}
