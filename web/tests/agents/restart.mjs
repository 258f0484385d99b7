// The gateway goes away while an agent types, and comes back at the same address with the same data.
// Wants "down" and then "up".

import { ask, journey } from "./agent.mjs";

const NAME = "/caller/name";
const ADDRESS = "/issues/0/location/address_text";

await journey(async (enter) => {
  const anna = await enter("anna");
  const call = await anna.next();
  await anna.write(NAME, "Hanna ");
  await ask("down");
  await anna.page.getByText("Connection lost").first().waitFor();
  await anna.type("Wagner");
  const typed = await anna.typed();
  await anna.press("Enter");
  await anna.page.getByText("Not saved yet: the gateway does not answer.").waitFor();
  await anna.write(ADDRESS, "7 Harbour Lane");
  await anna.screen("restart-down");
  await ask("up");
  await anna.field(NAME).and(anna.page.locator("[data-state=entered]")).getByText("entered").first().waitFor();
  await anna.page.getByText("Not saved yet: the gateway does not answer.").waitFor({ state: "detached" });
  const still = await anna.typed();
  await anna.press("Enter");
  await anna.field(ADDRESS).and(anna.page.locator("[data-state=entered]")).waitFor();
  await anna.page.getByText("not saved yet").first().waitFor({ state: "detached" });
  const { body } = await anna.api("GET", `/api/calls/${call}/review`);
  return { call, typed, still, name: body.draft.caller.name.value, address: body.draft.issues[0].location.address_text.value, holder: body.holder };
});
