// What the gateway's public listener sends: the shapes of GET /lines/{line}, of a call's snapshot and of its events.

import type { Script } from "../shared/script";

export type { Script };
export type Spoken = "en" | "zh" | "yue";
export type Names = Record<Script, string>;

export interface Sample {
  name: string;
  language: Spoken;
  seconds: number;
  url: string;
  text: string;
}

export interface LineInfo {
  line: string;
  open: boolean;
  closed_because: null | "busy" | "draining" | "unavailable";
  languages: Spoken[];
  emergency_number: string;
  notice: Partial<Names>;
  demo: null | { model: string; command: string; samples: Sample[] };
  ice_servers: RTCIceServer[];
  token_required: boolean;
  limits: { name: number; number: number };
}

export interface Caption {
  seq: number;
  start_ms: number;
  end_ms: number;
  text: string;
  language: string | null;
  /** False where somebody spoke and nothing could be recognised. */
  heard: boolean;
}

export interface Fields {
  category: null | { code: string; name: Partial<Names> };
  place: string | null;
  name: string | null;
  number: string | null;
  summary: string | null;
  emergency: boolean;
  needs_listening: boolean;
}

export type CallState = "ringing" | "live" | "finishing" | "done" | "refused";

export interface Snapshot {
  state: CallState;
  end_cause: string | null;
  reference: string | null;
  captions: Caption[];
  partial: { text: string; at_ms: number } | null;
  complete: boolean;
  fields: Fields | null;
}

/** One event of GET {Location}/events. `lagged` is not among them: the fresh snapshot right after it says it all. */
export type CallEvent =
  | { kind: "snapshot"; snapshot: Snapshot }
  | { kind: "state"; state: CallState; end_cause: string | null }
  | { kind: "partial"; text: string }
  | { kind: "final"; caption: Caption }
  | { kind: "fields"; fields: Fields }
  | { kind: "complete" };

/** A call that was answered: where it lives, and the bearer that opens it. */
export interface Session {
  location: string;
  token: string;
}

/** Why the gateway, or the network before it, said no. */
export interface Failure {
  /** HTTP status; 0 where no answer came at all. */
  status: number;
  retryAfterSeconds: number | null;
  /** The problem's `type` (RFC 9457); null where the answer was no problem document. */
  problem: string | null;
  /** The gateway's own sentence, for the operator. */
  detail: string | null;
}
