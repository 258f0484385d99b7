import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { follow } from "../../node_modules/.unit/captions.js";
import { recall } from "../../node_modules/.unit/recall.js";
import { loadSnapshot, postOffer } from "../../node_modules/.unit/whip.js";

const snapshot = (change) => ({
  state: "done", end_cause: null, reference: "4829130675", captions: [], partial: null, complete: true, fields: null, ...change,
});

/** A server whose answers are `answers` in turn, one a request; says which paths were asked for. */
async function gateway(context, ...answers) {
  const asked = [];
  const told = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    told.push(request.headers["heardline-call-info"] ?? null);
    const { status = 200, type = "application/json", headers = {}, body } = answers.shift();
    response.writeHead(status, { "Content-Type": type, ...headers }).end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => server.close());
  return { asked, told, session: { location: `http://127.0.0.1:${server.address().port}/whip/default/1`, token: "t" } };
}

/** The tab's own storage, which node has not. */
function remember(context, session) {
  const kept = new Map([["heardline.call.default", JSON.stringify(session)]]);
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, removeItem: (key) => kept.delete(key) };
  context.after(() => delete globalThis.sessionStorage);
  return kept;
}

test("a refusal is read as the problem it is, and anything else as none", async (context) => {
  const problem = { type: "urn:heardline:problem:cannot-record", title: "Service Unavailable", status: 503, detail: "the disk is full" };
  const { session } = await gateway(
    context,
    { status: 503, headers: { "Retry-After": "7" }, body: JSON.stringify(problem) },
    { status: 502, type: "text/html", body: "<p>Bad Gateway" },
    { status: 500, body: "null" },
  );
  const refused = (failure) => (error) => (assert.deepEqual(error.failure, failure), true);
  await assert.rejects(loadSnapshot(session), refused({ status: 503, retryAfterSeconds: 7, problem: problem.type, detail: problem.detail }));
  for (const status of [502, 500])
    await assert.rejects(loadSnapshot(session), refused({ status, retryAfterSeconds: null, problem: null, detail: null }));
});

test("after lagged the stream's own snapshot is taken, and none is asked for", async (context) => {
  const lines = [["snapshot", snapshot({ complete: false })], ["lagged", {}], ["snapshot", snapshot({ reference: "1" })]];
  const body = lines.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("");
  const { session, asked } = await gateway(context, { type: "text/event-stream", body });
  const events = [];
  await follow(session, { onEvent: (event) => events.push(event), onGone: assert.fail }, new AbortController().signal);
  assert.deepEqual(events.map((event) => event.snapshot.reference), ["4829130675", "1"]);
  assert.deepEqual(asked, ["/whip/default/1/events"]);
});

test("the call of before a reload is asked for again where the gateway cannot answer", async (context) => {
  const { session, asked } = await gateway(context, { status: 503 }, { body: JSON.stringify(snapshot()) });
  const kept = remember(context, session);
  assert.deepEqual(await recall("default"), { session, snapshot: snapshot() });
  assert.equal(asked.length, 2);
  assert.equal(kept.size, 1);
});

test("the call of before a reload is forgotten where the gateway says that it is gone", async (context) => {
  for (const status of [401, 403, 404, 410]) {
    const { session } = await gateway(context, { status });
    const kept = remember(context, session);
    assert.equal(await recall("default"), null);
    assert.equal(kept.size, 0, `status ${status}`);
  }
});

test("a call made meanwhile is not forgotten for the one before it", async (context) => {
  const { session } = await gateway(context, { status: 404 });
  const kept = remember(context, session);
  const recalled = recall("default");
  kept.set("heardline.call.default", JSON.stringify({ ...session, token: "another" }));
  assert.equal(await recalled, null);
  assert.equal(kept.size, 1);
});

test("a call that is too long ago to add to becomes a call of its own", async (context) => {
  const problem = JSON.stringify({ type: "urn:heardline:problem:related", status: 422 });
  const created = { status: 201, type: "application/sdp", headers: { Location: "/whip/default/2", "Heardline-Token": "t2" }, body: "v=0" };
  const { told, session } = await gateway(context, { status: 422, body: problem }, created, { status: 422, body: problem }, created);
  const fetchOfPage = globalThis.fetch;
  globalThis.fetch = (path, init) => fetchOfPage(new URL(path, session.location), init);
  context.after(() => (globalThis.fetch = fetchOfPage));
  const sessions = [];
  for (const info of [{ name: "Anna", related: "old" }, { related: "old" }])
    assert.equal(await postOffer("default", "v=0", info, null, (made) => sessions.push(made)), "v=0");
  const read = (header) => header && JSON.parse(Buffer.from(header, "base64url").toString());
  assert.deepEqual(told.map(read), [{ name: "Anna", related: "old" }, { name: "Anna" }, { related: "old" }, null]);
  assert.deepEqual(sessions, Array(2).fill({ location: "/whip/default/2", token: "t2" }));
});
