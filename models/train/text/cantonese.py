"""Utterances of Cantonese hotline calls, written as Hong Kong writes spoken Cantonese, numbers as characters."""

import random

from .chinese import Chinese, number_rules
from .chinese_numbers import DIGITS, Numbers, digit_string
from .grammar import Grammar

VARIANTS = (("二千", "兩千", 0.2), ("二十", "廿", 0.15))
NUMBERS = Numbers(two="兩", myriad="萬", one="", double="孖", variants=VARIANTS)


def phone(r: random.Random) -> str:
    """Eight digits, said in fours mostly."""
    number = r.choice("23456799") + digit_string(r, 7)
    return NUMBERS.grouped(r, number, r.choice(((4, 4), (4, 4), (4, 4), (8,), (8,), (3, 3, 2), (2, 2, 2, 2))))


def clock(r: random.Random) -> str:
    """A time: "三點", "三點半", "三點九" (the minute hand at nine), "三點踏正", "三點四十分"."""
    hour = NUMBERS.measured(r.randint(1, 12)) + "點"
    way = r.random()
    if way < 0.45:
        return hour + r.choice(("", "鐘", "幾", "踏正", "左右"))
    if way < 0.65:
        return hour + "半"
    if way < 0.82:
        return hour + r.choice(("", "踏")) + NUMBERS.cardinal(r.randint(1, 11))
    minute = r.randint(1, 59)
    return hour + ("零" if minute < 10 else "") + NUMBERS.cardinal(minute) + "分"


def amount(r: random.Random) -> str:
    """An amount: "兩百蚊", "三個半", "二千四百蚊", "一萬二"."""
    kind = r.random()
    if kind < 0.08:
        return NUMBERS.measured(r.randint(1, 9)) + "個" + r.choice(("半", DIGITS[r.randint(1, 9)]))
    if kind < 0.45:
        return NUMBERS.number(r, 2, 99) + "蚊"
    if kind < 0.7:
        return NUMBERS.number(r, 100, 999) + r.choice(("蚊", "蚊", "元"))
    if kind < 0.85:
        return NUMBERS.number(r, 1000, 9999) + "蚊"
    return NUMBERS.measured(r.randint(1, 40)) + "萬" + r.choice(("", "蚊", DIGITS[r.randint(1, 9)]))


def plate(r: random.Random) -> str:
    """A Hong Kong number plate: two letters and up to four digits."""
    letters = " ".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2))
    return f"{letters} {NUMBERS.digits(r, r.choice((2, 3, 4, 4, 4)))}"


def door(r: random.Random) -> str:
    """A flat's number: its floor and two more digits, said digit by digit."""
    return NUMBERS.say(f"{r.randint(1, 40)}{r.randint(1, 30):02}", NUMBERS.habits(r))


def bus(r: random.Random) -> str:
    n = NUMBERS.cardinal(r.randint(1, 300))
    return n + (r.choice("ABCEKMPSX") if r.random() < 0.3 else "")


def confusable(r: random.Random) -> str:
    """Two numbers that are easily taken for each other: "係十四，唔係四十"."""
    n = DIGITS[r.randint(2, 9)]
    pair = r.choice(([f"十{n}", f"{n}十"], [f"十{n}", f"{n}十{n}"], ["一", "七"], ["十四", "十"]))
    r.shuffle(pair)
    return r.choice((f"係{pair[0]}，唔係{pair[1]}", f"唔係{pair[1]}，係{pair[0]}"))


RULES = number_rules(NUMBERS, point="點") | {
    "phone": phone,
    "clock": clock,
    "amount": amount,
    "plate": plate,
    "doornumber": door,
    "busnumber": bus,
    "confusable": confusable,
}
FILES = ["cantonese.txt", "cantonese-sentences.txt", "cantonese-names.txt", "cantonese-common.txt"]
LANGUAGE = Chinese(Grammar(FILES, RULES), of="嘅")
sentence = LANGUAGE.sentence
fragment = LANGUAGE.fragment
