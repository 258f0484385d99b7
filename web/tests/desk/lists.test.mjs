// The lists of the built desk in a real Chromium, against a stand-in gateway: search, saved views, the time of decisions, long calls.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { desk, field, focused, until } from "./at.mjs";
import { heating, longCall, reviewOf } from "../../node_modules/.unit/desk-fixtures.js";

let browser;
before(async () => (browser = await launch(["--autoplay-policy=no-user-gesture-required", "--mute-audio"])));
after(() => browser.close());
const at = (gateway, work, how) => desk(browser, gateway, work, how);

const PHONE = "/caller/phones/0";
const CATEGORY = "/issues/0/category";
const ADDRESS = "/issues/0/location/address_text";
const rows = (page) => page.locator(".calls a");
const inFocus = (page) => page.evaluate(() => document.activeElement?.getAttribute("href") ?? document.activeElement?.id ?? "");

test("a search by keyboard: hits are marked, results are walked and paged, and Escape gives the queue back", async () => {
  await at({ pageSize: 2 }, async (page, gateway) => {
    for (const item of gateway.items) item.title = `Pipe <b>burst</b> ${item.reference}`;
    gateway.items.push(...[1, 2, 3].map((n) => ({ ...gateway.items[1], call: `018f6d2a-0000-7000-8000-00000000010${n}`, title: `Burst ${n}` })));
    const all = await rows(page).count();
    await page.locator("#search").waitFor();
    await page.keyboard.press("/");
    assert.equal(await inFocus(page), "search");
    await page.keyboard.type("burst");
    await until(async () => (await page.locator("mark").allTextContents()).join() === "burst,burst");
    assert.equal(await page.locator(".calls b").count(), 0, "text, and never code");
    assert.equal(await page.locator("#search").inputValue(), "burst", "shortcuts are letters here");
    await page.keyboard.press("ArrowDown");
    const links = await rows(page).evaluateAll((found) => found.map((one) => one.getAttribute("href")));
    assert.equal(await inFocus(page), links[0]);
    await page.keyboard.press("j");
    assert.equal(await inFocus(page), links[1]);
    await page.keyboard.press("k");
    await page.keyboard.press("ArrowUp");
    assert.equal(await inFocus(page), "search", "above the first result are the words");
    await page.getByRole("button", { name: "More results" }).click();
    await until(async () => (await rows(page).count()) === 4);
    await page.keyboard.press("/");
    await page.keyboard.press("Enter");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await rows(page).count(), 4, "the results stay beside the opened call");
    await page.keyboard.press("Escape");
    await until(async () => (await page.locator("mark").count()) === 0);
    assert.ok((await rows(page).count()) >= all);
    assert.equal(await page.locator("#search").inputValue(), "");
  });
});

test("a search that finds nothing says so, and what can be searched", async () => {
  await at({}, async (page) => {
    await page.locator("#search").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("zebra");
    await page.getByText("Nothing found for “zebra”").waitFor();
    await page.getByText("two or more Chinese characters").waitFor();
    await page.locator("#search").fill("停");
    await page.getByText("Nothing found for “停”").waitFor();
    await page.keyboard.press("Escape");
    await rows(page).first().waitFor();
  });
});

test("the list's filters are in the address, are saved under a name, chosen by key, removed, and kept through a reload", async () => {
  await at({}, async (page, gateway) => {
    await page.getByRole("combobox", { name: "Category" }).selectOption("utility.water_supply");
    await until(() => page.url().includes("category=utility.water_supply"));
    await page.getByRole("button", { name: "Save this view" }).click();
    await page.keyboard.type("j Water 1");
    await page.keyboard.press("Enter");
    const view = page.getByRole("button", { name: "j Water 1", exact: false }).first();
    await until(async () => (await view.getAttribute("aria-pressed")) === "true");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await until(() => page.url().includes("state=all"));
    assert.equal(await view.getAttribute("aria-pressed"), "false");
    await rows(page).first().focus();
    const asked = () => gateway.asked.filter(({ what }) => what === "GET /api/queue").length;
    const before = asked();
    await page.keyboard.press("1");
    await until(async () => (await view.getAttribute("aria-pressed")) === "true");
    await until(() => asked() > before);

    await page.goto(`${gateway.url}/?state=all&category=utility.heating`);
    await rows(page).first().waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Category" }).inputValue(), "utility.heating", "the address says what is listed");
    await page.locator(`a[href="#${heating.id}"]`).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.match(page.url(), /state=all.*#/, "an opened call leaves it there");
    await view.click();
    await page.getByRole("button", { name: "Remove the view “j Water 1”" }).click();
    await page.evaluate(() => localStorage.setItem("heardline.desk.views.Mei", "{junk"));
    await page.reload();
    await rows(page).first().waitFor();
    assert.equal(await view.count(), 0);
    assert.equal(await page.getByRole("combobox", { name: "Category" }).inputValue(), "utility.water_supply");
  });
});

test("the time of a decision is sent with it, and the median of all stands on the desk", async () => {
  const figures = { decided: 112, median_ms: 38_000, p90_ms: 74_000, mine: { decided: 23, median_ms: 35_000 }, undone: 2 };
  await at({ figures }, async (page, gateway) => {
    await page.getByText("median decision 38s · nine of ten within 1m 14s · 112 decided in 24 h").waitFor();
    gateway.seen.set(heating.id, new Set([PHONE, CATEGORY]));
    gateway.apply(gateway.reviews.get(heating.id), [{ pointer: ADDRESS, not_said: true }]);
    const start = Date.now();
    await page.keyboard.press("g");
    await page.getByText("Ready to approve").waitFor();
    await page.keyboard.press("Control+Enter");
    await until(() => gateway.decisions.length === 1);
    const { took_ms } = gateway.decisions[0];
    assert.ok(Number.isInteger(took_ms) && took_ms > 0 && took_ms <= Date.now() - start, `${took_ms}`);
  });
});

test("a gateway that knows no figures is not asked again, and the desk shows none", async () => {
  await at({}, async (page, gateway) => {
    await until(() => gateway.asked.some(({ what }) => what === "GET /api/figures"));
    await page.getByText("take the next draft").waitFor();
    assert.equal(await page.getByText("median decision").count(), 0);
  });
});

test("of a call of three hours only words near the screen are elements; evidence far away lights up in sight, and its text is there to be found", async () => {
  const call = longCall();
  const gateway = { calls: new Map([[call.id, call]]), reviews: new Map([[call.id, { ...reviewOf(call), holder: null, mine: false, state: "waiting", fields: undefined }]]) };
  await at(gateway, async (page) => {
    await page.keyboard.press("g");
    await field(page, CATEGORY).focus();
    await focused(page, CATEGORY);
    const lit = page.locator(".w.lit");
    await until(async () => (await lit.allTextContents()).join(" ") === "the boiler in the cellar");
    await until(() => lit.first().evaluate((word) => {
      const { top, bottom } = word.getBoundingClientRect();
      const box = word.closest(".scroll").getBoundingClientRect();
      return top >= box.top && bottom <= box.bottom;
    }));
    assert.ok((await page.locator(".w").count()) < 3_000, "not 25,000 elements");
    const near = lit.locator("xpath=ancestor::*[@data-seq][1]/following-sibling::*[1]").first();
    await near.locator(".w").first().waitFor();
    assert.ok((await near.locator(".w").count()) > 5, "what is near can be clicked, word by word");
    assert.equal(await page.locator("[data-seq]").count(), call.transcript.length, "the words of all of it are on the page");
    const text = await page.locator('[data-seq="1000"]').textContent();
    assert.ok(text.includes(call.transcript[1_000].text));
    await page.locator(".words").evaluate((box) => (box.scrollTop = 0));
    await page.locator('[data-seq="0"] .w.check').first().waitFor();
  });
});
