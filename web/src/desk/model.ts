// What the desk knows, what can happen to it, and what it asks to be done. `machine.ts` joins them; nothing here does I/O.

import type {
  CallDetail, CallList, Change, Counts, DecisionKind, DeskEvent, Edit, Figures, Found, Item, Me, Pointer, Problem, Queue, Review, Span, Transfer,
} from "./contract";
import type { Group } from "./rules/rows";

export interface Filter {
  state: "waiting" | "live" | "decided" | "all";
  category: string;
  line: string;
  mine: boolean;
}

/** The list as an agent often wants it, under a name. */
export interface View {
  name: string;
  filter: Filter;
}

/** A row of the list. Without the queue's API it is made of the call, which may be erased or was never taken. */
export interface Listed extends Item {
  note: null | "erased" | "refused";
}

/** An edit on its way to the gateway, and the value the agent saw when making it: a merge compares with that. */
export interface Pending {
  edit: Edit;
  base: unknown;
  /** Its matter is gone, it stands at another now: the agent says whether it belongs there. */
  moved?: true;
}

export interface Clash {
  pointer: Pointer;
  yours: Edit;
  theirs: unknown;
}

/** Why edits are kept here and not saved yet. */
export type Unsaved = null | "offline" | "held" | "refused";

export interface Open {
  call: string;
  detail: CallDetail | null;
  review: Review | null;
  /** Words that may still change. */
  partial: string | null;
  selected: Pointer | null;
  /** The row stays in its group while it is written in, whatever the draft says meanwhile; `base` is the value that stood there. */
  editor: null | { pointer: Pointer; text: string; group: Group; base: unknown };
  pending: Record<Pointer, Pending>;
  /** Edits of the request under way; none: nothing is under way. */
  sent: Edit[];
  /** What is to be done to matters or ties as soon as everything entered is saved, and whether that is under way. */
  change: null | { asked: Change; sent: boolean };
  unsaved: Unsaved;
  /** When to send again what could not be sent. */
  retryAtMs: number | null;
  /** Fields the agent has seen, as known here; the gateway keeps them too. */
  seen: Pointer[];
  /** What the gateway finds wrong, by field. */
  errors: Record<Pointer, string>;
  /** Since when its draft has been before the agent's eyes, in a tab that is seen; null: not yet. */
  shownAtMs: number | null;
  /** Last claim or heartbeat, this page's clock. */
  claimedAtMs: number | null;
  /** Earlier calls and possible duplicates, by their id. */
  related: Record<string, CallDetail>;
  /** The reviews of those that were read beside the draft. */
  reviews: Record<string, Review>;
  /** Which of these is read beside the draft. */
  beside: string | null;
  /** Why it could not be merged into the call beside. */
  unmerged: null | Unmerged;
  /** Decide as soon as everything is saved. */
  wanted: null | Wanted;
}

/** `chain`: that call was itself merged; `carries`: others were merged into this one; `target`: no call to merge into. */
export interface Unmerged {
  why: "chain" | "carries" | "target";
  problem: Problem | null;
}

export interface Wanted {
  decision: DecisionKind;
  reason: string | null;
  unit: string | null;
  /** Of a merge: the call it belongs to. */
  into?: string;
}

export interface Alarm {
  call: string;
  state: "raised" | "escalated";
  service: string;
  number: string;
  quote: string;
  span: Span;
  /** A person pressed; the gateway has not answered yet. */
  taking: boolean;
  /** As far as it is known here. */
  transfer: Transfer | null;
}

/** What a live region or the strip of messages says; the view has the words. */
export type Said =
  | { kind: "saved" }
  /** `after`: what was decided just before. */
  | { kind: "queue_empty"; after?: Extract<Said, { kind: "decided" }> }
  | { kind: "unapproved"; missing: number; unseen: number }
  | { kind: "key_repeat" }
  | { kind: "undone" }
  | { kind: "undo_late" }
  | { kind: "acknowledged" }
  | { kind: "replayed" }
  | { kind: "new_call" }
  | { kind: "emergency"; quote: string }
  | { kind: "gone" }
  /** `into`: the reference of the call it was merged into. */
  | { kind: "decided"; decision: DecisionKind; into: string | null }
  | { kind: "nothing_beside" }
  | { kind: "no_matter" }
  | { kind: "linked"; linked: boolean | null }
  | { kind: "split" }
  | { kind: "joined" }
  | ({ kind: "unmerged" } & Unmerged)
  | { kind: "transfer"; transfer: Transfer }
  | { kind: "failed"; doing: "load" | "claim" | "save" | "decide" | "undo" | "acknowledge" | "replay" | "next" | "search" | Change["kind"] | "transfer"; problem: Problem };

export type Dialog = null | { kind: "keys" } | { kind: "reject" } | { kind: "redirect" } | { kind: "merge"; clashes: Clash[] }
  /** With which matter to join this one. */
  | { kind: "join"; issue: string }
  /** Into which call to merge this one. */
  | { kind: "into"; call: string }
  | { kind: "transfer"; call: string };

export interface Search {
  text: string;
  /** Null until the first answer. */
  items: Item[] | null;
  next: string | null;
}

export interface Model {
  /** `login`: accounts exist and nobody is logged in. */
  door: "asking" | "login" | "open";
  me: Me | null;
  loginProblem: Problem | null;
  /** The gateway has no queue yet: calls are shown, nothing can be changed. */
  readOnly: boolean;
  link: "connecting" | "live" | "lost";
  notices: string[];
  sip: string[];
  filter: Filter;
  views: View[];
  items: Listed[];
  counts: Counts | null;
  next: string | null;
  loaded: boolean;
  /** List and draft stand side by side. */
  wide: boolean;
  open: Open | null;
  alarms: Alarm[];
  undo: null | { call: string; decision: DecisionKind; into: string | null; untilMs: number; shownAtMs: number | null };
  figures: { known: Figures | null; stale: boolean; askedAtMs: number | null; absent: boolean };
  dialog: Dialog;
  search: Search | null;
  said: Said | null;
}

export type Event =
  | { kind: "started"; call: string | null; filter: Filter | null; wide: boolean }
  | { kind: "me"; me: Me }
  | { kind: "me_failed"; problem: Problem }
  | { kind: "login_pressed"; name: string; password: string }
  | { kind: "login_failed"; problem: Problem }
  | { kind: "logout_pressed" }
  /** `watched`: calls beside those of the list that an emergency may be in. */
  | { kind: "queue"; queue: Queue; watched: Item[]; more: boolean; filter: Filter }
  | { kind: "queue_failed"; problem: Problem }
  | { kind: "calls"; list: CallList; more: boolean; rows: boolean }
  | { kind: "dead"; count: number; first: string | null; open: boolean }
  | { kind: "filter_changed"; filter: Filter }
  | { kind: "views"; views: View[] }
  | { kind: "view_saved"; name: string }
  | { kind: "view_chosen"; index: number }
  | { kind: "view_removed"; name: string }
  | { kind: "more_pressed" }
  | { kind: "next_pressed" }
  | { kind: "next"; call: string | null }
  | { kind: "dead_pressed" }
  | { kind: "opened"; call: string | null }
  | { kind: "call"; detail: CallDetail; restored: Record<Pointer, Pending> | null }
  | { kind: "call_failed"; call: string; problem: Problem }
  | { kind: "review"; review: Review }
  | { kind: "review_failed"; call: string; problem: Problem }
  | { kind: "claimed"; call: string; until: string }
  | { kind: "claim_failed"; call: string; problem: Problem }
  | { kind: "take_over_pressed" }
  | { kind: "selected"; pointer: Pointer | null }
  | { kind: "was_seen"; pointer: Pointer }
  | { kind: "edit_started"; pointer: Pointer; text: string }
  | { kind: "typed"; text: string }
  | { kind: "entered"; pointer: Pointer; value: unknown }
  | { kind: "not_said_pressed"; pointer: Pointer }
  | { kind: "edit_cancelled" }
  | { kind: "saved"; review: Review }
  | { kind: "save_failed"; call: string; problem: Problem }
  | { kind: "merged"; yours: Pointer[] }
  | { kind: "decide_pressed"; decision: DecisionKind; reason?: string; unit?: string; into?: string; repeat: boolean }
  | { kind: "decided"; call: string; decision: DecisionKind; into?: string; undoUntil: string }
  | { kind: "decide_failed"; call: string; problem: Problem }
  | { kind: "undo_pressed" }
  | { kind: "undone"; call: string }
  | { kind: "undo_failed"; problem: Problem }
  | { kind: "shown"; call: string }
  | { kind: "figures"; figures: Figures }
  | { kind: "figures_failed"; problem: Problem }
  /** Null: the one after that which is open; after the last none. */
  | { kind: "beside_pressed"; call: string | null }
  | { kind: "related"; detail: CallDetail }
  | { kind: "related_review"; review: Review }
  /** Pressed again, it is as the machine said. */
  | { kind: "link_pressed"; call: string | null; linked: boolean }
  | { kind: "reference_entered"; reference: string }
  /** `issue`: null where no field of a matter has the focus. */
  | { kind: "split_pressed"; issue: string | null }
  /** `with`: null where the agent has not said which. */
  | { kind: "join_pressed"; issue: string | null; with: string | null }
  | { kind: "changed"; asked: Change; review: Review }
  | { kind: "change_failed"; call: string; asked: Change; problem: Problem }
  | { kind: "transfer_pressed"; call: string }
  | { kind: "transfer_confirmed"; call: string; repeat: boolean }
  | { kind: "transfer_failed"; call: string; problem: Problem }
  | { kind: "alarm"; detail: CallDetail }
  | { kind: "acknowledge_pressed"; call: string }
  | { kind: "acknowledged"; call: string }
  | { kind: "acknowledge_failed"; call: string; problem: Problem }
  | { kind: "replay_pressed"; id: string }
  | { kind: "replayed" }
  | { kind: "failed"; doing: Extract<Said, { kind: "failed" }>["doing"]; problem: Problem }
  | { kind: "dialog"; dialog: Dialog }
  | { kind: "search_typed"; text: string }
  | { kind: "found"; text: string; found: Found; more: boolean }
  | { kind: "stream_opened"; again: boolean }
  | { kind: "stream_lost" }
  | { kind: "lagged" }
  | { kind: "server"; event: DeskEvent }
  | { kind: "said_read" }
  | { kind: "tick" };

export type Effect =
  | { kind: "load_me"; later: boolean }
  | { kind: "login"; name: string; password: string }
  | { kind: "logout" }
  | { kind: "listen" }
  | { kind: "load_queue"; filter: Filter; before: string | null }
  | { kind: "load_calls"; before: string | null; rows: boolean }
  | { kind: "load_dead"; open: boolean }
  | { kind: "claim_next" }
  | { kind: "load_call"; call: string }
  | { kind: "load_review"; call: string }
  | { kind: "claim"; call: string; takeOver: boolean }
  | { kind: "release"; call: string }
  | { kind: "patch"; call: string; revision: number; edits: Edit[] }
  | { kind: "send_seen"; call: string; pointers: Pointer[] }
  | { kind: "decide"; call: string; revision: number; wanted: Wanted; shownAtMs: number | null }
  | { kind: "undo"; call: string }
  | { kind: "load_figures" }
  | { kind: "load_alarm"; call: string }
  | { kind: "load_related"; call: string }
  | { kind: "load_related_review"; call: string }
  | { kind: "change"; call: string; revision: number; asked: Change }
  | { kind: "transfer"; call: string }
  | { kind: "acknowledge"; call: string }
  | { kind: "replay"; id: string }
  | { kind: "search"; text: string; before: string | null }
  /** For the next time, and in the address. */
  | { kind: "keep_filter"; filter: Filter }
  | { kind: "load_views"; account: string }
  | { kind: "keep_views"; account: string; views: View[] }
  /** Nothing pending: what was kept is forgotten. */
  | { kind: "keep"; call: string; pending: Record<Pointer, Pending> }
  | { kind: "address"; call: string | null }
  | { kind: "alarm_sound"; on: boolean }
  | { kind: "silence_player" }
  /** Put the focus on this field's row. */
  | { kind: "focus"; pointer: Pointer };
