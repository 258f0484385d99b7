// What the desk's API sends and takes. The draft is `/api/schema/ticket-draft.json`; only what the page reads is named.

import type { Script } from "../shared/script";

export type Pointer = string;
export type Names = Partial<Record<Script, string>>;
export type Band = "sure" | "check" | "missing";

export interface Me {
  name: string;
  role: "agent" | "supervisor" | "administrator" | "auditor";
  accounts: boolean;
}

export interface Category {
  code: string;
  name: Names;
}

export interface Evidence {
  segment_id: string;
  char_start: number;
  char_end: number;
  text: string;
  audio_start_ms: number;
  audio_end_ms: number;
  band: Band | null;
}

export interface Field<T = unknown> {
  value: T | null;
  confidence: number;
  source: string;
  evidence: Evidence[];
  alternatives: { value: T; confidence: number }[];
  needs_review: boolean;
  band: Band | null;
}

export interface Phone {
  number: string;
  e164: string | null;
  raw: string;
  origin: "sip_pai" | "sip_from" | "token" | "web_form" | "spoken" | "agent";
  preferred: boolean;
  repeated: boolean;
  read_back_confirmed: boolean;
  belongs_to: "caller" | "other_party" | "unknown";
  confidence: number;
  source: string;
  evidence: Evidence[];
  alternatives: { value: string; confidence: number }[];
  needs_review: boolean;
  band: Band | null;
}

export interface Issue {
  issue_id: string;
  request_type: Field<string>;
  category: Field<string>;
  title: Field<string>;
  description: Field<string>;
  location: Record<string, Field<string>>;
  occurred_at: { text: Field<string>; start: string | null; end: string | null; precision: string | null; ongoing: boolean | null };
  urgency: Field<string>;
  handle_within_h: number | null;
  safety_risks: Field<string[]>;
  respondent: Field<string>;
  affected_count: Field<number>;
  group_demand: Field<boolean>;
  desired_outcome: Field<string>;
  routing_suggestion: Field<{ unit: string; basis: string }>;
}

export type Relation = "same_ticket" | "caller_mentioned" | "same_number_recent" | "near_duplicate" | "linked" | "merged";

export interface Draft {
  version: number;
  reference: string | null;
  disposition_suggestion: string;
  needs_listening: boolean;
  language: { primary: Field<string>; mixed_with: string[]; needs_interpreter: Field<boolean>; interpreter_language: Field<string> };
  caller: {
    name: Field<string>;
    phones: Phone[];
    number_withheld: boolean;
    subject: string | null;
    anonymity: Field<string>;
    follow_up_consent: Field<string>;
    callback_window: Field<string>;
    vulnerability: Field<string[]>;
  };
  /** `confirmed`: what a person said of it; null: nobody did. */
  related: { ref: string; call_id: string; relation: Relation; score: number; confirmed: boolean | null }[];
  quoted_reference: Field<string>;
  issues: Issue[];
  emergency: { flag: Field<boolean>; service: { kind: string; number: string } | null };
  summary: { title: Field<string>; text: Field<string> };
  transcript: { model: string; demo_model: boolean };
  coverage: Coverage;
}

export interface Span {
  start_ms: number;
  end_ms: number;
}

export interface Word extends Span {
  text: string;
  confidence: number;
  band: Band;
}

export interface Utterance {
  seq: number;
  span: Span;
  outcome: "text" | "no_speech" | "unrecognised";
  text: string;
  language: string | null;
  words: Word[];
}

export interface Coverage {
  text_ms: number;
  silence_ms: number;
  unrecognised_ms: number;
  lost_ms: number;
  not_recorded_ms: number;
}

export interface Raised {
  state: "raised" | "acknowledged" | "escalated";
  service: string;
  number: string;
  quote: string;
  span: Span;
  raised_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  reason: string | null;
}

export interface Delivery {
  id: string;
  kind: "draft" | "emergency";
  version: number | null;
  endpoint: string;
  state: "pending" | "delivered" | "dead";
  attempts: number;
  next_attempt_at: string | null;
  last_status: number | null;
  last_error: string | null;
  delivered_at: string | null;
}

export type CallState = "ringing" | "live" | "finishing" | "done" | "refused";

export interface CallSummary {
  id: string;
  reference: string;
  line: string;
  state: CallState;
  cause: string | null;
  number: string | null;
  display_name: string | null;
  withheld: boolean;
  started_at: string;
  answered_at: string | null;
  duration_ms: number | null;
  has_recording: boolean;
  title: string | null;
  category: string | null;
  emergency: boolean;
  raised: Raised | null;
  erased_at: string | null;
}

/** Whether the caller of a live call can be put through, and what became of it. */
export interface Transfer {
  to: string;
  state: "possible" | "asked" | "done" | "failed";
  detail: string | null;
}

export interface LineQuality {
  packets_received: number;
  packets_lost: number;
  jitter_mean_ms: number;
  concealed_ms: number;
  no_audio: string | null;
}

export interface Tone {
  sentiment: "positive" | "neutral" | "negative";
  abusive: boolean;
  threat_to_staff: boolean;
  quotes: { manner: string; text: string; start_ms: number; end_ms: number }[];
}

export interface CallDetail extends CallSummary {
  party: { verified: string | null; claimed: string | null; asserted: string | null; withheld: boolean };
  channel: "sip" | "webrtc" | "file";
  follows: string | null;
  dtmf: string;
  notice: Span | null;
  transcript: Utterance[];
  tone: Tone | null;
  coverage: Coverage | null;
  line_quality: LineQuality | null;
  draft: Draft | null;
  draft_complete: boolean;
  /** Null where the line has no destination, or the call can never be put through. */
  transfer: Transfer | null;
  deliveries: Delivery[];
}

export interface CallList {
  calls: CallSummary[];
  next: string | null;
  notices: string[];
  sip: string[];
}

export type ItemState = "live" | "waiting" | "held" | "deciding" | "decided";

export interface Item {
  call: string;
  reference: string;
  line: string;
  title: string | null;
  category: string | null;
  urgency: string | null;
  emergency: null | { state: string };
  state: ItemState;
  holder: string | null;
  mine: boolean;
  due_at: string | null;
  overdue: boolean;
  missing: number;
  check: number;
  started_at: string;
  duration_ms: number | null;
  number: string | null;
  place: string | null;
  repeats: number;
  delivery: null | "dead" | "pending";
  /** Of a search only: the words around what was found, cut where a hit begins and ends. */
  snippet?: { text: string; hit: boolean }[];
}

export interface Counts {
  live: number;
  waiting: number;
  overdue: number;
  mine: number;
  dead: number;
}

export interface Queue {
  items: Item[];
  counts: Counts;
  next: string | null;
}

export interface Found {
  items: Item[];
  next: string | null;
}

export type FieldState = "missing" | "check" | "sure" | "entered" | "not_said";

export interface ReviewField {
  pointer: Pointer;
  name: string;
  state: FieldState;
  required: boolean;
  seen: boolean;
}

export type DecisionKind = "approve" | "redirect" | "call_back" | "wrong_number" | "reject" | "answered" | "merge";

/** A call, and the number that its caller was told. */
export interface Told {
  call: string;
  reference: string;
}

export interface Decision {
  decision: DecisionKind;
  by: string;
  at: string;
  reason: string | null;
  unit: string | null;
  /** Of `merge`: the call it belongs to. */
  into: Told | null;
  undo_until: string | null;
}

export interface Review {
  call: string;
  revision: number;
  state: ItemState;
  holder: string | null;
  mine: boolean;
  until: string | null;
  due_at: string | null;
  /** Null while nothing was heard. */
  draft: Draft | null;
  fields: ReviewField[];
  decision: Decision | null;
  /** Calls that were merged into this one. */
  merged: Told[];
}

/** What is done to the matters of a draft, or to its ties with other calls. Matters are named by their `issue_id`. */
export type Change =
  | { kind: "split"; issue: string }
  | { kind: "join"; issue: string; into: string }
  | { kind: "link"; other: { call: string } | { reference: string }; linked: boolean | null };

export type Edit = { pointer: Pointer; value: unknown } | { pointer: Pointer; not_said: true };

/** GET /api/figures: the decisions of the last 24 hours. A median of nothing is null. */
export interface Figures {
  decided: number;
  median_ms: number | null;
  p90_ms: number | null;
  mine: { decided: number; median_ms: number | null };
  undone: number;
}

/** application/problem+json (RFC 9457), as an error of ours. */
export interface Problem {
  /** HTTP status; 0 where no answer came. */
  status: number;
  /** The last part says which of the problems of one status it is; null where none was said. */
  type: string | null;
  detail: string | null;
  retryAfterS: number | null;
  errors: { pointer: Pointer; detail: string }[];
  /** Of 412: the review as it stands. */
  current: Review | null;
  /** Of 409: who holds the draft. */
  holder: string | null;
}

/** GET /api/events, by their names. */
export type DeskEvent =
  | { event: "state"; call: string; state: CallState; cause: string | null }
  | { event: "answered"; call: string }
  | { event: "partial"; call: string; hypothesis: { text: string } }
  | { event: "final"; call: string; utterance: Utterance }
  | { event: "draft"; call: string; complete: boolean; draft: Draft }
  | { event: "dtmf"; call: string; digit: string }
  | { event: "emergency"; call: string; state: Raised["state"]; danger: { service: string; number: string; quote: string; start_ms: number; end_ms: number } }
  | { event: "delivery"; call: string }
  | { event: "transfer"; call: string; state: Transfer["state"]; detail: string | null }
  | { event: "review"; call: string; revision: number; state: ItemState; holder: string | null }
  | { event: "erased"; call: string };
