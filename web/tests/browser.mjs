// The system's Chromium under playwright-core; no browser is ever downloaded.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, "chromium")).find(existsSync);
  if (!found) throw new Error("no chromium in PATH: install it (scripts/setup does), or name one in CHROMIUM");
  return found;
}

const options = (args) => ({
  executablePath: executable(),
  headless: true,
  args: ["--headless=new", "--no-sandbox", "--disable-background-networking", ...args],
});

export function launch(args = []) {
  return chromium.launch(options(args));
}

/** A browser with a profile of its own, on a screen as small as a phone's. */
export function launchPersistent(profile, args) {
  return chromium.launchPersistentContext(profile, { ...options(args), viewport: { width: 390, height: 844 } });
}
