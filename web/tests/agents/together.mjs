// Two agents at one draft: the second is told and cannot overwrite; a lease that runs out while the first types loses nothing.
// Wants "lease over": that the gateway's clock passes the end of every lease.

import { ask, journey } from "./agent.mjs";

const NAME = "/caller/name";

await journey(async (enter) => {
  const anna = await enter("anna");
  const call = await anna.next();

  const ben = await enter("ben", `#${call}`);
  const strip = ben.page.locator(".strip", { hasText: "anna is working on this draft" });
  await strip.waitFor();
  await ben.page.locator(`[data-pointer="${NAME}"]`).focus();
  await ben.press("e");
  await ben.press("Control+Enter");
  const hidden = await ben.page.locator(`[data-pointer="${NAME}"] .v`).innerText();
  const review = await ben.api("GET", `/api/calls/${call}/review`);
  const edit = { edits: [{ pointer: NAME, value: "Ben's Guess" }] };
  const second = {
    editor: await ben.typed(),
    decide: await ben.page.locator(".decide").count(),
    hidden,
    edit: (await ben.api("PATCH", `/api/calls/${call}/review`, edit, review.tag)).status,
    claim: (await ben.api("POST", `/api/calls/${call}/claim`)).status,
  };
  await ben.screen("together-second");

  await anna.write(NAME, "Hanna Wagner");
  await ask("lease over");
  // The draft is free: whoever opens it next has it.
  await ben.page.reload();
  await ben.page.getByRole("button", { name: "Next draft" }).waitFor();
  await strip.waitFor({ state: "detached" });
  await ben.opened();
  await ben.write(NAME, "Johanna Walker");
  await ben.press("Enter");
  await ben.field(NAME).and(ben.page.locator("[data-state=entered]")).waitFor();
  await anna.page.locator(".strip", { hasText: "ben is working on this draft" }).waitFor();
  const kept = await anna.typed();
  await anna.press("Enter");
  await anna.page.getByText("Your changes are kept here.").waitFor();
  await anna.screen("together-kept");

  // Ben goes on: the draft is free again, and the first agent's page takes it back by itself.
  await ben.press("g");
  const merge = anna.page.getByRole("dialog");
  await merge.getByText("Johanna Walker").waitFor();
  const both = await merge.innerText();
  await anna.screen("together-merge");
  const before = (await anna.api("GET", `/api/calls/${call}/review`)).body.draft.caller.name.value;
  // The first choice is one's own.
  await merge.getByRole("button").last().focus();
  await anna.press("Enter");
  await merge.waitFor({ state: "detached" });
  await anna.page.getByText("not saved yet").first().waitFor({ state: "detached" });
  const after = (await anna.api("GET", `/api/calls/${call}/review`)).body.draft.caller.name;
  return { call, second, kept, both, before, after: after.value, alternatives: after.alternatives.map(({ value }) => value) };
});
