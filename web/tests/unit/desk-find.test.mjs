// What the desk finds: categories by typing, calls by searching, lists by their saved views. Apart from any browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { initial, step } from "../../node_modules/.unit/desk-machine.js";
import { actionOf } from "../../node_modules/.unit/desk-keys.js";
import { categoryChoices, matching } from "../../node_modules/.unit/desk-choices.js";
import { filterFrom, filterInQuery, LONGEST_NAME, MOST_VIEWS, queryWith, viewsFrom, withView } from "../../node_modules/.unit/desk-filters.js";
import { readingAt, readings } from "../../node_modules/.unit/desk-pinyin.js";
import { texts } from "../../node_modules/.unit/desk-text.js";
import { items } from "../../node_modules/.unit/desk-fixtures.js";

const data = (name) => readFileSync(new URL(`../../../src/draft/data/${name}`, import.meta.url), "utf8");
const taxonomy = JSON.parse(data("taxonomy.json"));
const words = { text: texts.en, script: "en", categories: taxonomy.map(({ code, name }) => ({ code, name })) };
const find = (typed) => matching(categoryChoices(words), typed).map(({ code }) => code);

function run(events, from = { ...initial, door: "open", me: { name: "Mei", role: "agent", accounts: true } }) {
  let at = { model: from, effects: [] };
  for (const event of events) at = step(at.model, event, 1_000_000);
  return at;
}
const effect = ({ effects }, kind) => effects.find((one) => one.kind === kind);

test("a Chinese name is found by its pinyin, whole, begun or by initials, from any of its characters", () => {
  for (const typed of ["ts", "tshui", "tingshui", "tings", "ting shui", "ting'sh"]) assert.equal(readingAt("停水", typed), 0, typed);
  assert.equal(readingAt("小区停水", "ts"), 2);
  for (const typed of ["tsx", "st", "shuiting", "", "停", "t1"]) assert.equal(readingAt("停水", typed), -1, typed);
  assert.equal(readingAt("绿化", "lvhua"), 0);
  assert.equal(readingAt("绿化", "lühua"), 0);
  assert.deepEqual([readingAt("会计", "hui"), readingAt("会计", "kuai")], [0, 0], "a character of two readings");
  assert.equal(readingAt("龘水", "ls"), -1, "a character of no known reading");
});

test("the bundled categories are found by pinyin, English word starts, either script and code, the best first", () => {
  assert.equal(find("gsh")[0], "utility.water");
  assert.equal(find("gongshui")[0], "utility.water");
  assert.equal(find("ludeng")[0], "road.streetlight");
  assert.ok(find("ld").includes("road.streetlight"));
  assert.equal(find("street li")[0], "road.streetlight");
  assert.equal(find("light")[0], "road.streetlight");
  assert.equal(find("街燈")[0], "road.streetlight");
  assert.equal(find("路灯")[0], "road.streetlight");
  assert.equal(find("road.str")[0], "road.streetlight");
  assert.equal(find("wages")[0], "labour.wages");
  assert.deepEqual(find("zzzz"), []);
  assert.equal(find("").length, taxonomy.filter(({ parent }) => parent !== null).length);
});

test("readings are known of exactly the characters in the names of the taxonomy, and are those of the readings beside it", () => {
  const names = taxonomy.flatMap(({ name }) => [name["zh-Hans"], name["zh-Hant"]]).join("");
  const wanted = new Set([...names].filter((one) => /\p{Script=Han}/u.test(one)));
  const [, mandarin] = data("readings.txt").split(/^\[.*\]$/m);
  const rows = mandarin.trim().split("\n").map((row) => row.split(" "));
  const known = readings();
  assert.deepEqual([...known.keys()].sort(), [...wanted].sort());
  for (const [one, syllables] of known) assert.deepEqual(syllables, rows.filter(([, all]) => all.includes(one)).map(([syllable]) => syllable), one);
});

const found = (text, these, next = null, more = false) => ({ kind: "found", text, found: { items: these, next }, more });
const typed = (text) => ({ kind: "search_typed", text });

test("results come in pages, each call once, and an answer to earlier words changes nothing", () => {
  const first = run([typed("停水"), found("停水", items.slice(0, 2), "page-2")]);
  const asked = run([{ kind: "more_pressed" }], first.model);
  assert.deepEqual(effect(asked, "search"), { kind: "search", text: "停水", before: "page-2" });
  const second = run([found("停水", items.slice(1, 4), null, true)], asked.model).model;
  assert.deepEqual(second.search.items.map(({ call }) => call), items.slice(0, 4).map(({ call }) => call));
  assert.deepEqual(run([{ kind: "more_pressed" }], second).effects, [], "there is no more");
  const retyped = run([typed("停水 马家堡")], first.model).model;
  assert.deepEqual(run([{ kind: "more_pressed" }], retyped).effects, [], "more of words that stand there no longer is not asked for");
  assert.equal(run([found("停水", [])], retyped).model.search.items.length, 2);
});

test("results stay while they are opened one by one; leaving the search, the next draft or another filter gives the queue back", () => {
  const open = run([typed("heat"), found("heat", items.slice(0, 2)), { kind: "opened", call: items[1].call }]).model;
  assert.equal(open.search.items.length, 2);
  for (const event of [typed(""), { kind: "next", call: items[2].call }, { kind: "filter_changed", filter: { ...initial.filter, mine: true } }]) assert.equal(run([event], open).model.search, null, event.kind);
});

test("words too few to search for find nothing, and are no fault", () => {
  const problem = { status: 400, detail: "q: too short", retryAfterS: null, errors: [], current: null, holder: null };
  const model = run([typed("停水"), found("停水", items), typed("停"), { kind: "failed", doing: "search", problem }]).model;
  assert.deepEqual([model.search.items, model.said], [[], null]);
  assert.equal(run([{ kind: "failed", doing: "search", problem: { ...problem, status: 503 } }], model).model.said.kind, "failed");
});

test("in the list J, K and the arrows move through calls, and digits choose views; in a draft they mean what they mean there", () => {
  const where = (more = {}) => ({ typing: false, taken: false, dialog: false, letters: true, list: true, ...more });
  const key = (name, more = {}) => ({ key: name, ctrl: false, alt: false, shift: false, repeat: false, isComposing: false, keyCode: 0, ...more });
  assert.deepEqual(["j", "K", "ArrowDown", "ArrowUp", "3"].map((one) => actionOf(key(one), where())), ["next_row", "previous_row", "next_row", "previous_row", "view_3"]);
  assert.deepEqual(["j", "k", "ArrowDown", "3"].map((one) => actionOf(key(one), where({ list: false }))), ["back_2s", "play", "next_field", "third"]);
  for (const one of ["j", "3", "ArrowDown", "/"]) {
    assert.equal(actionOf(key(one), where({ typing: true })), null, one);
    assert.equal(actionOf(key(one, { isComposing: true }), where()), null, one);
  }
  assert.equal(actionOf(key("j"), where({ letters: false })), null);
  assert.equal(actionOf(key("ArrowDown"), where({ letters: false })), "next_row");
});

const filter = { state: "decided", category: "utility.heating", line: "north", mine: true };

test("a filter stands in the address and comes back out of it; what else the address says stays", () => {
  assert.deepEqual(filterInQuery(queryWith("?lang=zh-Hans", filter)), filter);
  assert.match(queryWith("?lang=zh-Hans", filter), /lang=zh-Hans/);
  assert.equal(queryWith(queryWith("", filter), initial.filter), "?state=waiting");
  assert.equal(filterInQuery("?lang=en"), null);
  assert.equal(filterInQuery("?state=everything&category=x"), null);
});

test("what stands in storage and is no filter or view is left out", () => {
  for (const junk of [null, 7, "waiting", [], {}, { state: "x" }]) assert.equal(filterFrom(junk), null);
  assert.deepEqual(filterFrom({ state: "all", category: 7, line: null, mine: "yes" }), { state: "all", category: "", line: "", mine: false });
  for (const junk of [null, 7, "x", {}, [null], [{ name: "x" }], [{ name: "", filter }], [{ name: 5, filter }]]) assert.deepEqual(viewsFrom(junk), []);
  assert.deepEqual(viewsFrom([{ name: " Heat ", filter, more: 1 }, null, { name: "Heat", filter: initial.filter }]), [{ name: "Heat", filter }]);
  assert.equal(viewsFrom(Array.from({ length: 99 }, (_, i) => ({ name: `v${i}`, filter }))).length, MOST_VIEWS);
});

test("views are saved under a name, replaced under the same name, and no more than there is room for", () => {
  const full = Array.from({ length: MOST_VIEWS }, (_, i) => ({ name: `v${i}`, filter }));
  assert.equal(withView(full, "one more", filter), null);
  assert.deepEqual(withView(full, "v3", initial.filter)[3], { name: "v3", filter: initial.filter });
  assert.equal(withView([], "  ", filter), null);
  assert.equal(withView([], "x".repeat(99), filter)[0].name.length, LONGEST_NAME);
});

test("an account's views are kept under its name; choosing one lists what it says", () => {
  assert.equal(effect(run([{ kind: "me", me: { name: "Nan", role: "agent", accounts: true } }]), "load_views").account, "Nan");
  const saved = run([{ kind: "filter_changed", filter }, { kind: "view_saved", name: "Cold homes" }]);
  assert.deepEqual(effect(saved, "keep_views"), { kind: "keep_views", account: "Mei", views: [{ name: "Cold homes", filter }] });
  const elsewhere = run([{ kind: "filter_changed", filter: initial.filter }], saved.model).model;
  const chosen = run([{ kind: "view_chosen", index: 0 }], elsewhere);
  assert.deepEqual([effect(chosen, "load_queue").filter, chosen.model.filter, effect(chosen, "keep_filter").filter], [filter, filter, filter]);
  assert.deepEqual(run([{ kind: "view_chosen", index: 5 }], elsewhere).effects, []);
  assert.deepEqual(effect(run([{ kind: "view_removed", name: "Cold homes" }], elsewhere), "keep_views").views, []);
});
