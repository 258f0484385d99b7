// The matters of a draft: which one a field is of, and where that field stands after matters were split or joined.

import type { Draft, Pointer } from "../contract";

const OF_MATTER = /^\/issues\/(\d+)(?=\/|$)/;

const indexOf = (pointer: Pointer | null): number | null => {
  const found = OF_MATTER.exec(pointer ?? "");
  return found === null ? null : Number(found[1]);
};

/** The matter that a key means: that of the field which has the focus; where there is one only, that. */
export function matterAt({ issues = [] }: Draft, pointer: Pointer | null): string | null {
  const index = issues.length === 1 ? 0 : indexOf(pointer);
  return index === null ? null : (issues[index]?.issue_id ?? null);
}

/** All others, with their numbers as the page shows them. */
export const othersThan = ({ issues = [] }: Draft, issue: string): { issue: string; number: number }[] =>
  issues.map(({ issue_id }, i) => ({ issue: issue_id, number: i + 1 })).filter((one) => one.issue !== issue);

/** Two that are joined stand where the first of them stood. */
export function joining({ issues = [] }: Draft, one: string, other: string): { issue: string; into: string } {
  const at = (issue: string) => issues.findIndex(({ issue_id }) => issue_id === issue);
  return at(one) < at(other) ? { issue: other, into: one } : { issue: one, into: other };
}

export const has = ({ issues = [] }: Draft, ...wanted: string[]): boolean => wanted.every((one) => issues.some(({ issue_id }) => issue_id === one));

export const sameMatters = (a: Draft, b: Draft): boolean =>
  (a.issues ?? []).map(({ issue_id }) => issue_id).join() === (b.issues ?? []).map(({ issue_id }) => issue_id).join();

/** Where a field of `before` stands in `after`. `gone`: its matter is there no more, so it stands at the nearest. */
export function moved(pointer: Pointer, before: Draft, after: Draft): { pointer: Pointer; gone: boolean } {
  const index = indexOf(pointer);
  const issue = index === null ? undefined : before.issues?.[index]?.issue_id;
  const all = after.issues ?? [];
  if (index === null || issue === undefined || all.length === 0) return { pointer, gone: false };
  const found = all.findIndex(({ issue_id }) => issue_id === issue);
  const to = found < 0 ? Math.min(index, all.length - 1) : found;
  return { pointer: pointer.replace(OF_MATTER, `/issues/${to}`), gone: found < 0 };
}
