// The gateway's HTTP: the line's description, WHIP (RFC 9725) and problem details (RFC 9457).

import type { Failure, LineInfo, Session, Snapshot } from "../call/contract";
import { POST_MS } from "../call/limits";

/** A request that got no good answer. Everything in this module throws only this. */
export class Refused extends Error {
  readonly failure: Failure;

  constructor(known: Pick<Failure, "status"> & Partial<Failure>) {
    super(known.detail ?? `status ${known.status}`);
    this.failure = { retryAfterSeconds: null, problem: null, detail: null, ...known };
  }
}

export interface CallInfo {
  name?: string;
  number?: string;
  language?: string;
  related?: string;
}

/** Retry-After in seconds; the gateway sends a number, a proxy may send a date. */
export function retryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const seconds = /^\d{1,9}$/.test(value.trim()) ? Number(value) : (Date.parse(value) - nowMs) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

/** Whether the gateway will take what was typed as a telephone number: digits (full width too) and what people write
 * between them. */
export function isTelephoneNumber(typed: string): boolean {
  return /^[+＋]?[\d０-９\s\-.\/()‐-―（）－]+$/.test(typed.trim()) && (typed.match(/[\d０-９]/g)?.length ?? 0) >= 3;
}

/** base64url without padding of the UTF-8 JSON, because a header carries no letters beyond ASCII. */
export function callInfoHeader(info: CallInfo): string | null {
  const present = Object.fromEntries(Object.entries(info).filter(([, value]) => value));
  if (Object.keys(present).length === 0) return null;
  const bytes = new TextEncoder().encode(JSON.stringify(present));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function refusal(response: Response): Promise<Refused> {
  const problem: unknown = await response.json().catch(() => null);
  const { type, detail } = Object(problem) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  const retryAfterSeconds = retryAfter(response.headers.get("retry-after"), Date.now());
  return new Refused({ status: response.status, retryAfterSeconds, problem: text(type), detail: text(detail) });
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(POST_MS), ...init }).catch(() => null);
  if (response === null) throw new Refused({ status: 0 });
  if (!response.ok) throw await refusal(response);
  return response;
}

/** A body cut off on the way is the network's fault like a missing answer. */
async function body<T>(reading: Promise<T>): Promise<T> {
  return reading.catch(() => {
    throw new Refused({ status: 0 });
  });
}

export function bearer(session: Session): Record<string, string> {
  return { Authorization: `Bearer ${session.token}` };
}

export async function loadLine(line: string): Promise<LineInfo> {
  const response = await ask(`/lines/${encodeURIComponent(line)}`, {});
  return (await body(response.json())) as LineInfo;
}

/** Posts the offer; the answer's session is told at once, because from then on the gateway waits for media. A call to add
 * to that is too long ago is no reason to turn a caller away: then this one stands for itself, under its own reference. */
export async function postOffer(
  line: string,
  offer: string,
  info: CallInfo,
  identityToken: string | null,
  onSession: (session: Session) => void,
): Promise<string> {
  const headers: Record<string, string> = { "Content-Type": "application/sdp" };
  const described = callInfoHeader(info);
  if (described !== null) headers["Heardline-Call-Info"] = described;
  if (identityToken !== null) headers["Authorization"] = `Bearer ${identityToken}`;
  const post = () => ask(`/whip/${encodeURIComponent(line)}`, { method: "POST", headers, body: offer });
  const response = await post().catch((error: unknown) => {
    const tooLongAgo = error instanceof Refused && error.failure.problem?.endsWith(":related");
    if (!tooLongAgo) throw error;
    const alone = callInfoHeader({ ...info, related: "" });
    if (alone === null) delete headers["Heardline-Call-Info"];
    else headers["Heardline-Call-Info"] = alone;
    return post();
  });
  const location = response.headers.get("location");
  const token = response.headers.get("heardline-token");
  if (location === null || token === null)
    throw new Refused({ status: response.status, detail: "the answer named no call" });
  onSession({ location, token });
  return body(response.text());
}

/** Whether this status says that the call cannot be read any more, or not by this bearer; others may pass. */
export function isGone(status: number): boolean {
  return [401, 403, 404, 410].includes(status);
}

export async function loadSnapshot(session: Session): Promise<Snapshot> {
  const response = await ask(session.location, { headers: bearer(session) });
  return (await body(response.json())) as Snapshot;
}

/** Ends the call. `leaving` lets the request outlive the page; one that fails is no matter, the gateway notices. */
export async function deleteCall(session: Session, leaving: boolean): Promise<void> {
  const init: RequestInit = { method: "DELETE", headers: bearer(session), keepalive: leaving };
  await ask(session.location, init).catch(() => undefined);
}
