// Looks at every state of the caller's page and of the desk, in three languages and two widths: screenshots against the baselines in
// screens/, axe-core, and no sideways scrolling at 320 px (WCAG 1.4.10). `--update` writes the baselines anew;
// `--dark FOLDER` writes the dark screens there, to be looked at.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { launch } from "./browser.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const built = join(here, "../node_modules/.gallery");
const screens = join(here, "screens");
const different = join(here, "../node_modules/.different");
const axe = readFileSync(join(here, "../node_modules/axe-core/axe.min.js"), "utf8");
const scripts = ["en", "zh-Hans", "zh-Hant"];
const widths = { 390: 844, 1280: 800 };
/** Share of pixels that may differ: text edges move between builds of a browser, boxes and words do not. */
const TOLERANCE = 0.002;

const update = process.argv.includes("--update");
const darkAt = process.argv.indexOf("--dark");
const darkFolder = darkAt > 0 ? process.argv[darkAt + 1] : null;

const faults = [];
/** As the desk is served (src/review/guard.rs): an inline style or a foreign address is a fault here too. */
const POLICY = "default-src 'self'; media-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f6b6b"/></svg>';
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
const server = createServer((request, response) => {
  const path = new URL(request.url, "http://gallery").pathname;
  if (path === "/icon.svg") return response.writeHead(200, { "Content-Type": "image/svg+xml" }).end(ICON);
  const file = join(built, path === "/" ? "index.html" : path);
  if (!existsSync(file)) return response.writeHead(404).end();
  const head = { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": POLICY };
  response.writeHead(200, head).end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const gallery = `http://127.0.0.1:${server.address().port}`;

/** Five bits a channel: half the size, and still every fault that an eye would see. */
function coarse(png) {
  for (let at = 0; at < png.data.length; at++) png.data[at] = at % 4 === 3 ? 255 : Math.round(Math.round((png.data[at] * 31) / 255) * (255 / 31));
  return png;
}

function compare(name, buffer) {
  const seen = coarse(PNG.sync.read(buffer));
  const file = join(screens, `${name}.png`);
  if (update) return writeFileSync(file, PNG.sync.write(seen, { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 }));
  if (!existsSync(file)) return faults.push(`${name}: no baseline; look at it, then run with --update`);
  const kept = PNG.sync.read(readFileSync(file));
  const { width, height } = kept;
  const sameSize = width === seen.width && height === seen.height;
  const changed = sameSize ? new PNG({ width, height }) : null;
  const share = sameSize
    ? pixelmatch(kept.data, seen.data, changed.data, width, height, { threshold: 0.2 }) / (width * height)
    : 1;
  if (share <= TOLERANCE) return;
  mkdirSync(different, { recursive: true });
  writeFileSync(join(different, `${name}.png`), PNG.sync.write(seen));
  if (changed) writeFileSync(join(different, `${name}.changed.png`), PNG.sync.write(changed));
  faults.push(`${name}: ${sameSize ? `${(share * 100).toFixed(2)} % of the pixels changed` : "another size"}; see ${different}`);
}

async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  for (const { id, impact, help, nodes } of violations)
    if (impact === "serious" || impact === "critical")
      faults.push(`${name}: ${impact} ${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

const galleryOf = (state) => `${gallery}/${state.startsWith("desk-") ? "desk.html" : ""}`;

async function open(page, state, script) {
  await page.goto(`${galleryOf(state)}?state=${state}&script=${script}`);
  await page.evaluate(() => document.fonts.ready);
}

const browser = await launch(["--font-render-hinting=none", "--disable-lcd-text"]);
try {
  const page = await browser.newPage({ colorScheme: "light", timezoneId: "UTC" });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("console", (message) => message.text().includes("Content Security Policy") && faults.push(`${page.url()}: ${message.text()}`));
  const statesOf = async (url) => (await page.goto(url), (await page.locator("html").getAttribute("data-states")).split(" "));
  const states = [...(await statesOf(gallery)), ...(await statesOf(`${gallery}/desk.html`))];
  mkdirSync(screens, { recursive: true });
  rmSync(different, { recursive: true, force: true });
  const dark = await browser.newPage({ colorScheme: "dark", reducedMotion: "reduce", timezoneId: "UTC" });
  if (darkFolder) mkdirSync(darkFolder, { recursive: true });
  for (const state of states) {
    for (const script of scripts) {
      for (const [width, height] of Object.entries(widths)) {
        const name = `${state}.${script}.${width}`;
        await page.setViewportSize({ width: Number(width), height });
        await open(page, state, script);
        compare(name, await page.screenshot({ fullPage: true, animations: "disabled" }));
        if (script === "en" || width === "390") await accessible(page, name);
      }
      await page.setViewportSize({ width: 320, height: 640 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 320) faults.push(`${state}.${script}: ${wide} px wide on a screen of 320`);
      await dark.setViewportSize({ width: 390, height: 844 });
      await open(dark, state, script);
      if (script === "en") await accessible(dark, `${state}.dark`);
      if (darkFolder) await dark.screenshot({ path: join(darkFolder, `${state}.${script}.png`), fullPage: true });
    }
  }
  const kept = readdirSync(screens).filter((file) => !states.includes(file.split(".")[0]));
  for (const file of kept) {
    if (update) rmSync(join(screens, file));
    else faults.push(`${file}: a baseline of a state that is gone`);
  }
  console.log(`${states.length} states, ${states.length * 6} screens, Chromium ${browser.version()}: ${faults.length} faults`);
} finally {
  await browser.close();
  server.close();
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
