// Follows one call's events. A stream that breaks is opened again, and its first event, the snapshot, mends the gap.

import type { CallEvent, Caption, CallState, Fields, Session, Snapshot } from "../call/contract";
import { RECONNECT_MS, STREAM_SILENCE_MS } from "../call/limits";
import { EventParser, type ServerEvent } from "./sse";
import { bearer, isGone } from "./whip";

export interface Following {
  onEvent(event: CallEvent): void;
  /** The call cannot be read any more: it is over for ten minutes, or the bearer is not its own. */
  onGone(): void;
}

/** Runs until the call is complete, gone, or `signal` aborts. */
export async function follow(session: Session, on: Following, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    const end = await readOnce(session, on, signal, () => (failures = 0));
    if (signal.aborted || end === "complete") return;
    if (end === "gone") return on.onGone();
    await pause(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)] ?? 0, signal);
  }
}

async function readOnce(
  session: Session,
  on: Following,
  signal: AbortSignal,
  onOpen: () => void,
): Promise<"complete" | "gone" | "broken"> {
  const silence = new AbortController();
  const stop = () => silence.abort();
  let watchdog = setTimeout(stop, STREAM_SILENCE_MS);
  signal.addEventListener("abort", stop);
  try {
    const headers = { ...bearer(session), Accept: "text/event-stream" };
    const response = await fetch(`${session.location}/events`, { headers, cache: "no-store", signal: silence.signal });
    if (isGone(response.status)) return "gone";
    if (!response.ok || response.body === null) return "broken";
    onOpen();
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "broken";
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, STREAM_SILENCE_MS);
      for (const event of parser.push(value)) {
        const known = callEvent(event);
        if (known !== null) on.onEvent(known);
        if (known?.kind === "complete" || (known?.kind === "snapshot" && known.snapshot.complete)) return "complete";
      }
    }
  } catch {
    return "broken";
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** `lagged` needs no answer, a fresh snapshot follows it; other unknown names are a newer gateway's. */
function callEvent({ name, data }: ServerEvent): CallEvent | null {
  const value: unknown = JSON.parse(data);
  switch (name) {
    case "snapshot":
      return { kind: "snapshot", snapshot: value as Snapshot };
    case "state":
      return { kind: "state", ...(value as { state: CallState; end_cause: string | null }) };
    case "partial":
      return { kind: "partial", text: (value as { text: string }).text };
    case "final":
      return { kind: "final", caption: value as Caption };
    case "fields":
      return { kind: "fields", fields: value as Fields };
    case "complete":
      return { kind: "complete" };
    default:
      return null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
