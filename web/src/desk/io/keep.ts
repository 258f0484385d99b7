// What survives a reload: edits that are not saved yet (in this tab), the list's filter and saved views, how the keys are set.

import { attempt } from "../../io/memory";
import type { Pointer } from "../contract";
import type { Filter, Pending, View } from "../model";
import { filterFrom, viewsFrom } from "../rules/filters";

const edits = (call: string) => `heardline.desk.edits.${call}`;
const FILTER = "heardline.desk.filter";
const LETTERS = "heardline.desk.letters";
const RATE = "heardline.desk.rate";

const read = (storage: Storage, key: string): unknown => attempt(() => JSON.parse(storage.getItem(key) ?? "null"));

export function keepEdits(call: string, pending: Record<Pointer, Pending>): void {
  attempt(() => (Object.keys(pending).length === 0 ? sessionStorage.removeItem(edits(call)) : sessionStorage.setItem(edits(call), JSON.stringify(pending))));
}

export function keptEdits(call: string): Record<Pointer, Pending> | null {
  const found = attempt(() => read(sessionStorage, edits(call)));
  if (found === null || typeof found !== "object") return null;
  const whole = Object.values(found).every((one) => typeof one?.edit?.pointer === "string");
  return whole ? (found as Record<Pointer, Pending>) : null;
}

export const keepFilter = (filter: Filter) => attempt(() => localStorage.setItem(FILTER, JSON.stringify(filter)));

export const keptFilter = (): Filter | null => filterFrom(attempt(() => read(localStorage, FILTER)));

/** Where an account's saved views are kept in this browser. */
export const viewsOf = (account: string) => `heardline.desk.views.${account}`;
export const keepViews = (account: string, views: View[]) => attempt(() => localStorage.setItem(viewsOf(account), JSON.stringify(views)));
export const keptViews = (account: string): View[] => viewsFrom(attempt(() => read(localStorage, viewsOf(account))));

export const keepLetters = (on: boolean) => attempt(() => localStorage.setItem(LETTERS, on ? "on" : "off"));
export const keptLetters = (): boolean => attempt(() => localStorage.getItem(LETTERS)) !== "off";
export const keepRate = (rate: number) => attempt(() => localStorage.setItem(RATE, String(rate)));

/** The speed of the last session; 1 where none is kept. */
export function keptRate(rates: readonly number[]): number {
  const kept = Number(attempt(() => localStorage.getItem(RATE)));
  return rates.includes(kept) ? kept : 1;
}
