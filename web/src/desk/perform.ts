// What a shortcut does: the same as the button it stands on.

import type { Hands } from "./hands";
import type { Model } from "./model";
import type { Action } from "./rules/keys";
import { matterAt } from "./rules/matters";
import { relatedOf } from "./rules/related";
import { rowsOf, type Row } from "./rules/rows";
import { audible, spanOf } from "./rules/spans";
import { transferable } from "./transfer";
import { decidable, draftOf, editable } from "./work";

export interface Page extends Hands {
  faster(step: 1 | -1): void;
  /** The focus to the field before or after the one that has it. */
  move(step: 1 | -1): void;
  /** The focus to the call before or after the one that has it in the list; before the first is the search. */
  moveRow(step: 1 | -1): void;
  focusSearch(): void;
  /** What is read beside the draft comes into sight. */
  showBeside(): void;
  /** The focus back to the field that was worked on, or where none is to the list. */
  focusField(): void;
}

/** Whether the key was ours: then the browser does nothing more with it. */
export function perform(action: Action, model: Model, repeat: boolean, page: Page): boolean {
  const row = selectedRow(model);
  const decide = (decision: "approve" | "call_back" | "redirect" | "wrong_number" | "reject" | "answered") => {
    if (model.open?.review == null) return false;
    page.act({ kind: "decide_pressed", decision, repeat });
    return true;
  };
  switch (action) {
    case "next_field": return page.move(1), true;
    case "previous_field": return page.move(-1), true;
    case "next_row": return page.moveRow(1), true;
    case "previous_row": return page.moveRow(-1), true;
    case "play_field": return row !== null && hear(row, page);
    case "edit": return row !== null && editable(model) && (page.act({ kind: "edit_started", pointer: row.pointer, text: textOf(row) }), true);
    case "first": return take(row, 0, model, repeat, page);
    case "second": return take(row, 1, model, repeat, page);
    case "third": return take(row, 2, model, repeat, page);
    case "not_said":
      if (row === null || repeat || !(row.required || row.state === "missing") || !editable(model)) return false;
      page.act({ kind: "not_said_pressed", pointer: row.pointer });
      return page.move(1), true;
    case "back_2s": return page.back(), true;
    case "play": return !repeat && (page.toggle(), true);
    case "replay": return !repeat && (page.replay(), true);
    case "slower": return page.faster(-1), true;
    case "faster": return page.faster(1), true;
    case "approve": case "call_back": case "redirect": case "wrong_number": case "reject": case "answered": return decide(action);
    case "undo": return model.undo !== null && !repeat && (page.act({ kind: "undo_pressed" }), true);
    case "next_draft": return !model.readOnly && !repeat && (page.act({ kind: "next_pressed" }), true);
    case "search": return model.loaded && !model.readOnly && (page.focusSearch(), true);
    case "sheet": return page.act({ kind: "dialog", dialog: { kind: "keys" } }), true;
    case "acknowledge": return acknowledge(model, repeat, page);
    case "send_again": {
      const dead = model.open?.detail?.deliveries.find(({ state }) => state === "dead");
      return dead !== undefined && !repeat && (page.act({ kind: "replay_pressed", id: dead.id }), true);
    }
    case "beside":
      if (model.open === null || relatedOf(model.open).length === 0 || repeat) return false;
      page.act({ kind: "beside_pressed", call: null });
      return page.showBeside(), true;
    case "belongs": return link(true, model, repeat, page);
    case "unrelated": return link(false, model, repeat, page);
    case "merge_call": return mayTie(model) && decidable(model) && (page.act({ kind: "decide_pressed", decision: "merge", repeat }), true);
    case "split": case "join": return matter(action, model, repeat, page);
    case "transfer": {
      const call = transferable(model);
      return call !== null && !repeat && (page.act({ kind: "transfer_pressed", call }), true);
    }
    case "escape": return escape(model, page);
    default: return !repeat && view(Number(action.slice("view_".length)) - 1, model, page);
  }
}

export function selectedRow(model: Model): Row | null {
  const { open } = model;
  const draft = open === null ? null : draftOf(open);
  if (open === null || draft === null || open.selected === null) return null;
  return rowsOf(draft, open.review, open).find(({ pointer }) => pointer === open.selected) ?? null;
}

const textOf = ({ value, kind }: Row): string => (value === null || value === undefined || Array.isArray(value) ? "" : kind === "routing" ? "" : String(value));

function hear(row: Row, page: Page): boolean {
  page.hear(row.evidence.map((one) => audible(spanOf(one))), row.pointer);
  return row.evidence.length > 0;
}

function take(row: Row | null, which: number, model: Model, repeat: boolean, page: Page): boolean {
  const other = row?.alternatives[which];
  if (row === null || other === undefined || repeat || !editable(model)) return false;
  page.act({ kind: "entered", pointer: row.pointer, value: other.value });
  page.move(1);
  return true;
}

/** Whether there are calls that this one may be tied to, and whoever is at the desk may do so. */
const mayTie = (model: Model): boolean => model.open !== null && editable(model) && relatedOf(model.open).length > 0;

function link(linked: boolean, model: Model, repeat: boolean, page: Page): boolean {
  if (repeat || !mayTie(model)) return false;
  page.act({ kind: "link_pressed", call: model.open?.beside ?? null, linked });
  return true;
}

function matter(action: "split" | "join", model: Model, repeat: boolean, page: Page): boolean {
  const draft = model.open?.review?.draft ?? null;
  if (draft === null || (draft.issues ?? []).length === 0 || repeat || !editable(model)) return false;
  const issue = matterAt(draft, model.open?.selected ?? null);
  page.act(action === "split" ? { kind: "split_pressed", issue } : { kind: "join_pressed", issue, with: null });
  return true;
}

/** The oldest emergency that nobody has taken. */
function acknowledge(model: Model, repeat: boolean, page: Page): boolean {
  const alarm = model.alarms.find(({ taking }) => !taking);
  if (alarm === undefined || repeat) return false;
  page.act({ kind: "acknowledge_pressed", call: alarm.call });
  return true;
}

function view(index: number, model: Model, page: Page): boolean {
  if (model.readOnly || model.search?.items != null || model.views[index] === undefined) return false;
  page.act({ kind: "view_chosen", index });
  return true;
}

function escape(model: Model, page: Page): boolean {
  if (model.dialog !== null) return false;
  if (model.search !== null) page.act({ kind: "search_typed", text: "" });
  else if (model.open?.editor != null) page.act({ kind: "edit_cancelled" });
  else return false;
  page.focusField();
  return true;
}
