// How soon the desk is seen, and how much is sent for it: loaded from nothing, ten times.
//
//   npm run paint -- --url http://127.0.0.1:8311/

import { parseArgs } from "node:util";
import { launch } from "./browser.mjs";

const { values: options } = parseArgs({ options: { url: { type: "string", default: "http://127.0.0.1:8311/" }, times: { type: "string", default: "10" } } });

const browser = await launch();
const seen = [];
for (let n = 0; n < Number(options.times); n++) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(options.url, { waitUntil: "load" });
  seen.push(await page.evaluate(async () => {
    const painted = await new Promise((resolve) => new PerformanceObserver((list, observer) => {
      const entry = list.getEntriesByName("first-contentful-paint")[0];
      if (entry !== undefined) { observer.disconnect(); resolve(entry.startTime); }
    }).observe({ type: "paint", buffered: true }));
    const files = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter(({ name }) => !new URL(name).pathname.startsWith("/api/"));
    return { painted, bytes: files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0), files: files.length };
  }));
  await context.close();
}
await browser.close();
const times = seen.map(({ painted }) => painted).sort((a, b) => a - b);
const [{ bytes, files }] = seen;
console.log(`first paint: median ${Math.round(times[times.length >> 1])} ms, worst ${Math.round(times.at(-1))} ms; ${Math.round(bytes / 1024)} KiB in ${files} files as sent`);
