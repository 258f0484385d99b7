"""Token ids of Whisper's multilingual vocabulary with Cantonese (51,866, as of large-v3), and the few of them we use.

The model learns a row for each token its texts need; the file it is exported to has all 51,866, the rest switched off.
"""

import base64
import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import whisper
from whisper.tokenizer import get_tokenizer

from utterances import GRAMMARS

SIZE = 51_866
EMPTY, END, START = 50256, 50257, 50258
LANGUAGES = {"en": 50259, "zh": 50260, "yue": 50358}
TRANSCRIBE, NO_SPEECH, NO_TIMES, FIRST_TIME = 50360, 50363, 50364, 50365
TIMES = 1501  # <|0.00|> to <|30.00|> in steps of 20 ms
SPECIAL = [EMPTY, END, START, *LANGUAGES.values(), TRANSCRIBE, NO_SPEECH, NO_TIMES]


@cache
def encoding():
    tokenizer = get_tokenizer(multilingual=True, num_languages=100, language="en", task="transcribe")
    assert tokenizer.timestamp_begin == FIRST_TIME and tokenizer.no_speech == NO_SPEECH
    assert tokenizer.to_language_token("yue") == LANGUAGES["yue"] and tokenizer.transcribe == TRANSCRIBE
    return tokenizer.encoding


def tokens(text: str, language: str) -> list[int]:
    """As Whisper writes: English begins with a space, Chinese does not."""
    return encoding().encode(" " + text if language == "en" else text)


def token_bytes() -> list[bytes]:
    """The text tokens of the file's vocabulary in the order of their ids."""
    path = Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken"
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    return [base64.b64decode(token) for token, _ in lines]


def used_tokens(texts: Iterable[tuple[str, str]], samples: int = 30_000) -> set[int]:
    """Of (text, language) pairs, and of so many sentences and phrases of each grammar."""
    used = {token for text, language in texts for token in tokens(text, language)}
    r = random.Random(5)
    for language, grammar in GRAMMARS.items():
        for _ in range(samples):
            used.update(tokens(grammar.sentence(r), language), tokens(grammar.fragment(r), language))
    return used


class Vocabulary:
    """Token ids to rows of the model's own table and back; times come after the rows of `ids`."""

    def __init__(self, ids: list[int]):
        self.ids = ids
        self.rows = {token: row for row, token in enumerate(ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, token: int) -> int:
        return len(self.ids) + token - FIRST_TIME if token >= FIRST_TIME else self.rows[token]

    def knows(self, text_tokens: list[int]) -> bool:
        return all(token in self.rows for token in text_tokens)

    def grown(self, more: set[int]) -> "Vocabulary":
        """With more tokens after those that have rows already."""
        return Vocabulary(self.ids + sorted(more - self.rows.keys()))
