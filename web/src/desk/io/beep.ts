// The warning sound of an emergency: two short tones every few seconds, until somebody has taken it.

import { BEEP_MS } from "../limits";

let context: AudioContext | null = null;
let timer: ReturnType<typeof setInterval> | undefined;

/** Browsers play nothing before the first press on the page: then this lets the sound out. */
export function allowSound(): void {
  if (timer !== undefined && context?.state === "suspended") void context.resume();
}

export function alarmSound(on: boolean, onBlocked: (blocked: boolean) => void): void {
  if (on === (timer !== undefined)) return;
  if (!on) {
    clearInterval(timer);
    timer = undefined;
    onBlocked(false);
    return;
  }
  context ??= new AudioContext();
  // A sound that was never out before begins a moment later.
  void context.resume().then(() => timer !== undefined && beep());
  timer = setInterval(() => {
    onBlocked(context?.state === "suspended");
    beep();
  }, BEEP_MS);
}

function beep(): void {
  if (context?.state !== "running") return;
  tone(context, 880, 0);
  tone(context, 660, 0.22);
}

function tone(audio: AudioContext, hertz: number, after: number): void {
  const start = audio.currentTime + after;
  const oscillator = new OscillatorNode(audio, { frequency: hertz, type: "sine" });
  const gain = new GainNode(audio, { gain: 0 });
  // Without a ramp the tone clicks.
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.18, start + 0.02);
  gain.gain.setValueAtTime(0.18, start + 0.16);
  gain.gain.linearRampToValueAtTime(0, start + 0.19);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.2);
}
