// The caller's page as a pure machine: (model, event, now) -> model and effects. No socket, clock or element in here;
// the driver carries the effects out and brings their outcomes back as events.

import type { CallEvent, Failure, Session } from "./contract";
import { cutOff, endsCall, fromSnapshot, hear, nothingHeard } from "./heard";
import { CONNECT_MS, DIGITS_SHOWN, LOST_MS, RETRY_MAX_S, RETRY_S, SAMPLE_LATEST_MS, SAMPLE_REST_MS } from "./limits";
import type { Effect, Event, Live, Model, Phase, Source, Trouble } from "./model";

export interface Step {
  model: Model;
  effects: Effect[];
}

export const initial: Model = {
  line: null,
  identity: { name: "", number: "" },
  related: null,
  attempt: 0,
  phase: { at: "loading" },
};

const microphone: Source = { kind: "microphone" };
const stopTimers: Effect[] = (["connect", "lost", "sample", "sample_latest"] as const).map((name) => ({
  kind: "stop_timer",
  name,
}));

function to(model: Model, phase: Phase, ...effects: Effect[]): Step {
  return { model: { ...model, phase }, effects };
}

function stay(model: Model): Step {
  return { model, effects: [] };
}

export function step(model: Model, event: Event, nowMs: number): Step {
  const { phase } = model;
  switch (event.kind) {
    case "unable":
      return to(model, trouble(event.why));
    case "line_loaded": {
      const known = { ...model, line: event.line };
      return phase.at === "loading" ? to(known, opening(known, nowMs)) : stay(known);
    }
    case "line_failed":
      return phase.at === "loading" ? to(model, failure(event.failure, null, nowMs)) : stay(model);
    case "earlier_call":
      // Also over a line that is closed or away just now: the reference is what this caller came back for.
      return model.attempt === 0 ? earlier(model, event) : stay(model);
    case "identity_changed":
      return stay({ ...model, identity: event.identity });
    case "call_pressed":
      return call(model, event.source);
    case "microphone_opened":
      return phase.at === "asking" && event.attempt === model.attempt ? dial(model, microphone) : stay(model);
    case "microphone_failed":
      return phase.at === "asking" && event.attempt === model.attempt
        ? to(model, trouble(event.why, microphone), { kind: "close_media" })
        : stay(model);
    case "answered":
      return answered(model, event.attempt, event.session);
    case "refused":
      return phase.at === "connecting" && event.attempt === model.attempt
        ? to(model, failure(event.failure, phase.source, nowMs), ...giveUp(phase.session))
        : stay(model);
    case "link":
      return event.attempt === model.attempt ? link(model, event.link, nowMs) : stay(model);
    case "call":
      return event.attempt === model.attempt ? heard(model, event.event) : stay(model);
    case "call_gone":
      return event.attempt === model.attempt ? gone(model) : stay(model);
    case "hearing":
      return hearing(model, event.speech ? "speech" : "silence");
    case "sound":
      return during(model, (live) => ({ ...live, soundBlocked: event.blocked }));
    case "sample_over":
      return event.attempt === model.attempt ? sampleOver(model) : stay(model);
    case "timer":
      return timer(model, event.name);
    case "mute_pressed":
      return phase.at === "live"
        ? to(model, { ...phase, muted: !phase.muted, hearing: "unknown" }, { kind: "mute", on: !phase.muted })
        : stay(model);
    case "keypad_pressed":
      return during(model, (live) => ({ ...live, keypad: live.keypad === null ? "" : null }));
    case "digit_pressed":
      if (phase.at !== "live") return stay(model);
      return to(model, { ...phase, keypad: ((phase.keypad ?? "") + event.digit).slice(-DIGITS_SHOWN) },
        { kind: "send_digit", digit: event.digit });
    case "hang_up_pressed":
      return hangUp(model);
    case "add_pressed":
      return phase.at === "ended" ? add(model, phase.session, phase.heard.reference) : stay(model);
    case "new_call_pressed":
      return phase.at === "ended" || phase.at === "before"
        ? to({ ...model, related: null }, { at: "loading" }, { kind: "unfollow" }, { kind: "forget" }, { kind: "load_line" })
        : stay(model);
    case "retry_pressed":
      return phase.at === "trouble" ? retry(model, phase.again) : stay(model);
    case "back_pressed":
      return phase.at === "trouble" ? reload(model) : stay(model);
    case "page_left":
      return pageLeft(model);
  }
}

function trouble(why: Trouble, again: Source | null = null): Phase {
  return { at: "trouble", why, retryAtMs: null, again, detail: null };
}

/** What a line that answered its description is: open, or closed for a reason it names. */
function opening(model: Model, nowMs: number): Phase {
  const why = model.line?.open === false ? (model.line.closed_because ?? "unavailable") : null;
  if (why === null) return { at: "before" };
  const closed = { busy: "line_busy", draining: "line_restarting", unavailable: "line_unavailable" } as const;
  return { at: "trouble", why: closed[why], retryAtMs: nowMs + RETRY_S * 1_000, again: null, detail: null };
}

/** RFC 9110 statuses as what the caller can do about them. */
function failure(failure: Failure, again: Source | null, nowMs: number): Phase {
  const { status, problem, detail } = failure;
  const waitS = Math.min(failure.retryAfterSeconds ?? RETRY_S, RETRY_MAX_S);
  const later = { retryAtMs: nowMs + waitS * 1_000, again, detail };
  if (status === 0) return { at: "trouble", why: "server_gone", ...later, retryAtMs: null };
  if (status === 404) return { at: "trouble", why: "no_such_line", ...later, retryAtMs: null };
  if (status === 401) return { at: "trouble", why: "link_expired", ...later, retryAtMs: null };
  if (status === 429) return { at: "trouble", why: "too_many_calls", ...later };
  // Only the gateway's own "busy" says so: another 503 is a proxy's, or one where nothing can be recorded.
  if (status === 503) return { at: "trouble", why: problem?.endsWith(":busy") ? "line_busy" : "line_unavailable", ...later };
  return { at: "trouble", why: "server_fault", ...later, retryAtMs: null };
}

function earlier(model: Model, event: Extract<Event, { kind: "earlier_call" }>): Step {
  const heard = fromSnapshot(event.snapshot);
  const attempt = model.attempt + 1;
  const phase: Phase = { at: "ended", session: event.session, heard, cutOff: cutOff(heard.endCause), silent: false };
  return to({ ...model, attempt }, phase, ...(heard.complete ? [] : [follow(attempt, event.session)]));
}

function follow(attempt: number, session: Session): Effect {
  return { kind: "follow", attempt, session };
}

function call(model: Model, source: Source): Step {
  if ((model.phase.at !== "before" && model.phase.at !== "trouble") || model.line === null) return stay(model);
  const next = { ...model, attempt: model.attempt + 1 };
  if (source.kind === "sample") return dial(next, source);
  return to(next, { at: "asking" }, { kind: "open_microphone", attempt: next.attempt });
}

function dial(model: Model, source: Source): Step {
  const { line, attempt, identity } = model;
  if (line === null) return stay(model);
  const related = model.related?.token ?? null;
  return to(model, { at: "connecting", source, session: null, heard: nothingHeard },
    { kind: "dial", attempt, source, line, identity, related });
}

function answered(model: Model, attempt: number, session: Session): Step {
  const { phase } = model;
  // The caller gave up while the answer was on its way: the gateway must not wait for media that never comes.
  if (phase.at !== "connecting" || attempt !== model.attempt)
    return { model, effects: [{ kind: "delete_call", session, leaving: false }] };
  return to(model, { ...phase, session }, follow(attempt, session), { kind: "start_timer", name: "connect", ms: CONNECT_MS });
}

function link(model: Model, link: "up" | "interrupted" | "lost", nowMs: number): Step {
  const { phase } = model;
  if (phase.at === "connecting" && phase.session !== null) {
    if (link === "up") return begin(model, phase, phase.session, nowMs);
    return link === "lost" ? blocked(model, phase.source, phase.session) : stay(model);
  }
  if (phase.at !== "live") return stay(model);
  // No DELETE here: the caller did not hang up, and the gateway writes down what it saw itself.
  if (link === "lost") return finish(model, phase);
  if (link === phase.link) return stay(model);
  return to(model, { ...phase, link },
    link === "up" ? { kind: "stop_timer", name: "lost" } : { kind: "start_timer", name: "lost", ms: LOST_MS });
}

function begin(model: Model, from: Extract<Phase, { at: "connecting" }>, session: Session, nowMs: number): Step {
  const live: Live = {
    at: "live",
    source: from.source,
    session,
    heard: from.heard,
    sinceMs: nowMs,
    link: "up",
    muted: false,
    keypad: null,
    hearing: "unknown",
    soundBlocked: false,
    sampleOver: false,
  };
  const play: Effect[] = from.source.kind === "sample"
    ? [{ kind: "play_sample", attempt: model.attempt, sample: from.source.sample }]
    : [];
  return to(model, live, { kind: "stop_timer", name: "connect" }, { kind: "remember", session }, ...play);
}

/** The offer was answered over HTTPS and no media came through: a firewall that lets no UDP pass. */
function blocked(model: Model, source: Source, session: Session): Step {
  return to({ ...model, attempt: model.attempt + 1 }, trouble("media_blocked", source), ...giveUp(session));
}

/** Leaves a call that never came up. One the gateway has answered is ended there, or it would wait for media that never
 * come and count against this address until then. */
function giveUp(session: Session | null): Effect[] {
  const end: Effect[] = session === null ? [] : [{ kind: "delete_call", session, leaving: false }];
  return [...stopTimers, { kind: "close_media" }, { kind: "unfollow" }, ...end];
}

function finish(model: Model, live: Live, ...effects: Effect[]): Step {
  const ended: Phase = {
    at: "ended",
    session: live.session,
    heard: live.heard,
    cutOff: live.heard.endCause === null ? live.link === "interrupted" : cutOff(live.heard.endCause),
    silent: false,
  };
  return to(model, ended, ...stopTimers, { kind: "close_media" }, ...effects);
}

function heard(model: Model, event: CallEvent): Step {
  const { phase } = model;
  if (phase.at === "connecting") {
    const heard = hear(phase.heard, event);
    if (!endsCall(event) || phase.session === null) return to(model, { ...phase, heard });
    return blocked(model, phase.source, phase.session);
  }
  if (phase.at === "ended") {
    const heard = hear(phase.heard, event);
    return to(model, { ...phase, heard, cutOff: heard.endCause === null ? phase.cutOff : cutOff(heard.endCause) });
  }
  if (phase.at !== "live") return stay(model);
  const live = { ...phase, heard: hear(phase.heard, event) };
  if (endsCall(event)) return finish(model, live);
  const words = event.kind === "partial" || event.kind === "final";
  return live.sampleOver && words
    ? to(model, live, { kind: "start_timer", name: "sample", ms: SAMPLE_REST_MS })
    : to(model, live);
}

/** The gateway does not know this call any more (404, 410) or not by this bearer. */
function gone(model: Model): Step {
  const { phase } = model;
  if (phase.at === "live") {
    const step = finish(model, phase);
    return { ...step, model: { ...step.model, phase: { ...(step.model.phase as Extract<Phase, { at: "ended" }>), silent: true } } };
  }
  return phase.at === "ended" ? to(model, { ...phase, silent: true }, { kind: "forget" }) : stay(model);
}

function during(model: Model, change: (live: Live) => Live): Step {
  return model.phase.at === "live" ? to(model, change(model.phase)) : stay(model);
}

/** Told ten times a second, so most of it is no news. */
function hearing(model: Model, hearing: "speech" | "silence"): Step {
  const { phase } = model;
  if (phase.at !== "live" || phase.muted || phase.hearing === hearing) return stay(model);
  return to(model, { ...phase, hearing });
}

function sampleOver(model: Model): Step {
  if (model.phase.at !== "live") return stay(model);
  return to(model, { ...model.phase, sampleOver: true },
    { kind: "start_timer", name: "sample", ms: SAMPLE_REST_MS },
    { kind: "start_timer", name: "sample_latest", ms: SAMPLE_LATEST_MS });
}

function timer(model: Model, name: "connect" | "lost" | "sample" | "sample_latest"): Step {
  const { phase } = model;
  if (phase.at === "connecting" && name === "connect" && phase.session !== null)
    return blocked(model, phase.source, phase.session);
  if (phase.at !== "live") return stay(model);
  if (name === "lost" && phase.link === "interrupted") return finish(model, phase);
  if ((name === "sample" || name === "sample_latest") && phase.sampleOver) return hangUp(model);
  return stay(model);
}

function hangUp(model: Model): Step {
  const { phase } = model;
  if (phase.at === "live")
    return finish(model, { ...phase, link: "up" }, { kind: "delete_call", session: phase.session, leaving: false });
  if (phase.at !== "asking" && phase.at !== "connecting") return stay(model);
  const session = phase.at === "connecting" ? phase.session : null;
  return to({ ...model, attempt: model.attempt + 1 }, { at: "before" }, ...giveUp(session));
}

function add(model: Model, session: Session, reference: string | null): Step {
  const related = { token: session.token, reference };
  return to({ ...model, related }, { at: "loading" }, { kind: "unfollow" }, { kind: "load_line" });
}

function retry(model: Model, again: Source | null): Step {
  return again === null || model.line === null ? reload(model) : call(model, again);
}

function reload(model: Model): Step {
  return to(model, { at: "loading" }, { kind: "load_line" });
}

function pageLeft(model: Model): Step {
  const { phase } = model;
  const session = phase.at === "live" || phase.at === "connecting" ? phase.session : null;
  return { model, effects: session === null ? [] : [{ kind: "delete_call", session, leaving: true }] };
}
