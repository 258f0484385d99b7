#!/usr/bin/env python3
"""faster-whisper over the utterances of a measurement: one thread, int8, greedy, its other settings as they come.

    faster_whisper_peer.py FOLDER_OF_WEIGHTS UTTERANCES [--passes N]

UTTERANCES is a folder with `utterances.json` (file, language) and 16 kHz WAV files. One line of JSON for each: text and
CPU seconds of this whole process; first one line about the versions that are measured.
"""

import argparse
import json
import os
import time
import wave

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and CTranslate2 start their threads

import ctranslate2
import faster_whisper
import numpy as np


def sound(path):
    with wave.open(path, "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("weights")
    args.add_argument("utterances")
    args.add_argument("--passes", type=int, default=1, help="the fastest of so many is given")
    args = args.parse_args()
    with open(os.path.join(args.utterances, "utterances.json"), encoding="utf-8") as file:
        utterances = json.load(file)
    model = faster_whisper.WhisperModel(args.weights, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
    sounds = [sound(os.path.join(args.utterances, each["file"])) for each in utterances]

    def transcribe(at):
        begun = time.process_time()
        segments, _ = model.transcribe(
            sounds[at], language=utterances[at]["language"], beam_size=1, vad_filter=False,
            condition_on_previous_text=False)
        text = "".join(segment.text for segment in segments)
        return {"text": text, "cpu_s": time.process_time() - begun}

    transcribe(0)  # what the first one pays for all
    print(json.dumps({"engine": f"faster-whisper {faster_whisper.__version__}, CTranslate2 {ctranslate2.__version__}"}))
    for at in range(len(utterances)):
        passes = [transcribe(at) for _ in range(args.passes)]
        print(json.dumps(min(passes, key=lambda one: one["cpu_s"]), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
