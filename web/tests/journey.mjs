// One caller in a real Chromium against a running gateway; prints one JSON line with what the caller saw.
//
//   node tests/journey.mjs --url http://127.0.0.1:8312/call/default --scenario speak --fake-microphone FILE.wav
//     --scenario   speak | refused | no-microphone | close-tab | offline | full | sample | related | embed | embed-blocked
//     --seconds N        how long the caller speaks (default: the recording and three seconds more)
//     --lang TAG         the page's language (default en)
//     --name, --number   typed before the call
//     --screens DIR      screenshots of each step
//     --hook-url URL     offline: GET URL?link=down and, five seconds later, URL?link=up
//     --host-listen A:P  embed: where the page of the other origin is served (default 127.0.0.2 and a free port)
//     --deadline N       seconds to wait for any one thing (default 60)
// Exit status: 0 as expected, 1 something expected never came or the page threw, 64 wrong arguments.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launchPersistent } from "./browser.mjs";
import { take, watch } from "./watch.mjs";

const text = { type: "string" };
const { values: options } = parseArgs({
  options: {
    url: text, scenario: text, "fake-microphone": text, seconds: text, lang: text, name: text, number: text,
    screens: text, "hook-url": text, "host-listen": text, deadline: text,
  },
});
const DEADLINE_MS = Number(options.deadline ?? 60) * 1_000;
const CUT_MS = 5_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Seconds of a WAV file by its header: data bytes over bytes a second. */
function wavSeconds(file) {
  const wav = readFileSync(file);
  for (let at = 12; at + 8 <= wav.length; at += 8 + wav.readUInt32LE(at + 4) + (wav.readUInt32LE(at + 4) % 2))
    if (wav.toString("latin1", at, at + 4) === "data") return wav.readUInt32LE(at + 4) / wav.readUInt32LE(28);
  throw new Error(`${file} has no data chunk`);
}

function flags() {
  const media = ["--allow-loopback-in-peer-connection", "--autoplay-policy=user-gesture-required"];
  if (options.scenario === "refused") return [...media, "--use-fake-device-for-media-stream", "--deny-permission-prompts"];
  if (options.scenario === "no-microphone") return [...media, "--use-fake-ui-for-media-stream", "--disable-audio-input"];
  media.push("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream");
  const file = options["fake-microphone"];
  return file ? [...media, `--use-file-for-fake-audio-capture=${file}%noloop`] : media;
}

function pageUrl() {
  const url = new URL(options.url);
  url.searchParams.set("lang", options.lang ?? "en");
  return url.href;
}

class Caller {
  constructor(page, frame, report) {
    Object.assign(this, { page, frame, report, step: 0 });
  }
  async see(selector) {
    await this.frame.locator(selector).first().waitFor({ timeout: DEADLINE_MS });
  }
  async press(act) {
    await this.frame.locator(`[data-act=${act}]`).click({ timeout: DEADLINE_MS });
  }
  async screen(name) {
    if (!options.screens) return;
    mkdirSync(options.screens, { recursive: true });
    this.step += 1;
    await this.page.screenshot({ path: join(options.screens, `${options.scenario}-${this.step}-${name}.png`) });
  }
  async open() {
    await this.page.goto(pageUrl());
    await this.see("[data-act=call], [data-trouble]");
    await this.screen("before");
  }
  async call() {
    this.report.notice ??= await this.frame.locator("[data-notice]").innerText();
    this.report.demo = (await this.frame.locator("[data-demo]").count()) > 0;
    if (options.name || options.number) {
      const details = this.frame.locator("details:has(input)");
      if ((await details.getAttribute("open")) === null) await details.locator("summary").click();
      await this.frame.locator("input[autocomplete=name]").fill(options.name ?? "");
      await this.frame.locator("input[autocomplete=tel]").fill(options.number ?? "");
    }
    await this.press("call");
    await this.see("[data-phase=live]");
    await this.screen("live");
  }
  async speak(share = 1) {
    const file = options["fake-microphone"];
    const seconds = Number(options.seconds ?? (file ? wavSeconds(file) * share + (share === 1 ? 3 : 0) : 5));
    await wait(seconds * 1_000);
    await this.screen("speaking");
  }
  async hangUp() {
    await this.press("hang-up");
    await this.finish();
  }
  async finish() {
    await this.see("[data-phase=ended] [data-reference]");
    await this.frame.locator("[data-working]").waitFor({ state: "detached", timeout: DEADLINE_MS });
    await this.screen("ended");
  }
  async expectTrouble(why) {
    await this.see(`[data-trouble=${why}]`);
    await this.screen(why);
  }
}

async function link(state) {
  const answer = await fetch(`${options["hook-url"]}?link=${state}`);
  if (!answer.ok) throw new Error(`the hook answered ${answer.status} to link=${state}`);
}

const scenarios = {
  async speak(caller) {
    await caller.open();
    await caller.call();
    await caller.speak();
    await caller.hangUp();
  },
  async related(caller) {
    await scenarios.speak(caller);
    await take(caller.frame, caller.report);
    caller.report.earlier_reference = caller.report.reference;
    await caller.press("add");
    await caller.see("[data-act=call]");
    await caller.screen("add");
    await caller.call();
    await caller.speak();
    await caller.hangUp();
  },
  async refused(caller) {
    await caller.open();
    await caller.press("call");
    await caller.expectTrouble("microphone_refused");
  },
  async "no-microphone"(caller) {
    await caller.open();
    await caller.press("call");
    await caller.expectTrouble("microphone_absent");
  },
  async full(caller) {
    await caller.open();
    if ((await caller.frame.locator("[data-trouble]").count()) === 0) await caller.press("call");
    await caller.expectTrouble("line_busy");
    caller.report.retry = await caller.frame.locator("[data-act=retry]").innerText();
  },
  async sample(caller) {
    await caller.open();
    await caller.press("sample");
    await caller.see("[data-phase=live]");
    await caller.screen("live");
    await caller.frame.locator("[data-phase=ended]").waitFor({ timeout: DEADLINE_MS + 120_000 });
    await caller.finish();
  },
  async "close-tab"(caller) {
    const { page, report } = caller;
    await caller.open();
    await caller.call();
    await caller.speak(0.5);
    await take(caller.frame, report);
    page.on("dialog", (dialog) => {
      report.asked_before_leaving = dialog.type() === "beforeunload";
      void dialog.accept();
    });
    const closed = page.waitForEvent("close", { timeout: DEADLINE_MS });
    await page.close({ runBeforeUnload: true });
    await closed;
  },
  async offline(caller) {
    await caller.open();
    await caller.call();
    await caller.speak(0.4);
    await link("down");
    await Promise.all([wait(CUT_MS), caller.see("[data-interrupted]")]);
    await link("up");
    await caller.frame.locator("[data-interrupted]").waitFor({ state: "detached", timeout: DEADLINE_MS });
    await caller.screen("after");
    await caller.speak(0.6);
    await caller.hangUp();
  },
  async embed(caller) {
    await openEmbedded(caller);
    await caller.see("[data-act=call]");
    await caller.call();
    await caller.speak();
    const stay = caller.page.locator("[role=alertdialog] button").first();
    await caller.frame.locator("h1").first().press("Escape");
    await stay.waitFor({ timeout: DEADLINE_MS });
    caller.report.asked_before_closing = true;
    await caller.screen("asked");
    await stay.click();
    await caller.hangUp();
  },
  async "embed-blocked"(caller) {
    await openEmbedded(caller);
    const tab = caller.page.locator("dialog a.button");
    await tab.waitFor({ timeout: DEADLINE_MS });
    caller.report.new_tab = await tab.getAttribute("href");
    await caller.screen("blocked");
  },
};

/** A page of another origin with the two lines of the README. */
async function openEmbedded(caller) {
  const [host, port] = (options["host-listen"] ?? "127.0.0.2:0").split(":");
  const { origin, pathname } = new URL(options.url);
  const line = pathname.split("/").at(-1);
  const html = `<!doctype html><html lang="${options.lang ?? "en"}"><meta charset="utf-8"><title>City</title><h1>City</h1>
    <div data-heardline></div><script src="${origin}/embed.js" data-line="${line}" async></script>`;
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(html));
  await new Promise((resolve) => server.listen(Number(port), host, resolve));
  server.unref();
  await caller.page.goto(`http://${host}:${server.address().port}/`);
  await caller.page.locator("button.call").click({ timeout: DEADLINE_MS });
  const frame = await caller.page.waitForSelector("dialog iframe", { timeout: DEADLINE_MS });
  caller.frame = await frame.contentFrame();
}

async function main() {
  const run = scenarios[options.scenario];
  if (!run || !options.url || (options.scenario === "offline" && !options["hook-url"])) {
    console.error(`--url and --scenario (${Object.keys(scenarios).join(", ")}) are needed; offline also needs --hook-url`);
    return 64;
  }
  const report = { scenario: options.scenario, page_errors: [], console_errors: [], failure: null };
  const profile = mkdtempSync(join(tmpdir(), "heardline-caller-"));
  const context = await launchPersistent(profile, flags());
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await watch(page, report);
    const caller = new Caller(page, page.mainFrame(), report);
    try {
      await run(caller);
    } catch (error) {
      report.failure = String(error);
      if (!page.isClosed()) await caller.screen("failure");
    }
    if (!page.isClosed() && options.scenario !== "embed-blocked") await take(caller.frame, report);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  console.log(JSON.stringify(report));
  return report.failure === null && report.page_errors.length === 0 ? 0 : 1;
}

process.exitCode = await main();
