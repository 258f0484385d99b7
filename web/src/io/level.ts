// How loud a stream is, ten times a second.

import { SILENCE_MS } from "../call/limits";

const INTERVAL_MS = 100;
/** Below this nobody is speaking: a quiet room after gain control, and the comfort noise of echo cancelling, lie under it. */
const SPEECH_DB = -38;

/** Root mean square of samples as 0 (-60 dBFS and below) to 1 (0 dBFS). */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-9);
  return Math.min(1, Math.max(0, (db + 60) / 60));
}

export interface LevelWatch {
  /** Forgets how long it was quiet: the microphone was muted, not the caller. */
  restart(): void;
  stop(): void;
}

export interface LevelEvents {
  onLevel?(level: number): void;
  /** At every look: true from the first speech on, false once it has been missing for SILENCE_MS. */
  onSpeech?(speech: boolean): void;
}

export function watchLevel(context: AudioContext, stream: MediaStream, on: LevelEvents): LevelWatch {
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let quietMs = 0;
  let heard: boolean | null = null;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const level = loudness(samples);
    on.onLevel?.(level);
    const speech = level > (SPEECH_DB + 60) / 60;
    quietMs = speech ? 0 : quietMs + INTERVAL_MS;
    if (speech || quietMs >= SILENCE_MS) heard = speech;
    if (heard !== null) on.onSpeech?.(heard);
  }, INTERVAL_MS);
  return {
    restart() {
      quietMs = 0;
      heard = null;
    },
    stop() {
      clearInterval(timer);
      source.disconnect();
    },
  };
}
