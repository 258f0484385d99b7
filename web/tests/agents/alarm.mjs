// Two agents while a caller tells of an emergency: bar and sound in both browsers; one takes it, both are quiet.
// Wants "call": that a call with an emergency begins.

import { ask, journey, until } from "./agent.mjs";

/** Between two warning sounds at most so long, and the same again for a slow machine. */
const QUIET_MS = 6_500;

await journey(async (enter) => {
  const agents = [await enter("anna"), await enter("ben")];
  const bars = agents.map(({ page }) => page.getByRole("region", { name: "Emergencies" }));
  const tones = () => Promise.all(agents.map(({ page }) => page.evaluate(() => globalThis.tones)));
  const state = async () => (await agents[0].api("GET", "/api/calls")).body.calls[0]?.state;
  await ask("call");
  await Promise.all(bars.map((bar) => bar.waitFor()));
  await until("a sound in both browsers", async () => (await tones()).every((count) => count > 0));
  const seen = { state: await state(), bars: await Promise.all(bars.map((bar) => bar.innerText())), titles: await Promise.all(agents.map(({ page }) => page.title())) };
  await agents[0].screen("alarm-raised");
  await agents[1].press("t");
  await Promise.all(bars.map((bar) => bar.waitFor({ state: "detached" })));
  const taken = { state: await state(), tones: await tones() };
  // That something does not come can only be waited for.
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  const { body } = await agents[0].api("GET", "/api/calls");
  return { seen, taken, later: await tones(), acknowledged_by: body.calls[0].raised.acknowledged_by, titles: await Promise.all(agents.map(({ page }) => page.title())) };
});
