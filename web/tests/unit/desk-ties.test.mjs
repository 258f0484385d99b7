// Matters that are split and joined, ties between calls, merges and putting a caller through: the machine and its rules, apart from
// any browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, step } from "../../node_modules/.unit/desk-machine.js";
import { actionOf } from "../../node_modules/.unit/desk-keys.js";
import { joining, matterAt, moved, othersThan } from "../../node_modules/.unit/desk-matters.js";
import { facts, outline } from "../../node_modules/.unit/desk-outline.js";
import { callers, inSight, referenceIn, relatedOf, saidAfter } from "../../node_modules/.unit/desk-related.js";
import { offered, transferable } from "../../node_modules/.unit/desk-transfer.js";
import { valueTyped } from "../../node_modules/.unit/desk-typed.js";
import { said, unmerged } from "../../node_modules/.unit/desk-words.js";
import { texts } from "../../node_modules/.unit/desk-text.js";
import { categories, earlier, gas, heating, heatingDraft, IDS, items, NOW_MS, queue, reviewOf, water, waterDraft } from "../../node_modules/.unit/desk-fixtures.js";

const NOW = 1_000_000;
const problem = (status, more = {}) => ({ status, type: null, detail: null, retryAfterS: null, errors: [], current: null, holder: null, ...more });
const me = { name: "Mei", role: "agent", accounts: true };
const words = { text: texts.en, script: "en", categories };

function run(events, from = initial) {
  let at = { model: from, effects: [] };
  for (const event of events) at = step(at.model, event, NOW);
  return at;
}
const opened = (detail, review = reviewOf(detail)) => run([
  { kind: "started", call: null, filter: null, wide: true }, { kind: "me", me }, { kind: "queue", queue, watched: [], more: false, filter: initial.filter },
  { kind: "tick" }, { kind: "opened", call: review.call }, { kind: "call", detail, restored: null }, { kind: "review", review },
]).model;
const effect = ({ effects }, kind) => effects.find((one) => one.kind === kind);
const enter = (pointer, value) => ({ kind: "entered", pointer, value });
const split = (issue) => ({ kind: "split_pressed", issue });
const join = (issue, other = null) => ({ kind: "join_pressed", issue, with: other });
const withIssues = (issues) => ({ ...water, draft: { ...waterDraft, issues } });
const [first, second] = waterDraft.issues;
const third = { ...second, issue_id: "a1" };
const later = (detail, more = {}) => reviewOf(detail, { revision: 9, ...more });

test("a key means the matter whose field has the focus, and the only one from anywhere", () => {
  assert.equal(matterAt(waterDraft, "/issues/1/location/address_text"), "i2");
  assert.equal(matterAt(waterDraft, "/caller/name"), null);
  assert.equal(matterAt(heatingDraft, "/caller/name"), "i1");
  assert.equal(matterAt({ ...waterDraft, issues: [] }, null), null);
  assert.deepEqual(othersThan(waterDraft, "i1"), [{ issue: "i2", number: 2 }]);
  assert.deepEqual([joining(waterDraft, "i2", "i1"), joining(waterDraft, "i1", "i2")], [{ issue: "i2", into: "i1" }, { issue: "i2", into: "i1" }]);
});

test("a field goes with its matter; one whose matter is gone stands at the nearest and says so", () => {
  const without = { ...waterDraft, issues: [second] };
  assert.deepEqual(moved("/issues/1/category", waterDraft, without), { pointer: "/issues/0/category", gone: false });
  assert.deepEqual(moved("/issues/0/category", waterDraft, without), { pointer: "/issues/0/category", gone: true });
  assert.deepEqual(moved("/caller/name", waterDraft, without), { pointer: "/caller/name", gone: false });
});

test("a key that means no matter says so instead of doing nothing", () => {
  for (const pressed of [split(null), join(null)]) {
    const { model, effects } = run([pressed], opened(water));
    assert.deepEqual([model.said, effects], [{ kind: "no_matter" }, []]);
  }
});

test("splitting names the revision it was seen at, and nothing more is asked until it is answered", () => {
  const asked = run([split("i1")], opened(water));
  assert.deepEqual(effect(asked, "change"), { kind: "change", call: water.id, revision: 3, asked: { kind: "split", issue: "i1" } });
  const busy = run([split("i2"), enter("/caller/name", "D."), { kind: "decide_pressed", decision: "call_back", repeat: false }], asked.model);
  assert.deepEqual([effect(busy, "change"), effect(busy, "patch"), effect(busy, "decide")], [undefined, undefined, undefined]);
  const done = run([{ kind: "changed", asked: { kind: "split", issue: "i1" }, review: later(withIssues([first, second, third])) }], busy.model);
  assert.deepEqual(effect(done, "patch"), { kind: "patch", call: water.id, revision: 9, edits: [{ pointer: "/caller/name", value: "D." }] });
  assert.equal(done.model.open.wanted, null, "nothing is decided past fields that are in doubt since");
});

test("after a split the focus is on the first field that waits, and descriptions are looked at again", () => {
  const cut = { ...third, category: { ...second.category, value: null }, description: { ...first.description, needs_review: true } };
  const detail = withIssues([{ ...first, description: cut.description }, second, cut]);
  const seen = run([{ kind: "selected", pointer: "/issues/0/description" }, { kind: "was_seen", pointer: "/issues/0/description" }, split("i1")], opened(water)).model;
  const review = later(detail);
  const done = run([{ kind: "changed", asked: { kind: "split", issue: "i1" }, review }], seen);
  const waits = review.fields.find(({ state, required }) => state === "missing" && required).pointer;
  assert.deepEqual([effect(done, "focus").pointer, done.model.open.selected, done.model.open.seen], [waits, waits, []]);
  assert.deepEqual(done.model.said, { kind: "split" });
});

test("what is typed is sent before matters change; what is no value yet keeps its editor and nothing changes", () => {
  const typing = (pointer, text) => run([{ kind: "edit_started", pointer, text: "" }, { kind: "typed", text }], opened(water)).model;
  const sent = run([split("i2")], typing("/issues/1/location/address_text", "12 Elm Court"));
  assert.deepEqual(effect(sent, "patch").edits, [{ pointer: "/issues/1/location/address_text", value: "12 Elm Court" }]);
  assert.equal(effect(sent, "change"), undefined);
  const next = run([{ kind: "saved", review: later(water) }], sent.model);
  assert.deepEqual(effect(next, "change"), { kind: "change", call: water.id, revision: 9, asked: { kind: "split", issue: "i2" } });
  const unfinished = run([split("i2")], typing("/issues/1/affected_count", "about ten"));
  assert.deepEqual([unfinished.effects, unfinished.model.open.editor.text, unfinished.model.open.change], [[], "about ten", null]);
  const away = run([{ kind: "save_failed", call: water.id, problem: problem(0) }], sent.model).model;
  assert.deepEqual([away.open.change, Object.keys(away.open.pending)], [null, ["/issues/1/location/address_text"]], "unsaved, it is not split later by itself");
});

test("typed text is a value of its field's kind, or none", () => {
  assert.deepEqual([valueTyped("number", "1,200"), valueTyped("number", "ten"), valueTyped("text", "  "), valueTyped("prose", " a b "), valueTyped("flags", "fire gas"), valueTyped("routing", "Parks")],
    [1_200, null, null, "a b", ["fire", "gas"], { unit: "Parks", basis: "" }]);
});

test("two matters are joined at once, the later into the earlier; of more the agent chooses by number", () => {
  assert.deepEqual(effect(run([join("i2")], opened(water)), "change").asked, { kind: "join", issue: "i2", into: "i1" });
  const three = withIssues([first, second, third]);
  const which = run([join("i2")], opened(three));
  assert.deepEqual([which.model.dialog, effect(which, "change")], [{ kind: "join", issue: "i2" }, undefined]);
  const chosen = run([join("i2", "a1")], which.model);
  assert.deepEqual([effect(chosen, "change").asked, chosen.model.dialog], [{ kind: "join", issue: "a1", into: "i2" }, null]);
  assert.deepEqual(run([join("i1")], opened(heating)).effects, [], "one alone is joined with nothing");
  const gone = run([{ kind: "review", review: later(withIssues([first, third])) }], which.model).model;
  assert.equal(gone.dialog, null, "a matter that is gone is asked about no more");
});

test("where another saved first, it is asked for again on top of that, unless the matter is gone", () => {
  const asked = { kind: "join", issue: "i2", into: "i1" };
  const busy = run([join("i2")], opened(water)).model;
  const again = run([{ kind: "change_failed", call: water.id, asked, problem: problem(412, { current: later(water) }) }], busy);
  assert.deepEqual(effect(again, "change"), { kind: "change", call: water.id, revision: 9, asked });
  const lost = run([{ kind: "change_failed", call: water.id, asked, problem: problem(412, { current: later(withIssues([first])) }) }], busy);
  assert.deepEqual([effect(lost, "change"), lost.model.said.kind, lost.model.open.change], [undefined, "failed", null]);
  const held = run([{ kind: "change_failed", call: water.id, asked, problem: problem(409, { holder: "Nan" }) }], busy);
  assert.deepEqual([effect(held, "load_review").call, held.model.said.doing], [water.id, "join"]);
  const full = run([{ kind: "change_failed", call: water.id, asked, problem: problem(422, { errors: [{ pointer: "/issues", detail: "too long together" }] }) }], busy).model;
  assert.equal(said(words, full.said), "Not joined: too long together");
});

test("a split waits for the claim; where another has the draft it is forgotten, not done later unasked", () => {
  const free = opened(water, reviewOf(water, { holder: null, mine: false, state: "waiting" }));
  const waiting = run([split("i1")], free);
  assert.deepEqual([effect(waiting, "claim").call, effect(waiting, "change")], [water.id, undefined]);
  const claimed = run([{ kind: "claimed", call: water.id, until: "" }, { kind: "review", review: later(water) }], waiting.model);
  assert.equal(effect(claimed, "change").revision, 9);
  const lost = run([{ kind: "claim_failed", call: water.id, problem: problem(409, { holder: "Nan" }) }], waiting.model).model;
  assert.equal(lost.open.change, null);
});

test("an edit goes with its matter when another joined matters; one of a matter that is gone is asked about, never put elsewhere", () => {
  const theirs = later(withIssues([second]));
  const moving = run([{ kind: "save_failed", call: water.id, problem: problem(412, { current: theirs }) }], run([enter("/issues/1/category", "utility.gas")], opened(water)).model);
  assert.deepEqual(effect(moving, "patch").edits, [{ pointer: "/issues/0/category", value: "utility.gas" }]);
  assert.deepEqual(Object.keys(effect(moving, "keep").pending), ["/issues/0/category"]);
  const gone = run([enter("/issues/0/location/address_text", "1 Elm Court"), { kind: "save_failed", call: water.id, problem: problem(412, { current: theirs }) }], opened(water));
  assert.deepEqual([effect(gone, "patch"), gone.model.dialog.clashes.map(({ pointer, yours }) => [pointer, yours.value])], [undefined, [["/issues/0/location/address_text", "1 Elm Court"]]]);
  const kept = run([{ kind: "merged", yours: ["/issues/0/location/address_text"] }], gone.model);
  assert.deepEqual(effect(kept, "patch").edits, [{ pointer: "/issues/0/location/address_text", value: "1 Elm Court" }]);
});

const link = (linked, call = IDS.earlier) => ({ kind: "link_pressed", call, linked });
const tied = (confirmed, more = []) => ({ ...heatingDraft, related: [{ ...heatingDraft.related[0], confirmed }, ...more] });

test("a tie is said and taken back by the same key, and answered on the draft as it stands", () => {
  const asked = run([link(true)], opened(heating));
  assert.deepEqual(effect(asked, "change").asked, { kind: "link", other: { call: IDS.earlier }, linked: true });
  const done = run([{ kind: "changed", asked: effect(asked, "change").asked, review: later({ ...heating, draft: tied(true) }) }], asked.model);
  assert.deepEqual([done.model.said, relatedOf(done.model.open)[0].confirmed, effect(done, "focus")], [{ kind: "linked", linked: true }, true, undefined]);
  assert.equal(effect(run([link(true)], done.model), "change").asked.linked, null);
  assert.equal(effect(run([link(false)], done.model), "change").asked.linked, false);
  assert.deepEqual([saidAfter({ confirmed: false }, false), saidAfter({ confirmed: null }, false)], [null, false]);
});

test("with no call beside the keys say what to press, and what was merged into this call is not denied", () => {
  assert.deepEqual(run([link(true, null)], opened(heating)).model.said, { kind: "nothing_beside" });
  const merged = opened(heating, reviewOf(heating, { merged: [{ call: IDS.drip, reference: "4829000577" }] }));
  assert.deepEqual(run([link(false, IDS.drip)], merged).effects, []);
});

test("what has nothing to do with a call goes last on the page; reading them one by one keeps its order", () => {
  const more = [{ ref: "4829000311", call_id: IDS.light, relation: "linked", score: 1, confirmed: true }];
  const review = reviewOf({ ...heating, draft: tied(false, more) }, { merged: [{ call: IDS.drip, reference: "4829000577" }] });
  const model = opened({ ...heating, draft: tied(false, more) }, review);
  assert.deepEqual(relatedOf(model.open).map(({ id, relation }) => [id, relation]), [[IDS.drip, "merged"], [IDS.earlier, "same_number_recent"], [IDS.light, "linked"]]);
  assert.deepEqual(inSight(relatedOf(model.open)).map(({ id }) => id), [IDS.drip, IDS.light, IDS.earlier]);
  const besides = [1, 2, 3, 4].map((times) => run(Array(times).fill({ kind: "beside_pressed", call: null }), model).model.open.beside);
  assert.deepEqual(besides, [IDS.drip, IDS.earlier, IDS.light, null]);
});

test("a call is linked by its ten digits however they are written, and then its words are asked for", () => {
  assert.deepEqual(["482 900 031 1", "4829-000-311", "４８２９０００３１１", "482900031", "48290003111", "abc"].map(referenceIn), ["4829000311", "4829000311", "4829000311", null, null, null]);
  const asked = run([{ kind: "reference_entered", reference: "482 900 031 1" }], opened(heating));
  assert.deepEqual(effect(asked, "change").asked, { kind: "link", other: { reference: "4829000311" }, linked: true });
  const draft = tied(null, [{ ref: "4829000311", call_id: IDS.light, relation: "linked", score: 1, confirmed: true }]);
  const done = run([{ kind: "changed", asked: effect(asked, "change").asked, review: later({ ...heating, draft }) }], asked.model);
  assert.deepEqual(done.effects.filter(({ kind }) => kind === "load_related"), [{ kind: "load_related", call: IDS.light }]);
  assert.deepEqual(run([{ kind: "reference_entered", reference: "482" }], opened(heating)).effects, []);
});

const merge = (more = {}) => ({ kind: "decide_pressed", decision: "merge", repeat: false, ...more });
const beside = (model) => run([{ kind: "beside_pressed", call: IDS.earlier }], model).model;

test("a merge is asked about with both calls named, is never decided by a held key, and needs no field to be seen", () => {
  assert.deepEqual(run([merge()], opened(heating)).model.said, { kind: "nothing_beside" });
  const asking = run([merge()], beside(opened(heating)));
  assert.deepEqual([asking.model.dialog, effect(asking, "decide")], [{ kind: "into", call: IDS.earlier }, undefined]);
  assert.equal(effect(run([merge({ into: IDS.earlier, repeat: true })], asking.model), "decide"), undefined);
  const sure = run([merge({ into: IDS.earlier })], asking.model);
  assert.deepEqual([effect(sure, "decide").wanted, sure.model.dialog], [{ decision: "merge", reason: null, unit: null, into: IDS.earlier }, null]);
  const lost = run([{ kind: "review", review: later(heating, { holder: "Nan", mine: false }) }], asking.model).model;
  assert.equal(lost.dialog, null, "a draft that another holds now is not asked about");
});

test("a merge is said with the reference it went to, can be taken back, and the next draft opens", () => {
  const until = new Date(NOW + 10_000).toISOString();
  const done = run([{ kind: "decided", call: heating.id, decision: "merge", into: IDS.earlier, undoUntil: until }], beside(opened(heating)));
  assert.ok(effect(done, "claim_next"));
  assert.deepEqual([done.model.undo.into, said(words, done.model.said)], ["4829000218", "Merged into 482 900 021 8"]);
  assert.equal(said(words, run([{ kind: "next", call: null }], { ...done.model, items: [] }).model.said), "Merged into 482 900 021 8. No draft is waiting.");
  assert.equal(run([{ kind: "undo_pressed" }, { kind: "undone", call: heating.id }], done.model).model.open.call, heating.id);
});

test("a merge that is refused says why and what to do, beside the call, until another is read", () => {
  const model = beside(opened(heating));
  const failed = (one) => run([{ kind: "decide_failed", call: heating.id, problem: one }], model);
  const chain = failed(problem(409, { type: "urn:heardline:problem:merged", detail: "that call was itself merged into 4829000311." }));
  assert.match(said(words, chain.model.said), /^Not merged: that call was itself merged into 4829000311\. Link .*by its reference/);
  assert.equal(unmerged(texts.en, chain.model.open.unmerged), said(words, chain.model.said));
  assert.equal(beside({ ...chain.model, open: { ...chain.model.open, beside: null } }).open.unmerged, null);
  assert.equal(failed(problem(422, { errors: [{ pointer: "/review/into", detail: "it was never answered" }] })).model.open.unmerged.why, "target");
  assert.equal(failed(problem(409, { holder: "Nan" })).model.open.unmerged, null, "that another holds it is no matter of merging");
  const crowded = run([merge()], beside(opened(heating, reviewOf(heating, { merged: [{ call: IDS.drip, reference: "4829000577" }] }))));
  assert.deepEqual([crowded.model.dialog, crowded.model.open.unmerged.why], [null, "carries"]);
});

test("a call in a few words says what, where, when, how many callers, and what became of it", () => {
  const review = reviewOf(earlier, { holder: "Nan", mine: false, merged: [{ call: IDS.drip, reference: "4829000577" }] });
  const known = outline(words, NOW_MS, { reference: earlier.reference, detail: earlier, review, item: undefined });
  assert.equal(callers(review), 2);
  assert.deepEqual([known.title, known.place, known.callers, known.state], ["Radiator in the bedroom stays cold", "418 West 147th Place", 2, "Nan has it"]);
  assert.ok(facts(known, words).includes("2 callers"));
  assert.equal(outline(words, NOW_MS, { reference: "4829000311", detail: undefined, review: undefined, item: undefined }).title, "482 900 031 1");
  const over = { ...review, decision: { decision: "approve" } };
  assert.equal(outline(words, NOW_MS, { reference: "", detail: earlier, review: over, item: items[0] }).state, "Approved");
});

const possible = { to: "112 (sip:112@trunk)", state: "possible", detail: null };
const live = (transfer) => opened({ ...gas, transfer }, reviewOf(gas, { state: "live" }));
const told = (state, detail = null) => ({ kind: "server", event: { event: "transfer", call: gas.id, state, detail } });

test("a caller is put through in two steps, by a key that is pressed and not held, and once", () => {
  const model = live(possible);
  assert.equal(transferable(model), gas.id);
  const asking = run([{ kind: "transfer_pressed", call: gas.id }], model);
  assert.deepEqual([asking.model.dialog, effect(asking, "transfer")], [{ kind: "transfer", call: gas.id }, undefined]);
  assert.equal(effect(run([{ kind: "transfer_confirmed", call: gas.id, repeat: true }], asking.model), "transfer"), undefined);
  const asked = run([{ kind: "transfer_confirmed", call: gas.id, repeat: false }], asking.model);
  assert.deepEqual([effect(asked, "transfer").call, asked.model.dialog, asked.model.open.detail.transfer.state], [gas.id, null, "asked"]);
  assert.deepEqual(asked.model.alarms[0].transfer.state, "asked", "the bar says so too");
  assert.deepEqual(run([{ kind: "transfer_pressed", call: gas.id }, { kind: "transfer_confirmed", call: gas.id, repeat: false }], asked.model).effects, []);
  assert.deepEqual(run([{ kind: "transfer_pressed", call: gas.id }], live(null)).model.dialog, null, "no destination, no question");
});

test("what became of it is shown and said; after a failure it can be tried again", () => {
  const asked = run([{ kind: "transfer_confirmed", call: gas.id, repeat: false }], live(possible)).model;
  const busy = run([told("failed", "486 Busy Here")], asked).model;
  assert.equal(said(words, busy.said), "The caller was not put through to 112 (sip:112@trunk): 486 Busy Here");
  assert.equal(offered(busy, gas.id), true);
  const done = run([told("done")], asked).model;
  assert.deepEqual([done.open.detail.transfer.state, done.alarms[0].transfer.state, offered(done, gas.id)], ["done", "done", false]);
  const refused = run([{ kind: "transfer_failed", call: gas.id, problem: problem(409, { detail: "the caller is gone" }) }], asked);
  assert.deepEqual([said(words, refused.model.said), effect(refused, "load_call").call], ["Not put through: the caller is gone", gas.id]);
});

test("an emergency that is being taken here stays so while the call is asked about", () => {
  const taking = run([{ kind: "acknowledge_pressed", call: gas.id }], live(possible)).model;
  const known = run([{ kind: "alarm", detail: { ...gas, transfer: possible } }], taking);
  assert.deepEqual([known.model.alarms[0].taking, effect(known, "alarm_sound").on], [true, false]);
});

test("the bar knows of a call that is not open whether its caller can be put through; a question about one that is over is taken back", () => {
  const danger = { service: "fire", number: "112", quote: "smoke", start_ms: 0, end_ms: 900 };
  const raised = run([{ kind: "server", event: { event: "emergency", call: gas.id, state: "raised", danger } }], opened(heating));
  assert.deepEqual(effect(raised, "load_alarm"), { kind: "load_alarm", call: gas.id });
  const known = run([{ kind: "alarm", detail: { ...gas, transfer: possible } }], raised.model).model;
  assert.equal(transferable(known), gas.id);
  const asking = run([{ kind: "transfer_pressed", call: gas.id }], known).model;
  assert.equal(run([told("asked")], asking).model.dialog, null, "another agent was faster");
  const auditor = { ...known, me: { ...me, role: "auditor" } };
  assert.equal(transferable(auditor), null);
  assert.ok(effect(run([{ kind: "server", event: { event: "state", call: gas.id, state: "done", cause: null } }], known), "load_alarm"));
});

test("the new keys are their own, and mean nothing while somebody types or composes", () => {
  const key = (name, more = {}) => ({ key: name, ctrl: false, alt: false, shift: false, repeat: false, isComposing: false, keyCode: 0, ...more });
  const where = (more = {}) => ({ typing: false, taken: false, list: false, dialog: false, letters: true, ...more });
  const keys = { y: "belongs", d: "unrelated", m: "merge_call", s: "split", c: "join", h: "transfer" };
  for (const [name, action] of Object.entries(keys)) {
    assert.equal(actionOf(key(name), where()), action);
    for (const no of [actionOf(key(name), where({ typing: true })), actionOf(key(name), where({ letters: false })), actionOf(key(name), where({ dialog: true })), actionOf(key(name, { isComposing: true }), where()), actionOf(key(name, { ctrl: true }), where())])
      assert.equal(no, null, name);
  }
});
