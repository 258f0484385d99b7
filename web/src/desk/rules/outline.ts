// A call in a few words, enough to tell it from another: what, where, when, how many callers, and what became of it.

import { grouped } from "../../shared/format";
import type { CallDetail, Issue, Item, Review } from "../contract";
import { callers } from "./related";
import { category, when, type Words } from "./words";

export interface Outline {
  title: string;
  place: string | null;
  kind: string | null;
  time: string | null;
  number: string;
  callers: number;
  state: string | null;
  issue: Issue | null;
}

/** What is known of a call here; each of them may not be there, or not yet. */
export interface Known {
  reference: string;
  detail: CallDetail | null | undefined;
  review: Review | null | undefined;
  item: Item | undefined;
}

export function outline(words: Words, nowMs: number, known: Known): Outline {
  const { detail, review } = known;
  const draft = review?.draft ?? detail?.draft ?? null;
  const issue = draft?.issues?.[0] ?? null;
  const code = issue?.category?.value ?? detail?.category ?? null;
  const kind = code === null ? null : category(words, code);
  const number = grouped(known.reference || (detail?.reference ?? ""));
  return {
    title: review?.draft?.summary?.title?.value ?? detail?.title ?? kind ?? number,
    place: issue?.location?.["address_text"]?.value ?? null,
    kind,
    time: detail ? when(words.script, detail.started_at, nowMs) : null,
    number,
    callers: callers(review),
    state: stateOf(words, known),
    issue,
  };
}

function stateOf({ text }: Words, { detail, review, item }: Known): string | null {
  if (review?.decision) return text.decide.done[review.decision.decision];
  if (review?.mine || item?.mine) return text.queue.youHave;
  const holder = review?.holder ?? item?.holder ?? null;
  if (item?.state === "decided" || item?.state === "deciding") return text.queue[item.state];
  if (holder !== null) return text.queue.has(holder);
  if (!detail) return null;
  const sent = detail.deliveries.filter(({ kind }) => kind === "draft").at(-1)?.state;
  return detail.state === "done" && sent !== undefined ? text.delivery.states[sent] : text.call.states[detail.state];
}

/** Its facts in a line; what the title says already is not said again. That it has one caller is said where `counted`. */
export function facts({ title, place, kind, time, number, callers: many, state }: Outline, { text }: Words, counted = false): string[] {
  const all = [time, place !== null && !title.includes(place) ? place : null, kind !== title ? kind : null, number !== title ? number : null,
    many > 1 || counted ? text.draft.callers(many) : null, state];
  return all.filter((one): one is string => one !== null && one !== "");
}
