// Which key does what. Nothing happens while somebody types or composes (an IME sends Enter and letters of its own).

export type Action =
  | "next_field" | "previous_field" | "play_field" | "edit" | "first" | "second" | "third" | "not_said"
  | "back_2s" | "play" | "replay" | "slower" | "faster"
  | "approve" | "call_back" | "redirect" | "wrong_number" | "reject" | "answered" | "undo"
  | "next_draft" | "search" | "sheet" | "acknowledge" | "send_again" | "beside" | "escape"
  | "belongs" | "unrelated" | "merge_call" | "split" | "join" | "transfer"
  | "next_row" | "previous_row" | View;

/** A saved view by its place, from 1. */
export type View = `view_${number}`;

export interface Press {
  key: string;
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  repeat: boolean;
  /** Of the event: an input method is at work. 229 is what some browsers say in its place. */
  isComposing: boolean;
  keyCode: number;
}

export interface Where {
  /** The focus is where text is written or chosen. */
  typing: boolean;
  /** The focus is on something that takes this key itself: a button takes Enter, a list takes arrows. */
  taken: boolean;
  /** The focus is in the list of calls, or no draft is open: its keys move there. */
  list: boolean;
  dialog: boolean;
  /** Single-key shortcuts are on (WCAG 2.1.4). */
  letters: boolean;
}

const PLAIN: Readonly<Record<string, Action>> = {
  ArrowDown: "next_field", ArrowUp: "previous_field", Enter: "play_field",
};

/** Of the list; where a draft has the focus they move through its fields and its sound. */
const LIST: Readonly<Record<string, Action>> = { ArrowDown: "next_row", ArrowUp: "previous_row", j: "next_row", k: "previous_row" };

const LETTERS: Readonly<Record<string, Action>> = {
  "1": "first", "2": "second", "3": "third", e: "edit", n: "not_said",
  j: "back_2s", k: "play", l: "replay", "-": "slower", "+": "faster", "=": "faster",
  b: "call_back", r: "redirect", w: "wrong_number", x: "reject", a: "answered", u: "undo",
  g: "next_draft", "/": "search", "?": "sheet", t: "acknowledge", p: "send_again", o: "beside",
  y: "belongs", d: "unrelated", m: "merge_call", s: "split", c: "join", h: "transfer",
};

/** What the press means here; null: it is not for us. */
export function actionOf(press: Press, where: Where): Action | null {
  if (press.isComposing || press.keyCode === 229 || press.key === "Process") return null;
  if (press.key === "Escape") return "escape";
  if (where.dialog) return null;
  if (press.key === "Enter" && press.ctrl && !press.alt && !press.shift) return "approve";
  if (where.typing || press.ctrl || press.alt) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (key in PLAIN) return where.taken ? null : ((where.list ? LIST[key] : null) ?? PLAIN[key] ?? null);
  if (!where.letters) return null;
  if (where.list && /^[1-9]$/.test(key)) return `view_${Number(key)}`;
  return (where.list ? LIST[key] : null) ?? LETTERS[key] ?? null;
}
