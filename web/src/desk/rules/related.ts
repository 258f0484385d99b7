// Calls that this one may belong to: what it adds to, what its caller named, the same number, perhaps the same matter; and those that
// were merged into it.

import type { CallDetail, Draft, Relation, Review } from "../contract";

export interface Related {
  id: string;
  reference: string;
  /** `follows`: the caller came back to it by a link. */
  relation: Relation | "follows";
  /** What an agent said: they belong together, or have nothing to do with each other. */
  confirmed: boolean | null;
}

type Known = { detail: CallDetail | null; review: Review | null };

/** In the order of the draft, each once. */
export function relatedOf({ detail, review }: Known): Related[] {
  const draft: Draft | null = review?.draft ?? detail?.draft ?? null;
  const merged = (review?.merged ?? []).map(({ call, reference }): Related => ({ id: call, reference, relation: "merged", confirmed: null }));
  const listed = (draft?.related ?? []).map(({ call_id, ref, relation, confirmed }): Related => ({ id: call_id, reference: ref, relation, confirmed: confirmed ?? null }));
  const follows = detail?.follows ?? null;
  const came = follows === null || listed.some(({ id }) => id === follows) ? [] : [{ id: follows, reference: "", relation: "follows", confirmed: null } as const];
  const all = [...merged, ...came, ...listed];
  return all.filter(({ id }, i) => all.findIndex((one) => one.id === id) === i);
}

/** As they stand on the page: what has nothing to do with this call goes last. */
export const inSight = (all: readonly Related[]): Related[] =>
  [...all].sort((a, b) => Number(a.confirmed === false) - Number(b.confirmed === false));

/** What is said when this is pressed: the same again takes it back. */
export const saidAfter = ({ confirmed }: Related, linked: boolean): boolean | null => (confirmed === linked ? null : linked);

/** Its own caller, and those of the calls that were merged into it. */
export const callers = (review: Review | null | undefined): number => 1 + (review?.merged?.length ?? 0);

/** The ten digits of a reference, however they were written; null: it is none. */
export function referenceIn(text: string): string | null {
  const digits = text.normalize("NFKC").replace(/[\s-]/g, "");
  return /^\d{10}$/.test(digits) ? digits : null;
}
