// Every wait and bound of the page, in one place.

/** Candidates are gathered before the offer leaves (the gateway does not need trickling); a slow STUN server must not
 * keep the caller waiting, and host candidates are there at once. */
export const GATHER_MS = 2_000;
/** No answer to the offer in this time counts as a server that is gone. */
export const POST_MS = 10_000;
/** ICE and DTLS take well under a second where UDP passes; after this it is blocked. */
export const CONNECT_MS = 12_000;
/** The gateway keeps a silent call for 15 s; a little more, so that its own word on the end comes first. */
export const LOST_MS = 20_000;
/** A sample caller hangs up this long after the last word was understood... */
export const SAMPLE_REST_MS = 4_000;
/** ...and at the latest this long after the sample ended. */
export const SAMPLE_LATEST_MS = 20_000;
/** A caller who was not heard for this long is told so. */
export const SILENCE_MS = 5_000;
/** Retry-After where the gateway names none. */
export const RETRY_S = 10;
/** Longest Retry-After that is believed: a caller must never be locked out for a day by a proxy's mistake. */
export const RETRY_MAX_S = 300;
/** The gateway sends a comment every 15 s; two missed ones mean that the stream is dead. */
export const STREAM_SILENCE_MS = 35_000;
export const RECONNECT_MS = [500, 1_000, 2_000, 4_000] as const;
/** Waits before each question after the call of before a reload: a gateway that restarts is back within a minute. */
export const RECALL_MS = [0, 1_000, 4_000, 15_000, 40_000] as const;
/** One event is one caption or one snapshot: far below this. A peer that sends more is not the gateway. */
export const EVENT_MAX_CHARS = 1_000_000;
/** Captions kept on the page: a 30 minute call makes a few hundred. */
export const CAPTIONS_MAX = 2_000;
/** Keys shown on the keypad's display. */
export const DIGITS_SHOWN = 16;
