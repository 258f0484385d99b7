// A page of the built desk at a fresh stand-in gateway, and ways to wait for it.

import assert from "node:assert/strict";
import { StandIn } from "./gateway.mjs";

/** A fresh gateway and page; fails on any script error or breach of the policy. */
export async function desk(browser, change, work, { path = "/", viewport = { width: 1280, height: 800 } } = {}) {
  const gateway = Object.assign(new StandIn(), change);
  await gateway.start();
  const context = await browser.newContext({ viewport, locale: "en", timezoneId: "UTC" });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.text().includes("Content Security Policy") && faults.push(message.text()));
  try {
    await page.goto(gateway.url + path);
    if (!gateway.accounts || gateway.loggedIn) await page.locator("nav li").first().waitFor();
    await work(page, gateway);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
    gateway.stop();
  }
}

export const field = (page, pointer) => page.locator(`[data-pointer="${pointer}"]`);

/** Waits until the page has the focus on this field. */
export async function focused(page, pointer) {
  await page.waitForFunction((wanted) => document.activeElement?.dataset?.pointer === wanted, pointer);
}

export async function until(look) {
  for (let i = 0; i < 1_200; i++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`not within 30 s: ${look}`);
}
