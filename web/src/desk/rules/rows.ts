// A draft as the rows an agent works through: missing, then to check, then sure.

import type { Draft, Edit, Evidence, Field, FieldState, Phone, Pointer, Review } from "../contract";
import type { Open } from "../model";
import { CATALOGUE, entryOf, type Kind, type Name } from "./catalog";
import { at } from "./pointer";
import { apart } from "./spans";

export type Group = "missing" | "check" | "sure";

export interface Alternative {
  value: unknown;
  confidence: number | null;
  /** Where a number comes from, when it is another of the call's numbers. */
  origin: Phone["origin"] | null;
}

export interface Row {
  pointer: Pointer;
  name: Name;
  kind: Kind;
  choices: readonly string[];
  /** Number of the issue from 1; null where the draft has one issue, or it is not of an issue. */
  issue: number | null;
  state: FieldState;
  group: Group;
  minor: boolean;
  required: boolean;
  seen: boolean;
  value: unknown;
  confidence: number;
  evidence: Evidence[];
  alternatives: Alternative[];
  phone: Phone | null;
  /** Entered here and not saved yet. */
  unsaved: boolean;
  error: string | null;
}

/** Confidence from which a value that nothing speaks against is sure. */
const SURE = 0.8;

const isList = Array.isArray;
const empty = (value: unknown) => value === null || value === undefined || value === "" || (isList(value) && value.length === 0);

/** A value as an agent reads it at this place: of a telephone number its international form. */
export function valueAt(draft: Draft, pointer: Pointer): unknown {
  const found = at(draft, pointer);
  if (found === null || found === undefined || isList(found)) return null;
  const entry = entryOf(pointer);
  if (entry?.entry.kind === "phone") {
    const { e164, number, raw } = found as Phone;
    return e164 ?? (number || raw);
  }
  return (found as Field).value ?? null;
}

/** The state of a field where no gateway says it: today's rule, for calls that cannot be changed here. */
export function stateOf(field: Partial<Field> | undefined, value: unknown, required: boolean): FieldState | null {
  if (empty(value)) return required ? "missing" : null;
  if (field?.source === "agent") return "entered";
  const doubted = field?.needs_review === true || field?.band === "missing" || !((field?.confidence ?? 0) >= SURE);
  return doubted ? "check" : "sure";
}

/** Every place of a draft that the catalogue knows. */
function places(draft: Draft): Pointer[] {
  const issues = draft.issues ?? [];
  const phones = draft.caller?.phones ?? [];
  return CATALOGUE.flatMap(({ shape }) => {
    if (shape === "/caller/phones") return phones.length === 0 ? [shape] : [];
    if (!shape.includes("#")) return [shape];
    const many = shape.startsWith("/issues") ? issues.length : phones.length;
    return Array.from({ length: many }, (_, i) => shape.replace("#", String(i)));
  });
}

type Known = { pointer: Pointer; state: FieldState; required: boolean; seen: boolean };

function known(draft: Draft): Known[] {
  const anonymous = draft.caller?.anonymity?.value === "anonymous";
  return places(draft).flatMap((pointer) => {
    const entry = entryOf(pointer)?.entry;
    if (entry === undefined) return [];
    const value = valueAt(draft, pointer);
    const field = at(draft, pointer) as Partial<Field> | undefined;
    // A flag that is down and undoubted says nothing.
    if (entry.name === "emergency" && value !== true && field?.needs_review !== true) return [];
    const required = entry.required === true && !(entry.name === "name" && anonymous);
    const state = stateOf(field, value, required);
    return state === null ? [] : [{ pointer, state, required, seen: false }];
  });
}

const GROUP: Record<FieldState, Group> = { missing: "missing", check: "check", sure: "sure", entered: "sure", not_said: "sure" };
const RANK: Record<Group, number> = { missing: 0, check: 1, sure: 2 };

type Work = Pick<Open, "pending" | "seen" | "errors" | "selected" | "editor">;
const IDLE: Work = { pending: {}, seen: [], errors: {}, selected: null, editor: null };

/** All rows in the order of the page. What the agent entered shows at once, saved or not. */
export function rowsOf(draft: Draft, review: Review | null, work: Work = IDLE): Row[] {
  const listed: Known[] = review?.fields ?? known(draft);
  const extra = [...Object.keys(work.pending), ...(work.editor === null ? [] : [work.editor.pointer])]
    .filter((pointer, i, all) => all.indexOf(pointer) === i && !listed.some((one) => one.pointer === pointer))
    .map((pointer): Known => ({ pointer, state: "entered", required: false, seen: true }));
  const many = (draft.issues ?? []).length > 1;
  const rows = [...listed, ...extra].flatMap((one) => {
    const entry = entryOf(one.pointer);
    if (entry === null) return [];
    const of = row(draft, one, entry, many, work);
    return [{ row: of, place: [RANK[of.group], (of.issue ?? 1) - 1, entry.order, entry.index ?? 0] }];
  });
  return rows.sort((a, b) => before(a.place, b.place)).map(({ row: one }) => one);
}

/** Like words in a dictionary: the first numbers that differ decide. */
function before(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((one, place) => one !== b[place]);
  return i < 0 ? 0 : (a[i] ?? 0) - (b[i] ?? 0);
}

function row(draft: Draft, one: Known, { entry, index }: NonNullable<ReturnType<typeof entryOf>>, many: boolean, work: Work): Row {
  const field = at(draft, one.pointer) as Partial<Field & Phone> | undefined;
  const pending = work.pending[one.pointer];
  const state = pending === undefined ? one.state : stateAfter(pending.edit);
  const phone = entry.kind === "phone" && field !== undefined && !isList(field) ? (field as Phone) : null;
  return {
    pointer: one.pointer,
    name: entry.name,
    kind: entry.kind,
    choices: entry.choices ?? [],
    issue: many && one.pointer.startsWith("/issues/") ? (index ?? 0) + 1 : null,
    state,
    // What was just entered stays where it was, until the gateway has it: nothing jumps under the agent's hands.
    group: work.editor?.pointer === one.pointer ? work.editor.group : GROUP[pending === undefined ? state : one.state],
    minor: entry.minor === true,
    required: one.required,
    seen: one.seen || work.seen.includes(one.pointer),
    value: pending === undefined ? valueAt(draft, one.pointer) : "value" in pending.edit ? pending.edit.value : null,
    confidence: field?.confidence ?? 0,
    evidence: apart(field?.evidence ?? []),
    alternatives: alternatives(draft, field, phone),
    phone,
    unsaved: pending !== undefined,
    error: work.errors[one.pointer] ?? null,
  };
}

const stateAfter = (edit: Edit): FieldState => ("not_said" in edit ? "not_said" : "entered");

function alternatives(draft: Draft, field: Partial<Field & Phone> | undefined, phone: Phone | null): Alternative[] {
  const own = (field?.alternatives ?? []).map(({ value, confidence }): Alternative => ({ value, confidence, origin: null }));
  const others = phone?.preferred
    ? draft.caller.phones.filter((other) => other !== phone && other.belongs_to !== "other_party")
    : [];
  const numbers = others.map((other): Alternative => ({ value: other.e164 ?? other.number, confidence: null, origin: other.origin }));
  const all = [...own, ...numbers].filter(({ value }) => !empty(value));
  return all.filter(({ value }, i) => all.findIndex((one) => one.value === value) === i).slice(0, 3);
}

/** Fields that approving waits for: missing ones, and ones in doubt that nobody has looked at. */
export function blocking(rows: readonly Row[]): { missing: Row[]; unseen: Row[] } {
  return {
    missing: rows.filter(({ state, required }) => state === "missing" && required),
    unseen: rows.filter(({ state, seen }) => state === "check" && !seen),
  };
}
