// The last call of this tab, asked for again after a reload.

import type { Session, Snapshot } from "../call/contract";
import { RECALL_MS } from "../call/limits";
import { earlierCall, forgetCall } from "./memory";
import { isGone, loadSnapshot, Refused } from "./whip";

/** Null where there is none to show. It is forgotten only where the gateway says that it is gone: one that cannot
 * answer now is asked again, and after the last try the next reload asks. */
export async function recall(line: string): Promise<{ session: Session; snapshot: Snapshot } | null> {
  const session = earlierCall(line);
  if (session === null) return null;
  for (const ms of RECALL_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const answer = await loadSnapshot(session).catch((refused: Refused) => refused);
    // A call made meanwhile has taken its place, and must not be forgotten for it.
    if (earlierCall(line)?.token !== session.token) return null;
    if (!(answer instanceof Refused)) return { session, snapshot: answer };
    if (isGone(answer.failure.status)) return forgetCall(line), null;
  }
  return null;
}
