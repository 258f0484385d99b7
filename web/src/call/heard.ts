import type { CallEvent, Caption, Snapshot } from "./contract";
import { CAPTIONS_MAX } from "./limits";
import type { Heard } from "./model";

export const nothingHeard: Heard = {
  reference: null,
  captions: [],
  partial: null,
  fields: null,
  endCause: null,
  complete: false,
};

export function fromSnapshot(snapshot: Snapshot): Heard {
  return {
    reference: snapshot.reference,
    captions: snapshot.captions.slice(-CAPTIONS_MAX),
    partial: snapshot.partial?.text ?? null,
    fields: snapshot.fields,
    endCause: snapshot.end_cause,
    complete: snapshot.complete,
  };
}

/** A final takes the place of the partial before it; a final sent again takes the place of itself. */
function withCaption(captions: Caption[], caption: Caption): Caption[] {
  const others = captions.filter((other) => other.seq !== caption.seq);
  return [...others, caption].sort((a, b) => a.seq - b.seq).slice(-CAPTIONS_MAX);
}

export function hear(heard: Heard, event: CallEvent): Heard {
  switch (event.kind) {
    case "snapshot":
      return fromSnapshot(event.snapshot);
    case "state":
      return { ...heard, endCause: event.end_cause ?? heard.endCause };
    case "partial":
      return { ...heard, partial: event.text || null };
    case "final":
      return { ...heard, captions: withCaption(heard.captions, event.caption), partial: null };
    case "fields":
      return { ...heard, fields: event.fields };
    case "complete":
      return { ...heard, partial: null, complete: true };
  }
}

/** Whether this event says that the call itself is over; its last words may still be on their way. */
export function endsCall(event: CallEvent): boolean {
  if (event.kind === "complete") return true;
  const state = event.kind === "snapshot" ? event.snapshot.state : event.kind === "state" ? event.state : null;
  return state === "finishing" || state === "done" || state === "refused";
}

/** Causes in which the caller did not mean to go. */
export function cutOff(endCause: string | null): boolean {
  return endCause === "media_lost" || endCause === "no_media" || endCause === "interrupted" || endCause === "shutdown";
}
