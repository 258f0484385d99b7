// What a step of the machine is, and the few ways to make one.

import type { Effect, Model, Open, Said } from "./model";

export interface Step {
  model: Model;
  effects: Effect[];
}

export const stay = (model: Model): Step => ({ model, effects: [] });

export const to = (model: Model, change: Partial<Model>, ...effects: Effect[]): Step => ({ model: { ...model, ...change }, effects });

/** Changes the open call; an answer for another call than the open one changes nothing. */
export function onOpen(model: Model, call: string, change: (open: Open) => Partial<Open>, ...effects: Effect[]): Step {
  const { open } = model;
  if (open === null || open.call !== call) return stay(model);
  return { model: { ...model, open: { ...open, ...change(open) } }, effects };
}

/** One step after another, with the effects of both. */
export function then(first: Step, next: (model: Model) => Step): Step {
  const second = next(first.model);
  return { model: second.model, effects: [...first.effects, ...second.effects] };
}

export const say = (model: Model, said: Said): Step => to(model, { said });
