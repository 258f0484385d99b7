// People at the desk of a running gateway, each in a browser context of their own: what the journeys of this folder share.
// A journey prints one JSON line at its end, with `failure` and `page_errors` beside what it saw. What it needs done to the
// gateway meanwhile it asks for by a line {"wants": …}, and goes on when a line comes in on standard input.

import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { launch } from "../browser.mjs";

const text = { type: "string" };
export const { values: options } = parseArgs({ options: { url: text, password: text, call: text, number: text, name: text, category: text, calls: text, deadline: text, screens: text } });
const timeout = Number(options.deadline ?? 60) * 1_000;
const people = [];
const report = { failure: null, page_errors: [] };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks whoever started this journey, and waits until it is done. */
export async function ask(wants) {
  console.log(JSON.stringify({ wants }));
  if ((await lines.next()).done) throw new Error(`nobody did "${wants}"`);
}

export async function until(what, look) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs in the page: what was played, which tones began, and what the page's policy stopped. */
function observe() {
  globalThis.heard = [];
  globalThis.tones = 0;
  globalThis.stopped = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => globalThis.stopped.push(`${violatedDirective} ${blockedURI}`));
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    const one = { from: Math.round(this.currentTime * 1_000), to: null };
    globalThis.heard.push(one);
    this.addEventListener("pause", () => (one.to ??= Math.round(this.currentTime * 1_000)), { once: true });
    return play.call(this);
  };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) {
    if (this.context.state === "running") globalThis.tones += 1;
    return start.apply(this, when);
  };
}

export class Agent {
  /** Keys pressed since the draft was asked for; typed text counts letter by letter. */
  keys = [];

  constructor(page, name) {
    Object.assign(this, { page, name });
  }

  async press(key) {
    this.keys.push(key);
    await this.page.keyboard.press(key);
  }

  async type(words) {
    this.keys.push(...words);
    await this.page.keyboard.type(words);
  }

  field(pointer) {
    return this.page.locator(".f", { has: this.page.locator(`[data-pointer="${pointer}"]`) });
  }

  /** The field that has the focus. */
  async focus() {
    return this.page.evaluate(() => document.activeElement?.dataset.pointer ?? null);
  }

  /** Waits until the draft is open and has the focus. */
  async opened() {
    await this.page.waitForFunction(() => document.activeElement?.dataset.pointer !== undefined);
  }

  async focused(pointer) {
    await this.page.waitForFunction((wanted) => document.activeElement?.dataset.pointer === wanted, pointer);
  }

  /** Takes the next draft; the call's id. */
  async next() {
    this.keys = [];
    await this.press("g");
    await this.opened();
    return new URL(this.page.url()).hash.slice(1);
  }

  /** By arrow keys, one by one: a row may move on the way, when what was entered is saved. */
  async go(pointer) {
    for (let i = 0, from; (from = await this.focus()) !== pointer; i++) {
      if (i > 100) throw new Error(`no way to ${pointer}`);
      const order = await this.page.locator("[data-pointer]").evaluateAll((rows) => rows.map((row) => row.dataset.pointer));
      await this.press(order.indexOf(pointer) > order.indexOf(from) ? "ArrowDown" : "ArrowUp");
    }
    await this.focused(pointer);
  }

  /** Types over what stands in the field, and leaves it there unsaved. */
  async write(pointer, words) {
    await this.go(pointer);
    await this.press("e");
    await this.page.locator(".editor input").waitFor();
    await this.type(words);
  }

  /** What is typed in the open field; null: none is open. */
  async typed() {
    const input = this.page.locator(".editor input");
    return (await input.count()) > 0 ? input.inputValue() : null;
  }

  /** Asks the gateway as this page would: with its login, from its origin. */
  async api(method, path, body, match) {
    return this.page.evaluate(async ([method, path, body, match]) => {
      const headers = { ...(body === null ? {} : { "Content-Type": "application/json" }), ...(match === null ? {} : { "If-Match": match }) };
      const answer = await fetch(path, { method, headers, ...(body === null ? {} : { body: JSON.stringify(body) }) });
      const said = await answer.text();
      return { status: answer.status, tag: answer.headers.get("ETag"), body: said === "" ? null : JSON.parse(said) };
    }, [method, path, body ?? null, match ?? null]);
  }

  async screen(name) {
    if (options.screens) await this.page.screenshot({ path: `${options.screens}/${name}.png` });
  }
}

/** Logs in by keyboard; `path`: where to. */
async function enter(browser, name, path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  page.on("pageerror", (error) => report.page_errors.push(`${name}: ${error}`));
  page.on("dialog", (dialog) => {
    report.page_errors.push(`${name}: a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => message.text().includes("Content Security Policy") && report.page_errors.push(`${name}: ${message.text()}`));
  await page.addInitScript(observe);
  await page.goto(`${options.url}${path}`);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(options.password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Next draft" }).waitFor();
  people.push(new Agent(page, name));
  return people.at(-1);
}

/** `work` gets a way to let people in, and returns what the report says beside its faults. */
export async function journey(work) {
  const browser = await launch(["--mute-audio"]);
  try {
    Object.assign(report, await work((name, path = "") => enter(browser, name, path)));
  } catch (error) {
    report.failure = String(error.stack ?? error);
    for (const one of people) await one.screen(`failed-${one.name}`);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(report));
  process.exitCode = report.failure !== null || report.page_errors.length > 0 ? 1 : 0;
  process.stdin.destroy();
}
