// What stands beside a value: where a number comes from, when it happened, who says who is in charge.

import type { Draft, Issue } from "../contract";
import { at, shape } from "./pointer";
import type { Row } from "./rows";
import { phone, print, when, type Words } from "./words";

export function notesOf(draft: Draft, row: Row, words: Words, nowMs: number): string[] {
  const { text } = words;
  if (row.state === "entered" || row.unsaved) return [];
  if (row.phone !== null) {
    const { origin, repeated, read_back_confirmed, belongs_to, raw, evidence } = row.phone;
    const said = evidence.length === 0 && raw !== "" && phone(raw) !== phone(String(row.value)) && origin === "spoken" ? raw : null;
    return [said, text.value.origin[origin] ?? origin, read_back_confirmed ? text.value.confirmed : repeated ? text.value.twice : null,
      belongs_to === "other_party" ? text.value.otherParty : null].filter((note) => note !== null);
  }
  const { index } = shape(row.pointer);
  const issue = row.pointer.startsWith("/issues/") ? (at(draft, `/issues/${index}`) as Issue | undefined) : undefined;
  if (row.name === "occurred" && issue !== undefined) {
    const { start, end, ongoing } = issue.occurred_at;
    const times = [start, end].filter((time) => time !== null).map((time) => when(words.script, time, nowMs)).join(" – ");
    return [times, ongoing === true ? text.draft.wishes.ongoing : ""].filter(Boolean);
  }
  if (row.name === "urgency" && issue?.handle_within_h != null) return [text.draft.handle(issue.handle_within_h)];
  if (row.name === "routing") return [issue?.routing_suggestion.value?.basis ?? ""].filter(Boolean);
  if (row.name === "language") return draft.language.mixed_with.map((one) => text.value.also(print(words, "language", one)));
  return [];
}
