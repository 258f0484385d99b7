import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../node_modules/.unit/machine.js";

const line = {
  line: "default", open: true, closed_because: null, languages: ["en", "zh"], emergency_number: "112", notice: {},
  demo: null, ice_servers: [], token_required: false, limits: { name: 80, number: 32 },
};
const microphone = { kind: "microphone" };
const sample = { kind: "sample", sample: { name: "a", language: "en", seconds: 3, url: "/samples/a.wav", text: "" } };
const session = { location: "/whip/default/1", token: "t" };
const caption = (seq, text) => ({ seq, start_ms: 0, end_ms: 1, text, language: "en", heard: true });
const snapshot = (change) => ({
  state: "live", end_cause: null, reference: "4829130675", captions: [], partial: null, complete: false, fields: null, ...change,
});

/** Plays events and keeps what the last one asked for. */
function play(events, from = { model: initial, effects: [] }) {
  return events.reduce(({ model }, event) => step(model, event, 1_000), from);
}
const kinds = ({ effects }) => effects.map((effect) => effect.kind);
const called = (source = microphone) => [
  { kind: "line_loaded", line },
  { kind: "call_pressed", source },
  ...(source === microphone ? [{ kind: "microphone_opened", attempt: 1 }] : []),
];
const live = (source) => play([
  ...called(source),
  { kind: "answered", attempt: 1, session },
  { kind: "link", attempt: 1, link: "up" },
]);
const on = (from, ...events) => play(events, from);

test("a call asks for the microphone, dials, follows the words and comes up", () => {
  assert.deepEqual(kinds(play([{ kind: "line_loaded", line }, { kind: "call_pressed", source: microphone }])), ["open_microphone"]);
  assert.deepEqual(kinds(play(called())), ["dial"]);
  assert.deepEqual(kinds(play([...called(), { kind: "answered", attempt: 1, session }])), ["follow", "start_timer"]);
  assert.equal(live().model.phase.at, "live");
  assert.deepEqual(kinds(live()), ["stop_timer", "remember"]);
});

test("a sample caller needs no microphone and hangs up after its last words", () => {
  assert.deepEqual(kinds(play(called(sample))), ["dial"]);
  const speaking = live(sample);
  assert.ok(kinds(speaking).includes("play_sample"));
  assert.equal(on(speaking, { kind: "timer", name: "sample" }).model.phase.at, "live");
  const over = on(speaking, { kind: "sample_over", attempt: 1 });
  assert.deepEqual(kinds(over), ["start_timer", "start_timer"]);
  const words = on(over, { kind: "call", attempt: 1, event: { kind: "final", caption: caption(0, "last") } });
  assert.deepEqual(kinds(words), ["start_timer"]);
  const ended = on(words, { kind: "timer", name: "sample" });
  assert.equal(ended.model.phase.at, "ended");
  assert.ok(kinds(ended).includes("delete_call"));
});

test("an answer that comes after the caller gave up is ended at the gateway", () => {
  const cancelled = play([...called(), { kind: "hang_up_pressed" }]);
  assert.equal(cancelled.model.phase.at, "before");
  assert.deepEqual(kinds(on(cancelled, { kind: "answered", attempt: 1, session })), ["delete_call"]);
});

test("a call that fails after the gateway answered it is ended there and followed no more", () => {
  const failed = { kind: "refused", attempt: 1, failure: { status: 500, retryAfterSeconds: null, problem: null, detail: "d" } };
  const answered = on(play([...called(), { kind: "answered", attempt: 1, session }]), failed);
  assert.equal(answered.model.phase.why, "server_fault");
  assert.deepEqual(answered.effects.find(({ kind }) => kind === "delete_call"), { kind: "delete_call", session, leaving: false });
  assert.ok(kinds(answered).includes("close_media") && kinds(answered).includes("unfollow"));
  assert.ok(!kinds(on(play(called()), failed)).includes("delete_call"));
});

test("the call of before a reload is shown even where the line is away, but not over a call of this page", () => {
  const earlier = { kind: "earlier_call", session, snapshot: snapshot({ state: "done", complete: true }) };
  const away = play([{ kind: "line_failed", failure: { status: 0, retryAfterSeconds: null, problem: null, detail: null } }]);
  for (const from of [play([]), play([{ kind: "line_loaded", line }]), away]) {
    assert.equal(on(from, earlier).model.phase.at, "ended");
    assert.equal(on(from, earlier).model.phase.heard.reference, "4829130675");
  }
  assert.equal(on(play(called()), earlier).model.phase.at, "connecting");
});

test("late events of an earlier call change nothing", () => {
  const second = on(live(), { kind: "hang_up_pressed" }, { kind: "add_pressed" }, { kind: "line_loaded", line },
    { kind: "call_pressed", source: microphone });
  assert.equal(second.model.attempt, 2);
  for (const event of [
    { kind: "microphone_opened", attempt: 1 },
    { kind: "refused", attempt: 1, failure: { status: 0, retryAfterSeconds: null, problem: null, detail: null } },
    { kind: "link", attempt: 1, link: "lost" },
    { kind: "call", attempt: 1, event: { kind: "complete" } },
    { kind: "sample_over", attempt: 1 },
  ])
    assert.deepEqual(on(second, event), { model: second.model, effects: [] }, event.kind);
});

test("finals take the place of the partial, keep their order and are not doubled", () => {
  const told = (event) => ({ kind: "call", attempt: 1, event });
  const heard = on(live(), told({ kind: "partial", text: "no hea" }), told({ kind: "final", caption: caption(1, "b") }),
    told({ kind: "final", caption: caption(0, "a") }), told({ kind: "final", caption: caption(1, "b!") })).model.phase.heard;
  assert.deepEqual(heard.captions.map(({ text }) => text), ["a", "b!"]);
  assert.equal(heard.partial, null);
});

test("a snapshot after a break mends what was missed", () => {
  const mended = on(live(), { kind: "call", attempt: 1, event: { kind: "snapshot", snapshot: snapshot({ captions: [caption(0, "a")] }) } });
  assert.equal(mended.model.phase.heard.reference, "4829130675");
  assert.equal(mended.model.phase.heard.captions.length, 1);
});

test("no media within the time is a blocked network, and the gateway is told", () => {
  const answered = play([...called(), { kind: "answered", attempt: 1, session }]);
  for (const event of [{ kind: "timer", name: "connect" }, { kind: "link", attempt: 1, link: "lost" }]) {
    const blocked = on(answered, event);
    assert.equal(blocked.model.phase.why, "media_blocked");
    assert.ok(kinds(blocked).includes("delete_call") && kinds(blocked).includes("unfollow"));
  }
});

test("a network break is waited for, and what the gateway says of the end stands", () => {
  const cut = on(live(), { kind: "link", attempt: 1, link: "interrupted" });
  assert.equal(cut.model.phase.link, "interrupted");
  assert.equal(on(cut, { kind: "link", attempt: 1, link: "up" }).model.phase.link, "up");
  const lost = on(cut, { kind: "timer", name: "lost" });
  assert.equal(lost.model.phase.cutOff, true);
  assert.ok(!kinds(lost).includes("delete_call"));
  const back = on(cut, { kind: "call", attempt: 1, event: { kind: "state", state: "finishing", end_cause: "system_end" } });
  assert.equal(back.model.phase.cutOff, false);
});

test("every refusal becomes what the caller can do about it", () => {
  const refused = (status, retryAfterSeconds = null, problem = null) =>
    on(play(called()), { kind: "refused", attempt: 1, failure: { status, retryAfterSeconds, problem, detail: "d" } }).model.phase;
  const expected = { 0: "server_gone", 401: "link_expired", 404: "no_such_line", 429: "too_many_calls", 503: "line_unavailable", 500: "server_fault", 422: "server_fault" };
  for (const [status, why] of Object.entries(expected)) assert.equal(refused(Number(status)).why, why);
  assert.equal(refused(503, null, "urn:heardline:problem:busy").why, "line_busy");
  assert.equal(refused(503, null, "urn:heardline:problem:cannot-record").why, "line_unavailable");
  assert.equal(refused(503, 24).retryAtMs, 25_000);
  assert.equal(refused(503).retryAtMs, 11_000);
  assert.equal(refused(429, 86_400).retryAtMs, 301_000);
  assert.deepEqual(refused(503).again, microphone);
});

test("a closed line says so before anybody presses", () => {
  const at = (closed_because) => play([{ kind: "line_loaded", line: { ...line, open: false, closed_because } }]).model.phase;
  assert.equal(at("busy").why, "line_busy");
  assert.equal(at("draining").why, "line_restarting");
  assert.equal(at("unavailable").why, "line_unavailable");
});

test("hanging up keeps following until the last words are written", () => {
  const ended = on(live(), { kind: "hang_up_pressed" });
  assert.ok(kinds(ended).includes("close_media") && !kinds(ended).includes("unfollow"));
  const late = on(ended, { kind: "call", attempt: 1, event: { kind: "final", caption: caption(0, "late") } },
    { kind: "call", attempt: 1, event: { kind: "complete" } });
  assert.equal(late.model.phase.heard.captions[0].text, "late");
  assert.equal(late.model.phase.heard.complete, true);
});

test("whether the caller is heard is known again after muting", () => {
  const muted = on(live(), { kind: "hearing", speech: true }, { kind: "mute_pressed" }, { kind: "hearing", speech: false });
  assert.equal(muted.model.phase.hearing, "unknown");
  const again = on(muted, { kind: "mute_pressed" }, { kind: "hearing", speech: true });
  assert.equal(again.model.phase.hearing, "speech");
  assert.equal(on(again, { kind: "hearing", speech: true }).model, again.model);
});

test("adding something carries the bearer of the earlier call, a new report does not", () => {
  const add = on(live(), { kind: "hang_up_pressed" }, { kind: "add_pressed" }, { kind: "line_loaded", line },
    { kind: "call_pressed", source: microphone }, { kind: "microphone_opened", attempt: 2 });
  assert.equal(add.effects[0].related, "t");
  const other = on(live(), { kind: "hang_up_pressed" }, { kind: "new_call_pressed" }, { kind: "line_loaded", line },
    { kind: "call_pressed", source: microphone }, { kind: "microphone_opened", attempt: 2 });
  assert.equal(other.effects[0].related, null);
});

test("leaving the page ends a running call and leaves a finished one alone", () => {
  assert.deepEqual(kinds(on(live(), { kind: "page_left" })), ["delete_call"]);
  assert.deepEqual(kinds(on(live(), { kind: "hang_up_pressed" }, { kind: "page_left" })), []);
});
