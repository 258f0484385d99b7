// What the list is narrowed to: in the address, so that it can be bookmarked, and saved under a name.

import type { Filter, View } from "../model";

export const STATES = ["waiting", "live", "decided", "all"] as const;

/** Views that one account may save. */
export const MOST_VIEWS = 12;
export const LONGEST_NAME = 40;

const LONGEST = 200;
const text = (value: unknown) => (typeof value === "string" ? value.slice(0, LONGEST) : "");

/** A filter out of storage or an address, where anything may stand; null where no filter does. */
export function filterFrom(found: unknown): Filter | null {
  if (found === null || typeof found !== "object") return null;
  const { state, category, line, mine } = found as Record<string, unknown>;
  const known = STATES.find((one) => one === state);
  return known === undefined ? null : { state: known, category: text(category), line: text(line), mine: mine === true || mine === "true" };
}

export const filterInQuery = (query: string): Filter | null => filterFrom(Object.fromEntries(new URLSearchParams(query)));

/** The query with this filter in it; what else it says stays. */
export function queryWith(query: string, { state, category, line, mine }: Filter): string {
  const all = new URLSearchParams(query);
  all.set("state", state);
  for (const [name, value] of [["category", category], ["line", line], ["mine", mine ? "true" : ""]] as const) {
    if (value === "") all.delete(name);
    else all.set(name, value);
  }
  return `?${all}`;
}

export const same = (a: Filter, b: Filter): boolean => a.state === b.state && a.category === b.category && a.line === b.line && a.mine === b.mine;

/** Saved views as they were kept: what is no view is left out, and a name stands once. */
export function viewsFrom(found: unknown): View[] {
  if (!Array.isArray(found)) return [];
  const views = found.flatMap((one: unknown): View[] => {
    const { name, filter } = (one ?? {}) as Record<string, unknown>;
    const known = filterFrom(filter);
    const called = typeof name === "string" ? name.trim().slice(0, LONGEST_NAME) : "";
    return known === null || called === "" ? [] : [{ name: called, filter: known }];
  });
  return views.filter(({ name }, i) => views.findIndex((other) => other.name === name) === i).slice(0, MOST_VIEWS);
}

/** With one more, at the end; under a name that is taken it takes that one's place. Null: there is no room, or no name. */
export function withView(views: readonly View[], name: string, filter: Filter): View[] | null {
  const called = name.trim().slice(0, LONGEST_NAME);
  if (called === "") return null;
  const taken = views.some((view) => view.name === called);
  if (!taken && views.length >= MOST_VIEWS) return null;
  return taken ? views.map((view) => (view.name === called ? { name: called, filter } : view)) : [...views, { name: called, filter }];
}
