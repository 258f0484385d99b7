// How values, times and lengths are written, in the reader's script.

import type { Script } from "../../shared/script";
import { grouped } from "../../shared/format";
import type { Category, DecisionKind, Item, Names, Problem, Transfer } from "../contract";
import type { Said, Unmerged } from "../model";
import type { Text } from "../text";
import type { Kind, Name } from "./catalog";
import type { Row } from "./rows";

/** What words are made with: the texts, the reader's script, the names of categories. */
export interface Words {
  text: Text;
  script: Script;
  categories: readonly Category[];
}

const capital = (code: string) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");

export const named = (names: Names, script: Script): string | null => names[script] ?? names.en ?? Object.values(names)[0] ?? null;

/** "Utilities › Heating supply"; of a code that no list names, the code. */
export function category({ categories, script }: Words, code: string): string {
  const name = (one: string) => {
    const known = categories.find((entry) => entry.code === one);
    return known === undefined ? capital(one.slice(one.lastIndexOf(".") + 1)) : (named(known.name, script) ?? one);
  };
  const dot = code.indexOf(".");
  return dot < 0 ? name(code) : `${name(code.slice(0, dot))} › ${name(code)}`;
}

/** The second level alone, for lists. */
export function shortCategory(words: Words, code: string): string {
  const whole = category(words, code);
  return whole.slice(whole.lastIndexOf("› ") + (whole.includes("› ") ? 2 : 0));
}

export function print(words: Words, kind: Kind, value: unknown): string {
  const { text } = words;
  const coded = (code: unknown) => text.value.of[String(code)] ?? capital(String(code));
  if (value === true) return text.value.yes;
  if (value === false) return text.value.no;
  if (kind === "category") return category(words, String(value));
  if (kind === "choice" || kind === "language") return coded(value);
  if (Array.isArray(value)) return value.map(coded).join(text.value.list);
  if (kind === "number" && typeof value === "number") return new Intl.NumberFormat(words.script).format(value);
  if (kind === "routing" && value !== null && typeof value === "object" && "unit" in value) return String(value.unit);
  if (kind === "phone") return phone(String(value));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** How numbers of a plan are grouped; the first that fits. Digits read to each other stand as people say them. */
const PLANS: readonly [RegExp, string][] = [
  [/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4"],
  [/^(\+86)(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3 $4"],
  [/^(\+86)(10|2\d|[3-9]\d{2})(\d{4})(\d{4})$/, "$1 $2 $3 $4"],
  [/^(\+852|\+853)(\d{4})(\d{4})$/, "$1 $2 $3"],
  [/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3"],
  [/^(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3"],
  [/^(\d{4})(\d{4})$/, "$1 $2"],
  [/^(\d{3})(\d{4})$/, "$1 $2"],
];

/** +12025550123 as +1 202 555 0123; a number of no plan known here as it is. */
export function phone(number: string): string {
  const plan = PLANS.find(([form]) => form.test(number));
  return plan === undefined ? number : number.replace(plan[0], plan[1]);
}

export function label({ text }: Words, row: Pick<Row, "name" | "phone">): string {
  return row.phone?.preferred ? text.field.preferred : text.field[row.name as Name];
}

/** A time today as 09:41, another day's with its date. */
export function when(script: Script, iso: string, nowMs: number): string {
  const date = new Date(iso);
  const today = date.toDateString() === new Date(nowMs).toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(script, today ? time : { ...time, day: "numeric", month: "short" }).format(date);
}

/** 0:37, 1:02:05. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3_600);
  return hours > 0 ? `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/** How long until, or since: "12m", "1h 52m", "6d"; two units at most. */
export function span(script: Script, ms: number): string {
  const unit = (value: number, name: "day" | "hour" | "minute") =>
    new Intl.NumberFormat(script, { style: "unit", unit: name, unitDisplay: script === "en" ? "narrow" : "short" }).format(value);
  const minutes = Math.max(0, Math.round(Math.abs(ms) / 60_000));
  if (minutes >= 1_440) return unit(Math.floor(minutes / 1_440), "day");
  if (minutes < 60) return unit(minutes, "minute");
  const rest = minutes % 60;
  return rest === 0 ? unit(minutes / 60, "hour") : `${unit(Math.floor(minutes / 60), "hour")} ${unit(rest, "minute")}`;
}

/** How long a decision takes: "38s", "1m 14s". */
export function took(script: Script, ms: number): string {
  const unit = (value: number, name: "minute" | "second") =>
    new Intl.NumberFormat(script, { style: "unit", unit: name, unitDisplay: script === "en" ? "narrow" : "short" }).format(value);
  const all = Math.round(ms / 1_000);
  const rest = all % 60;
  if (all < 60) return unit(all, "second");
  return rest === 0 ? unit(all / 60, "minute") : `${unit(Math.floor(all / 60), "minute")} ${unit(rest, "second")}`;
}

export const seconds = (script: Script, ms: number) =>
  new Intl.NumberFormat(script, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ms / 1_000);

/** The heading of a row of the list. The first words of a call are a greeting: until more is said, its subject is open. */
export function heading(words: Words, item: Item & { note?: string | null }): string {
  const { text } = words;
  if (item.note === "erased") return text.queue.erased;
  if (item.note === "refused") return text.queue.refused;
  if (item.state === "live" && (item.category ?? "other.").startsWith("other.")) return text.queue.listening;
  return item.title ?? (item.category === null ? text.queue.noWords : category(words, item.category));
}

export function said({ text }: Words, what: Said): string {
  switch (what.kind) {
    case "saved": return text.said.saved;
    case "queue_empty": return [what.after === undefined ? null : decided(text, what.after.decision, what.after.into), text.said.queueEmpty].filter(Boolean).join(". ");
    case "unapproved": return text.decide.waits(what.missing, what.unseen);
    case "key_repeat": return text.said.keyRepeat;
    case "undone": return text.said.undone;
    case "undo_late": return text.said.undoLate;
    case "acknowledged": return text.said.acknowledged;
    case "replayed": return text.said.replayed;
    case "new_call": return text.said.newCall;
    case "emergency": return text.said.emergency(what.quote);
    case "gone": return text.said.gone;
    case "decided": return decided(text, what.decision, what.into);
    case "nothing_beside": return text.said.nothingBeside;
    case "no_matter": return text.said.noMatter;
    case "linked": return what.linked === null ? text.said.unlinked : what.linked ? text.said.linked : text.said.denied;
    case "split": return text.said.split;
    case "joined": return text.said.joined;
    case "unmerged": return unmerged(text, what);
    case "transfer": return through(text, what.transfer);
    case "failed": return `${text.said.failed[what.doing]}: ${reason(text, what.problem)}`;
  }
}

/** What was decided; of a merge, into which call. */
export const decided = (text: Text, decision: DecisionKind, into: string | null): string =>
  decision === "merge" && into !== null ? text.decide.mergedInto(grouped(into)) : text.decide.done[decision];

/** Why it could not be merged, and what to do. */
export function unmerged(text: Text, { why, problem }: Unmerged): string {
  const said = problem === null || why === "carries" ? "" : `${reason(text, problem).replace(/[.。]$/, "")}${text.value.stop}`;
  return `${text.said.failed.merge}: ${said}${text.into.todo[why]}`;
}

/** How it stands with putting the caller through. */
export function through(text: Text, { to, state, detail }: Transfer): string {
  const said = text.transfer.states[state](to);
  return detail === null ? said : `${said}: ${detail}`;
}

/** The gateway's own sentence where it gave one. */
export function reason(text: Text, problem: Problem): string {
  if (problem.status === 0) return text.said.noAnswer;
  return problem.errors[0]?.detail ?? problem.detail ?? text.said.status(problem.status);
}
