// Matters that are split or joined, and ties between calls: asked for one at a time, after everything entered is saved.

import type { Change, Draft } from "./contract";
import type { Effect, Event, Model } from "./model";
import { entryOf } from "./rules/catalog";
import { has, joining, othersThan } from "./rules/matters";
import { referenceIn, relatedOf, saidAfter } from "./rules/related";
import { valueTyped } from "./rules/typed";
import { onOpen, say, stay, then, to, type Step } from "./step";
import { carry, editable, enter, first, send } from "./work";

function ask(model: Model, asked: Change): Step {
  const { open } = model;
  if (open === null || open.review?.draft == null || open.change !== null || !editable(model)) return stay(model);
  return then(onOpen({ ...model, dialog: null }, open.call, () => ({ change: { asked, sent: false }, unsaved: null, retryAtMs: null })), send);
}

/** What is being typed belongs to a matter that may move, so it is entered first; what is no value yet keeps its editor. */
function settled(model: Model, go: (model: Model) => Step): Step {
  const editor = model.open?.editor;
  if (model.open === null || !editor) return go(model);
  const { pointer, text, base } = editor;
  const value = valueTyped(entryOf(pointer)?.entry.kind ?? "text", text);
  if (value === null && text.trim() !== "") return to(model, { dialog: null });
  const same = value === null || JSON.stringify(value) === JSON.stringify(base);
  return then(same ? onOpen(model, model.open.call, () => ({ editor: null })) : enter(model, { pointer, value }), go);
}

export function split(model: Model, issue: string | null): Step {
  if (issue === null) return say(model, { kind: "no_matter" });
  return settled(model, (known) => ask(known, { kind: "split", issue }));
}

/** With the other one at once; where there are several, the agent says with which. */
export function join(model: Model, { issue, with: other }: Extract<Event, { kind: "join_pressed" }>): Step {
  const draft = model.open?.review?.draft;
  if (!draft || !editable(model)) return stay(model);
  if (issue === null) return say(model, { kind: "no_matter" });
  const others = othersThan(draft, issue);
  const only = others.length === 1 ? others[0]?.issue : undefined;
  const chosen = other ?? only;
  if (chosen === undefined) return others.length === 0 ? stay(model) : to(model, { dialog: { kind: "join", issue } });
  return settled(model, (known) => ask(known, { kind: "join", ...joining(draft, issue, chosen) }));
}

export function link(model: Model, { call, linked }: Extract<Event, { kind: "link_pressed" }>): Step {
  const one = model.open === null ? undefined : relatedOf(model.open).find(({ id }) => id === call);
  if (one === undefined) return say(model, { kind: "nothing_beside" });
  return one.relation === "merged" ? stay(model) : ask(model, { kind: "link", other: { call: one.id }, linked: saidAfter(one, linked) });
}

export function linkReference(model: Model, text: string): Step {
  const reference = referenceIn(text);
  return reference === null ? stay(model) : ask(model, { kind: "link", other: { reference }, linked: true });
}

export function changed(model: Model, { asked, review }: Extract<Event, { kind: "changed" }>): Step {
  if (model.open?.call !== review.call) return stay(model);
  const told = say(model, asked.kind === "link" ? { kind: "linked", linked: asked.linked } : { kind: asked.kind === "split" ? "split" : "joined" });
  const known = then(carry(told.model, review), (now) => onOpen(now, review.call, ({ editor, selected }) => ({
    change: null,
    // Other fields are in doubt now: what was seen before is looked at again, and nothing is decided on the way.
    ...(asked.kind === "link" ? {} : { seen: [], wanted: null, selected: editor === null ? null : selected }),
  })));
  return then(known, (now) => then(send(now), first));
}

/** Whether it can still be asked for: another may have joined what was to be split. */
function possible(asked: Change, draft: Draft | null): boolean {
  if (draft === null) return false;
  return asked.kind === "link" || (asked.kind === "split" ? has(draft, asked.issue) : has(draft, asked.issue, asked.into));
}

/** Where somebody else saved first it is asked for again on top of that, as edits are. */
export function changeFailed(model: Model, { call, asked, problem }: Extract<Event, { kind: "change_failed" }>): Step {
  if (model.open?.call !== call) return stay(model);
  const { current } = problem;
  const again = problem.status === 412 && current !== null && possible(asked, current.draft);
  const idle = onOpen(model, call, () => ({ change: again ? { asked, sent: false } : null }));
  const known = problem.status === 412 && current !== null ? then(idle, (now) => carry(now, current)) : idle;
  if (again) return then(known, send);
  const fresh: Effect[] = problem.status === 409 || problem.status === 412 ? [{ kind: "load_review", call }] : [];
  return then(known, (now) => then(to(now, { said: { kind: "failed", doing: asked.kind, problem } }, ...fresh), send));
}
