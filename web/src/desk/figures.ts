// How quickly drafts are decided: how long this one took, and when the figures of all are asked for.

import { FIGURES_MS, TOOK_MAX_MS } from "./limits";
import type { Event, Model } from "./model";
import { onOpen, stay, to, type Step } from "./step";

/** A draft is before the agent's eyes. While its caller speaks there is nothing to decide, and no time runs. */
export function shown(model: Model, call: string, nowMs: number): Step {
  if (model.open?.review == null) return stay(model);
  return onOpen(model, call, ({ shownAtMs }) => ({ shownAtMs: shownAtMs ?? nowMs }));
}

/** What the gateway takes, also when the clock was set meanwhile; undefined of a draft that nobody has looked at. */
export function tookMs(shownAtMs: number | null, nowMs: number): number | undefined {
  return shownAtMs === null ? undefined : Math.round(Math.min(TOOK_MAX_MS, Math.max(0, nowMs - shownAtMs)));
}

/** A decision, or one taken back, here or elsewhere: what is shown is no longer how it is. */
export const outdated = (model: Model): Model => ({ ...model, figures: { ...model.figures, stale: true } });

export function tick(model: Model, nowMs: number): Step {
  const { stale, absent, askedAtMs } = model.figures;
  if (model.readOnly || !model.loaded || absent || !stale || (askedAtMs !== null && nowMs - askedAtMs < FIGURES_MS)) return stay(model);
  return to(model, { figures: { ...model.figures, stale: false, askedAtMs: nowMs } }, { kind: "load_figures" });
}

export function answered(model: Model, event: Extract<Event, { kind: "figures" | "figures_failed" }>): Step {
  if (event.kind === "figures") return to(model, { figures: { ...model.figures, known: event.figures } });
  // A gateway without figures, or one that does not show them to this agent, is not asked again.
  const absent = [403, 404, 405, 501].includes(event.problem.status);
  return to(model, { figures: { ...model.figures, absent, stale: !absent } });
}
