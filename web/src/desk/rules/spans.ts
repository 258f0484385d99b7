// Words and milliseconds: which evidence is heard, which words it lights, where sound has no words.

import type { Evidence, Span, Utterance, Word } from "../contract";

/** Sound before and after a stretch that makes it understandable, milliseconds. */
const MARGIN_MS = 120;

/** Rules may quote the same words twice, the longer with the shorter inside: it is heard and read once. */
export function apart(evidence: readonly Evidence[]): Evidence[] {
  const timed = evidence.filter((one) => one.audio_end_ms > one.audio_start_ms);
  const within = (one: Evidence, i: number) =>
    timed.some((other, j) => {
      if (i === j || one.audio_start_ms < other.audio_start_ms || one.audio_end_ms > other.audio_end_ms) return false;
      const same = one.audio_start_ms === other.audio_start_ms && one.audio_end_ms === other.audio_end_ms;
      return !same || i > j;
    });
  return timed.filter((one, i) => !within(one, i)).sort((a, b) => a.audio_start_ms - b.audio_start_ms);
}

export const spanOf = (one: Evidence): Span => ({ start_ms: one.audio_start_ms, end_ms: one.audio_end_ms });

/** The same stretch, with a little sound around it for the ear. */
export const audible = ({ start_ms, end_ms }: Span): Span => ({ start_ms: Math.max(0, start_ms - MARGIN_MS), end_ms: end_ms + MARGIN_MS });

/** A word is meant when its middle is. */
export function lights(word: Word, spans: readonly Span[]): boolean {
  const middle = (word.start_ms + word.end_ms) / 2;
  return spans.some((span) => middle >= span.start_ms && middle <= span.end_ms);
}

/** Whether any of these stretches reaches into this one. */
export const meets = (span: Span, spans: readonly Span[]): boolean => spans.some((one) => one.start_ms < span.end_ms && one.end_ms > span.start_ms);

export type Piece = { word: Word | null; text: string };

/** The words in their sentence, so that spaces and signs between them stay as they were written. */
export function pieces({ text, words }: Pick<Utterance, "text" | "words">): Piece[] {
  const out: Piece[] = [];
  let done = 0;
  for (const word of words) {
    const start = text.indexOf(word.text, done);
    const between = start < 0 ? " " : text.slice(done, start);
    if (between !== "") out.push({ word: null, text: between });
    if (start >= 0) done = start + word.text.length;
    out.push({ word, text: word.text });
  }
  if (done < text.length) out.push({ word: null, text: text.slice(done) });
  return out;
}

export interface Stretch extends Span {
  kind: "text" | "silence" | "unrecognised";
}

/** All of the call from end to end: what has words, what nobody could write down, and the quiet between. */
export function stretches(transcript: readonly Utterance[], lengthMs: number): Stretch[] {
  const out: Stretch[] = [];
  let done = 0;
  const add = (kind: Stretch["kind"], start_ms: number, end_ms: number) => {
    if (end_ms > start_ms) out.push({ kind, start_ms, end_ms });
  };
  for (const { span, outcome } of transcript) {
    if (outcome === "no_speech") continue;
    const start = Math.max(done, span.start_ms);
    const end = Math.min(Math.max(start, span.end_ms), lengthMs);
    add("silence", done, start);
    add(outcome === "text" ? "text" : "unrecognised", start, end);
    done = Math.max(done, end);
  }
  add("silence", done, lengthMs);
  return out;
}
