// An agent who watches a call with an emergency at the desk of a running gateway; prints one JSON line with what was seen.
//
//   node tests/desk-journey.mjs --url http://127.0.0.1:8311/
//     Start it before the call. It waits for the emergency while the caller speaks, takes it by key, waits for the end of
//     the call, and plays the evidence of the address.
//     --deadline N   seconds to wait for any one thing (default 60)
// Exit status: 0 as expected, 1 something expected never came or the page threw.

import { parseArgs } from "node:util";
import { launch } from "./browser.mjs";

const { values: options } = parseArgs({ options: { url: { type: "string" }, deadline: { type: "string" } } });
const timeout = Number(options.deadline ?? 60) * 1_000;
const report = { page_errors: [], failure: null, words_while_live: null, quote: null, number: null, title: null, lit: [], played_ms: null };

/** Runs in the page: what the player plays, from and to. */
function listen() {
  globalThis.heard = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    const one = { from: this.currentTime * 1_000, to: null };
    globalThis.heard.push(one);
    this.addEventListener("pause", () => (one.to ??= this.currentTime * 1_000), { once: true });
    return play.call(this);
  };
}

const browser = await launch(["--autoplay-policy=no-user-gesture-required", "--mute-audio"]);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en" });
  page.setDefaultTimeout(timeout);
  page.on("pageerror", (error) => report.page_errors.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && report.page_errors.push(message.text()));
  await page.addInitScript(listen);
  await page.goto(`${options.url}?lang=en`);
  const alarm = page.getByRole("region", { name: "Emergencies" });
  await alarm.waitFor();
  report.title = await page.title();
  report.quote = await alarm.locator("q").first().innerText();
  report.number = await alarm.locator(".number").first().innerText();
  // The list may hold older calls; the emergency's own is opened.
  const open = alarm.getByRole("button", { name: "Open" });
  if (await open.count()) await open.first().click();
  await page.getByRole("log", { name: "Transcript" }).locator(".u").first().waitFor();
  report.words_while_live = (await page.locator(".draft .facts").innerText()).includes("on the line");
  await page.keyboard.press("t");
  await alarm.waitFor({ state: "detached" });
  await page.locator(".draft", { hasText: /delivered .* version 1/s }).waitFor();
  const address = page.locator('[data-pointer="/issues/0/location/address_text"]');
  await address.click();
  report.lit = await page.locator(".w.lit").allInnerTexts();
  await page.waitForFunction(() => globalThis.heard.length > 0 && globalThis.heard.at(-1).to !== null);
  report.played_ms = await page.evaluate(() => [Math.round(globalThis.heard[0].from), Math.round(globalThis.heard.at(-1).to)]);
} catch (error) {
  report.failure = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(report));
process.exitCode = report.failure !== null || report.page_errors.length > 0 ? 1 : 0;
