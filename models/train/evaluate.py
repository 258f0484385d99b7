"""Measures a model with the gateway's own binary: `python evaluate.py MODEL WORK`

Sentences that no training text had, by voices of the training and by voices held out, through G.711 with noise at 12 to
25 dB; spoken numbers; sounds that are not speech; speech the model cannot know. The clips are made once, in WORK.
"""

import argparse
import hashlib
import json
import random
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

from channel import RATE, a_law, decibels, mu_law, noise, power
from sounds import no_speech
from utterances import Utterance, babble, said, sentence
from voices import HELD_OUT_FOREIGN, Voices

LOW = 0.6  # mean confidence of an utterance below which the gateway does not believe it
NUMBER_PHRASES = {
    "en": ["My phone number is {}.", "The reference number is {}.", "You can call me back at {}."],
    "zh": ["我的电话是{}。", "工单号是{}。", "请打{}。"],
    "yue": ["我嘅電話係{}。", "檔案編號係{}。", "打{}搵我。"],
}
DIGITS = {
    "en": "zero one two three four five six seven eight nine".split(),
    "zh": list("零一二三四五六七八九"),
    "yue": list("零一二三四五六七八九"),
}
FOREIGN = {
    "da": "Jeg vil gerne klage over larmen fra byggepladsen, den holder os vågne hver nat.",
    "bg": "Искам да подам жалба за боклука пред нашия блок, никой не го прибира от една седмица.",
    "ca": "Voldria saber quan obren l'oficina, perquè he de renovar el document abans de divendres.",
    "ko": "우리 아파트 앞 가로등이 며칠째 꺼져 있어서 밤에 너무 어둡습니다.",
    "vi": "Tôi muốn báo cáo đường ống nước bị vỡ trước nhà tôi từ sáng hôm nay.",
    "ar": "أريد أن أبلغ عن انقطاع المياه في شارعنا منذ يوم أمس.",
    "lv": "Mūsu mājā jau trešo dienu nav siltā ūdens, lūdzu, atsūtiet kādu.",
    "ka": "ჩვენს ქუჩაზე წყალი აღარ მოდის და არავინ გვპასუხობს.",
}


class Clips:
    """A folder of WAV files in the form that `heardline eval speech` reads."""

    def __init__(self, folder: Path, seed: int):
        self.folder, self.rows = folder, []
        self.r, self.n = random.Random(seed), np.random.default_rng(seed)
        folder.mkdir(parents=True)

    def add(self, condition: str, language: str, text: str, sound: np.ndarray, words: list | None = None) -> None:
        """`sound` at 16 kHz is written at 8 kHz, through G.711. `words`: (start s, end s, text) in it."""
        name = f"{len(self.rows):05d}.wav"
        phone = self.r.choice([mu_law, a_law])(np.clip(resample_poly(sound, 1, 2), -1, 1))
        with wave.open(str(self.folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE // 2)
            file.writeframes((phone * 32767).astype("<i2").tobytes())
        self.rows.append(f"{name}\t{language}\t{condition}\t{text}")
        if words:
            timed = [{"text": w, "start_ms": round(a * 1000), "end_ms": round(b * 1000)} for a, b, w in words]
            (self.folder / name).with_suffix(".json").write_text(json.dumps({"words": timed}), encoding="utf-8")

    def speech(self, condition: str, language: str, heard: Utterance) -> None:
        """With silence around, noise, and the band of a telephone."""
        lead = self.r.uniform(0.3, 0.8)
        around = [np.zeros(int(RATE * lead)), heard.sound, np.zeros(int(RATE * self.r.uniform(0.6, 1.2)))]
        # Before a comma the voice's word has a pause in it: its end is not known, and the gateway wants all or none.
        clear = all(word.text[-1] not in ",，、" for word in heard.words)
        words = [(lead + word.start, lead + word.end, word.text) for word in heard.words if clear]
        self.add(condition, language, heard.text, self.telephone(np.concatenate(around)), words)

    def telephone(self, sound: np.ndarray) -> np.ndarray:
        other = noise(self.r, self.n, len(sound))
        sound = sound + other * power(sound) / power(other) / decibels(self.r.uniform(12, 25))
        return 0.6 * sosfilt(butter(4, [300, 3400], "band", fs=RATE, output="sos"), sound)

    def close(self) -> None:
        (self.folder / "refs.tsv").write_text(
            "file\tlang\tcondition\ttext\n" + "\n".join(self.rows) + "\n", encoding="utf-8"
        )


def number(r: random.Random, language: str) -> str:
    """A sentence with seven to eleven digits, one in three of them said again."""
    digits, count = [r.choice(DIGITS[language])], r.randint(7, 11)
    while len(digits) < count:
        digits.append(digits[-1] if r.random() < 0.33 else r.choice(DIGITS[language]))
    if language != "en":
        return r.choice(NUMBER_PHRASES[language]).format("".join(digits))
    groups = [" ".join(digits[:3]), " ".join(digits[3:6]), " ".join(digits[6:])]
    return r.choice(NUMBER_PHRASES["en"]).format(", ".join(groups))


def make_known(folder: Path, sentences: int) -> None:
    clips = Clips(folder, 77)
    r = clips.r
    for held_out, who in ((False, "known voices"), (True, "other voices")):
        voices = Voices(held_out)
        for language in ("en", "zh", "yue"):
            for _ in range(sentences):
                clips.speech(f"{language}, {who}", language, said(r, voices, sentence(r, language, True), language))
            for _ in range(sentences // 2):
                clips.speech(f"{language} numbers, {who}", language, said(r, voices, number(r, language), language))
    murmur = babble(r, Voices(True))
    for _ in range(max(12, sentences * 60 // 200)):
        sound = no_speech(r, clips.n, 10, murmur)
        clips.add("no speech", "", "", sound)
    clips.close()


def make_unknown(folder: Path, count: int) -> None:
    clips, voices = Clips(folder, 78), Voices(True)
    for at in range(count):
        if at % 2:
            language = clips.r.choice(["en", "zh", "yue"])
            heard = said(clips.r, voices, sentence(clips.r, language, True), language)
            heard.sound, heard.words, condition = heard.sound[::-1].copy(), [], "backwards"
        else:
            language = HELD_OUT_FOREIGN[at // 2 % len(HELD_OUT_FOREIGN)]
            spoken = voices.say_foreign(clips.r, FOREIGN[language], language)
            heard, condition = Utterance(spoken.sound, "", "", spoken.voice, []), "foreign"
        heard.text = ""
        clips.speech(condition, "", heard)
    clips.close()


def configuration(folder: Path, model: Path) -> Path:
    path = folder / "heardline.toml"
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    path.write_text(
        f'[speech]\nmodel = "{model.resolve()}"\nmodel_sha256 = "{digest}"\n'
        '[[line]]\nname = "default"\nnumbers = ["*"]\nlanguages = ["en", "zh", "yue"]\n'
    )
    return path


def believed(binary: Path, config: Path, folder: Path) -> Iterator[bool]:
    """Of each clip, whether any of it came out as words with confidence."""
    for clip in sorted(folder.glob("*.wav")):
        command = [binary, "transcribe", clip, "--config", config, "--json"]
        utterances = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["utterances"]
        means = [np.mean([word["confidence"] for word in u["words"]]) for u in utterances if u["words"]]
        yield any(mean >= LOW for mean in means)


def table(report: dict, unknown: list[bool]) -> str:
    percent = lambda part, whole: f"{100 * part / max(1, whole):.1f} %"
    lines = ["| | clips | errors | numbers right | numbers alone |", "| --- | --- | --- | --- | --- |"]
    for row in sorted(report["by_condition"], key=lambda row: row["name"]):
        if row["errors"]["reference"]:
            rate, digits = f"{100 * row['error_rate']:.2f} %", row["digits"]
            right = percent(digits["numbers_right"], digits["numbers"])
            alone = percent(digits["alone_right"], digits["alone"])
            right, alone = f"{right} of {digits['numbers']}", f"{alone} of {digits['alone']}"
            lines.append(f"| {row['name']} | {row['clips']} | {rate} | {right} | {alone} |")
    total = report["total"]
    invented, times = total["invented"], [total[edge]["median_ms"] for edge in ("start", "end")]
    lines += [
        "",
        f"Words invented in {invented['audio_ms'] / 60000:.1f} min without speech: {invented['words']}",
        f"Words begin and end within {times[0]} and {times[1]} ms (median)",
        f"Processor seconds a second of sound: {total['real_time_factor']['cpu']:.3f}",
    ]
    if unknown:
        lines.append(f"Speech it cannot know: believed {sum(unknown)} of {len(unknown)} utterances")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("work", type=Path, help="folder for the clips and the full report")
    parser.add_argument("--heardline", type=Path, default=Path(__file__).parents[2] / "target/release/heardline")
    parser.add_argument("--sentences", type=int, default=200, help="a language and kind of voice (%(default)s)")
    parser.add_argument("--unknown", type=int, default=100, help="utterances that cannot be known (%(default)s)")
    options = parser.parse_args()
    known, unknown = options.work / f"known-{options.sentences}", options.work / f"unknown-{options.unknown}"
    if not (known / "refs.tsv").exists():
        make_known(known, options.sentences)
    if not (unknown / "refs.tsv").exists():
        make_unknown(unknown, options.unknown)
    config = configuration(options.work, options.model)
    report = options.work / f"{options.model.stem}.json"
    subprocess.run(
        [options.heardline, "eval", "speech", known, "--config", config, "--json", report],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    judged = list(believed(options.heardline, config, unknown))
    print(table(json.loads(report.read_text(encoding="utf-8")), judged))


if __name__ == "__main__":
    main()
