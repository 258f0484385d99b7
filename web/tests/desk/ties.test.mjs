// Matters, ties between calls, merges and putting a caller through, at the built desk in a real Chromium, by keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { desk, field, focused, until } from "./at.mjs";
import { earlier, gas, heating, IDS, water } from "../../node_modules/.unit/desk-fixtures.js";

let browser;
before(async () => (browser = await launch(["--autoplay-policy=no-user-gesture-required", "--mute-audio"])));
after(() => browser.close());
const at = (gateway, work, how) => desk(browser, gateway, work, how);

const ADDRESS = "/issues/0/location/address_text";
const issues = (gateway) => gateway.reviews.get(water.id).draft.issues;
const sent = (gateway, rest) => gateway.asked.filter(({ what }) => what.startsWith("POST") && what.endsWith(rest));
const status = (page) => page.locator("p[role=status]");
/** Enter is down since before the dialog came, and repeats itself in it. */
async function heldThrough(page, key, dialog) {
  await page.keyboard.down("Enter");
  await page.keyboard.press(key);
  await dialog.waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
}

test("a matter is split by one key; of three the one to join is chosen by its number, of two it is the other at once", async () => {
  await at({}, async (page, gateway) => {
    await page.getByRole("button", { name: /Split/ }).first().waitFor();
    await field(page, "/issues/0/category").focus();
    await page.keyboard.press("s");
    await until(() => issues(gateway).length === 3);
    await page.getByRole("button", { name: /Join with ….*Matter 3/ }).waitFor();
    assert.equal(sent(gateway, "/issues")[0].match, '"3"', "guarded by the revision it was seen at");
    await focused(page, "/issues/1/location/address_text");
    await page.waitForFunction(() => document.querySelector("p[role=status]").textContent.startsWith("Split."));
    await page.getByText("no category yet").waitFor();

    await field(page, "/issues/2/description").focus();
    await page.keyboard.press("c");
    const dialog = page.getByRole("dialog", { name: "Join matter 3 with" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(issues(gateway).length, 3, "nothing is joined unasked");
    await page.keyboard.press("c");
    await dialog.waitFor();
    await page.keyboard.press("1");
    await until(() => issues(gateway).length === 2);
    assert.deepEqual(issues(gateway).map(({ issue_id }) => issue_id), ["i1", "i2"]);
    await page.waitForFunction(() => document.activeElement?.dataset?.pointer !== undefined);
    await field(page, "/issues/1/category").focus();
    await page.keyboard.press("c");
    await until(() => issues(gateway).length === 1);
    assert.deepEqual(sent(gateway, "/issues").at(-1).body, { join: "i2", into: "i1" });
  }, { path: `/#${water.id}` });
});

test("what is typed when a matter is split is saved first; where another was faster the split goes on top of it", async () => {
  await at({}, async (page, gateway) => {
    await focused(page, "/issues/1/location/address_text");
    await page.keyboard.press("e");
    await page.keyboard.type("12 Elm Court");
    await page.getByRole("button", { name: /Split.*Matter 2/ }).click();
    await until(() => issues(gateway).length === 3);
    assert.equal(issues(gateway)[1].location.address_text.value, "12 Elm Court");
    assert.equal(issues(gateway)[2].location.address_text.value, "12 Elm Court", "the copy has it too");
    await page.getByRole("button", { name: /Split.*Matter 3/ }).waitFor();

    gateway.apply(gateway.reviews.get(water.id), [{ pointer: "/issues/0/urgency", value: "urgent" }]);
    await field(page, "/issues/0/category").focus();
    await page.keyboard.press("s");
    await until(() => issues(gateway).length === 4);
    assert.equal(issues(gateway)[0].urgency.value, "urgent", "theirs stands");
  }, { path: `/#${water.id}` });
});

test("a call beside is linked by one key, taken back by the same, and denied by another: in icon and words, and last", async () => {
  await at({}, async (page, gateway) => {
    const { related } = gateway.reviews.get(heating.id).draft;
    related.push({ ref: water.reference, call_id: water.id, relation: "near_duplicate", score: 0.6, confirmed: null });
    const tie = () => gateway.reviews.get(heating.id).draft.related[0].confirmed;
    const rows = page.locator(".draft li", { has: page.locator("button[aria-expanded]") });
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.keyboard.press("y");
    await page.getByText("Press O first").first().waitFor();
    await page.keyboard.press("o");
    await page.keyboard.press("y");
    await until(() => tie() === true);
    await rows.first().locator(".mark.sure", { hasText: "Belongs together" }).locator("svg").waitFor();
    await page.waitForFunction(() => document.querySelector("p[role=status]").textContent.startsWith("Linked"));
    await page.keyboard.press("y");
    await until(() => tie() === null);
    await rows.first().locator(".mark").waitFor({ state: "detached" });
    await page.keyboard.press("d");
    await until(() => tie() === false);
    await rows.last().locator(".mark.cross", { hasText: "Nothing to do with this" }).locator("svg").waitFor();
    await focused(page, ADDRESS);
    assert.equal(await page.getByRole("button", { name: /Nothing to do with this/, pressed: true }).count(), 1);
  });
});

test("a call is linked by its reference; a reference nobody knows is said, and stays to be corrected", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.getByRole("button", { name: "Link a call by its reference" }).focus();
    await page.keyboard.press("Enter");
    const input = page.getByRole("textbox", { name: "Link a call by its reference" });
    await page.keyboard.type("123 456 789 0");
    await page.keyboard.press("Enter");
    await page.getByText("Not linked: there is no such other call").first().waitFor();
    assert.equal(await input.inputValue(), "123 456 789 0");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("565 688 583 7");
    await page.keyboard.press("Enter");
    await until(() => gateway.reviews.get(heating.id).draft.related.some(({ call_id, confirmed }) => call_id === water.id && confirmed));
    await page.locator(".draft li", { hasText: "小区停水两天" }).getByText("linked by an agent").waitFor();
    await input.waitFor({ state: "detached" });
  });
});

test("a draft is merged into the call beside after both are named, by a key that is pressed and not held; undone it opens again", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.keyboard.press("o");
    await field(page, "/caller/name").focus();
    const dialog = page.getByRole("dialog", { name: "Merge this call into the other?" });
    await heldThrough(page, "m", dialog);
    await dialog.getByText("No heating since Sunday night").waitFor();
    await dialog.getByText("Radiator in the bedroom stays cold").waitFor();
    assert.equal(await dialog.getByText("418 West 147th Place").count(), 1);
    assert.equal(await dialog.getByText("1 caller").count(), 2);
    assert.equal(sent(gateway, "/decision").length, 0, "a key that is held down merges nothing");
    await page.keyboard.press("Enter");
    await until(() => gateway.decisions.length === 1);
    assert.deepEqual([gateway.decisions[0].decision, gateway.decisions[0].into], ["merge", earlier.id]);
    await page.locator(".undo", { hasText: "Merged into 482 900 021 8" }).waitFor();
    assert.match(await status(page).textContent(), /^Merged into 482 900 021 8/);
    await page.getByRole("heading", { name: "小区停水两天" }).waitFor();
    await page.keyboard.press("u");
    await until(() => gateway.decisions.length === 0);
    await page.getByRole("heading", { name: "No heating since Sunday night" }).waitFor();
    assert.deepEqual(gateway.reviews.get(earlier.id).merged, []);
  });
});

test("a merge that is refused says what to do, and the draft stays; one that was merged says into which, and that one counts its callers", async () => {
  await at({}, async (page, gateway) => {
    const target = gateway.reviews.get(earlier.id);
    target.decision = { decision: "merge", by: "Nan", at: new Date().toISOString(), reason: null, unit: null, into: { call: IDS.light, reference: "4829000311" }, undo_until: null };
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    for (const key of ["o", "m"]) await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    await alert.getByText(/merged into 4829000311\. Link the call that it went into by its reference/).waitFor();
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "No heating since Sunday night");

    target.decision = null;
    await page.keyboard.press("m");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Enter");
    await until(() => gateway.decisions.length === 1);
    await page.getByRole("heading", { name: "小区停水两天" }).waitFor();
    await page.goto(`${gateway.url}/#${heating.id}`);
    const into = page.locator(".strip", { hasText: "Merged into 482 900 021 8" });
    await into.getByRole("link", { name: "Open" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Radiator in the bedroom stays cold" }).waitFor();
    await page.getByText("2 callers").waitFor();
    await page.locator(".draft li", { hasText: "No heating since Sunday night" }).getByText("merged into this one").waitFor();
    await page.keyboard.press("o");
    await page.keyboard.press("m");
    await page.getByRole("alert").getByText("Other calls were merged into this one").waitFor();
    assert.equal(await page.getByRole("dialog").count(), 0);
  });
});

const live = (gateway, state = "possible") => (gateway.calls.get(gas.id).transfer = { to: "112 (sip:112@trunk)", state, detail: null });
const news = (gateway, state, detail = null) => {
  Object.assign(gateway.calls.get(gas.id).transfer, { state, detail });
  gateway.push("transfer", { call: gas.id, state, detail });
};

test("the caller of a live call is put through in two steps; a failure is said and tried again; done is said in bar and head", async () => {
  await at({}, async (page, gateway) => {
    live(gateway);
    await page.locator(`a[href="#${gas.id}"]`).click();
    await page.locator(".draft .strip", { hasText: "can be put through to 112" }).waitFor();
    await field(page, "/issues/0/category").focus();
    const dialog = page.getByRole("dialog", { name: "Put the caller through?" });
    await heldThrough(page, "h", dialog);
    await dialog.getByText("112 (sip:112@trunk)").waitFor();
    await dialog.getByText("The recording ends there").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual(gateway.transfers, []);
    await page.keyboard.press("h");
    await dialog.waitFor();
    await page.keyboard.press("Enter");
    await until(() => gateway.transfers.length === 1);
    await page.locator(".draft .strip", { hasText: "Putting the caller through" }).waitFor();
    news(gateway, "failed", "486 Busy Here");
    await page.locator(".draft .strip", { hasText: "486 Busy Here" }).waitFor();
    assert.match(await status(page).textContent(), /not put through to 112.*486 Busy Here/);
    await page.keyboard.press("h");
    await dialog.waitFor();
    await page.keyboard.press("Enter");
    await until(() => gateway.transfers.length === 2);
    news(gateway, "done");
    await page.locator(".draft .strip", { hasText: "The caller was put through" }).waitFor();
    await page.getByRole("region", { name: "Emergencies" }).getByText("The caller was put through").waitFor();
    assert.equal(await page.getByRole("button", { name: /Put through|Try again/ }).count(), 0);
  });
});

test("from another draft the bar's caller is put through by the same key, and typing it does nothing", async () => {
  await at({}, async (page, gateway) => {
    await page.getByRole("region", { name: "Emergencies" }).waitFor();
    live(gateway);
    gateway.push("state", { call: gas.id, state: "live", cause: null });
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.getByRole("region", { name: "Emergencies" }).getByRole("button", { name: "Put through" }).waitFor();
    await page.keyboard.press("e");
    await page.keyboard.type("hsmydc");
    assert.equal(await page.getByRole("textbox", { name: "Address" }).inputValue(), "hsmydc");
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.keyboard.press("Escape");
    await focused(page, ADDRESS);
    await page.keyboard.press("h");
    await page.getByRole("dialog", { name: "Put the caller through?" }).waitFor();
    await page.keyboard.press("Enter");
    await until(() => gateway.transfers[0] === gas.id);
    await page.getByRole("region", { name: "Emergencies" }).getByText("Putting the caller through").waitFor();
  });
});
