// What the stand-in gateway does to matters and ties, as far as the desk can see it.

import { unknown } from "../../node_modules/.unit/desk-fixtures.js";

const copy = (value) => structuredClone(value);
const doubted = (field) => ({ ...field, needs_review: true, band: "check" });

/** Splits or joins; what is wrong with it, or null. */
export function changeMatters({ draft }, { split, join, into }) {
  const matter = (id) => draft.issues.find(({ issue_id }) => issue_id === id);
  const [from, first] = [matter(split ?? join), matter(into)];
  if (from === undefined || (join !== undefined && first === undefined)) return { pointer: "/issues", detail: "there is no such matter" };
  if (split !== undefined) {
    if (draft.issues.length >= 8) return { pointer: "/issues", detail: "a draft has at most 8 matters; join two first" };
    const { value, confidence } = from.category;
    const category = { ...unknown(), alternatives: [{ value, confidence }, ...from.category.alternatives].slice(0, 3) };
    from.description = doubted(from.description);
    draft.issues.push({ ...copy(from), issue_id: `a${draft.issues.length}`, category, title: unknown(), routing_suggestion: unknown() });
    return null;
  }
  draft.issues = draft.issues.filter((one) => one !== from);
  const value = [first.description.value, from.description.value].filter(Boolean).join(" ");
  first.description = doubted({ ...first.description, value, evidence: [...first.description.evidence, ...from.description.evidence] });
  return null;
}

/** Says of another call that it belongs to this one, or not; what is wrong with it, or null. */
export function changeLink({ calls }, { call: own, draft }, { call, reference, linked }) {
  const other = [...calls.values()].find((one) => one.id === call || one.reference === reference);
  if (other === undefined || other.id === own) return { pointer: call === undefined ? "/reference" : "/call", detail: "there is no such other call; it may be erased" };
  const known = draft.related.find(({ call_id }) => call_id === other.id);
  if (known !== undefined) known.confirmed = linked;
  else if (linked) draft.related.push({ ref: other.reference, call_id: other.id, relation: "linked", score: 1, confirmed: true });
  return null;
}

/** Why this call cannot be merged into that one; null: it can. */
export function refusedMerge({ reviews }, review, into) {
  const other = reviews.get(into);
  const type = "urn:heardline:problem:merged";
  if (other === undefined || other === review) return { status: 422, detail: "not into that", errors: [{ pointer: "/review/into", detail: "there is no such other call" }] };
  if (other.decision?.into) return { status: 409, type, detail: `that call was itself merged into ${other.decision.into.reference}` };
  return review.merged.length > 0 ? { status: 409, type, detail: "others were merged into this one" } : null;
}
