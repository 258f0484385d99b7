// A hundred texts that would be markup or script anywhere else (payloads.txt): each is shown as it was written, none runs.
//
//   node tests/agents/payloads.mjs --url … --password … --calls 6
//     --calls   so many calls have come in, of which each brought three of them: display name, User-Agent, Subject

import { readFileSync } from "node:fs";
import { journey, options, until } from "./agent.mjs";

const payloads = readFileSync(new URL("payloads.txt", import.meta.url), "utf8").trimEnd().split("\n");
const calls = Number(options.calls);
const ISSUE = ["title", "description", "occurred_at/text", "desired_outcome", "respondent", "routing_suggestion"];
const PLACE = ["address_text", "intersection", "district", "street", "community", "building", "unit"];
const FIELDS = ["/caller/name", "/caller/callback_window", "/language/interpreter_language", "/summary/text",
  ...ISSUE.map((name) => `/issues/0/${name}`), ...PLACE.map((name) => `/issues/0/location/${name}`)];

/** Runs in the page. */
function trap() {
  globalThis.executed = 0;
  globalThis.ran = () => (globalThis.executed += 1);
}

/** Waits until all of these are on the page as text. */
async function shown(page, texts) {
  const bare = (text) => text.replace(/\s+/g, " ");
  await until(`on the page: ${texts.join(" | ")}`, async () => {
    await page.evaluate(() => document.querySelectorAll(".draft details").forEach((more) => (more.open = true)));
    const page_text = bare(await page.locator("body").innerText());
    return texts.every((text) => page_text.includes(bare(text)));
  });
}

/** What must not be there, were a payload taken for markup. */
const foreign = (page) => page.evaluate(() => [...document.querySelectorAll("*")]
  .filter((one) => [...one.attributes].some(({ name, value }) => name.startsWith("on") || /^\s*(javascript|data|vbscript):/i.test(value)) || /^(iframe|object|embed|marquee|base|math|portal|xss|x|isindex|keygen)$/i.test(one.localName))
  .map((one) => one.outerHTML.slice(0, 200)));

await journey(async (enter) => {
  const { page, api } = await enter("anna").then((agent) => ({ page: agent.page, api: agent.api.bind(agent) }));
  await page.evaluate(trap);
  await page.getByRole("link").nth(calls - 1).waitFor();
  const ids = (await api("GET", "/api/queue?state=waiting")).body.items.map(({ call }) => call);
  const tag = async (id) => (await api("GET", `/api/calls/${id}/review`)).tag;
  const visit = async (id) => {
    await page.evaluate((to) => (location.hash = to), id);
    await page.locator(`nav a[href="#${id}"]`, { hasText: "you have it" }).waitFor();
  };
  const [first, ...others] = ids;
  const found = [];
  const look = async () => found.push(...(await foreign(page)));

  // Display names, of the calls as they came in; what would break SIP's own quoting is replaced on the way in.
  const names = payloads.slice(0, 3 * calls).filter((_, i) => i % 3 === 0).map((name) => name.replaceAll("<", "(").replaceAll(">", ")").replaceAll('"', "'"));
  const seen = [];
  for (const id of ids) {
    await visit(id);
    const name = (await api("GET", `/api/calls/${id}`)).body.display_name;
    await until(`the caller's name ${name}`, async () => names.includes(name) && (await page.locator(".draft .facts").innerText()).includes(name));
    seen.push(name);
    await look();
  }

  await visit(first);
  const entered = payloads.slice(3 * calls, payloads.length - others.length);
  for (let at = 0; at < entered.length; at += FIELDS.length) {
    const texts = entered.slice(at, at + FIELDS.length);
    const edits = texts.map((value, i) => ({ pointer: FIELDS[i], value }));
    const { status, body } = await api("PATCH", `/api/calls/${first}/review`, { edits }, await tag(first));
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    await shown(page, texts);
    await look();
  }
  const reasons = payloads.slice(-others.length);
  for (const [i, id] of others.entries()) {
    await visit(id);
    const { status, body } = await api("POST", `/api/calls/${id}/decision`, { decision: "reject", reason: reasons[i] }, await tag(id));
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    await shown(page, [reasons[i]]);
    await look();
  }
  const { executed, stopped } = await page.evaluate(() => ({ executed: globalThis.executed, stopped: globalThis.stopped }));
  return { payloads: new Set(payloads).size, names: new Set(seen).size, entered: entered.length, reasons: reasons.length, executed, stopped, foreign: found };
});
