// The desk as a pure function: a model and an event make the next model and what is to be done.

import type { CallSummary, Item } from "./contract";
import { decide, decided, decideFailed, undo, undone } from "./decide";
import { acknowledge, acknowledged, alarmFrom, alarmsOf, onServer, quiet } from "./feed";
import * as figures from "./figures";
import type { Effect, Event, Filter, Listed, Model, View } from "./model";
import { withView } from "./rules/filters";
import * as matters from "./matters";
import { has } from "./rules/matters";
import { onOpen, say, stay, then, to, type Step } from "./step";
import * as transfer from "./transfer";
import * as work from "./work";

export const anyCall: Filter = { state: "waiting", category: "", line: "", mine: false };

export const initial: Model = {
  door: "asking",
  me: null,
  loginProblem: null,
  readOnly: false,
  link: "connecting",
  notices: [],
  sip: [],
  filter: anyCall,
  views: [],
  items: [],
  counts: null,
  next: null,
  loaded: false,
  wide: true,
  open: null,
  alarms: [],
  undo: null,
  figures: { known: null, stale: true, askedAtMs: null, absent: false },
  dialog: null,
  search: null,
  said: null,
};

/** A route that is not there, or not yet. */
const absent = (status: number) => status === 404 || status === 405 || status === 501;

export function step(model: Model, event: Event, nowMs: number): Step {
  switch (event.kind) {
    case "started": {
      const known = { ...model, filter: event.filter ?? model.filter, wide: event.wide };
      const opened = event.call === null ? stay(known) : work.open(known, event.call);
      // What the address names is asked for once the door is open.
      const effects = opened.effects.filter(({ kind }) => kind === "address");
      return { model: opened.model, effects: [...effects, { kind: "keep_filter", filter: known.filter }, { kind: "load_me", later: false }] };
    }
    case "me":
      return then(enter({ ...model, me: event.me }), (known) => to(known, {}, { kind: "load_views", account: event.me.name }));
    case "me_failed":
      if (absent(event.problem.status)) return enter(model);
      if (event.problem.status === 401) return to(model, { door: "login" });
      return to(model, { said: { kind: "failed", doing: "load", problem: event.problem } }, { kind: "load_me", later: true });
    case "login_pressed":
      return to(model, { loginProblem: null }, { kind: "login", name: event.name, password: event.password });
    case "login_failed":
      return to(model, { door: "login", loginProblem: event.problem });
    case "logout_pressed": {
      const left = work.leave(model);
      const gone = { ...initial, door: "login" as const, filter: model.filter, notices: model.notices };
      return { model: gone, effects: [...left.effects, { kind: "logout" }, { kind: "address", call: null }, { kind: "alarm_sound", on: false }] };
    }
    case "queue":
    case "queue_failed":
    case "calls":
    case "filter_changed":
    case "more_pressed":
      return list(model, event);
    case "views":
    case "view_saved":
    case "view_chosen":
    case "view_removed":
      return views(model, event);
    case "dead": {
      const counts = model.counts ?? { live: 0, waiting: 0, overdue: 0, mine: 0, dead: 0 };
      const known = { ...model, counts: { ...counts, dead: event.count } };
      return event.open && event.first !== null ? work.open(known, event.first) : stay(known);
    }
    case "dead_pressed":
      return to(model, {}, { kind: "load_dead", open: true });
    case "next_pressed":
      return model.readOnly ? stay(model) : to(model, {}, { kind: "claim_next" });
    case "next": {
      // Of nobody's drafts none is left; one that this agent holds (from a tab that is gone) still waits.
      const own = model.items.find(({ call, mine, state }) => mine && state === "held" && call !== model.open?.call);
      const call = event.call ?? own?.call ?? null;
      if (call === null) return queueEmpty(model);
      // Whoever has begun to type in another draft meanwhile stays there.
      if (model.open !== null && model.open.call !== call && model.open.editor !== null) return to(model, {}, { kind: "release", call });
      return then(work.open({ ...model, search: null }, call), (known) => onOpen(known, call, () => ({ claimedAtMs: nowMs })));
    }
    case "opened":
      return event.call === null ? close(model) : work.open(model, event.call);
    case "call":
      return then(then(work.loaded(model, event), quiet), settled);
    case "call_failed":
      return failedCall(model, event);
    case "review":
      return then(work.reviewed(model, event.review), settled);
    case "review_failed":
      return refused(model, event.problem.status) ?? stay(model);
    case "claimed":
      return work.claimed(model, event, nowMs);
    case "claim_failed":
      return refused(model, event.problem.status) ?? work.claimFailed(model, event.call, event.problem, nowMs);
    case "take_over_pressed":
      return model.open === null ? stay(model) : to(model, {}, { kind: "claim", call: model.open.call, takeOver: true });
    case "selected":
      return model.open === null ? stay(model) : onOpen(model, model.open.call, () => ({ selected: event.pointer }));
    case "was_seen":
      return work.seen(model, event.pointer);
    case "edit_started":
      return work.startEdit(model, event.pointer, event.text);
    case "typed":
      return model.open?.editor ? onOpen(model, model.open.call, (open) => ({ editor: open.editor && { ...open.editor, text: event.text } })) : stay(model);
    case "edit_cancelled":
      return model.open === null ? stay(model) : onOpen(model, model.open.call, () => ({ editor: null }));
    case "entered":
      return work.enter(model, { pointer: event.pointer, value: event.value });
    case "not_said_pressed":
      return work.enter(model, { pointer: event.pointer, not_said: true });
    case "saved":
      return work.saved(model, event.review);
    case "save_failed":
      return then(work.saveFailed(model, event.call, event.problem, nowMs), (known) => refused(known, event.problem.status) ?? stay(known));
    case "merged":
      return work.merged(model, event.yours);
    case "decide_pressed":
      return decide(model, event);
    case "decided":
      return decided(model, event);
    case "decide_failed":
      // Asked for twice, and the first was taken.
      if (model.undo?.call === event.call) return stay(model);
      return refused(model, event.problem.status) ?? decideFailed(model, event.call, event.problem);
    case "undo_pressed":
      return undo(model, nowMs);
    case "undone":
      return undone(model, event.call);
    case "undo_failed":
      return event.problem.status === 409 ? to(model, { undo: null, said: { kind: "undo_late" } }) : say(model, { kind: "failed", doing: "undo", problem: event.problem });
    case "shown":
      return figures.shown(model, event.call, nowMs);
    case "figures":
    case "figures_failed":
      return figures.answered(model, event);
    case "beside_pressed":
      return work.beside(model, event.call);
    case "related":
      return model.open === null ? stay(model) : onOpen(model, model.open.call, ({ related }) => ({ related: { ...related, [event.detail.id]: event.detail } }));
    case "related_review":
      return model.open === null ? stay(model) : onOpen(model, model.open.call, ({ reviews }) => ({ reviews: { ...reviews, [event.review.call]: event.review } }));
    case "link_pressed":
      return matters.link(model, event);
    case "reference_entered":
      return matters.linkReference(model, event.reference);
    case "split_pressed":
      return matters.split(model, event.issue);
    case "join_pressed":
      return matters.join(model, event);
    case "changed":
      return matters.changed(model, event);
    case "change_failed":
      return then(matters.changeFailed(model, event), (known) => refused(known, event.problem.status) ?? stay(known));
    case "transfer_pressed":
      return transfer.press(model, event.call);
    case "transfer_confirmed":
      return transfer.confirm(model, event);
    case "transfer_failed":
      return then(transfer.failed(model, event), (known) => refused(known, event.problem.status) ?? stay(known));
    case "alarm":
      return then(quiet({ ...model, alarms: alarmsOf(model.alarms, event.detail.id, alarmFrom(event.detail)) }), settled);
    case "acknowledge_pressed":
      return acknowledge(model, event.call);
    case "acknowledged":
      return acknowledged(model, event.call);
    case "acknowledge_failed":
      return then(say(model, { kind: "failed", doing: "acknowledge", problem: event.problem }), (said) =>
        quiet({ ...said, alarms: said.alarms.map((alarm) => (alarm.call === event.call ? { ...alarm, taking: false } : alarm)) }));
    case "replay_pressed":
      return to(model, {}, { kind: "replay", id: event.id });
    case "replayed":
      return to(model, { said: { kind: "replayed" } }, ...reloadOpen(model), { kind: "load_dead", open: false });
    case "failed":
      // Too little to search for is no fault: the empty list says what can be searched.
      if (event.doing === "search" && model.search !== null && [400, 422].includes(event.problem.status)) return to(model, { search: { ...model.search, items: [], next: null } });
      return refused(model, event.problem.status) ?? say(model, { kind: "failed", doing: event.doing, problem: event.problem });
    case "dialog":
      return to(model, { dialog: event.dialog });
    case "search_typed":
    case "found":
      return search(model, event);
    case "stream_opened":
      return event.again ? reload({ ...model, link: "live" }) : to(model, { link: "live" });
    case "stream_lost":
      return to(model, { link: "lost" });
    case "lagged":
      return reload(model);
    case "server":
      return then(onServer(model, event.event), settled);
    case "said_read":
      return to(model, { said: null });
    case "tick":
      return tick(model, nowMs);
  }
}

/** Nobody's draft waits. What was decided just before is still said. */
function queueEmpty(model: Model): Step {
  const after = model.said?.kind === "decided" ? { after: model.said } : {};
  return then(work.leave(model), (left) => to(left, { open: null, search: null, said: { kind: "queue_empty", ...after } }, { kind: "address", call: null }));
}

/** A question about what is no longer there is taken back. */
function settled(model: Model): Step {
  const { dialog, open } = model;
  const over = (dialog?.kind === "transfer" && !transfer.offered(model, dialog.call))
    || (dialog?.kind === "join" && !(open?.review?.draft != null && has(open.review.draft, dialog.issue)))
    || (dialog?.kind === "into" && (open === null || open.beside !== dialog.call || !work.decidable(model)));
  return over ? to(model, { dialog: null }) : stay(model);
}

/** A session that ended shows the door again; what was typed stays. */
function refused(model: Model, status: number): Step | null {
  return status === 401 && model.me?.accounts ? to(model, { door: "login" }) : null;
}

function enter(model: Model): Step {
  const first: Effect[] = model.door === "open" ? [] : [{ kind: "listen" }];
  const call = model.open?.call;
  const again: Effect[] = call === undefined ? [] : [{ kind: "load_call", call }, { kind: "load_review", call }];
  return to(model, { door: "open", loginProblem: null }, ...first, { kind: "load_calls", before: null, rows: false },
    { kind: "load_queue", filter: model.filter, before: null }, ...again);
}

type ListEvent = Extract<Event, { kind: "queue" | "queue_failed" | "calls" | "filter_changed" | "more_pressed" }>;

function list(model: Model, event: ListEvent): Step {
  switch (event.kind) {
    case "queue": {
      if (event.filter !== model.filter) return stay(model);
      // Calls that are up and calls that wait are two lists, read at two moments: one that ended in between stands in both, and has ended.
      const rows = event.queue.items.filter(({ call }, i, all) => !all.slice(i + 1).some((one) => one.call === call)).map((item): Listed => ({ ...item, note: null }));
      const items = event.more ? [...model.items, ...rows.filter(({ call }) => !model.items.some((one) => one.call === call))] : rows;
      const { counts, next } = event.queue;
      return alarmed({ ...model, items, counts, next, loaded: true, readOnly: false }, [...items, ...event.watched]);
    }
    case "queue_failed":
      if (!absent(event.problem.status)) return refused(model, event.problem.status) ?? say(model, { kind: "failed", doing: "load", problem: event.problem });
      return to(model, { readOnly: true }, { kind: "load_calls", before: null, rows: true }, { kind: "load_dead", open: false });
    case "calls": {
      const { notices, sip } = event.list;
      if (!event.rows) return to(model, { notices, sip });
      const rows = event.list.calls.map(listed);
      const items = event.more ? [...model.items.filter(({ call }) => !rows.some((one) => one.call === call)), ...rows] : rows;
      const live = items.filter(({ state }) => state === "live").length;
      const counts = { live, waiting: 0, overdue: 0, mine: 0, dead: model.counts?.dead ?? 0 };
      const next = alarmed({ ...model, notices, sip, items, counts, next: event.list.next, loaded: true }, items);
      const newest = items.find(({ note }) => note === null);
      return then(next, (known) => (model.open === null && model.wide && !event.more && newest && (!model.loaded || newest.state === "live") ? work.open(known, newest.call) : stay(known)));
    }
    case "filter_changed":
      return to(model, { filter: event.filter, items: [], search: null }, { kind: "load_queue", filter: event.filter, before: null }, { kind: "keep_filter", filter: event.filter });
    case "more_pressed":
      if (model.search?.items != null) return model.search.next === null ? stay(model) : to(model, {}, { kind: "search", text: model.search.text, before: model.search.next });
      if (model.next === null) return stay(model);
      return to(model, {}, model.readOnly ? { kind: "load_calls", before: model.next, rows: true } : { kind: "load_queue", filter: model.filter, before: model.next });
  }
}

/** A search stands in the place of the queue until it is left, also while its results are opened one by one. */
function search(model: Model, event: Extract<Event, { kind: "search_typed" | "found" }>): Step {
  const { text } = event;
  if (event.kind === "found") {
    if (model.search?.text !== text) return stay(model);
    const known = event.more ? (model.search.items ?? []) : [];
    const items = [...known, ...event.found.items.filter(({ call }) => !known.some((one) => one.call === call))];
    return to(model, { search: { text, items, next: event.found.next } });
  }
  if (text.trim() === "") return to(model, { search: text === "" ? null : { text, items: null, next: null } });
  // What was found before stands until the next answer: the list does not flicker with every letter. More of it there is not.
  return to(model, { search: { text, items: model.search?.items ?? null, next: null } }, { kind: "search", text, before: null });
}

type ViewEvent = Extract<Event, { kind: "views" | "view_saved" | "view_chosen" | "view_removed" }>;

/** Saved views are the account's own; without accounts they are the desk's. */
function views(model: Model, event: ViewEvent): Step {
  const keep = (views: View[]) => to(model, { views }, { kind: "keep_views", account: model.me?.name ?? "", views });
  switch (event.kind) {
    case "views":
      return to(model, { views: event.views });
    case "view_saved": {
      const known = withView(model.views, event.name, model.filter);
      return known === null ? stay(model) : keep(known);
    }
    case "view_removed":
      return keep(model.views.filter(({ name }) => name !== event.name));
    case "view_chosen": {
      const view = model.views[event.index];
      return view === undefined ? stay(model) : list(model, { kind: "filter_changed", filter: { ...view.filter } });
    }
  }
}

/** Emergencies that a list tells of, and that nobody here has details of, are asked for. One that was taken is over; of one that
    a list does not know yet it was read too early to say. */
function alarmed(model: Model, watched: Item[], ...effects: Effect[]): Step {
  const open = (item: Item) => item.emergency !== null && ["raised", "escalated"].includes(item.emergency.state);
  const over = new Set(watched.filter(({ emergency }) => emergency?.state === "acknowledged").map(({ call }) => call));
  const alarms = model.alarms.filter(({ call }) => !over.has(call));
  const unknown = watched.filter((item) => open(item) && !alarms.some(({ call }) => call === item.call));
  const load = [...new Set(unknown.map(({ call }) => call))].map((call): Effect => ({ kind: "load_alarm", call }));
  return then(quiet({ ...model, alarms }), (next) => to(next, {}, ...effects, ...load));
}

/** A call of today's list as a row of the queue. */
function listed(call: CallSummary): Listed {
  const live = call.state === "live" || call.state === "ringing" || call.state === "finishing";
  const raised = call.raised?.state ?? (call.emergency ? "acknowledged" : null);
  return {
    call: call.id,
    reference: call.reference,
    line: call.line,
    title: call.title,
    category: call.category,
    urgency: null,
    emergency: raised === null ? null : { state: raised },
    state: live ? "live" : "waiting",
    holder: null,
    mine: false,
    due_at: null,
    overdue: false,
    missing: 0,
    check: 0,
    started_at: call.started_at,
    duration_ms: call.duration_ms,
    number: call.withheld ? null : (call.number ?? call.display_name),
    place: null,
    repeats: 0,
    delivery: null,
    note: call.erased_at !== null ? "erased" : call.state === "refused" ? "refused" : null,
  };
}

function close(model: Model): Step {
  return then(work.leave(model), (left) => to(left, { open: null }, { kind: "address", call: null }));
}

function failedCall(model: Model, { call, problem }: Extract<Event, { kind: "call_failed" }>): Step {
  if (problem.status !== 404) return refused(model, problem.status) ?? say(model, { kind: "failed", doing: "load", problem });
  // Removed, or another data folder than before.
  const items = model.items.filter((item) => item.call !== call);
  return model.open?.call === call ? to(model, { items, open: null, said: { kind: "gone" } }, { kind: "address", call: null }) : to(model, { items });
}

const reloadOpen = ({ open }: Model): Effect[] => (open === null ? [] : [{ kind: "load_call", call: open.call }]);

/** After a gap, what the page holds may be about a gateway that is gone: everything is asked for again. */
function reload(model: Model): Step {
  const lists: Effect[] = model.readOnly
    ? [{ kind: "load_calls", before: null, rows: true }, { kind: "load_dead", open: false }]
    : [{ kind: "load_queue", filter: model.filter, before: null }];
  const review: Effect[] = model.open === null || model.readOnly ? [] : [{ kind: "load_review", call: model.open.call }];
  return to(model, {}, ...lists, ...reloadOpen(model), ...review);
}

function tick(model: Model, nowMs: number): Step {
  if (model.door !== "open") return stay(model);
  const spent = model.undo !== null && nowMs >= model.undo.untilMs;
  return then(work.tick(spent ? { ...model, undo: null } : model, nowMs), (known) => figures.tick(known, nowMs));
}
