// The loudness of a recording in bars, read from its PCM as it arrives: three hours need no more memory than a minute.

import { PEAKS_MAX_BYTES } from "../limits";

/** RIFF, a 16-byte `fmt ` chunk, the head of `data`: what the recorder writes. */
const HEADER = 44;

/** Loudest sample of every bar, 0 to 1, the loudest of all at 1. Fed pieces of a WAV (PCM16), split anywhere. */
export class Peaks {
  readonly bars: Float32Array;
  private at = 0;
  private odd: number | null = null;

  /** `bytes` of the whole file, header and all. */
  constructor(private readonly bytes: number, bars: number) {
    this.bars = new Float32Array(bars);
  }

  push(piece: Uint8Array): void {
    const samples = Math.max(1, (this.bytes - HEADER) / 2);
    for (const byte of piece) {
      const place = this.at++;
      if (place < HEADER) continue;
      if (this.odd === null) {
        this.odd = byte;
        continue;
      }
      const sample = Math.abs(((byte << 24) >> 16) | this.odd) / 32_768;
      this.odd = null;
      const bar = Math.min(this.bars.length - 1, Math.floor((((place - HEADER - 1) / 2) / samples) * this.bars.length));
      if (sample > (this.bars[bar] ?? 0)) this.bars[bar] = sample;
    }
  }

  /** The loudest bar fills the height, unless all of it is but noise. */
  levels(): number[] {
    const top = Math.max(0.02, ...this.bars);
    return Array.from(this.bars, (level) => level / top);
  }
}

/** The bars of a recording; null of one that is no PCM, or too large to be read for a picture. */
export async function loadPeaks(url: string, bars: number, signal: AbortSignal): Promise<number[] | null> {
  const answer = await fetch(url, { signal });
  const bytes = Number(answer.headers.get("Content-Length"));
  const kind = answer.headers.get("Content-Type") ?? "";
  if (!answer.ok || answer.body === null || !kind.startsWith("audio/wav") || !(bytes > HEADER) || bytes > PEAKS_MAX_BYTES) {
    await answer.body?.cancel();
    return null;
  }
  const peaks = new Peaks(bytes, bars);
  const reader = answer.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) peaks.push(read.value);
  return peaks.levels();
}
