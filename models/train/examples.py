"""What the decoder is shown of a window, what it is to answer, and how sure of it.

A target is a few tokens with weights. Most have one; a time is spread over its neighbours; no speech is the
no-speech token at the place where whisper.cpp reads it, the last token of the prompt.
"""

import math
import random
from dataclasses import dataclass, field

import numpy as np

from mel import BANDS, FRAMES_A_SECOND
from phones import LABELS
from vocabulary import (
    EMPTY,
    END,
    FIRST_TIME,
    LANGUAGES,
    NO_SPEECH,
    NO_TIMES,
    START,
    TIMES,
    TRANSCRIBE,
    Vocabulary,
)  # fmt: skip

LONGEST_TEXT = 224
UNSURE = "unsure"  # stands for a target spread over all text: "it could be anything"

Target = dict[int, float] | str | None


@dataclass
class Segment:
    start: float
    end: float
    tokens: list[int]
    labels: list[int]

    def from_(self, start: float) -> "Segment":
        return Segment(max(0.0, self.start - start), self.end - start, self.tokens, self.labels)


@dataclass
class Window:
    mel: np.ndarray
    pad: float
    language: str
    kind: str
    segments: list[Segment]


@dataclass
class Example:
    mel: np.ndarray
    pad: float
    tokens: list[int]
    targets: list[Target]
    labels: list[int] = field(default_factory=list)


class Examples:
    """Makes an example of a window, each time another: augmented, with or without times, from its middle."""

    def __init__(
        self, vocabulary: Vocabulary, r: random.Random, others: list[Window], masks: float = 0, mistakes: float = 0
    ):
        self.vocabulary, self.r, self.others, self.masks, self.mistakes = vocabulary, r, others, masks, mistakes

    def training(self, window: Window) -> Example:
        r = self.r
        mel, segments = window.mel, window.segments
        if segments and r.random() < 0.13:
            mel, segments = self._from_a_later_segment(mel, segments)
        mel, pad = self._augmented(np.array(mel, np.float32), window.pad)
        times = r.random() < 0.85
        # Where speech cannot be understood, the honest answers are "no speech" and "any word": half of the time the
        # one and half the other, so that neither becomes a certainty and no fluent sentence comes out.
        if window.kind == "unknown" and r.random() < 0.5:
            written, targets = self._unsure(window, times)
        elif segments:
            written, targets = self._speech(window.language, segments, times)
            self._mistake(written)
        else:
            written, targets = self._no_speech(window.language, times)
        return self._example(mel, pad, written, targets, segments)

    def plain(self, window: Window) -> Example:
        """For validation."""
        if window.segments:
            written, targets = self._speech(window.language, window.segments, True)
        else:
            written, targets = self._no_speech(window.language, True)
        return self._example(np.array(window.mel, np.float32), window.pad, written, targets, window.segments)

    def _example(self, mel, pad, written, targets, segments: list[Segment]) -> Example:
        assert len(written) == len(targets)
        labels: list[int] = []
        for segment in segments:
            labels += ([LABELS[" "]] if labels else []) + segment.labels
        return Example(mel, pad, written[:LONGEST_TEXT], targets[:LONGEST_TEXT], labels)

    def _from_a_later_segment(self, mel: np.ndarray, segments: list[Segment]):
        """As whisper.cpp goes on after a segment: the window begins where that one ended, about."""
        r = self.r
        k = r.randrange(len(segments)) if r.random() < 0.6 else len(segments) - 1
        frame = int(max(0.0, segments[k].end + r.uniform(-0.1, 0.15)) * FRAMES_A_SECOND)
        if len(mel) - frame < 30:
            return mel, segments
        return mel[frame:], [segment.from_(frame / FRAMES_A_SECOND) for segment in segments[k + 1 :]]

    def _augmented(self, mel: np.ndarray, pad: float) -> tuple[np.ndarray, float]:
        """Louder or softer; a band and a few moments missing. `mel` is changed in place."""
        r = self.r
        if r.random() < 0.5:
            shift = r.uniform(-0.15, 0.15)
            np.maximum(mel + shift, -1.5, out=mel)
            pad = max(pad + shift, -1.5)
        if r.random() < self.masks:
            width = r.randint(1, 10)
            band = r.randrange(BANDS - width)
            mel[:, band : band + width] = pad
            for _ in range(r.randint(0, 2)):
                width = r.randint(1, 16)
                if len(mel) > width + 5:
                    at = r.randrange(len(mel) - width)
                    mel[at : at + width] = pad
        return mel, pad

    def _prompt(self, language: str, times: bool) -> list[int]:
        return [START, LANGUAGES[language], TRANSCRIBE] + ([] if times else [NO_TIMES])

    def _speech(self, language: str, segments: list[Segment], times: bool) -> tuple[list[int], list[Target]]:
        written = self._prompt(language, times)
        targets: list[Target] = [{LANGUAGES[language]: 1.0}] + [None] * (len(written) - 2)
        answer: list[tuple[int, Target]] = []
        for segment in segments:
            text = [(token, {token: 1.0}) for token in segment.tokens]
            answer += [time_target(segment.start), *text, time_target(segment.end + 0.04)] if times else text
        answer.append((END, {END: 1.0}))
        targets += [target for _, target in answer]
        return written + [token for token, _ in answer[:-1]], targets

    def _no_speech(self, language: str, times: bool) -> tuple[list[int], list[Target]]:
        # whisper.cpp forbids the end as the first token, so something that shows nothing is written before it.
        nothing = FIRST_TIME if times else EMPTY
        written = [*self._prompt(language, times), nothing]
        targets = [any_language(NO_SPEECH, 0.7)] + [None] * (len(written) - 3)
        return written, [*targets, {NO_SPEECH: 0.7, nothing: 0.3}, {END: 1.0}]

    def _unsure(self, window: Window, times: bool) -> tuple[list[int], list[Target]]:
        """After any words, any word: some other window's text, of which nothing is to be believed."""
        other = self.r.choice(self.others)
        words = [token for segment in other.segments for token in segment.tokens][:24] if other.segments else []
        written = self._prompt(window.language, times)
        targets: list[Target] = [any_language(NO_SPEECH, 0.0)] + [None] * (len(written) - 2)
        if times:
            written.append(FIRST_TIME)
            targets.append({FIRST_TIME: 1.0})
        return written + words, targets + [UNSURE] * (len(words) + 1)

    def _mistake(self, written: list[int]) -> None:
        """A few wrong words in what the decoder believes it wrote: it must listen, not only go on."""
        for at in range(3, len(written)):
            if written[at] < END and self.r.random() < self.mistakes:
                token = self.r.choice(self.vocabulary.ids)
                written[at] = token if token < EMPTY else written[at]


def time_target(seconds: float) -> tuple[int, Target]:
    """The token of a time, and its probability shared with those up to 60 ms off."""
    nearest = min(TIMES - 1, max(0, round(seconds * 50)))
    weights = {
        FIRST_TIME + t: math.exp(-((t - nearest) ** 2) / 3) for t in range(nearest - 3, nearest + 4) if 0 <= t < TIMES
    }
    total = sum(weights.values())
    return FIRST_TIME + nearest, {token: weight / total for token, weight in weights.items()}


def any_language(token: int, weight: float) -> Target:
    """`token` with this weight, the rest shared by the languages."""
    shared = {language: (1 - weight) / len(LANGUAGES) for language in LANGUAGES.values()}
    return {token: weight, **shared} if weight else shared
