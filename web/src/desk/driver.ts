// Carries the machine's effects out through `io/`, and brings their outcomes back as events.

import { api, problemOf } from "./io/api";
import { tookMs } from "./figures";
import { alarmSound } from "./io/beep";
import { listen } from "./io/feed";
import { keepEdits, keepFilter, keepViews, keptEdits, keptViews } from "./io/keep";
import { REFRESH_MS, RETRY_MS, SEARCH_MS } from "./limits";
import type { Item, Queue } from "./contract";
import { anyCall } from "./machine";
import type { Effect, Event, Filter } from "./model";
import { queryWith } from "./rules/filters";

export interface Surroundings {
  dispatch(event: Event): void;
  /** Who acknowledges; null without accounts. */
  me(): string | null;
  silence(): void;
  focus(pointer: string): void;
  onSoundBlocked(blocked: boolean): void;
}

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;
type Failed = (problem: ReturnType<typeof problemOf>) => Event | null;

export class Driver {
  private stop: (() => void) | null = null;
  private readonly waiting = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly next = new Map<string, () => void>();
  /** Lists asked for; only the newest answer counts. */
  private asked = 0;
  /** Questions about calls so far, and by what it is about the newest that was answered. */
  private count = 0;
  private readonly taken = new Map<string, number>();

  constructor(private readonly on: Surroundings) {}

  run(effect: Effect): void {
    switch (effect.kind) {
      case "load_me":
        if (effect.later) return this.later("me", RETRY_MS, () => this.run({ kind: "load_me", later: false }));
        return this.answer(api.me(), (me) => ({ kind: "me", me }), (problem) => ({ kind: "me_failed", problem }));
      case "login":
        return this.answer(api.login(effect.name, effect.password), () => ({ kind: "started", call: fromAddress(), filter: null, wide: isWide() }), (problem) => ({ kind: "login_failed", problem }));
      case "logout":
        this.close();
        return this.answer(api.logout(), () => null, () => null);
      case "listen":
        this.stop ??= listen((event) => this.on.dispatch(event));
        return;
      case "load_queue":
      case "load_calls":
        if (effect.before !== null) return this.list(effect);
        return this.seldom(effect.kind === "load_calls" && !effect.rows ? "notices" : "list", () => this.list(effect));
      case "load_dead":
        return this.answer(api.dead(), ({ deliveries }) => ({ kind: "dead", count: deliveries.length, first: deliveries[0]?.call ?? null, open: effect.open }), () => null);
      case "claim_next":
        return this.answer(api.next(), (call) => ({ kind: "next", call }), (problem) => ({ kind: "failed", doing: "next", problem }));
      case "load_call":
        return this.answer(api.call(effect.call), this.inOrder(`call ${effect.call}`, (detail) => ({ kind: "call", detail, restored: keptEdits(effect.call) })), (problem) => ({ kind: "call_failed", call: effect.call, problem }));
      case "load_review":
        return this.seldom(`review ${effect.call}`, () => this.answer(api.review(effect.call), this.inOrder(`review ${effect.call}`, (review) => ({ kind: "review", review })), (problem) => ({ kind: "review_failed", call: effect.call, problem })));
      case "load_figures":
        return this.answer(api.figures(), (figures) => ({ kind: "figures", figures }), (problem) => ({ kind: "figures_failed", problem }));
      case "load_alarm":
        return this.answer(api.call(effect.call), this.inOrder(`call ${effect.call}`, (detail) => ({ kind: "alarm", detail })), () => null);
      case "load_related":
        return this.answer(api.call(effect.call), (detail) => ({ kind: "related", detail }), () => null);
      case "load_related_review":
        return this.answer(api.review(effect.call), (review) => ({ kind: "related_review", review }), () => null);
      case "search":
        return this.later("search", effect.before === null ? SEARCH_MS : 0, () => this.search(effect));
      case "keep_filter":
        keepFilter(effect.filter);
        return history.replaceState(history.state, "", queryWith(location.search, effect.filter) + location.hash);
      case "load_views":
        return this.on.dispatch({ kind: "views", views: keptViews(effect.account) });
      case "keep_views":
        return void keepViews(effect.account, effect.views);
      case "keep":
        return keepEdits(effect.call, effect.pending);
      case "address":
        return address(effect.call);
      case "alarm_sound":
        return alarmSound(effect.on, (blocked) => this.on.onSoundBlocked(blocked));
      case "silence_player":
        return this.on.silence();
      case "focus":
        return this.on.focus(effect.pointer);
      default:
        return this.change(effect);
    }
  }

  close(): void {
    this.stop?.();
    this.stop = null;
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
    this.next.clear();
  }

  /** What changes something at the gateway. */
  private change(effect: Of<"claim" | "release" | "patch" | "send_seen" | "decide" | "undo" | "acknowledge" | "replay" | "change" | "transfer">): void {
    switch (effect.kind) {
      case "claim":
        return this.answer(api.claim(effect.call, effect.takeOver), ({ until }) => ({ kind: "claimed", call: effect.call, until }), (problem) => ({ kind: "claim_failed", call: effect.call, problem }));
      case "release":
        return this.answer(api.release(effect.call), () => null, () => null);
      case "patch":
        return this.answer(api.patch(effect.call, effect.revision, effect.edits), (review) => ({ kind: "saved", review }), (problem) => ({ kind: "save_failed", call: effect.call, problem }));
      case "change": {
        const { call, revision, asked } = effect;
        return this.answer(api.change(call, revision, asked), (review) => ({ kind: "changed", asked, review }), (problem) => ({ kind: "change_failed", call, asked, problem }));
      }
      case "transfer":
        // What becomes of it comes as an event.
        return this.answer(api.transfer(effect.call), () => null, (problem) => ({ kind: "transfer_failed", call: effect.call, problem }));
      case "send_seen":
        // What does not arrive is said again by 422 at the decision; nothing is lost but a second look.
        return this.answer(api.seen(effect.call, effect.pointers), () => null, () => null);
      case "decide": {
        const { call, revision, wanted, shownAtMs } = effect;
        return this.answer(api.decide(call, revision, { ...wanted, took_ms: tookMs(shownAtMs, Date.now()) }), ({ undo_until }) => ({ kind: "decided", call, decision: wanted.decision, ...(wanted.into === undefined ? {} : { into: wanted.into }), undoUntil: undo_until }), (problem) => ({ kind: "decide_failed", call, problem }));
      }
      case "undo":
        return this.answer(api.undo(effect.call), () => ({ kind: "undone", call: effect.call }), (problem) => ({ kind: "undo_failed", problem }));
      case "acknowledge":
        return this.answer(api.acknowledge(effect.call, this.on.me()), () => ({ kind: "acknowledged", call: effect.call }), (problem) => ({ kind: "acknowledge_failed", call: effect.call, problem }));
      case "replay":
        return this.answer(api.replay(effect.id), () => ({ kind: "replayed" }), (problem) => ({ kind: "failed", doing: "replay", problem }));
    }
  }

  private search({ text, before }: Of<"search">): void {
    this.answer(api.search(text, before), (found) => ({ kind: "found", text, found, more: before !== null }), (problem) => ({ kind: "failed", doing: "search", problem }));
  }

  private list(effect: Of<"load_queue" | "load_calls">): void {
    const asked = effect.kind === "load_calls" && !effect.rows ? this.asked : ++this.asked;
    const more = effect.before !== null;
    const newest = (event: Event) => (asked === this.asked ? event : null);
    if (effect.kind === "load_queue") {
      const { filter } = effect;
      return this.answer(queueOf(filter, effect.before), (found) => newest({ kind: "queue", ...found, more, filter }), (problem) => newest({ kind: "queue_failed", problem }));
    }
    this.answer(api.calls(effect.before), (list) => ({ kind: "calls", list, more, rows: effect.rows }), (problem) => ({ kind: "failed", doing: "load", problem }));
  }

  private answer<T>(promise: Promise<T>, then: (value: T) => Event | null, failed: Failed): void {
    promise.then(then, (error: unknown) => failed(problemOf(error))).then((event) => {
      if (event !== null) this.on.dispatch(event);
    });
  }

  /** An answer counts unless one that was asked for later is there already. */
  private inOrder<T>(about: string, then: (value: T) => Event): (value: T) => Event | null {
    const asked = ++this.count;
    return (value) => {
      if (asked < (this.taken.get(about) ?? 0)) return null;
      this.taken.set(about, asked);
      return then(value);
    };
  }

  /** Acts once it has been quiet for so long. */
  private later(name: string, ms: number, act: () => void): void {
    clearTimeout(this.waiting.get(name));
    this.waiting.set(name, setTimeout(act, ms));
  }

  /** Acts at once, then at most once in a while: a hundred events in a moment make two questions. */
  private seldom(name: string, act: () => void): void {
    const rest = () => {
      const next = this.next.get(name);
      this.next.delete(name);
      if (next === undefined) return this.waiting.delete(name);
      next();
      return this.waiting.set(name, setTimeout(rest, REFRESH_MS));
    };
    if (this.waiting.has(name)) return void this.next.set(name, act);
    act();
    this.waiting.set(name, setTimeout(rest, REFRESH_MS));
  }
}

/** A page of the list. Calls that are up stand before those that wait; and an emergency is seen whatever the list is narrowed to. */
async function queueOf(filter: Filter, before: string | null): Promise<{ queue: Queue; watched: Item[] }> {
  if (before !== null) return { queue: await api.queue(filter, before), watched: [] };
  const narrowed = filter.state !== "waiting" || filter.mine || filter.category !== "" || filter.line !== "";
  const [queue, live, waiting] = await Promise.all([
    api.queue(filter, null), api.queue({ ...anyCall, state: "live" }, null), narrowed ? api.queue(anyCall, null) : null,
  ]);
  const up = filter.state === "waiting" && !filter.mine ? live.items : [];
  return { queue: { ...queue, items: [...up, ...queue.items] }, watched: [...live.items, ...(waiting?.items ?? [])] };
}

/** The call named in the address; other fragments are places on the page. */
export function fromAddress(): string | null {
  return /^#[0-9a-f-]{36}$/.test(location.hash) ? location.hash.slice(1) : null;
}

export const isWide = () => innerWidth > 760;

function address(call: string | null): void {
  if (fromAddress() === call) return;
  history.pushState(null, "", call === null ? location.pathname + location.search : `#${call}`);
}
