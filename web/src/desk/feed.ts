// What the gateway tells while it happens: words, drafts, emergencies, and who works on what.

import type { CallDetail, DeskEvent, Draft } from "./contract";
import { outdated } from "./figures";
import type { Alarm, Effect, Listed, Model } from "./model";
import { onOpen, say, stay, then, to, type Step } from "./step";
import * as transfer from "./transfer";

const lists = (model: Model): Effect => (model.readOnly ? { kind: "load_calls", before: null, rows: true } : { kind: "load_queue", filter: model.filter, before: null });

export function onServer(model: Model, event: DeskEvent): Step {
  const { call } = event;
  const mine = model.open?.call === call;
  switch (event.event) {
    case "answered":
    case "state": {
      const unknown = !model.items.some((item) => item.call === call) && event.event === "state" && event.state === "live";
      const told = unknown ? say(model, { kind: "new_call" }) : stay(model);
      // Whether its caller can be put through is said by the call.
      const alarmed: Effect[] = !mine && model.alarms.some((alarm) => alarm.call === call) ? [{ kind: "load_alarm", call }] : [];
      return then(told, (known) => to(known, {}, lists(known), ...alarmed, ...(mine ? [load(call), ...review(model, call)] : [])));
    }
    case "partial":
      return onOpen(model, call, () => ({ partial: event.hypothesis.text === "" ? null : event.hypothesis.text }));
    case "final":
      return onOpen(model, call, ({ detail }) => {
        if (detail === null) return { partial: null };
        const others = detail.transcript.filter(({ seq }) => seq !== event.utterance.seq);
        return { partial: null, detail: { ...detail, transcript: [...others, event.utterance].sort((a, b) => a.seq - b.seq) } };
      });
    case "draft": {
      const items = model.items.map((item) => (item.call === call ? told(item, event.draft) : item));
      const known = onOpen({ ...model, items }, call, ({ detail }) => ({ detail: detail && { ...detail, draft: event.draft, draft_complete: event.complete } }));
      // A review takes the new words in by itself, and the agent's values stay.
      const shown = mine && (event.complete || model.open?.review !== null);
      return then(known, (now) => to(now, {}, ...(shown ? review(model, call) : [])));
    }
    case "dtmf":
      return onOpen(model, call, ({ detail }) => ({ detail: detail && { ...detail, dtmf: detail.dtmf + event.digit } }));
    case "emergency":
      return emergency(model, event, mine);
    case "transfer":
      return transfer.told(model, event);
    case "delivery":
      return to(model, {}, { kind: "load_dead", open: false }, ...(mine ? [load(call)] : []));
    case "review": {
      const stale = mine && model.open?.sent.length === 0 && !model.open.change?.sent && event.revision > (model.open.review?.revision ?? -1);
      const other = mine && event.holder !== (model.open?.review?.holder ?? null);
      const known = event.state === "deciding" || event.state === "decided" ? outdated(model) : model;
      const beside: Effect[] = model.open !== null && call in model.open.reviews ? [{ kind: "load_related_review", call }] : [];
      return to(known, {}, lists(model), ...(stale || other ? review(model, call) : []), ...beside);
    }
    case "erased":
      return to(model, { alarms: model.alarms.filter((alarm) => alarm.call !== call) }, lists(model), ...(mine ? [{ kind: "silence_player" } as Effect, load(call)] : []));
  }
}

const load = (call: string): Effect => ({ kind: "load_call", call });
const review = (model: Model, call: string): Effect[] => (model.readOnly ? [] : [{ kind: "load_review", call }]);

/** A row of the list, as the growing draft tells it. */
function told(item: Listed, draft: Draft): Listed {
  const issue = draft.issues?.[0];
  return {
    ...item,
    title: draft.summary?.title?.value ?? issue?.title?.value ?? item.title,
    category: issue?.category?.value ?? item.category,
    place: issue?.location?.["address_text"]?.value ?? item.place,
  };
}

function emergency(model: Model, { call, state, danger }: Extract<DeskEvent, { event: "emergency" }>, mine: boolean): Step {
  const { service, number, quote, start_ms, end_ms } = danger;
  const alarm: Alarm | null = state === "acknowledged" ? null : { call, state, service, number, quote, span: { start_ms, end_ms }, taking: false, transfer: transfer.transferOf(model, call) };
  const news = alarm !== null && !model.alarms.some((one) => one.call === call);
  const known = { ...model, alarms: alarmsOf(model.alarms, call, alarm), said: news ? ({ kind: "emergency", quote } as const) : model.said };
  const details: Effect[] = mine ? [load(call)] : news ? [{ kind: "load_alarm", call }] : [];
  return then(quiet(known), (now) => to(now, {}, lists(now), ...details));
}

/** The alarm of a call that is shown; null where nothing was raised or somebody has taken it. */
export function alarmFrom({ id, raised, transfer: through }: CallDetail): Alarm | null {
  if (raised === null || raised.state === "acknowledged") return null;
  const { state, service, number, quote, span } = raised;
  return { call: id, state, service, number, quote, span, taking: false, transfer: through ?? null };
}

/** The alarms with this call's one replaced, or gone. The oldest stands first; one that somebody here is taking is still being taken. */
export function alarmsOf(alarms: Alarm[], call: string, alarm: Alarm | null): Alarm[] {
  if (alarm === null) return alarms.filter((one) => one.call !== call);
  return alarms.some((one) => one.call === call) ? alarms.map((one) => (one.call === call ? { ...alarm, taking: one.taking } : one)) : [...alarms, alarm];
}

/** The warning sound goes on as long as there is an emergency that nobody has taken. */
export function quiet(model: Model): Step {
  return to(model, {}, { kind: "alarm_sound", on: model.alarms.some(({ taking }) => !taking) });
}

export function acknowledge(model: Model, call: string): Step {
  const known = model.alarms.map((alarm) => (alarm.call === call ? { ...alarm, taking: true } : alarm));
  return then(quiet({ ...model, alarms: known }), (now) => to(now, {}, { kind: "acknowledge", call }));
}

export function acknowledged(model: Model, call: string): Step {
  const mine: Effect[] = model.open?.call === call ? [load(call)] : [];
  const known = { ...model, alarms: alarmsOf(model.alarms, call, null), said: { kind: "acknowledged" } as const };
  return then(quiet(known), (now) => to(now, {}, lists(now), ...mine));
}
