"""Utterances of Mandarin hotline calls in simplified characters, numbers as characters."""

import random

from .chinese import Chinese, number_rules
from .chinese_numbers import DIGITS, Numbers, digit_string
from .grammar import Grammar

VARIANTS = (("二千", "两千", 0.9), ("二百", "两百", 0.6))
NUMBERS = Numbers(two="两", myriad="万", one="幺", double="双", variants=VARIANTS)
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
MOBILE = ("13", "14", "15", "16", "17", "18", "19")


def phone(r: random.Random) -> str:
    """A mobile number of eleven digits, or a landline of seven or eight with its area code now and then."""
    kind = r.random()
    if kind < 0.65:
        number = r.choice(MOBILE) + digit_string(r, 9)
        return NUMBERS.grouped(r, number, r.choice(((3, 4, 4), (3, 4, 4), (11,), (11,), (4, 4, 3))))
    if kind < 0.85:
        return NUMBERS.grouped(r, digit_string(r, 8), r.choice(((8,), (4, 4))))
    if kind < 0.93:
        return NUMBERS.digits(r, 7)
    return NUMBERS.grouped(r, "0" + digit_string(r, 10), r.choice(((3, 8), (3, 4, 4), (4, 7))))


def clock(r: random.Random) -> str:
    hour = NUMBERS.measured(r.randint(1, 12)) + "点"
    way = r.random()
    if way < 0.45:
        return hour + r.choice(("", "", "钟", "多", "左右"))
    if way < 0.65:
        return hour + "半"
    if way < 0.75:
        return hour + r.choice(("一刻", "三刻"))
    minute = r.randint(1, 59)
    return hour + ("零" if minute < 10 else "") + NUMBERS.cardinal(minute) + r.choice(("", "分"))


def amount(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.4:
        n = NUMBERS.number(r, 2, 99)
    elif kind < 0.65:
        n = NUMBERS.number(r, 100, 999)
    elif kind < 0.8:
        n = NUMBERS.number(r, 1000, 9999)
    else:
        thousands = r.choice(("", "", DIGITS[r.randint(1, 9)]))
        return NUMBERS.measured(r.randint(1, 40)) + "万" + thousands + r.choice(("", "块", "元"))
    if kind < 0.08:
        return f"{n}块{DIGITS[r.randint(1, 9)]}"
    return n + r.choice(("块", "块钱", "元", "块"))


def plate(r: random.Random) -> str:
    """A number plate: a province, a letter, five digits or letters."""
    tail = NUMBERS.digits(r, r.choice((4, 5)))
    if r.random() < 0.4:
        tail = r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + " " + tail
    return f"{r.choice(PROVINCES)}{r.choice('ABCDEFGH')} {tail}"


def door(r: random.Random) -> str:
    """A flat's number: its floor and two more digits, said digit by digit."""
    return NUMBERS.say(f"{r.randint(1, 30)}{r.randint(1, 12):02}", NUMBERS.habits(r))


def bus(r: random.Random) -> str:
    n = r.randint(1, 999)
    return NUMBERS.say(str(n), NUMBERS.habits(r)) if n > 100 and r.random() < 0.6 else NUMBERS.cardinal(n)


def confusable(r: random.Random) -> str:
    """Two numbers that are easily taken for each other: "是十四，不是四十"."""
    n = DIGITS[r.randint(2, 9)]
    pair = r.choice(([f"十{n}", f"{n}十"], [f"十{n}", f"{n}十{n}"], ["四十四", "四十"], ["四十", "十四"]))
    r.shuffle(pair)
    return r.choice((f"是{pair[0]}，不是{pair[1]}", f"不是{pair[1]}，是{pair[0]}"))


RULES = number_rules(NUMBERS, point="点") | {
    "phone": phone,
    "clock": clock,
    "amount": amount,
    "plate": plate,
    "doornumber": door,
    "busnumber": bus,
    "confusable": confusable,
}
FILES = ["mandarin.txt", "mandarin-sentences.txt", "mandarin-names.txt", "mandarin-common.txt"]
LANGUAGE = Chinese(Grammar(FILES, RULES), of="的")
sentence = LANGUAGE.sentence
fragment = LANGUAGE.fragment
