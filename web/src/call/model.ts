import type { Caption, Failure, Fields, LineInfo, Sample, Session, Snapshot, CallEvent } from "./contract";

/** Who speaks: the person at the microphone, or a sample caller of the demonstration. */
export type Source = { kind: "microphone" } | { kind: "sample"; sample: Sample };

/** What is known of a call: its words, its reference, the fields understood so far. */
export interface Heard {
  reference: string | null;
  captions: Caption[];
  partial: string | null;
  fields: Fields | null;
  endCause: string | null;
  complete: boolean;
}

export type Trouble =
  | "microphone_refused"
  | "microphone_absent"
  | "microphone_in_use"
  | "browser_too_old"
  | "page_not_secure"
  | "media_blocked"
  | "line_busy"
  | "line_restarting"
  | "line_unavailable"
  | "too_many_calls"
  | "no_such_line"
  | "link_expired"
  | "server_gone"
  | "server_fault";

export interface Live {
  at: "live";
  source: Source;
  session: Session;
  heard: Heard;
  /** When the connection came up, on the page's clock. */
  sinceMs: number;
  link: "up" | "interrupted";
  muted: boolean;
  /** The keys pressed so far while the keypad is open. */
  keypad: string | null;
  hearing: "unknown" | "speech" | "silence";
  soundBlocked: boolean;
  sampleOver: boolean;
}

export interface Ended {
  at: "ended";
  session: Session;
  heard: Heard;
  /** The connection broke; the caller did not mean to go. */
  cutOff: boolean;
  /** No more news will come (the page lost its way to the call's events). */
  silent: boolean;
}

export type Phase =
  | { at: "loading" }
  | { at: "before" }
  | { at: "asking" }
  | { at: "connecting"; source: Source; session: Session | null; heard: Heard }
  | Live
  | Ended
  | { at: "trouble"; why: Trouble; retryAtMs: number | null; again: Source | null; detail: string | null };

export interface Model {
  line: LineInfo | null;
  identity: { name: string; number: string };
  /** The earlier call that the next one adds to. */
  related: { token: string; reference: string | null } | null;
  /** Counts the calls of this page, so that a late event of an earlier one is known as such. */
  attempt: number;
  phase: Phase;
}

export type Event =
  | { kind: "unable"; why: "browser_too_old" | "page_not_secure" }
  | { kind: "line_loaded"; line: LineInfo }
  | { kind: "line_failed"; failure: Failure }
  | { kind: "earlier_call"; session: Session; snapshot: Snapshot }
  | { kind: "identity_changed"; identity: Model["identity"] }
  | { kind: "call_pressed"; source: Source }
  | { kind: "microphone_opened"; attempt: number }
  | { kind: "microphone_failed"; attempt: number; why: "microphone_refused" | "microphone_absent" | "microphone_in_use" }
  | { kind: "answered"; attempt: number; session: Session }
  | { kind: "refused"; attempt: number; failure: Failure }
  | { kind: "link"; attempt: number; link: "up" | "interrupted" | "lost" }
  | { kind: "call"; attempt: number; event: CallEvent }
  | { kind: "call_gone"; attempt: number }
  | { kind: "hearing"; speech: boolean }
  | { kind: "sound"; blocked: boolean }
  | { kind: "sample_over"; attempt: number }
  | { kind: "timer"; name: Timer }
  | { kind: "mute_pressed" }
  | { kind: "keypad_pressed" }
  | { kind: "digit_pressed"; digit: string }
  | { kind: "hang_up_pressed" }
  | { kind: "add_pressed" }
  | { kind: "new_call_pressed" }
  | { kind: "retry_pressed" }
  | { kind: "back_pressed" }
  | { kind: "page_left" };

/** Each name is one timer: starting it again replaces it. */
export type Timer = "connect" | "lost" | "sample" | "sample_latest";

export type Effect =
  | { kind: "load_line" }
  | { kind: "open_microphone"; attempt: number }
  | { kind: "dial"; attempt: number; source: Source; line: LineInfo; identity: Model["identity"]; related: string | null }
  | { kind: "play_sample"; attempt: number; sample: Sample }
  | { kind: "close_media" }
  | { kind: "delete_call"; session: Session; leaving: boolean }
  | { kind: "follow"; attempt: number; session: Session }
  | { kind: "unfollow" }
  | { kind: "remember"; session: Session }
  | { kind: "forget" }
  | { kind: "mute"; on: boolean }
  | { kind: "send_digit"; digit: string }
  | { kind: "start_timer"; name: Timer; ms: number }
  | { kind: "stop_timer"; name: Timer };
