// Decisions: never by a key that is held down, approving never past a field that is missing or was not looked at.

import type { Problem } from "./contract";
import type { Event, Model, Open, Unmerged } from "./model";
import { outdated } from "./figures";
import { relatedOf } from "./rules/related";
import { blocking, rowsOf } from "./rules/rows";
import { onOpen, say, stay, then, to, type Step } from "./step";
import { decidable, open as openCall } from "./work";

export function decide(model: Model, event: Extract<Event, { kind: "decide_pressed" }>): Step {
  const { open } = model;
  const { decision, reason = null, unit = null, into } = event;
  if (open === null || open.review === null || open.review.draft === null || !decidable(model)) return stay(model);
  if (event.repeat) return say(model, { kind: "key_repeat" });
  if (decision === "reject" && reason === null) return to(model, { dialog: { kind: "reject" } });
  if (decision === "redirect" && unit === null) return to(model, { dialog: { kind: "redirect" } });
  if (decision === "approve") {
    const { missing, unseen } = blocking(rowsOf(open.review.draft, open.review, open));
    const field = missing[0] ?? unseen[0];
    if (field !== undefined) {
      const told = say(model, { kind: "unapproved", missing: missing.length, unseen: unseen.length });
      return then(told, (known) => onOpen(known, open.call, () => ({ selected: field.pointer }), { kind: "focus", pointer: field.pointer }));
    }
  }
  if (decision === "merge" && into === undefined) return askInto(model, open);
  const wanted = { decision, reason, unit, ...(into === undefined ? {} : { into }) };
  const idle = open.sent.length === 0 && open.change === null && Object.keys(open.pending).length === 0;
  const closed = { ...model, dialog: null };
  if (idle) return to(closed, {}, { kind: "decide", call: open.call, revision: open.review.revision, wanted, shownAtMs: open.shownAtMs });
  return onOpen(closed, open.call, () => ({ wanted }));
}

/** Both calls are named before it is confirmed. */
function askInto(model: Model, open: Open): Step {
  if ((open.review?.merged ?? []).length > 0) return unmerged(model, open.call, { why: "carries", problem: null });
  return open.beside === null ? say(model, { kind: "nothing_beside" }) : to(model, { dialog: { kind: "into", call: open.beside } });
}

function unmerged(model: Model, call: string, why: Unmerged): Step {
  return then(onOpen(model, call, () => ({ unmerged: why })), (known) => say(known, { kind: "unmerged", ...why }));
}

const INTO = "/review/into";

/** Why a merge was refused; null: it was something else. */
function whyUnmerged({ open }: Model, problem: Problem): Unmerged | null {
  if (problem.status === 409 && problem.type?.endsWith("merged")) return { why: (open?.review?.merged ?? []).length > 0 ? "carries" : "chain", problem };
  return problem.status === 422 && problem.errors.some(({ pointer }) => pointer === INTO) ? { why: "target", problem } : null;
}

/** The reference by which the caller of a related call knows it. */
function referenceOf(open: Open, call: string): string | null {
  return (relatedOf(open).find(({ id }) => id === call)?.reference || open.related[call]?.reference) ?? null;
}

export function decided(model: Model, { call, decision, into: other, undoUntil }: Extract<Event, { kind: "decided" }>): Step {
  const into = other !== undefined && model.open?.call === call ? referenceOf(model.open, other) : null;
  const undo = { call, decision, into, untilMs: Date.parse(undoUntil), shownAtMs: model.open?.call === call ? model.open.shownAtMs : null };
  const items = model.items.filter((item) => item.call !== call);
  // Decided is given back: nothing is released when the next draft opens.
  const open = model.open?.call === call ? null : model.open;
  return to(outdated(model), { undo, items, open, said: { kind: "decided", decision, into } }, { kind: "silence_player" }, { kind: "keep", call, pending: {} }, ...(open === null ? [{ kind: "claim_next" } as const] : []),
    { kind: "load_queue", filter: model.filter, before: null });
}

export function decideFailed(model: Model, call: string, problem: Problem): Step {
  const why = whyUnmerged(model, problem);
  if (why !== null) return then(unmerged(model, call, why), (now) => to(now, {}, { kind: "load_review", call }));
  const told = problem.status === 422 && problem.errors.length > 0
    ? onOpen(model, call, () => ({ errors: Object.fromEntries(problem.errors.map(({ pointer, detail }) => [pointer, detail])) }))
    : stay(model);
  const review = problem.status === 412 && problem.current !== null && model.open?.call === call ? problem.current : null;
  const known = review === null ? told : onOpen(told.model, call, () => ({ review }));
  return then(known, (now) => to(now, { said: { kind: "failed", doing: "decide", problem } }, { kind: "load_review", call }));
}

export function undo(model: Model, nowMs: number): Step {
  if (model.undo === null || nowMs >= model.undo.untilMs) return stay(model);
  return to(model, {}, { kind: "undo", call: model.undo.call });
}

/** What was decided is open again, before whoever else may take it. Its time runs on: what counts is the time to the right decision. */
export function undone(model: Model, call: string): Step {
  const shownAtMs = model.undo?.call === call ? model.undo.shownAtMs : null;
  const again = then(openCall({ ...outdated(model), undo: null, search: null }, call), (now) => onOpen(now, call, () => ({ shownAtMs })));
  return then(again, (now) => to(now, { said: { kind: "undone" } }, { kind: "load_queue", filter: model.filter, before: null }));
}
