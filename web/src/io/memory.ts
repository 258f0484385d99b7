// The last call of this tab, so that a reload still shows its reference. The tab's own storage goes with the tab:
// the next person at a shared computer finds nothing.

import type { Session } from "../call/contract";

const key = (line: string) => `heardline.call.${line}`;

export function rememberCall(line: string, session: Session): void {
  attempt(() => sessionStorage.setItem(key(line), JSON.stringify(session)));
}

export function earlierCall(line: string): Session | null {
  return attempt(() => {
    const value: unknown = JSON.parse(sessionStorage.getItem(key(line)) ?? "null");
    const whole = value !== null && typeof value === "object" && "location" in value && "token" in value;
    return whole ? { location: String(value.location), token: String(value.token) } : null;
  });
}

export function forgetCall(line: string): void {
  attempt(() => sessionStorage.removeItem(key(line)));
}

/** Storage may be forbidden or full; the page does without it. */
export function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
