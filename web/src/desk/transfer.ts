// The caller of a live call is put through: asked for in two steps, by one agent, never by a key that is held down.

import type { DeskEvent, Transfer } from "./contract";
import type { Effect, Event, Model } from "./model";
import { onOpen, say, stay, then, to, type Step } from "./step";

/** What is known of it, wherever the call stands on the page. */
export function transferOf({ open, alarms }: Model, call: string): Transfer | null {
  if (open?.call === call && open.detail !== null) return open.detail.transfer ?? null;
  return alarms.find((alarm) => alarm.call === call)?.transfer ?? null;
}

/** Also where it failed: it can be tried again. */
export function offered(model: Model, call: string): boolean {
  const state = transferOf(model, call)?.state;
  const on = model.open?.call === call ? model.open.detail?.state : model.items.find((item) => item.call === call)?.state;
  return model.me?.role !== "auditor" && (on === undefined || on === "live") && (state === "possible" || state === "failed");
}

/** The call that the key means: the open one, else the oldest emergency. */
export function transferable(model: Model): string | null {
  const calls = [model.open?.call, ...model.alarms.map(({ call }) => call)];
  return calls.find((call) => call !== undefined && offered(model, call)) ?? null;
}

const load = (model: Model, call: string): Effect => (model.open?.call === call ? { kind: "load_call", call } : { kind: "load_alarm", call });

function set(model: Model, call: string, change: Partial<Transfer>): Model {
  const after = (transfer: Transfer | null): Transfer | null => transfer && { ...transfer, ...change };
  const alarms = model.alarms.map((alarm) => (alarm.call === call ? { ...alarm, transfer: after(alarm.transfer) } : alarm));
  return onOpen({ ...model, alarms }, call, ({ detail }) => ({ detail: detail && { ...detail, transfer: after(detail.transfer) } })).model;
}

export const press = (model: Model, call: string): Step => (offered(model, call) ? to(model, { dialog: { kind: "transfer", call } }) : stay(model));

export function confirm(model: Model, { call, repeat }: Extract<Event, { kind: "transfer_confirmed" }>): Step {
  if (repeat) return say(model, { kind: "key_repeat" });
  if (!offered(model, call)) return to(model, { dialog: null });
  return then(tell({ ...set(model, call, { state: "asked", detail: null }), dialog: null }, call), (known) => to(known, {}, { kind: "transfer", call }));
}

/** The gateway tells what became of it. Of a call that is not on the page nothing is said. */
export function told(model: Model, { call, state, detail }: Extract<DeskEvent, { event: "transfer" }>): Step {
  const shown = model.open?.call === call || model.alarms.some((alarm) => alarm.call === call);
  if (!shown) return stay(model);
  const before = transferOf(model, call);
  // To whom is known of the call alone.
  if (before === null) return to(model, {}, load(model, call));
  const known = set(model, call, { state, detail });
  return before.state === state || state === "possible" ? stay(known) : tell(known, call);
}

/** It was not even asked for; the call itself says how it stands. */
export function failed(model: Model, { call, problem }: Extract<Event, { kind: "transfer_failed" }>): Step {
  const known = set(model, call, { state: "failed", detail: problem.detail });
  return to(known, { said: { kind: "failed", doing: "transfer", problem } }, load(known, call));
}

function tell(model: Model, call: string): Step {
  const transfer = transferOf(model, call);
  return transfer === null ? stay(model) : say(model, { kind: "transfer", transfer });
}
