"""What the clips are: sentences the bundled demo model can know, said on good and bad lines, and sound without words."""

from dataclasses import dataclass, field

import sound
import voices


@dataclass
class Clip:
    name: str
    lang: str
    condition: str
    rate: int
    samples: list
    text: str = ""
    # (word, (start, end)) in seconds; empty where nothing is said.
    words: list = field(default_factory=list)
    times_from: str = ""


LEAD, PAUSE, TAIL = 0.6, 0.9, 0.7
WIDE = 16000


def slt(text, **how):
    return ("flite's phone durations", text, voices.flite("slt", text, **how))


def rms(text, **how):
    return ("flite's phone durations", text, voices.flite("rms", text, **how))


def american(variant, text, **how):
    return ("espeak-ng's word events", text, voices.espeak(f"en-us+{variant}", text, **how))


def mandarin(variant, text, pinyin, **how):
    voice = f"cmn-latn-pinyin+{variant}"
    return ("espeak-ng's word events", text, voices.espeak(voice, text, pinyin=pinyin, **how))


def spoken(*sayings, pause=PAUSE):
    """One after the other at 16 kHz, with silence before, between and after: samples, text, words, origin of times."""
    samples, texts, words, origins = [0.0] * len(sound.seconds(WIDE, LEAD)), [], [], []
    for origin, text, (rate, said, said_words) in sayings:
        if texts:
            samples += [0.0] * len(sound.seconds(WIDE, pause))
        start = len(samples) / WIDE
        words += [(word, (start + begin, start + end)) for word, (begin, end) in said_words]
        samples += sound.at_peak(sound.resample(said, rate, WIDE), -3)
        texts.append(text)
        origins += [] if origin in origins else [origin]
    samples += [0.0] * len(sound.seconds(WIDE, TAIL))
    return samples, " ".join(texts), words, " and ".join(origins)


def clean(name, lang, said):
    samples, *rest = said
    return Clip(name, lang, "clean", WIDE, hushed(sound.at_peak(samples, -6), name), *rest)


def phone(name, lang, said, condition="telephone", peak=-6, noise=None, snr=30):
    """Through the telephone band and G.711 mu-law; `noise` lies `snr` dB below the words, both measured in the band."""
    samples, text, words, origin = said
    line = sound.telephone_band(sound.resample(samples, WIDE, sound.TELEPHONE))
    level = sound.rms([s for _, span in words for s in cut(line, span)])
    background = sound.telephone_band((noise or sound.pink)(sound.TELEPHONE, len(line) / sound.TELEPHONE, name))
    gain = level / 10 ** (snr / 20) / sound.rms(background)
    mixed = [s + gain * n for s, n in zip(line, background)]
    return Clip(name, lang, condition, sound.TELEPHONE, sound.mu_law(sound.at_peak(mixed, peak)), text, words, origin)


def cut(samples, span, rate=sound.TELEPHONE):
    return samples[round(span[0] * rate) : round(span[1] * rate)]


def hushed(samples, seed):
    """With the faint noise of a good microphone: no recording is digitally silent."""
    return [s + 1e-4 * n for s, n in zip(samples, sound.white(WIDE, len(samples) / WIDE + 1, seed))]


def cut_in_word(clip, share):
    """Ends inside the last word, which then may be written or not: in brackets."""
    (word, (begin, end)), text = clip.words[-1], clip.text
    clip.samples = cut(clip.samples, (0, begin + share * (end - begin)), clip.rate)
    clip.words = clip.words[:-1]
    at = text.rindex(word)
    clip.text = f"{text[:at]}({text[at : at + len(word)]})"
    clip.condition = "cut in mid-word"
    return clip


def wordless(name, condition, samples, level=None, peak=None):
    """At 8 kHz through G.711, like everything a telephone brings."""
    samples = sound.at_level(samples, level) if level is not None else samples
    samples = sound.at_peak(samples, peak) if peak is not None else samples
    return Clip(name, "", condition, sound.TELEPHONE, sound.mu_law(samples))


def with_words():
    yield clean("en-clean-address", "en", spoken(slt("I live at forty two Maple Street, apartment twelve.")))
    yield clean("en-clean-heating", "en", spoken(
        american("m3", "The heating is not working since Monday."),
        american("m3", "There are small children in the house.")))
    yield clean("zh-clean-water", "zh", spoken(
        mandarin("f2", "三号楼二单元停水了", "san1 hao4 lou2 er4 dan1 yuan2 ting2 shui3 le5"),
        mandarin("f2", "已经三天了", "yi3 jing1 san1 tian1 le5")))
    yield phone("en-phone-leak", "en", spoken(
        rms("Good morning."), rms("I would like to report a water leak in my kitchen.")))
    yield phone("en-phone-light", "en", spoken(american("f1", "The street light is broken near the bus stop.")))
    yield phone("en-phone-number", "en", spoken(slt("My phone number is five five five, zero one three four.")))
    yield phone("en-phone-callback", "en", spoken(
        american("m1", "You can reach me at six one two, three four five, seven eight nine zero.")))
    yield phone("en-phone-case", "en", spoken(rms("My case number is four zero seven two nine.")))
    yield phone("zh-phone-number", "zh", spoken(
        mandarin("m3", "我的电话是八三四五一二零六", "wo3 de5 dian4 hua4 shi4 ba1 san1 si4 wu3 yi1 er4 ling2 liu4")))
    yield phone("zh-phone-address", "zh", spoken(
        mandarin("m1", "我住在中山路二十三号", "wo3 zhu4 zai4 zhong1 shan1 lu4 er4 shi2 san1 hao4")))
    yield phone("zh-phone-light", "zh", spoken(
        mandarin("Alex", "学校门口路灯坏了", "xue2 xiao4 men2 kou3 lu4 deng1 huai4 le5")))
    yield from on_bad_lines()


def on_bad_lines():
    yield phone("en-noise-20db", "en", spoken(slt("There is a strange smell in the stairwell.")), "noise 20 dB", snr=20)
    yield phone("en-noise-10db", "en", spoken(
        american("m3", "The traffic light is broken in front of the hospital.")), "noise 10 dB", snr=10)
    yield phone("zh-noise-15db", "zh", spoken(
        mandarin("f2", "我家楼下暖气不热", "wo3 jia1 lou2 xia4 nuan3 qi4 bu2 re4")),
        "noise 15 dB", noise=sound.white, snr=15)
    yield phone("en-quiet", "en", spoken(rms("Please send someone as soon as possible.")), "quiet caller", peak=-32)
    yield phone("zh-quiet", "zh", spoken(
        mandarin("m3", "请尽快派人来", "qing3 jin3 kuai4 pai4 ren2 lai2")), "quiet caller", peak=-32)
    yield phone("en-two-speakers", "en", spoken(
        slt("There is no hot water in our building."), american("m3", "Since when?"),
        slt("It started since last week."), american("m3", "I see."), pause=0.35), "two speakers")
    yield phone("en-hesitating", "en", spoken(
        *[slt(f"{digits}.") for digits in ("The number is", "five five", "zero one", "three four")], pause=0.3),
        "hesitating")
    yield phone("mixed-en-zh", "en zh", spoken(
        slt("Good morning."), slt("My name is Anna Walker."),
        mandarin("f2", "我要报修我们小区的暖气问题",
                 "wo3 yao4 bao4 xiu1 wo3 men5 xiao3 qu1 de5 nuan3 qi4 wen4 ti2")), "two languages")
    yield cut_in_word(phone("en-cut", "en", spoken(slt("A water pipe has burst in front of the library."))), 0.5)
    yield cut_in_word(phone("zh-cut", "zh", spoken(
        mandarin("m1", "有人被困在电梯里", "you3 ren2 bei4 kun4 zai4 dian4 ti1 li3"))), 0.5)


def without_words():
    rate = sound.TELEPHONE
    yield wordless("silence-digital", "silence", [0.0] * len(sound.seconds(rate, 8)))
    yield wordless("silence-line", "silence", sound.telephone_band(sound.pink(rate, 8, "line")), level=-62)
    yield wordless("noise-white", "noise alone", sound.white(rate, 8, "white"), level=-30)
    yield wordless("noise-pink", "noise alone", sound.pink(rate, 8, "pink"), level=-26)
    yield wordless("music-chords", "hold music", sound.chords(rate, [
        (48, 60, 64, 67), (45, 57, 60, 64), (41, 57, 60, 65), (43, 55, 59, 62)] * 2, 1.2), peak=-9)
    yield wordless("music-melody", "hold music", sound.melody(rate, [
        (69, 1), (72, 1), (76, 1), (74, 1), (67, 1), (71, 1), (69, 2), (76, 1), (72, 1), (69, 1), (74, 1), (67, 2)] * 2,
        0.36), peak=-9)
    yield wordless("tones-dtmf", "tones", [0.0] * rate + sound.dtmf(rate, "0123456789*#5550134"), peak=-8)
    yield wordless("tones-ringback", "tones", sound.tone(rate, 10, (440, 480), on=2, period=6), peak=-10)
    yield wordless("tones-busy", "tones", sound.tone(rate, 6, (480, 620), on=0.5, period=1), peak=-10)
