// The desk's API over fetch: every answer as a value, every refusal as a `Refused` with its problem.

import type {
  CallDetail, CallList, Category, Change, DecisionKind, Delivery, Edit, Figures, Found, Me, Pointer, Problem, Queue, Review,
} from "../contract";
import { ANSWER_MS } from "../limits";
import type { Filter, Wanted } from "../model";

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? `status ${problem.status}`);
  }
}

const noAnswer: Problem = { status: 0, type: null, detail: null, retryAfterS: null, errors: [], current: null, holder: null };

export const problemOf = (error: unknown): Problem => (error instanceof Refused ? error.problem : { ...noAnswer, detail: String(error) });

interface Ask {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  revision?: number;
}

async function ask(path: string, { method = "GET", body, revision }: Ask = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  const init: RequestInit = { method, headers, signal: AbortSignal.timeout(ANSWER_MS) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await fetch(path, init).catch(() => null);
  if (answer === null) throw new Refused(noAnswer);
  if (!answer.ok) throw new Refused(await problem(answer));
  return answer;
}

async function problem(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const wait = Number(answer.headers.get("Retry-After"));
  return {
    status: answer.status,
    type: typeof said.type === "string" ? said.type : null,
    detail: typeof said.detail === "string" ? said.detail : null,
    retryAfterS: Number.isFinite(wait) && wait > 0 ? wait : null,
    errors: Array.isArray(said.errors) ? said.errors : [],
    current: said.current ?? null,
    holder: typeof said.holder === "string" ? said.holder : null,
  };
}

const json = async <T>(path: string, how?: Ask): Promise<T> => (await (await ask(path, how)).json()) as T;
const call = (id: string, rest = "") => `/api/calls/${encodeURIComponent(id)}${rest}`;

function query(given: Record<string, string | null>): string {
  const set = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== "");
  return set.length === 0 ? "" : `?${new URLSearchParams(set)}`;
}

export const api = {
  me: () => json<Me>("/api/me"),
  login: async (name: string, password: string) => void (await ask("/api/login", { method: "POST", body: { name, password } })),
  logout: async () => void (await ask("/api/logout", { method: "POST" })),
  categories: () => json<{ categories: Category[] }>("/api/categories"),
  queue: ({ state, category, line, mine }: Filter, before: string | null) =>
    json<Queue>(`/api/queue${query({ state, category, line, mine: mine ? "true" : null, before })}`),
  next: async () => {
    const answer = await ask("/api/queue/next", { method: "POST" });
    return answer.status === 204 ? null : ((await answer.json()) as { call: string }).call;
  },
  calls: (before: string | null) => json<CallList>(`/api/calls${query({ before })}`),
  call: (id: string) => json<CallDetail>(call(id)),
  review: (id: string) => json<Review>(call(id, "/review")),
  claim: (id: string, takeOver: boolean) => json<{ until: string }>(call(id, takeOver ? "/claim?take_over=true" : "/claim"), { method: "POST" }),
  release: async (id: string) => void (await ask(call(id, "/claim"), { method: "DELETE" })),
  patch: (id: string, revision: number, edits: Edit[]) => json<Review>(call(id, "/review"), { method: "PATCH", revision, body: { edits } }),
  change: (id: string, revision: number, asked: Change) => {
    const [path, body] = asked.kind === "link" ? ["/links", { ...asked.other, linked: asked.linked }]
      : ["/issues", asked.kind === "split" ? { split: asked.issue } : { join: asked.issue, into: asked.into }];
    return json<Review>(call(id, path), { method: "POST", revision, body });
  },
  transfer: async (id: string) => void (await ask(call(id, "/transfer"), { method: "POST" })),
  seen: async (id: string, pointers: Pointer[]) => void (await ask(call(id, "/seen"), { method: "POST", body: { pointers } })),
  decide: (id: string, revision: number, wanted: Wanted & { took_ms: number | undefined }) =>
    json<{ undo_until: string; decision?: DecisionKind }>(call(id, "/decision"), { method: "POST", revision, body: wanted }),
  undo: async (id: string) => void (await ask(call(id, "/decision"), { method: "DELETE" })),
  acknowledge: async (id: string, by: string | null) =>
    void (await ask(call(id, "/emergency/acknowledge"), by === null ? { method: "POST" } : { method: "POST", body: { by } })),
  figures: () => json<Figures>("/api/figures"),
  dead: () => json<{ deliveries: (Delivery & { call: string })[] }>("/api/deliveries?state=dead"),
  replay: async (id: string) => void (await ask(`/api/deliveries/${encodeURIComponent(id)}/replay`, { method: "POST" })),
  search: (text: string, before: string | null) => json<Found>(`/api/search${query({ q: text, before })}`),
  recording: (id: string) => call(id, "/recording"),
};
