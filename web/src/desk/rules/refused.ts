// What an endpoint found wrong with a draft, at the field that it names.

import type { CallDetail, Pointer } from "../contract";

const POINTER = /\/(?:issues|caller|language|summary|emergency|quoted_reference)(?:\/[\w]+)*/g;

/** The endpoint's own words by field. Of several deliveries the newest that failed speaks. */
export function refusedFields(detail: CallDetail | null): Record<Pointer, string> {
  const failed = (detail?.deliveries ?? []).filter(({ state, last_error, kind }) => state !== "delivered" && last_error !== null && kind === "draft");
  const said = failed.at(-1)?.last_error ?? "";
  return Object.fromEntries((said.match(POINTER) ?? []).map((pointer) => [pointer.replace(/\/value$/, ""), said]));
}
