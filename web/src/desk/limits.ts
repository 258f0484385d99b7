// Every wait and bound of the desk, in one place.

/** A claim lasts five minutes at the gateway; it is renewed this often. */
export const HEARTBEAT_MS = 60_000;
/** Edits that could not be sent are sent again after this. */
export const RETRY_MS = 3_000;
/** Words count as seen after this long on the screen. */
export const SEEN_MS = 1_000;
/** Lists are asked for anew at most this often, however many events come. */
export const REFRESH_MS = 400;
/** The figures of all decisions are asked for at most this often. */
export const FIGURES_MS = 60_000;
/** The longest time of a decision that the gateway keeps: a day. */
export const TOOK_MAX_MS = 86_400_000;
/** A search begins this long after the last letter. */
export const SEARCH_MS = 250;
/** Words of a transcript, about a quarter of an hour, above which only those near the screen are elements of their own. */
export const LONG_WORDS = 2_000;
/** The page's own deadline for one answer. */
export const ANSWER_MS = 15_000;
/** Bars of the waveform. */
export const BARS = 200;
/** A recording larger than this is drawn as its stretches of speech: about an hour of 16 kHz. */
export const PEAKS_MAX_BYTES = 128 * 1024 * 1024;
/** Between two warning sounds of an emergency nobody has taken. */
export const BEEP_MS = 3_000;
/** Back by J. */
export const BACK_S = 2;
export const RATES = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;
/** A message that no one needs to act on goes away after this. */
export const SAID_MS = 6_000;
/** Earlier calls that are shown with a draft. */
export const MOST_RELATED = 6;
