// How long a decision took, and when the figures of all decisions are asked for. Apart from any browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../node_modules/.unit/desk-machine.js";
import { tookMs } from "../../node_modules/.unit/desk-figures.js";
import { took } from "../../node_modules/.unit/desk-words.js";
import { gas, heating, queue, reviewOf } from "../../node_modules/.unit/desk-fixtures.js";

const NOW = 1_000_000;
const problem = (status) => ({ status, detail: null, retryAfterS: null, errors: [], current: null, holder: null });

function run(events, from) {
  let at = { model: from, effects: [] };
  for (const event of events) at = step(at.model, event, event.at ?? NOW);
  return at;
}
const desk = run([{ kind: "queue", queue, watched: [], more: false, filter: initial.filter }], { ...initial, door: "open", me: { name: "Mei", role: "agent", accounts: true } }).model;
const kinds = ({ effects }) => effects.map(({ kind }) => kind);
const effect = ({ effects }, kind) => effects.find((one) => one.kind === kind);
const ready = reviewOf(heating, { fields: reviewOf(heating).fields.map((field) => ({ ...field, state: "sure", seen: true })) });
const opened = run([{ kind: "opened", call: heating.id }, { kind: "call", detail: heating, restored: null }, { kind: "review", review: ready }], desk).model;
const approve = { kind: "decide_pressed", decision: "approve", repeat: false };
const decided = { kind: "decided", call: heating.id, decision: "approve", undoUntil: new Date(NOW + 10_000).toISOString() };

test("a decision's time runs from when its draft is first seen, once, and not while the caller speaks", () => {
  const seen = run([{ kind: "shown", call: heating.id, at: 500 }, { kind: "shown", call: heating.id, at: 900 }], opened).model;
  assert.equal(effect(run([approve], seen), "decide").shownAtMs, 500);
  assert.equal(effect(run([approve], opened), "decide").shownAtMs, null, "a tab that was never looked at has no time");
  const live = run([{ kind: "opened", call: gas.id }, { kind: "call", detail: gas, restored: null }, { kind: "shown", call: gas.id }], desk).model;
  assert.equal(live.open.shownAtMs, null);
});

test("a decision that waits for its edits to be saved has its time too", () => {
  const seen = run([{ kind: "shown", call: heating.id, at: 500 }, { kind: "entered", pointer: "/caller/name", value: "D." }, approve], opened).model;
  assert.equal(effect(run([{ kind: "saved", review: ready }], seen), "decide").shownAtMs, 500);
});

test("a decision that is taken back counts from the first look until the right one; another draft begins anew", () => {
  const seen = run([{ kind: "shown", call: heating.id, at: 500 }, decided], opened).model;
  assert.equal(run([{ kind: "undone", call: heating.id }], seen).model.open.shownAtMs, 500);
  assert.equal(run([{ kind: "opened", call: gas.id }], seen).model.open.shownAtMs, null);
});

test("the time that is sent is whole milliseconds within a day, whatever the clock does", () => {
  assert.deepEqual([tookMs(500, 38_500.4), tookMs(500, 0), tookMs(0, 9e9), tookMs(null, 5)], [38_000, 0, 86_400_000, undefined]);
});

test("figures are asked for after decisions, here or elsewhere, and at most once a minute", () => {
  const first = run([{ kind: "tick" }], desk);
  assert.deepEqual(kinds(first), ["load_figures"]);
  const known = run([{ kind: "figures", figures: { decided: 1, median_ms: 9, p90_ms: 9, mine: { decided: 0, median_ms: null }, undone: 0 } }], first.model).model;
  const later = (model, ms) => kinds(run([{ kind: "tick", at: NOW + ms }], model)).includes("load_figures");
  assert.equal(later(known, 600_000), false, "nothing was decided");
  const elsewhere = { kind: "server", event: { event: "review", call: gas.id, revision: 2, state: "deciding", holder: null } };
  for (const event of [decided, elsewhere, { kind: "undone", call: heating.id }]) {
    const { model } = run([event], known);
    assert.deepEqual([later(model, 59_999), later(model, 60_000)], [false, true], event.kind);
    assert.equal(model.figures.known.decided, 1, "what was known stands until then");
  }
});

test("a gateway that knows no figures is asked once; one that is away is asked again", () => {
  const asked = run([{ kind: "tick" }], desk).model;
  const after = (status) => kinds(run([decided, { kind: "figures_failed", problem: problem(status) }, { kind: "tick", at: NOW + 3_600_000 }], asked)).includes("load_figures");
  assert.deepEqual([404, 403, 0, 503].map(after), [false, false, true, true]);
});

test("the time of a decision is written as people say it", () => {
  assert.deepEqual([took("en", 38_400), took("en", 74_000), took("en", 120_000), took("zh-Hans", 38_000)], ["38s", "1m 14s", "2m", "38秒"]);
});
