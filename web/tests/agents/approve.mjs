// An agent takes the next draft, hears its number, and approves it, by keyboard alone.
//
//   node tests/agents/approve.mjs --url http://127.0.0.1:8311/ --password … [--number "+1 202 555 0143"]
//     --number, --name, --category   what each is corrected to (the category by what is typed to find it); what is not given stays

import { journey, options } from "./agent.mjs";

const PHONE = "/caller/phones/0";
const NAME = "/caller/name";
const CATEGORY = "/issues/0/category";

/** Fields that an approval still waits for, in their order: [pointer, state]. */
const waiting = ({ page }) => page.locator(".f").evaluateAll((fields) => fields
  .filter((field) => field.dataset.state === "missing" || (field.dataset.state === "check" && !/\bseen\b/.test(field.querySelector(".side").textContent)))
  .map((field) => [field.querySelector("[data-pointer]").dataset.pointer, field.dataset.state]));

/** Goes to a field, types over it, saves it. */
async function correct(agent, pointer, words) {
  await agent.write(pointer, words);
  await agent.press("Enter");
  await agent.field(pointer).and(agent.page.locator("[data-state=entered]")).waitFor();
}

/** Looks at what is in doubt until it counts as seen, and says of what is missing that the caller did not say it. */
async function resolveAll(agent) {
  for (let [first] = await waiting(agent); first !== undefined; [first] = await waiting(agent)) {
    const [pointer, state] = first;
    await agent.go(pointer);
    if (state === "missing") await agent.press("n");
    await agent.page.waitForFunction(([pointer, state]) => {
      const field = document.querySelector(`[data-pointer="${pointer}"]`)?.closest(".f");
      return field?.dataset.state !== state || /\bseen\b/.test(field.querySelector(".side").textContent);
    }, [pointer, state]);
  }
}

await journey(async (enter) => {
  const agent = await enter("anna");
  const { page } = agent;
  const call = await agent.next();
  const began = Date.now();
  const doubts = await page.locator(".f:is([data-state=check], [data-state=missing])").count();
  await agent.go(PHONE);
  await agent.press("Enter");
  await page.waitForFunction(() => globalThis.heard.at(-1)?.to != null);
  const lit = await page.locator(".w.lit").allInnerTexts();
  await agent.screen("approve-heard");
  if (options.number !== undefined) {
    await agent.write(PHONE, options.number);
    await agent.screen("approve-typing");
    await agent.press("Enter");
    await agent.field(PHONE).and(page.locator("[data-state=entered]")).waitFor();
  }
  // Down the list, as it is worked at: what is in doubt comes first.
  if (options.name !== undefined) await correct(agent, NAME, options.name);
  await resolveAll(agent);
  if (options.category !== undefined) await correct(agent, CATEGORY, options.category);
  await page.getByText("Ready to approve").waitFor();
  await agent.screen("approve-ready");
  await agent.press("Control+Enter");
  await page.getByText(/^Approved/).first().waitFor();
  await agent.screen("approve-done");
  return { call, doubts, lit, keys: agent.keys, heard: await page.evaluate(() => globalThis.heard), took_ms: Date.now() - began };
});
