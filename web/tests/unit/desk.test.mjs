// The desk's machine and its rules, apart from any browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../node_modules/.unit/desk-machine.js";
import { editable } from "../../node_modules/.unit/desk-work.js";
import { blocking, rowsOf } from "../../node_modules/.unit/desk-rows.js";
import { apart, audible, pieces, stretches } from "../../node_modules/.unit/desk-spans.js";
import { actionOf } from "../../node_modules/.unit/desk-keys.js";
import { matching } from "../../node_modules/.unit/desk-choices.js";
import { clock, phone, span, when } from "../../node_modules/.unit/desk-words.js";
import { refusedFields } from "../../node_modules/.unit/desk-refused.js";
import { Peaks } from "../../node_modules/.unit/desk-peaks.js";
import { texts } from "../../node_modules/.unit/desk-text.js";
import { gas, heating, heatingDraft, items, queue, reviewOf, water } from "../../node_modules/.unit/desk-fixtures.js";

const ADDRESS = "/issues/0/location/address_text";
const PHONE = "/caller/phones/0";
const CATEGORY = "/issues/0/category";
const NOW = 1_000_000;
const problem = (status, more = {}) => ({ status, detail: null, retryAfterS: null, errors: [], current: null, holder: null, ...more });
const me = { name: "Mei", role: "agent", accounts: true };

/** Runs events through the machine; the effects are those of the last one. */
function run(events, from = initial) {
  let at = { model: from, effects: [] };
  for (const event of events) at = step(at.model, event, event.at ?? NOW);
  return at;
}
const opened = (review = reviewOf(heating)) => run([
  { kind: "started", call: null, filter: null, wide: true }, { kind: "me", me }, { kind: "queue", queue, watched: [], more: false, filter: initial.filter },
  { kind: "tick" }, { kind: "opened", call: review.call }, { kind: "call", detail: review.call === gas.id ? gas : heating, restored: null }, { kind: "review", review },
]).model;
const kinds = ({ effects }) => effects.map(({ kind }) => kind);
const effect = ({ effects }, kind) => effects.find((one) => one.kind === kind);
const enter = (pointer, value) => ({ kind: "entered", pointer, value });

test("missing comes before what is to check before what is sure, and nothing optional is ever missing", () => {
  const rows = rowsOf(heatingDraft, null);
  assert.deepEqual(rows.slice(0, 3).map(({ pointer, group }) => [pointer, group]), [[ADDRESS, "missing"], [CATEGORY, "check"], [PHONE, "check"]]);
  assert.ok(rows.slice(3).every(({ group }) => group === "sure"));
  const bare = rowsOf({ ...heatingDraft, issues: [], caller: { ...heatingDraft.caller, phones: [], name: { value: null, evidence: [], alternatives: [] } } }, null);
  assert.deepEqual(bare.filter(({ state }) => state === "missing").map(({ name }) => name), ["phone", "name"]);
});

test("an anonymous caller needs no name", () => {
  assert.equal(rowsOf(water.draft, null).some(({ name }) => name === "name"), false);
});

test("the other numbers of a call stand as alternatives of the one to call back on", () => {
  const row = rowsOf(heatingDraft, null).find(({ pointer }) => pointer === PHONE);
  assert.deepEqual(row.alternatives, [{ value: "+12125550199", confidence: null, origin: "sip_from" }]);
});

test("what blocks an approval is what is missing, and what is in doubt and was not seen", () => {
  const work = { pending: {}, seen: [PHONE], errors: {}, selected: null, editor: null };
  const { missing, unseen } = blocking(rowsOf(heatingDraft, reviewOf(heating), work));
  assert.deepEqual([missing.map(({ pointer }) => pointer), unseen.map(({ pointer }) => pointer)], [[ADDRESS], [CATEGORY]]);
});

test("opening claims a draft that nobody holds, asks once, and puts the focus on the first field that needs it", () => {
  const free = { ...reviewOf(heating), holder: null, mine: false };
  const first = run([{ kind: "opened", call: heating.id }, { kind: "call", detail: heating, restored: null }, { kind: "review", review: free }], { ...initial, door: "open", me });
  assert.deepEqual([effect(first, "claim"), effect(first, "focus").pointer], [{ kind: "claim", call: heating.id, takeOver: false }, ADDRESS]);
  const claimed = run([{ kind: "claimed", call: heating.id, until: "" }, { kind: "review", review: { ...free, holder: "Mei", mine: true } }], first.model);
  assert.equal(effect(claimed, "claim"), undefined);
  const held = run([{ kind: "opened", call: heating.id }, { kind: "review", review: { ...free, holder: "Nan" } }], { ...initial, door: "open", me });
  assert.equal(effect(held, "claim"), undefined, "one that another holds is read only");
  assert.equal(editable(held.model), false);
});

test("a claim is renewed every minute and given back when the agent goes to another draft", () => {
  const model = run([{ kind: "claimed", call: heating.id, until: "" }, { kind: "review", review: reviewOf(heating) }], opened()).model;
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 59_000 }], model)), []);
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 60_000 }], model)), ["claim"]);
  assert.ok(kinds(run([{ kind: "opened", call: water.id }], model)).includes("release"));
});

test("one request is under way at a time, and what is entered meanwhile goes out with the next", () => {
  const one = run([enter(ADDRESS, "1 First Street")], opened());
  assert.deepEqual(effect(one, "patch"), { kind: "patch", call: heating.id, revision: 3, edits: [{ pointer: ADDRESS, value: "1 First Street" }] });
  const two = run([enter(PHONE, "+12125550143")], one.model);
  assert.equal(effect(two, "patch"), undefined);
  const next = run([{ kind: "saved", review: { ...reviewOf(heating), revision: 4 } }], two.model);
  assert.deepEqual(effect(next, "patch"), { kind: "patch", call: heating.id, revision: 4, edits: [{ pointer: PHONE, value: "+12125550143" }] });
  const done = run([{ kind: "saved", review: { ...reviewOf(heating), revision: 5 } }], next.model);
  assert.deepEqual(done.model.open.pending, {});
});

test("typing is kept through a gateway that is away, and goes out again by itself", () => {
  const away = run([enter(ADDRESS, "1 First Street"), { kind: "save_failed", call: heating.id, problem: problem(0) }], opened());
  assert.equal(away.model.open.unsaved, "offline");
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 2_000 }], away.model)), []);
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 3_000 }], away.model)), ["patch"]);
});

test("edits of other fields merge by themselves; of the same field the agent chooses, and nothing is sent before", () => {
  const mine = run([enter(ADDRESS, "1 First Street")], opened()).model;
  const by = (fields, state) => fields.map((field) => (field.pointer === ADDRESS ? { ...field, state } : field));
  const overtaken = (draft, state = "entered") => {
    const current = { ...reviewOf({ ...heating, draft }), revision: 9 };
    return run([{ kind: "save_failed", call: heating.id, problem: problem(412, { current: { ...current, fields: by(current.fields, state) } }) }], mine);
  };
  const elsewhere = overtaken({ ...heatingDraft, caller: { ...heatingDraft.caller, name: { ...heatingDraft.caller.name, value: "D. Okafor" } } });
  assert.equal(effect(elsewhere, "patch").revision, 9);
  assert.equal(elsewhere.model.dialog, null);
  const [issue] = heatingDraft.issues;
  const there = { ...heatingDraft, issues: [{ ...issue, location: { ...issue.location, address_text: { ...issue.location.address_text, value: "2 Second Street", evidence: [] } } }] };
  const clash = overtaken(there);
  assert.deepEqual(clash.model.dialog, { kind: "merge", clashes: [{ pointer: ADDRESS, yours: { pointer: ADDRESS, value: "1 First Street" }, theirs: "2 Second Street" }] });
  assert.equal(effect(clash, "patch"), undefined);
  assert.equal(effect(run([{ kind: "merged", yours: [ADDRESS] }], clash.model), "patch").edits[0].value, "1 First Street");
  const given = run([{ kind: "merged", yours: [] }], clash.model);
  assert.equal(effect(given, "patch"), undefined);
  assert.deepEqual(given.model.open.pending, {});
  assert.equal(effect(overtaken(there, "sure"), "patch").revision, 9, "what the machine reads meanwhile is nobody's choice");
});

test("a value that another saved while this agent still typed is not overwritten unasked", () => {
  const typing = run([{ kind: "edit_started", pointer: PHONE, text: "" }, { kind: "typed", text: "5550199" }], opened()).model;
  const [phone, ...others] = heatingDraft.caller.phones;
  const theirs = reviewOf({ ...heating, draft: { ...heatingDraft, caller: { ...heatingDraft.caller, phones: [{ ...phone, number: "5550111", e164: null }, ...others] } } });
  const changed = { ...theirs, revision: 9, fields: theirs.fields.map((field) => (field.pointer === PHONE ? { ...field, state: "entered" } : field)) };
  const done = run([{ kind: "review", review: changed }, enter(PHONE, "5550199")], typing);
  assert.equal(effect(done, "patch"), undefined);
  assert.deepEqual(done.model.dialog.clashes.map(({ theirs: other }) => other), ["5550111"]);
});

test("a claim that is gone is taken back before anything is saved, and the caller is asked for again", () => {
  const gone = { ...reviewOf(heating), holder: null, mine: false, state: "waiting", revision: 8 };
  const lost = run([{ kind: "claimed", call: heating.id, until: "" }, { kind: "review", review: gone }, enter(ADDRESS, "1 First Street")], opened());
  assert.ok(kinds(lost).includes("claim") && !kinds(lost).includes("patch"), kinds(lost).join());
  const again = run([{ kind: "claimed", call: heating.id, until: "" }], lost.model);
  assert.deepEqual(kinds(again), ["load_call", "load_review"]);
  assert.equal(effect(run([{ kind: "review", review: { ...reviewOf(heating), revision: 9 } }], again.model), "patch").revision, 9);
  const held = run([{ kind: "claim_failed", call: heating.id, problem: problem(409, { holder: "Nan" }) }], lost.model);
  assert.equal(held.model.open.unsaved, "held");
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 60_000 }], held.model)), ["load_review"]);
  assert.ok(kinds(run([{ kind: "review", review: gone }], held.model)).includes("claim"), "free again");
});

test("what next claimed is renewed like any other claim", () => {
  const begun = run([{ kind: "tick" }], opened()).model;
  assert.deepEqual(kinds(run([{ kind: "tick", at: NOW + 60_000 }], begun)), ["claim"]);
});

test("next opens a draft that this agent holds already, when no other is free", () => {
  const own = [{ ...queue.items[0], call: water.id, holder: "Mei", mine: true, state: "held" }];
  const listed = run([{ kind: "queue", queue: { ...queue, items: own }, watched: [], more: false, filter: initial.filter }], opened()).model;
  assert.equal(run([{ kind: "next", call: null }], listed).model.open.call, water.id);
  const last = run([{ kind: "next", call: null }], run([{ kind: "opened", call: water.id }], listed).model);
  assert.deepEqual([last.model.open, last.model.said], [null, { kind: "queue_empty" }]);
});

test("what is typed before a lost claim was noticed is kept until the draft is held again", () => {
  const typing = run([{ kind: "edit_started", pointer: ADDRESS, text: "" }, { kind: "typed", text: "1 First Street" }], opened()).model;
  const lost = run([{ kind: "review", review: { ...reviewOf(heating), holder: "Nan", mine: false } }, enter(ADDRESS, "1 First Street")], typing);
  assert.deepEqual([lost.model.open.unsaved, lost.model.open.pending[ADDRESS].edit.value], ["held", "1 First Street"]);
  assert.equal(effect(lost, "keep").pending[ADDRESS].edit.value, "1 First Street");
  const back = run([{ kind: "claimed", call: heating.id, until: "" }, { kind: "review", review: { ...reviewOf(heating), revision: 8 } }], lost.model);
  assert.equal(effect(back, "patch").revision, 8);
});

test("a field is seen only while it has the focus, and once", () => {
  const model = run([{ kind: "selected", pointer: PHONE }], opened()).model;
  assert.deepEqual(kinds(run([{ kind: "was_seen", pointer: CATEGORY }], model)), []);
  const seen = run([{ kind: "was_seen", pointer: PHONE }], model);
  assert.deepEqual(effect(seen, "send_seen").pointers, [PHONE]);
  assert.deepEqual(kinds(run([{ kind: "was_seen", pointer: PHONE }], seen.model)), []);
});

test("having seen one value is not having seen the next one", () => {
  const seen = run([{ kind: "selected", pointer: PHONE }, { kind: "was_seen", pointer: PHONE }], opened()).model;
  const phones = [{ ...heatingDraft.caller.phones[0], number: "2125550135", e164: "+12125550135" }];
  const other = reviewOf({ ...heating, draft: { ...heatingDraft, caller: { ...heatingDraft.caller, phones } } });
  assert.deepEqual(run([{ kind: "review", review: { ...other, revision: 4 } }], seen).model.open.seen, []);
  assert.deepEqual(run([{ kind: "review", review: { ...reviewOf(heating), revision: 4 } }], seen).model.open.seen, [PHONE]);
});

const ready = () => opened(reviewOf({ ...heating, draft: heatingDraft }, { fields: reviewOf(heating).fields.map((field) => ({ ...field, state: "sure", seen: true })) }));
const press = (decision, more = {}) => ({ kind: "decide_pressed", decision, repeat: false, ...more });

test("related calls are read one after the other beside the draft, which stays open", () => {
  const follows = { ...heating, follows: water.id, draft: { ...heatingDraft, related: [...heatingDraft.related, ...heatingDraft.related] } };
  const model = run([{ kind: "call", detail: follows, restored: null }, { kind: "review", review: { ...reviewOf(follows), revision: 4 } }], opened()).model;
  const press = (at, call = null) => run([{ kind: "beside_pressed", call }], at).model;
  const [one, two] = [press(model), press(press(model))];
  assert.deepEqual([one.open.beside, two.open.beside, press(two).open.beside], [water.id, heatingDraft.related[0].call_id, null]);
  assert.equal(press(one, water.id).open.beside, null, "pressed again it is closed");
  assert.deepEqual(kinds(run([{ kind: "beside_pressed", call: null }], model)), ["load_related", "load_related_review"], "nothing is released");
  assert.equal(actionOf({ key: "o", ctrl: false, alt: false, shift: false, repeat: false, isComposing: false, keyCode: 0 }, { typing: false, taken: false, list: false, dialog: false, letters: true }), "beside");
});

test("an approval waits for its fields and names the first; a key that is held down decides nothing", () => {
  const early = run([press("approve")], opened());
  assert.deepEqual(early.model.said, { kind: "unapproved", missing: 1, unseen: 2 });
  assert.deepEqual([effect(early, "decide"), effect(early, "focus").pointer], [undefined, ADDRESS]);
  assert.equal(effect(run([press("approve", { repeat: true })], ready()), "decide"), undefined);
  assert.deepEqual(effect(run([press("approve")], ready()), "decide").wanted, { decision: "approve", reason: null, unit: null });
});

test("a decision waits until everything entered is saved", () => {
  const waiting = run([enter("/caller/name", "D. Okafor"), press("approve")], ready());
  assert.equal(effect(waiting, "decide"), undefined);
  const review = { ...waiting.model.open.review, revision: 7 };
  assert.equal(effect(run([{ kind: "saved", review }], waiting.model), "decide").revision, 7);
});

test("rejecting asks for a reason and redirecting for a unit", () => {
  assert.deepEqual(run([press("reject")], opened()).model.dialog, { kind: "reject" });
  assert.deepEqual(run([press("redirect")], opened()).model.dialog, { kind: "redirect" });
  assert.equal(effect(run([press("reject", { reason: "duplicate" })], opened()), "decide").wanted.reason, "duplicate");
});

test("after a decision the next draft is asked for; it can be taken back for ten seconds and opens again", () => {
  const until = new Date(NOW + 10_000).toISOString();
  const done = run([{ kind: "decided", call: heating.id, decision: "approve", undoUntil: until }], ready());
  assert.ok(kinds(done).includes("claim_next"));
  assert.deepEqual(kinds(run([{ kind: "undo_pressed", at: NOW + 9_000 }], done.model)), ["undo"]);
  assert.deepEqual(kinds(run([{ kind: "undo_pressed", at: NOW + 10_000 }], done.model)), []);
  assert.equal(run([{ kind: "undone", call: heating.id }], done.model).model.open.call, heating.id);
  assert.equal(run([{ kind: "tick", at: NOW + 10_000 }], done.model).model.undo, null);
});

test("a live call can be written in and not decided", () => {
  const model = opened({ ...reviewOf(gas), revision: 0, state: "live" });
  assert.equal(editable(model), true);
  assert.equal(effect(run([press("approve")], model), "decide"), undefined);
});

test("words of the caller never touch what is being typed", () => {
  const typing = run([{ kind: "edit_started", pointer: "/caller/name", text: "" }, { kind: "typed", text: "Anna" }], opened({ ...reviewOf(gas), state: "live" })).model;
  const draft = { ...gas.draft, caller: { ...gas.draft.caller, name: { ...gas.draft.caller.name, value: "Hannah", evidence: [] } } };
  const later = run([{ kind: "server", event: { event: "draft", call: gas.id, complete: false, draft } }, { kind: "server", event: { event: "partial", call: gas.id, hypothesis: { text: "and" } } }], typing).model;
  assert.deepEqual(later.open.editor, { pointer: "/caller/name", text: "Anna", group: "missing", base: null });
  assert.equal(rowsOf(draft, null, later.open).find(({ name }) => name === "name").group, "missing", "nor does its row move");
});

test("an emergency sounds until somebody has taken it, here or elsewhere", () => {
  const danger = { service: "fire", number: "112", quote: "smoke", start_ms: 0, end_ms: 900 };
  const event = (state) => ({ kind: "server", event: { event: "emergency", call: water.id, state, danger } });
  const raised = run([event("raised")], opened());
  assert.equal(effect(raised, "alarm_sound").on, true);
  const pressed = run([{ kind: "acknowledge_pressed", call: water.id }], raised.model);
  assert.deepEqual([effect(pressed, "alarm_sound").on, effect(pressed, "acknowledge").call], [false, water.id]);
  assert.equal(effect(run([{ kind: "acknowledge_failed", call: water.id, problem: problem(500) }], pressed.model), "alarm_sound").on, true, "it was not taken after all");
  assert.equal(effect(run([event("acknowledged")], raised.model), "alarm_sound").on, false);
});

test("an emergency that only the list tells of is asked for", () => {
  const known = run([{ kind: "queue", queue: { ...queue, items: [] }, watched: items, more: false, filter: initial.filter }]);
  assert.deepEqual(known.effects.filter(({ kind }) => kind === "load_alarm"), [{ kind: "load_alarm", call: gas.id }]);
});

test("a call that ended between the reading of the two lists stands in the queue once, as one that waits", () => {
  const [first] = queue.items;
  const both = [{ ...first, state: "live" }, ...queue.items];
  const { model } = run([{ kind: "queue", queue: { ...queue, items: both }, watched: [], more: false, filter: initial.filter }]);
  assert.deepEqual(model.items.map(({ call, state }) => [call, state]), queue.items.map(({ call, state }) => [call, state]));
});

test("the focus comes when the call and its review are both here, in whichever order they came", () => {
  const review = { kind: "review", review: reviewOf(heating) };
  const early = run([{ kind: "opened", call: heating.id }, review], run([{ kind: "started", call: null, filter: null, wide: true }, { kind: "me", me }]).model);
  assert.deepEqual([early.model.open.selected, effect(early, "focus")], [null, undefined]);
  const both = run([{ kind: "call", detail: heating, restored: null }], early.model);
  assert.equal(effect(both, "focus").pointer, ADDRESS);
});

test("a list that was read before an emergency was raised does not take its alarm away; one that says it was taken does", () => {
  const danger = { service: "gas", number: "112", quote: "gas", start_ms: 0, end_ms: 900 };
  const raised = run([{ kind: "server", event: { event: "emergency", call: heating.id, state: "raised", danger } }], opened());
  const told = (emergency) => ({ kind: "queue", queue: { ...queue, items: [] }, watched: [{ ...queue.items[0], call: heating.id, emergency }], more: false, filter: initial.filter });
  assert.equal(run([told(null)], raised.model).model.alarms.length, 1);
  assert.equal(run([told({ state: "acknowledged" })], raised.model).model.alarms.length, 0);
});

test("what is saved or claimed after its draft was left is given back, and so is a next draft that was left before its review came", () => {
  const left = opened(reviewOf(gas));
  const released = (event, from = left) => effect(run([event], from), "release")?.call;
  assert.equal(released({ kind: "saved", review: reviewOf(heating) }), heating.id);
  assert.equal(released({ kind: "claimed", call: heating.id, until: "2026-01-01T00:00:00Z" }), heating.id);
  const next = run([{ kind: "next", call: heating.id }], run([], initial).model).model;
  assert.equal(released({ kind: "opened", call: gas.id }, next), heating.id);
  const clicked = run([{ kind: "opened", call: heating.id }]).model;
  assert.equal(released({ kind: "opened", call: gas.id }, clicked), undefined, "what nobody claimed is not given back");
});

test("who has opened another draft while a decision was on its way is not taken from it", () => {
  const { effects, model } = run([{ kind: "decided", call: heating.id, decision: "approve", undoUntil: "2026-01-01T00:00:00Z" }], opened(reviewOf(gas)));
  assert.equal(model.open.call, gas.id);
  assert.equal(effects.some(({ kind }) => kind === "claim_next"), false);
  const again = run([{ kind: "decide_failed", call: heating.id, problem: problem(409) }], model);
  assert.notEqual(again.model.said?.kind, "failed", "asked for twice, and the first was taken");
  const typing = run([{ kind: "edit_started", pointer: ADDRESS, text: "7 H" }, { kind: "next", call: heating.id }], opened());
  assert.equal(typing.model.open.call, heating.id, "it was this one's own");
  const other = run([{ kind: "edit_started", pointer: ADDRESS, text: "7 H" }, { kind: "next", call: water.id }], opened());
  assert.deepEqual([other.model.open.editor.text, effect(other, "release")], ["7 H", { kind: "release", call: water.id }]);
});

test("words that were told while an older answer was on its way stay", () => {
  const live = { ...heating, state: "live", transcript: heating.transcript.slice(0, 1) };
  const later = { ...heating.transcript[0], seq: 99, text: "more" };
  const answer = { kind: "call", detail: live, restored: null };
  const told = run([{ kind: "opened", call: heating.id }, answer, { kind: "server", event: { event: "final", call: heating.id, utterance: later } }, answer]);
  assert.deepEqual(told.model.open.detail.transcript.map(({ seq }) => seq), [live.transcript[0].seq, 99]);
});

test("without the queue's API the calls are shown and nothing can be changed", () => {
  const model = run([{ kind: "me_failed", problem: problem(404) }, { kind: "queue_failed", problem: problem(404) }, { kind: "opened", call: heating.id }, { kind: "call", detail: heating, restored: null }]);
  assert.equal(model.model.readOnly, true);
  assert.equal(editable(model.model), false);
  assert.deepEqual(kinds(run([{ kind: "next_pressed" }, press("approve"), enter(ADDRESS, "x")], model.model)), []);
});

test("a session that ended shows the door and keeps what was entered", () => {
  const out = run([enter(ADDRESS, "1 First Street"), { kind: "save_failed", call: heating.id, problem: problem(401) }], opened()).model;
  assert.deepEqual([out.door, out.open.pending[ADDRESS].edit.value], ["login", "1 First Street"]);
});

test("an answer about another draft than the open one changes nothing", () => {
  const model = opened();
  for (const event of [{ kind: "review", review: reviewOf(water) }, { kind: "saved", review: reviewOf(water) }, { kind: "save_failed", call: water.id, problem: problem(412) }, { kind: "claimed", call: water.id, until: "" }])
    assert.deepEqual(run([event], model).model.open, model.open, event.kind);
});

test("keys mean nothing while somebody types or composes, and letters can be turned off", () => {
  const key = (key, more = {}) => ({ key, ctrl: false, alt: false, shift: false, repeat: false, isComposing: false, keyCode: 0, ...more });
  const where = (more = {}) => ({ typing: false, taken: false, list: false, dialog: false, letters: true, ...more });
  assert.equal(actionOf(key("x"), where()), "reject");
  assert.equal(actionOf(key("x"), where({ typing: true })), null);
  assert.equal(actionOf(key("x"), where({ letters: false })), null);
  assert.equal(actionOf(key("x"), where({ dialog: true })), null);
  assert.equal(actionOf(key("x", { ctrl: true }), where()), null);
  for (const composing of [{ isComposing: true }, { keyCode: 229 }]) {
    assert.equal(actionOf(key("Enter", { ctrl: true, ...composing }), where()), null);
    assert.equal(actionOf(key("Escape", composing), where()), null);
  }
  assert.equal(actionOf(key("Enter", { ctrl: true }), where({ typing: true })), "approve", "from any place, on purpose");
  assert.equal(actionOf(key("Enter"), where({ taken: true })), null);
});

test("evidence that lies within other evidence is heard once, in order", () => {
  const at = (from, to) => ({ audio_start_ms: from, audio_end_ms: to });
  assert.deepEqual(apart([at(500, 900), at(0, 400), at(100, 300), at(500, 900), at(7, 7)]), [at(0, 400), at(500, 900)]);
  assert.deepEqual(audible({ start_ms: 50, end_ms: 90 }), { start_ms: 0, end_ms: 210 });
});

test("words stand in their sentence with the signs between them", () => {
  for (const said of [...heating.transcript, ...water.transcript]) assert.equal(pieces(said).map(({ text }) => text).join(""), said.text);
});

test("every millisecond of a call is words, silence or a gap", () => {
  const all = stretches(heating.transcript, 56_000);
  assert.equal(all.reduce((sum, { start_ms, end_ms }) => sum + end_ms - start_ms, 0), 56_000);
  assert.deepEqual(all.filter(({ kind }) => kind === "unrecognised").map(({ start_ms, end_ms }) => [start_ms, end_ms]), [[37_000, 39_100]]);
});

test("the bars of a recording are its loudest samples, however the file comes in pieces", () => {
  const wav = new Uint8Array(44 + 4_000);
  new DataView(wav.buffer).setInt16(44 + 2_000, -16_384, true);
  new DataView(wav.buffer).setInt16(44 + 3_998, 8_192, true);
  for (const size of [1, 7, 4_096]) {
    const peaks = new Peaks(wav.length, 4);
    for (let at = 0; at < wav.length; at += size) peaks.push(wav.subarray(at, at + size));
    assert.deepEqual(peaks.levels(), [0, 0, 1, 0.5], `pieces of ${size}`);
  }
});

test("what an endpoint found wrong stands at the field that it names", () => {
  const failed = { kind: "draft", state: "dead", last_error: "422: /issues/0/category/value: unknown code" };
  assert.deepEqual(Object.keys(refusedFields({ deliveries: [failed] })), [CATEGORY]);
  assert.deepEqual(refusedFields({ deliveries: [{ ...failed, state: "delivered" }] }), {});
});

test("choices are found by what they begin with before what they hold", () => {
  const choice = (code, ...keys) => ({ code, name: code, note: null, parent: null, keys });
  const all = [choice("a", "gas supply", "燃气"), choice("b", "leaking gas"), choice("c", "路灯")];
  assert.deepEqual(matching(all, "GAS").map(({ code }) => code), ["a", "b"]);
  assert.deepEqual(matching(all, "灯").map(({ code }) => code), ["c"]);
  assert.deepEqual(matching(all, "zzz"), []);
});

test("numbers, times and lengths are written as people read them", () => {
  assert.deepEqual(["+12025550123", "+8613800138000", "+861065551234", "+85291234567", "2125550134", "5550134", "112"].map(phone),
    ["+1 202 555 0123", "+86 138 0013 8000", "+86 10 6555 1234", "+852 9123 4567", "212 555 0134", "555 0134", "112"]);
  assert.deepEqual([clock(37_400), clock(3_725_000)], ["0:37", "1:02:05"]);
  assert.deepEqual([span("en", 112 * 60_000), span("zh-Hans", 26 * 60_000)], ["1h 52m", "26分钟"]);
  assert.match(when("en", "2026-11-20T09:41:00Z", Date.parse("2026-11-27T09:41:00Z")), /20/);
});

/** Every text, with its place; functions are called with numbers and words alike. */
function leaves(value, place = []) {
  if (typeof value === "string") return [[place.join("."), value]];
  if (typeof value === "function") return [[place.join("."), value("3", 2) || "-"]];
  return Object.entries(value).flatMap(([key, one]) => leaves(one, [...place, key]));
}

test("all texts stand in all languages, none empty, and Traditional holds no Simplified letters", () => {
  const [en, hans, hant] = ["en", "zh-Hans", "zh-Hant"].map((script) => Object.fromEntries(leaves(texts[script])));
  assert.deepEqual(Object.keys(hans), Object.keys(en));
  assert.deepEqual(Object.keys(hant), Object.keys(en));
  for (const [place, text] of Object.entries({ ...en, ...hans, ...hant })) assert.notEqual(text.trim(), "", place);
  for (const [place, text] of Object.entries(hant)) assert.doesNotMatch(text, /[录听说话号网请这个类时间没]/u, place);
});
