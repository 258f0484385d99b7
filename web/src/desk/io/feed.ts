// GET /api/events. EventSource opens a broken stream again by itself; one that was refused is opened anew.

import type { DeskEvent } from "../contract";
import { RETRY_MS } from "../limits";
import type { Event } from "../model";

const NAMES = ["state", "answered", "partial", "final", "draft", "dtmf", "emergency", "delivery", "transfer", "review", "erased"] as const;

/** Listens until the page goes. Returns what stops it. */
export function listen(dispatch: (event: Event) => void): () => void {
  let stream: EventSource | null = null;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    stream = new EventSource("/api/events");
    stream.onopen = () => {
      dispatch({ kind: "stream_opened", again });
      again = true;
    };
    stream.onerror = () => {
      dispatch({ kind: "stream_lost" });
      if (stream?.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
    };
    for (const name of NAMES)
      stream.addEventListener(name, ({ data }) => dispatch({ kind: "server", event: { ...(JSON.parse(data) as DeskEvent), event: name } as DeskEvent }));
    stream.addEventListener("lagged", () => dispatch({ kind: "lagged" }));
  };
  open();
  return () => {
    clearTimeout(timer);
    stream?.close();
  };
}
