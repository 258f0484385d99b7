// A stand-in for the gateway that speaks the desk's API: it serves the built page under the gateway's own policy, holds a
// few calls in memory, and lets a test be the other agent, the caller and the fault.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { categories, earlier, gas, heating, items, reviewOf, water } from "../../node_modules/.unit/desk-fixtures.js";
import { rowsOf } from "../../node_modules/.unit/desk-rows.js";
import { changeLink, changeMatters, refusedMerge } from "./ties.mjs";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const POLICY = "default-src 'self'; media-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
const copy = (value) => structuredClone(value);

/** 16 kHz, loud where somebody speaks. */
function recording(call) {
  const rate = 16_000;
  const samples = Math.round(((call.duration_ms ?? 12_000) / 1_000) * rate);
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    const at = (i / rate) * 1_000;
    const loud = call.transcript.some(({ span }) => at >= span.start_ms && at < span.end_ms);
    wav.writeInt16LE(Math.round(Math.sin(i / 8) * (loud ? 9_000 : 40)), 44 + i * 2);
  }
  return wav;
}

export class StandIn {
  /** The earlier one is in no list: it is known by its id, and by its reference. */
  calls = new Map([heating, water, gas, earlier].map((call) => [call.id, copy(call)]));
  reviews = new Map([heating, water, earlier].map((call) => [call.id, { ...reviewOf(copy(call)), holder: null, mine: false, state: "waiting", fields: undefined }]));
  items = copy(items).filter(({ call }) => this.calls.has(call));
  transfers = [];
  seen = new Map();
  decisions = [];
  acknowledged = [];
  asked = [];
  /** Path and method to a status: what is to fail. */
  faults = new Map();
  accounts = false;
  loggedIn = false;
  hasReview = true;
  /** Of the decisions; null: a gateway that knows none. */
  figures = null;
  /** Results of a search that come at once. */
  pageSize = 50;
  streams = new Set();

  async start() {
    this.server = createServer((request, response) => this.serve(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    for (const stream of this.streams) stream.end();
    this.server.close();
    this.server.closeAllConnections();
  }

  push(event, data) {
    for (const stream of this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify({ event, ...data })}\n\n`);
  }

  /** Another agent saves a value. */
  other(call, pointer, value) {
    this.apply(this.reviews.get(call), [{ pointer, value }]);
    this.push("review", { call, revision: this.reviews.get(call).revision, state: "held", holder: this.reviews.get(call).holder });
  }

  apply(review, edits) {
    for (const edit of edits) {
      const path = edit.pointer.split("/").slice(1);
      let parent = review.draft;
      for (const part of path.slice(0, -1)) parent = parent[part];
      const last = path.at(-1);
      const old = parent[last];
      if (edit.pointer === "/caller/phones") parent[last] = [{ number: edit.value, e164: null, raw: edit.value, origin: "agent", preferred: true, evidence: [], alternatives: [], confidence: 1, source: "agent", needs_review: false }];
      else if (edit.pointer.startsWith("/caller/phones/")) Object.assign(old, { number: edit.value, e164: null, confidence: 1, source: "agent", needs_review: false });
      else parent[last] = { ...old, value: edit.not_said ? null : edit.value, confidence: 1, source: "agent", needs_review: false };
      review.notSaid = [...(review.notSaid ?? []).filter((one) => one !== edit.pointer), ...(edit.not_said ? [edit.pointer] : [])];
    }
    review.revision += 1;
  }

  view(review) {
    const seen = this.seen.get(review.call) ?? new Set();
    const fields = rowsOf(review.draft, null).map(({ pointer, name, state, required }) => ({
      pointer, name, required, seen: seen.has(pointer), state: review.notSaid?.includes(pointer) ? "not_said" : state,
    }));
    for (const pointer of review.notSaid ?? []) if (!fields.some((field) => field.pointer === pointer)) fields.push({ pointer, name: "", required: true, seen: true, state: "not_said" });
    const { notSaid: _, ...rest } = review;
    return { ...rest, mine: review.holder === "Mei", fields };
  }

  async serve(request, response) {
    const url = new URL(request.url, "http://desk");
    const path = url.pathname;
    const what = `${request.method} ${path}`;
    let text = "";
    for await (const piece of request) text += piece;
    const body = text === "" ? null : JSON.parse(text);
    const head = { "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff" };
    const send = (status, value, more = {}) => {
      const kind = status >= 400 ? "application/problem+json" : "application/json";
      response.writeHead(status, { ...head, "Content-Type": kind, ...more }).end(value === undefined ? undefined : JSON.stringify(value));
    };
    const problem = (status, detail, more = {}) => send(status, { type: "urn:heardline:problem:test", status, detail, ...more });
    const file = (name) => {
      if (!existsSync(name)) return problem(404, "there is no such file");
      response.writeHead(200, { ...head, "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" }).end(readFileSync(name));
    };
    if (path === "/") return file(join(dist, "desk.html"));
    if (path === "/icon.svg") return response.writeHead(200, { ...head, "Content-Type": "image/svg+xml" }).end('<svg xmlns="http://www.w3.org/2000/svg"/>');
    if (path.startsWith("/assets/")) return file(join(dist, path));
    this.asked.push({ what, body, match: request.headers["if-match"] ?? null });
    const fault = [...this.faults.keys()].find((pattern) => new RegExp(`^${pattern}$`).test(what));
    if (fault !== undefined) return problem(this.faults.get(fault), "as the test wants it");
    if (path === "/api/login") {
      this.loggedIn = body.password === "right";
      return this.loggedIn ? send(204) : problem(401, "no");
    }
    if (path === "/api/logout") return (this.loggedIn = false), send(204);
    if (this.accounts && !this.loggedIn) return problem(401, "log in first");
    if (path === "/api/me") return this.hasReview ? send(200, { name: "Mei", role: "supervisor", accounts: this.accounts }) : problem(404, "no such page");
    if (path === "/api/categories") return send(200, { categories });
    if (path === "/api/events") {
      response.writeHead(200, { ...head, "Content-Type": "text/event-stream" });
      response.write(": hello\n\n");
      this.streams.add(response);
      request.on("close", () => this.streams.delete(response));
      return;
    }
    if (path === "/api/calls") return send(200, { calls: [...this.calls.values()].filter(({ id }) => id !== earlier.id), damaged: [], next: null, notices: [], sip: ["sip:hotline@127.0.0.1:5060"] });
    if (path === "/api/figures") return this.figures === null ? problem(404, "there is no such page") : send(200, this.figures);
    if (path === "/api/deliveries") return send(200, { deliveries: [] });
    if (path.startsWith("/api/queue") || path === "/api/search") return this.hasReview ? this.queue(what, url, send, problem) : problem(404, "there is no such page");
    const [, id, rest = ""] = /^\/api\/calls\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const call = this.calls.get(id);
    if (call === undefined) return problem(404, "there is no such call");
    if (rest === "") return send(200, call);
    if (rest === "/recording") return this.sound(request, response, head, recording(call));
    if (rest === "/emergency/acknowledge") {
      this.acknowledged.push(id);
      call.raised.state = "acknowledged";
      this.items.find((item) => item.call === id).emergency.state = "acknowledged";
      return send(200, call.raised);
    }
    if (rest === "/transfer") {
      if (call.transfer?.state !== "possible" && call.transfer?.state !== "failed") return problem(409, "the caller is gone");
      this.transfers.push(id);
      call.transfer.state = "asked";
      return send(202, { state: "asked" });
    }
    const review = this.reviews.get(id);
    if (review === undefined || !this.hasReview) return problem(404, "there is no review of this call");
    return this.review(request.method, rest, url, review, body, request.headers["if-match"], send, problem);
  }

  queue(what, url, send, problem) {
    if (url.pathname === "/api/search") return this.search(url.searchParams.get("q"), Number(url.searchParams.get("before") ?? 0), send, problem);
    const open = this.items.filter(({ call }) => this.reviews.get(call)?.decision == null);
    if (what === "POST /api/queue/next") {
      const free = open.find(({ call }) => this.reviews.has(call) && this.reviews.get(call).holder === null);
      if (free === undefined) return send(204);
      this.reviews.get(free.call).holder = "Mei";
      return send(200, { call: free.call });
    }
    const wanted = url.searchParams.get("state");
    const category = url.searchParams.get("category");
    const rows = open.filter((item) => (wanted === "all" || (item.state === "live") === (wanted === "live")) && (category === null || item.category === category)).map((item) => ({ ...item, holder: this.reviews.get(item.call)?.holder ?? null, mine: this.reviews.get(item.call)?.holder === "Mei" }));
    return send(200, { items: rows, counts: { live: 1, waiting: rows.length, overdue: 0, mine: 0, dead: 0 }, next: null });
  }

  /** Finds by titles; what is found stands in its snippet between the words around it. */
  search(words, from, send, problem) {
    if ([...words].length < 2) return problem(400, "q: expected words");
    const found = this.items.filter(({ title }) => title.toLowerCase().includes(words.toLowerCase())).map((item) => {
      const at = item.title.toLowerCase().indexOf(words.toLowerCase());
      const pieces = [[item.title.slice(0, at), false], [item.title.slice(at, at + words.length), true], [item.title.slice(at + words.length), false]];
      return { ...item, snippet: pieces.filter(([text]) => text !== "").map(([text, hit]) => ({ text, hit })) };
    });
    const to = from + this.pageSize;
    return send(200, { items: found.slice(from, to), next: to < found.length ? String(to) : null });
  }

  review(method, rest, url, review, body, match, send, problem) {
    const stale = match !== undefined && match !== `"${review.revision}"`;
    if (rest === "/review" && method === "GET") return send(200, this.view(review), { ETag: `"${review.revision}"` });
    if (rest === "/claim" && method === "POST") {
      if (review.holder !== null && review.holder !== "Mei" && !url.searchParams.has("take_over")) return problem(409, `${review.holder} holds it`, { holder: review.holder });
      review.holder = "Mei";
      return send(200, { until: new Date(Date.now() + 300_000).toISOString() });
    }
    if (rest === "/claim") return (review.holder = null), send(204);
    if (rest === "/seen") {
      this.seen.set(review.call, new Set([...(this.seen.get(review.call) ?? []), ...body.pointers]));
      return send(204);
    }
    if (match === undefined && method !== "DELETE") return problem(428, "If-Match is missing");
    if (stale) return problem(412, "somebody was faster", { current: this.view(review) });
    if (rest === "/review") {
      if (review.holder !== null && review.holder !== "Mei") return problem(409, `${review.holder} holds it`, { holder: review.holder });
      this.apply(review, body.edits);
      return send(200, this.view(review), { ETag: `"${review.revision}"` });
    }
    if (rest === "/issues" || rest === "/links") {
      const wrong = rest === "/issues" ? changeMatters(review, body) : changeLink(this, review, body);
      if (wrong !== null) return problem(422, wrong.detail, { errors: [wrong] });
      review.revision += 1;
      return send(200, this.view(review), { ETag: `"${review.revision}"` });
    }
    if (method === "DELETE") {
      this.reviews.forEach((other) => (other.merged = other.merged.filter(({ call }) => call !== review.call)));
      this.decisions = this.decisions.filter(({ call }) => call !== review.call);
      Object.assign(review, { decision: null, holder: null, state: "waiting" });
      return send(204);
    }
    const waits = this.view(review).fields.filter((field) => (field.state === "missing" && field.required) || (field.state === "check" && !field.seen));
    if (body.decision === "approve" && waits.length > 0) return problem(422, "not yet", { errors: waits.map(({ pointer }) => ({ pointer, detail: "not seen" })) });
    const wrong = body.decision === "merge" ? refusedMerge(this, review, body.into) : null;
    if (wrong !== null) return problem(wrong.status, wrong.detail, wrong);
    const other = this.reviews.get(body.into);
    other?.merged.push({ call: review.call, reference: this.calls.get(review.call).reference });
    const into = other === undefined ? null : { call: other.call, reference: this.calls.get(other.call).reference };
    const until = new Date(Date.now() + 10_000).toISOString();
    this.decisions.push({ call: review.call, ...body, draft: copy(review.draft) });
    Object.assign(review, { decision: { reason: null, unit: null, ...body, into, by: "Mei", at: new Date().toISOString(), undo_until: until }, holder: null, state: "deciding" });
    return send(200, { undo_until: until });
  }

  sound(request, response, head, wav) {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const common = { ...head, "Content-Type": "audio/wav", "Accept-Ranges": "bytes" };
    if (from === undefined) return response.writeHead(200, { ...common, "Content-Length": wav.length }).end(wav);
    const end = to === "" ? wav.length - 1 : Math.min(Number(to), wav.length - 1);
    response.writeHead(206, { ...common, "Content-Length": end - from + 1, "Content-Range": `bytes ${from}-${end}/${wav.length}` }).end(wav.subarray(Number(from), end + 1));
  }
}
