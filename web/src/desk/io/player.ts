// The one audio element: plays a recording from a place, or exactly the seconds of some evidence, also while it grows.

import type { Span } from "../contract";
import { BACK_S, RATES } from "../limits";
import { keepRate, keptRate } from "./keep";

export interface Sound {
  url: string | null;
  playing: boolean;
  /** Milliseconds into the recording. */
  atMs: number;
  lengthMs: number | null;
  rate: number;
  blocked: boolean;
}

export const silent: Sound = { url: null, playing: false, atMs: 0, lengthMs: null, rate: 1, blocked: false };

/** Between two stretches of one field's evidence. */
const PAUSE_MS = 150;

export class Player {
  private readonly audio = new Audio();
  private url: string | null = null;
  /** What was fetched ends where the call was then. */
  private grows = false;
  private stopAtMs: number | null = null;
  private queue: Span[] = [];
  private last: { spans: readonly Span[]; done: () => void } | null = null;
  private done: (() => void) | null = null;
  private blocked = false;
  private rate = keptRate(RATES);
  private frame = 0;

  constructor(private readonly onChange: (sound: Sound) => void) {
    this.audio.preload = "metadata";
    this.audio.preservesPitch = true;
    for (const name of ["play", "pause", "timeupdate", "durationchange", "seeked"] as const) this.audio.addEventListener(name, () => this.tick());
    this.audio.addEventListener("play", () => this.follow());
    this.audio.addEventListener("ended", () => this.arrived());
    // A source that begins anew begins at speed 1.
    this.audio.addEventListener("loadedmetadata", () => (this.audio.playbackRate = this.rate));
  }

  /** The recording to play; null: none. The same one again changes nothing, unless it has become whole. */
  load(url: string | null, grows: boolean): void {
    if (url === this.url && (grows || !this.grows)) return;
    if (url === this.url && !this.audio.paused) return;
    this.url = url;
    this.grows = grows;
    this.halt();
    this.last = null;
    if (url === null) this.audio.removeAttribute("src");
    else this.audio.src = this.source();
    this.audio.load();
    this.blocked = false;
    this.tick();
  }

  /** Plays exactly these stretches, one after the other. `done` is called when the last one was heard to its end. */
  hear(spans: readonly Span[], done: () => void = () => undefined): void {
    if (spans.length === 0) return;
    this.last = { spans, done };
    this.queue = [...spans];
    this.done = done;
    this.next();
  }

  from(ms: number): void {
    this.queue = [];
    this.done = null;
    this.start(ms, null);
  }

  seek(ms: number): void {
    this.stopAtMs = null;
    this.queue = [];
    this.audio.currentTime = Math.max(0, ms / 1_000);
    this.tick();
  }

  back(): void {
    this.audio.currentTime = Math.max(0, this.audio.currentTime - BACK_S);
    this.tick();
  }

  toggle(): void {
    if (!this.audio.paused) return this.audio.pause();
    this.stopAtMs = null;
    this.start(this.audio.ended ? 0 : this.audio.currentTime * 1_000, null);
  }

  replay(): void {
    if (this.last !== null) this.hear(this.last.spans, this.last.done);
  }

  setRate(rate: number): void {
    this.rate = rate;
    this.audio.playbackRate = rate;
    keepRate(rate);
    this.tick();
  }

  faster(step: 1 | -1): void {
    const at = RATES.indexOf(this.rate as (typeof RATES)[number]);
    this.setRate(RATES[Math.min(RATES.length - 1, Math.max(0, at + step))] ?? 1);
  }

  halt(): void {
    this.queue = [];
    this.done = null;
    this.stopAtMs = null;
    this.audio.pause();
  }

  private source(): string {
    return this.grows ? `${this.url}?at=${Date.now()}` : String(this.url);
  }

  private next(): void {
    const span = this.queue.shift();
    if (span !== undefined) this.start(span.start_ms, span.end_ms);
  }

  private start(fromMs: number, toMs: number | null): void {
    if (this.url === null) return;
    this.stopAtMs = toMs;
    if (this.grows || this.audio.error !== null) this.audio.src = this.source();
    this.audio.currentTime = fromMs / 1_000;
    this.audio.play().then(() => this.block(false), (error: unknown) => this.block(!(error instanceof DOMException && error.name === "AbortError")));
  }

  private block(blocked: boolean): void {
    this.blocked = blocked;
    this.tick();
  }

  /** A stretch was heard to its end. */
  private arrived(): void {
    this.stopAtMs = null;
    if (this.queue.length > 0) return void setTimeout(() => this.next(), PAUSE_MS);
    const done = this.done;
    this.done = null;
    done?.();
  }

  private follow(): void {
    cancelAnimationFrame(this.frame);
    this.tick();
    if (!this.audio.paused) this.frame = requestAnimationFrame(() => this.follow());
  }

  private tick(): void {
    const atMs = this.audio.currentTime * 1_000;
    if (this.stopAtMs !== null && atMs >= this.stopAtMs && !this.audio.paused) {
      this.audio.pause();
      this.arrived();
    }
    const length = this.audio.duration;
    this.onChange({
      url: this.url,
      playing: !this.audio.paused,
      atMs,
      lengthMs: Number.isFinite(length) ? length * 1_000 : null,
      rate: this.rate,
      blocked: this.blocked,
    });
  }
}
