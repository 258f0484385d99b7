"""How a text is read: for Chinese languages one romanised syllable a character, with its tone.

The same syllables go to the voice and label the encoder (CTC), so that neither guesses what the other reads.
"""

import re

import ToJyutping
from pypinyin import Style, lazy_pinyin

# CTC labels: 0 is the blank. Letters, apostrophe, the space between words or syllables, tones.
LABELS = {symbol: label for label, symbol in enumerate("abcdefghijklmnopqrstuvwxyz' 123456", start=1)}
MARKS = str.maketrans({"，": ",", "、": ",", "：": ",", "；": ",", "。": ".", "？": "?", "！": "!"})


def letters(names: str) -> dict[str, str]:
    """What the 26 letters are called, in syllables."""
    return {chr(ord("A") + at): name.replace("-", " ") for at, name in enumerate(names.split())}


LETTERS = {
    "zh": letters(
        "ei1 bi4 xi1 di4 yi4 ai2-fu5 ji4 ai2-chi5 ai4 jie4 kai4 ai2-lou5 ai2-mu5 en1 ou1 pi4 qiu1 a4-er5 ai2-si5 ti4 "
        "you1 wei1 da2-bu5-liu5 ai2-ke5-si5 wai4 zei4"
    ),
    "yue": letters(
        "ei1 bi1 si1 di1 ji1 e1-fu4 zi1 ik1-cyu4 aai1 zei1 kei1 e1-lou4 em1 en1 ou1 pi1 kiu1 aa1-lou4 e1-si4 ti1 ju1 "
        "wi1 dat1-biu1 ik1-si4 waai1 ji1-set1"
    ),
}


def read(text: str, language: str) -> list[tuple[str, int]]:
    """Words (English) or syllables (Chinese) as they are spoken, marks included, each with its place in `text`."""
    if language == "en":
        return [(match.group(), match.start()) for match in re.finditer(r"\S+", text)]
    if language == "zh":
        readings = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=list)
    else:
        readings = [reading for _, reading in ToJyutping.get_jyutping_list(text)]
    spoken: list[tuple[str, int]] = []
    for place, (character, reading) in enumerate(zip(text, readings, strict=True)):
        if character in LETTERS[language]:
            spoken.append((LETTERS[language][character], place))
        elif reading and reading[0].isascii() and reading[0].isalpha():
            spoken.append((reading.replace("ü", "v"), place))
        elif spoken and (mark := character.translate(MARKS)) in ",.?!":
            spoken[-1] = (spoken[-1][0] + mark, spoken[-1][1])
    return spoken


def labels(spoken: str) -> list[int]:
    """CTC labels of what `read` gave, joined by spaces."""
    clean = "".join(symbol for symbol in spoken.lower() if symbol in LABELS)
    return [LABELS[symbol] for symbol in " ".join(clean.split())]
