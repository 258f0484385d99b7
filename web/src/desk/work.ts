// Work on the open draft: claiming it, entering values, saving them, and merging when somebody else was faster.

import type { CallDetail, Edit, Pointer, Problem, Review } from "./contract";
import { HEARTBEAT_MS, MOST_RELATED, RETRY_MS } from "./limits";
import { alarmFrom, alarmsOf } from "./feed";
import type { Clash, Effect, Event, Model, Open, Pending } from "./model";
import { moved, sameMatters } from "./rules/matters";
import { relatedOf } from "./rules/related";
import { blocking, rowsOf, valueAt } from "./rules/rows";
import { onOpen, say, stay, then, to, type Step } from "./step";

const fresh = (call: string): Open => ({
  call,
  detail: null,
  review: null,
  partial: null,
  selected: null,
  editor: null,
  pending: {},
  sent: [],
  change: null,
  unsaved: null,
  retryAtMs: null,
  seen: [],
  errors: {},
  shownAtMs: null,
  claimedAtMs: null,
  related: {},
  reviews: {},
  beside: null,
  unmerged: null,
  wanted: null,
});

/** Whether values can be entered: a review can be saved now, a live call's as soon as it has one. */
export function editable(model: Model): boolean {
  const { open } = model;
  if (model.readOnly || open === null || open.detail?.erased_at != null || model.me?.role === "auditor") return false;
  if (open.review !== null) return open.review.decision === null && !heldByOther(open);
  return open.detail?.state === "live" || open.detail?.state === "finishing";
}

/** Whether it can be decided: the caller has hung up, and the draft is whole. */
export const decidable = (model: Model): boolean => editable(model) && model.open?.review != null && model.open.detail?.state === "done";

const heldByOther = ({ review }: Open) => review !== null && review.holder !== null && !review.mine;

export function open(model: Model, call: string): Step {
  if (model.open?.call === call) return stay(model);
  return then(leave(model), (left) =>
    to(left, { open: fresh(call), dialog: null }, { kind: "silence_player" }, { kind: "address", call }, { kind: "load_call", call }, ...reviewOf(left, call)));
}

/** Asked for where the gateway may have one. */
const reviewOf = (model: Model, call: string): Effect[] => (model.readOnly ? [] : [{ kind: "load_review", call }]);

/** Gives a claim back. Edits that are not saved yet stay in this browser and go out when the draft is opened again. */
export function leave(model: Model): Step {
  const { open } = model;
  // What came as the next draft is held before its review is here.
  const mine = open?.review == null ? open?.claimedAtMs != null : open.review.mine && open.review.decision === null;
  const held = open !== null && mine && Object.keys(open.pending).length === 0;
  return to(model, {}, ...(held ? [{ kind: "release", call: open.call } as Effect] : []));
}

export function loaded(model: Model, { detail, restored }: Extract<Event, { kind: "call" }>): Step {
  const alarms = alarmsOf(model.alarms, detail.id, alarmFrom(detail));
  const next = onOpen({ ...model, alarms }, detail.id, (open) => ({
    detail: { ...detail, transcript: withLater(detail, open.detail?.transcript ?? []) },
    partial: detail.state === "live" ? open.partial : null,
    pending: Object.keys(open.pending).length > 0 || restored === null ? open.pending : restored,
  }));
  const unknown = relatedOf({ detail, review: model.open?.review ?? null }).map(({ id }) => id).filter((id) => model.open?.call === detail.id && !(id in model.open.related)).slice(0, MOST_RELATED);
  const ask = unknown.map((call): Effect => ({ kind: "load_related", call }));
  return then(next, (known) => then(to(known, {}, ...ask), (now) => then(send(now), first)));
}

/** Words of a call that goes on may have been told while this answer, read before them, was on its way. */
function withLater({ state, erased_at, transcript }: CallDetail, told: CallDetail["transcript"]): CallDetail["transcript"] {
  if (state === "done" || erased_at !== null) return transcript;
  return [...transcript, ...told.filter(({ seq }) => !transcript.some((one) => one.seq === seq))].sort((a, b) => a.seq - b.seq);
}

export function reviewed(model: Model, review: Review): Step {
  const { open } = model;
  if (open === null || open.call !== review.call || (open.review !== null && review.revision < open.review.revision)) return stay(model);
  const free = review.holder === null && review.decision === null && review.state !== "decided" && model.me?.role !== "auditor";
  // Whoever types, or has something to save, takes it back as soon as nobody else has it.
  const claims = free && (open.claimedAtMs === null || open.editor !== null || open.unsaved === "held");
  const claim: Effect[] = claims ? [{ kind: "claim", call: review.call, takeOver: false }] : [];
  const next = then(carry(model, review), (known) => to(known, {}, ...claim));
  return then(next, (known) => then(claims ? stay(known) : send(known), first));
}

/** The review as it stands now. What is worked at goes with its matter when matters were split or joined; what was seen counts where
    the same still stands. */
export function carry(model: Model, review: Review): Step {
  const { open } = model;
  if (open === null || open.call !== review.call) return stay(model);
  const known = new Set([...relatedOf(open).map(({ id }) => id), ...Object.keys(open.related)]);
  const others = open.detail === null ? [] : relatedOf({ detail: open.detail, review }).filter(({ id }) => !known.has(id)).slice(0, MOST_RELATED);
  const load = others.map(({ id }): Effect => ({ kind: "load_related", call: id }));
  const seen = open.seen.filter((pointer) => equal(valueIn(open.review, pointer), valueIn(review, pointer)));
  const [before, after] = [open.review?.draft ?? null, review.draft];
  if (before === null || after === null || sameMatters(before, after)) return onOpen(model, open.call, () => ({ review, seen }), ...load);
  const to = (pointer: Pointer) => moved(pointer, before, after);
  const pending = Object.fromEntries(Object.entries(open.pending).map(([pointer, one]): [Pointer, Pending] => {
    const { pointer: there, gone } = to(pointer);
    return [there, { ...one, edit: { ...one.edit, pointer: there }, ...(gone ? { moved: true } : {}) }];
  }));
  return onOpen(model, open.call, ({ selected, editor }) => ({
    review,
    pending,
    seen: seen.filter((pointer) => !pointer.startsWith("/issues/")),
    selected: selected === null ? null : to(selected).pointer,
    editor: editor && { ...editor, pointer: to(editor.pointer).pointer },
    errors: {},
  }), ...load, { kind: "keep", call: open.call, pending });
}

/** The first field that needs the agent gets the focus, once, unless the agent is elsewhere already. Not before the call itself is
    here: the keys that the focus invites would find no sound to play and nothing to decide. */
export function first(model: Model): Step {
  const { open } = model;
  const draft = open?.review?.draft ?? null;
  if (open === null || open.detail === null || draft === null || open.selected !== null || open.review?.decision !== null) return stay(model);
  const rows = rowsOf(draft, open.review, open);
  const { missing, unseen } = blocking(rows);
  const row = missing[0] ?? unseen[0] ?? rows[0];
  return row === undefined ? stay(model) : onOpen(model, open.call, () => ({ selected: row.pointer }), { kind: "focus", pointer: row.pointer });
}

export function claimFailed(model: Model, call: string, problem: Problem, nowMs: number): Step {
  if (problem.status === 404 || problem.status === 501) return stay(model);
  if (problem.status !== 409) {
    const again = onOpen(model, call, ({ pending, unsaved, retryAtMs }) =>
      ({ change: null, ...(Object.keys(pending).length > 0 ? { unsaved: "offline" as const, retryAtMs: nowMs + RETRY_MS } : { unsaved, retryAtMs }) }));
    return say(again.model, { kind: "failed", doing: "claim", problem });
  }
  // Who holds it is said above the draft; a claim that was lost shows there too.
  return onOpen(model, call, (open) => ({
    review: open.review && { ...open.review, mine: false, holder: problem.holder ?? open.review.holder },
    unsaved: Object.keys(open.pending).length > 0 ? "held" : open.unsaved,
    change: null,
  }), { kind: "load_review", call });
}

/** It is ours now: what was hidden of its caller is asked for again. One that was left meanwhile is given back. */
export function claimed(model: Model, { call, until }: Extract<Event, { kind: "claimed" }>, nowMs: number): Step {
  if (model.open?.call !== call) return to(model, {}, { kind: "release", call });
  const hidden: Effect[] = model.open?.review?.mine === true ? [] : [{ kind: "load_call", call }];
  return onOpen(model, call, (open) => ({
    claimedAtMs: nowMs,
    unsaved: open.unsaved === "held" ? null : open.unsaved,
    review: open.review && { ...open.review, mine: true, until },
  }), ...hidden, { kind: "load_review", call });
}

export function seen(model: Model, pointer: Pointer): Step {
  const { open } = model;
  if (open === null || open.selected !== pointer || open.seen.includes(pointer)) return stay(model);
  const listed = open.review?.fields.some((field) => field.pointer === pointer && !field.seen) === true;
  return onOpen(model, open.call, ({ seen: all }) => ({ seen: [...all, pointer] }), ...(listed ? [{ kind: "send_seen", call: open.call, pointers: [pointer] } as Effect] : []));
}

export function startEdit(model: Model, pointer: Pointer, text: string): Step {
  if (!editable(model) || model.open === null) return stay(model);
  const draft = draftOf(model.open);
  const group = (draft === null ? [] : rowsOf(draft, model.open.review, model.open)).find((row) => row.pointer === pointer)?.group ?? "sure";
  const base = draft === null ? null : valueAt(draft, pointer);
  return onOpen(model, model.open.call, () => ({ editor: { pointer, text, group, base }, selected: pointer }));
}

/** A value, or that the caller did not say it. It shows at once, and is on its way at once. */
export function enter(model: Model, edit: Edit): Step {
  const { open } = model;
  // What was typed before the claim was lost is kept, whoever holds the draft now.
  const late = open !== null && heldByOther(open) && open.editor?.pointer === edit.pointer;
  if (open === null || !(late || editable(model))) return stay(model);
  const draft = open.review?.draft ?? open.detail?.draft;
  const seen = open.editor?.pointer === edit.pointer ? open.editor.base : draft ? valueAt(draft, edit.pointer) : null;
  const base = open.pending[edit.pointer]?.base ?? seen;
  const pending: Record<Pointer, Pending> = { ...open.pending, [edit.pointer]: { edit, base } };
  const { [edit.pointer]: _, ...errors } = open.errors;
  return then(onOpen(model, open.call, () => ({ editor: null, pending, errors, unsaved: late ? "held" : null, retryAtMs: null }), { kind: "keep", call: open.call, pending }), send);
}

/** One request at a time, with everything that waits; where another person was faster, this one chooses first. */
export function send(model: Model): Step {
  const { open } = model;
  if (open === null || open.review === null || open.sent.length > 0 || open.change?.sent || open.unsaved !== null || open.review.decision !== null) return stay(model);
  const edits = Object.values(open.pending).map(({ edit }) => edit);
  if (edits.length === 0 && open.change === null) return decideWhenSaved(model, open);
  // Of a draft that is not ours the caller is hidden, so nobody could compare: the claim goes first, its answer sends.
  if (!open.review.mine) return open.review.holder === null ? to(model, {}, { kind: "claim", call: open.call, takeOver: false }) : stay(model);
  const { call, review: { revision }, change } = open;
  if (edits.length === 0 && change !== null) return onOpen(model, call, () => ({ change: { ...change, sent: true } }), { kind: "change", call, revision, asked: change.asked });
  const clashes = clashesOf(open, open.review);
  if (clashes.length > 0) return to(model, { dialog: { kind: "merge", clashes }, open: { ...open, wanted: null, change: null } });
  return onOpen(model, call, () => ({ sent: edits }), { kind: "patch", call, revision, edits });
}

function decideWhenSaved(model: Model, { call, review, wanted, shownAtMs }: Open): Step {
  if (wanted === null || review === null) return stay(model);
  return onOpen(model, call, () => ({ wanted: null }), { kind: "decide", call, revision: review.revision, wanted, shownAtMs });
}

/** What was sent is saved; what was entered in the meantime still waits. Saving held the draft, also for who has left it. */
export function saved(model: Model, review: Review): Step {
  const { open } = model;
  if (open === null || open.call !== review.call) return to(model, {}, { kind: "release", call: review.call });
  const pending = Object.fromEntries(Object.entries(open.pending).filter(([, { edit }]) => !open.sent.includes(edit))
    // What was entered over our own value contests nobody's.
    .map(([pointer, one]): [Pointer, Pending] => [pointer, open.sent.some((sent) => sent.pointer === pointer) ? { ...one, base: valueIn(review, pointer) } : one]));
  const rest = onOpen(model, review.call, () => ({ pending, sent: [], unsaved: null, retryAtMs: null, errors: {} }), { kind: "keep", call: review.call, pending });
  const next = then(rest, (known) => carry(known, review));
  const { model: known, effects } = then(next, send);
  return { model: { ...known, said: { kind: "saved" } }, effects };
}

export function saveFailed(model: Model, call: string, problem: Problem, nowMs: number): Step {
  if (model.open?.call !== call) return stay(model);
  const later = { sent: [], wanted: null, change: null };
  if (problem.status === 412 && problem.current !== null) return overtaken(model, problem.current);
  if (problem.status === 409) return onOpen(model, call, () => ({ ...later, unsaved: "held" as const }), { kind: "load_review", call });
  if (problem.status === 422 || problem.status === 400) {
    const errors = Object.fromEntries(problem.errors.map(({ pointer, detail }) => [pointer, detail]));
    const known = onOpen(model, call, () => ({ ...later, unsaved: "refused" as const, errors }));
    return say(known.model, { kind: "failed", doing: "save", problem });
  }
  const fresh: Effect[] = problem.status === 412 ? [{ kind: "load_review", call }] : [];
  return onOpen(model, call, () => ({ ...later, unsaved: "offline" as const, retryAtMs: nowMs + RETRY_MS }), ...fresh);
}

/** Somebody else saved first. Where they touched other fields, ours go on top; where they touched the same, people choose. */
const overtaken = (model: Model, current: Review): Step => then(onOpen(model, current.call, () => ({ sent: [] })), (known) => then(carry(known, current), send));

/** Fields that another person changed since this agent saw them. What the machine has read since contests no agent's word. */
function clashesOf({ pending }: Open, current: Review): Clash[] {
  const person = (pointer: Pointer) => current.fields.some((field) => field.pointer === pointer && (field.state === "entered" || field.state === "not_said"));
  return Object.entries(pending).flatMap(([pointer, { edit, base, moved: gone }]): Clash[] => {
    const theirs = valueIn(current, pointer);
    if (gone) return [{ pointer, yours: edit, theirs }];
    const same = "value" in edit && equal(theirs, edit.value);
    return same || equal(theirs, base) || !person(pointer) ? [] : [{ pointer, yours: edit, theirs }];
  });
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

const valueIn = (review: Review | null, pointer: Pointer) => (review?.draft ? valueAt(review.draft, pointer) : null);

/** The agent chose: `yours` are saved over theirs, of the others theirs stand. */
export function merged(model: Model, yours: Pointer[]): Step {
  const { open, dialog } = model;
  if (open === null || dialog?.kind !== "merge") return stay(model);
  const given = dialog.clashes.map(({ pointer }) => pointer).filter((pointer) => !yours.includes(pointer));
  const pending = Object.fromEntries(Object.entries(open.pending).filter(([pointer]) => !given.includes(pointer))
    .map(([pointer, one]): [Pointer, Pending] => [pointer, { edit: one.edit, base: valueIn(open.review, pointer) }]));
  return then(to(model, { dialog: null, open: { ...open, pending, unsaved: null } }, { kind: "keep", call: open.call, pending }), send);
}

/** One of the related calls is read beside the draft, which stays open and claimed. */
export function beside(model: Model, call: string | null): Step {
  const { open } = model;
  if (open === null) return stay(model);
  const all = relatedOf(open).map(({ id }) => id);
  const at = open.beside === null ? -1 : all.indexOf(open.beside);
  const next = call === null ? (all[at + 1] ?? null) : call === open.beside ? null : call;
  const load: Effect[] = [];
  if (next !== null && !(next in open.related)) load.push({ kind: "load_related", call: next });
  // Who holds it and how many callers it has is in its review.
  if (next !== null && !model.readOnly) load.push({ kind: "load_related_review", call: next });
  return onOpen(model, open.call, () => ({ beside: next, unmerged: null }), ...load);
}

export function tick(model: Model, nowMs: number): Step {
  const { open } = model;
  if (open === null) return stay(model);
  const mine = open.review?.mine === true && open.review.decision === null;
  const waits = mine || open.unsaved === "held";
  const due = waits && nowMs - (open.claimedAtMs ?? nowMs) >= HEARTBEAT_MS;
  // A lease that ends by itself is told to nobody: whoever waits for it asks.
  const ask: Effect = mine ? { kind: "claim", call: open.call, takeOver: false } : { kind: "load_review", call: open.call };
  // What "next" claimed is renewed from its first tick on.
  const since = waits && open.claimedAtMs === null ? onOpen(model, open.call, () => ({ claimedAtMs: nowMs })) : stay(model);
  const held = due ? onOpen(model, open.call, () => ({ claimedAtMs: nowMs }), ask) : since;
  if (open.retryAtMs === null || nowMs < open.retryAtMs) return held;
  return then(held, (known) => then(onOpen(known, open.call, () => ({ unsaved: null, retryAtMs: null })), send));
}

/** The draft as it is shown: the review's, or while there is none the machine's. */
export const draftOf = ({ review, detail }: { review: Review | null; detail: CallDetail | null }) => review?.draft ?? detail?.draft ?? null;
