// An agent at the built desk in a real Chromium, against a stand-in gateway (gateway.mjs). Keyboard only, where it says so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { desk, field, focused, until } from "./at.mjs";
import { StandIn } from "./gateway.mjs";
import { gas, heating, water } from "../../node_modules/.unit/desk-fixtures.js";

let browser;
before(async () => (browser = await launch(["--autoplay-policy=no-user-gesture-required", "--mute-audio"])));
after(() => browser.close());
const at = (gateway, work, how) => desk(browser, gateway, work, how);

const PHONE = "/caller/phones/0";
const CATEGORY = "/issues/0/category";
const ADDRESS = "/issues/0/location/address_text";

test("an agent logs in, takes the next draft, enters what is missing, corrects the number and approves by keyboard; the next opens", async () => {
  await at({ accounts: true }, async (page, gateway) => {
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.keyboard.type("Mei");
    await page.keyboard.press("Tab");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.keyboard.type("right");
    await page.keyboard.press("Enter");
    await page.getByText("No heating since Sunday night").first().waitFor();
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.keyboard.press("Control+Enter");
    await page.getByText("1 missing, 2 not seen").first().waitFor();
    assert.equal(gateway.decisions.length, 0, "nothing is approved unseen");
    await page.keyboard.press("e");
    await page.keyboard.type("418 West 147th Place, 5C");
    await page.keyboard.press("Enter");
    await focused(page, CATEGORY);
    await until(() => gateway.seen.get(heating.id)?.has(CATEGORY));
    await page.keyboard.press("ArrowDown");
    await focused(page, PHONE);
    await page.keyboard.press("e");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("+12125550143");
    await page.keyboard.press("Enter");
    await until(() => gateway.reviews.get(heating.id).draft.caller.phones[0].number === "+12125550143");
    await page.getByText("Ready to approve").waitFor();
    await page.keyboard.press("Control+Enter");
    await until(() => gateway.decisions.length === 1);
    const { draft, decision } = gateway.decisions[0];
    assert.deepEqual([decision, draft.issues[0].location.address_text.value, draft.caller.phones[0].number], ["approve", "418 West 147th Place, 5C", "+12125550143"]);
    await page.getByRole("heading", { name: "小区停水两天" }).waitFor();
    await page.keyboard.press("u");
    await until(() => gateway.decisions.length === 0);
    await page.getByRole("heading", { name: "No heating since Sunday night" }).waitFor();
  });
});

test("a key that is held down approves nothing", async () => {
  await at({}, async (page, gateway) => {
    gateway.seen.set(heating.id, new Set([PHONE, CATEGORY]));
    gateway.apply(gateway.reviews.get(heating.id), [{ pointer: ADDRESS, not_said: true }]);
    await page.keyboard.press("g");
    await page.getByText("Ready to approve").waitFor();
    await page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, repeat: true, bubbles: true })));
    await page.getByText("The key was held down").first().waitFor();
    assert.equal(gateway.asked.some(({ what }) => what.endsWith("/decision")), false);
  });
});

test("a call is rejected by keyboard: its reason by digit, its note by typing", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.keyboard.press("x");
    await page.getByRole("dialog", { name: "Why is there no ticket?" }).waitFor();
    await page.keyboard.press("4");
    await page.keyboard.press("Enter");
    await until(() => gateway.decisions[0]?.reason === "test");
  });
});

test("a field lights its words and plays exactly their seconds", async () => {
  await at({}, async (page) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.evaluate(() => {
      globalThis.heard = [];
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        globalThis.heard.push({ from: this.currentTime });
        this.addEventListener("pause", () => (globalThis.heard.at(-1).to ??= this.currentTime), { once: true });
        return play.call(this);
      };
    });
    await field(page, "/caller/name").click();
    const lit = await page.locator(".w.lit").allTextContents();
    assert.deepEqual(lit, ["Denise", "Okafor,", "O", "K", "A", "F", "O", "R,"]);
    await page.waitForFunction(() => globalThis.heard[0]?.to !== undefined);
    const [{ from, to }] = await page.evaluate(() => globalThis.heard);
    const [first] = heating.draft.caller.name.evidence;
    assert.ok(Math.abs(from * 1_000 - first.audio_start_ms) <= 250, `from ${from}`);
    assert.ok(to * 1_000 >= first.audio_end_ms && to * 1_000 - first.audio_end_ms <= 2_000, `to ${to}`);
    await page.locator(".w", { hasText: "boiler" }).click();
    const at = await page.evaluate(() => globalThis.heard.at(-1).from * 1_000);
    const word = heating.transcript.at(-1).words.find(({ text }) => text === "boiler");
    assert.ok(Math.abs(at - word.start_ms) < 60, `a word plays from there: ${at}`);
  });
});

test("a category is found by name in any of three languages or by code, and by alternatives on 1, 2, 3", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await field(page, CATEGORY).focus();
    await page.keyboard.press("1");
    await until(() => gateway.reviews.get(heating.id).draft.issues[0].category.value === "housing.rental");
    for (const [typed, code] of [["水质", "utility.water_quality"], ["gongs", "utility.water_supply"], ["ldzm", "municipal.street_lighting"], ["water qu", "utility.water_quality"], ["街燈", "municipal.street_lighting"], ["road", "municipal.road_damage"], ["utility.gas", "utility.gas"]]) {
      await field(page, CATEGORY).focus();
      await page.keyboard.press("e");
      await page.getByRole("combobox", { name: "Category" }).last().waitFor();
      await page.keyboard.type(typed);
      await page.keyboard.press("Enter");
      await until(() => gateway.reviews.get(heating.id).draft.issues[0].category.value === code);
    }
  });
});

test("two agents change one field: both values stand side by side and the agent chooses; other fields merge by themselves", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    gateway.apply(gateway.reviews.get(heating.id), [{ pointer: "/issues/0/urgency", value: "urgent" }]);
    await page.keyboard.press("e");
    await page.keyboard.type("1 First Street");
    await page.keyboard.press("Enter");
    await until(() => gateway.reviews.get(heating.id).draft.issues[0].location.address_text.value === "1 First Street");
    assert.equal(gateway.reviews.get(heating.id).draft.issues[0].urgency.value, "urgent", "theirs stands");

    await field(page, "/caller/name").focus();
    await page.keyboard.press("e");
    gateway.apply(gateway.reviews.get(heating.id), [{ pointer: "/caller/name", value: "D. Okafor" }]);
    await page.keyboard.press("Control+a");
    await page.keyboard.type("Denise N. Okafor");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/Theirs\s*D\. Okafor/).waitFor();
    await page.keyboard.press("Escape");
    assert.ok(await dialog.isVisible(), "it waits for an answer");
    await dialog.getByRole("button", { name: "Save what I chose" }).click();
    await until(() => gateway.reviews.get(heating.id).draft.caller.name.value === "Denise N. Okafor");
  });
});

test("what is typed survives a gateway that is away, a claim that is lost, and a reload", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    gateway.faults.set("PATCH .*", 503);
    await page.keyboard.press("e");
    await page.keyboard.type("418 West 147th Place");
    await page.keyboard.press("Enter");
    await page.getByText("Not saved yet").first().waitFor();
    page.on("dialog", (dialog) => dialog.accept());
    await page.reload();
    await page.locator("[data-pointer]", { hasText: "418 West 147th Place" }).first().waitFor();
    gateway.faults.clear();
    await until(() => gateway.reviews.get(heating.id).draft.issues[0].location.address_text.value === "418 West 147th Place");

    await field(page, "/caller/name").focus();
    await page.keyboard.press("e");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("Denise O.");
    gateway.reviews.get(heating.id).holder = "Nan";
    gateway.push("review", { call: heating.id, revision: 99, state: "held", holder: "Nan" });
    await page.getByText("Nan is working on this draft").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Name" }).inputValue(), "Denise O.", "the typing stays");
    await page.keyboard.press("Enter");
    await page.getByText("somebody else holds the draft now").first().waitFor();
    await page.getByRole("button", { name: "Take over" }).click();
    await until(() => gateway.reviews.get(heating.id).draft.caller.name.value === "Denise O.");
  });
});

test("a live call: words come in, the draft grows, typing stays, an emergency is told and taken by one key", async () => {
  const raised = { service: "fire", number: "112", quote: "smoke in the hall", start_ms: 900, end_ms: 1_900 };
  const calm = structuredClone(gas);
  await at({}, async (page, gateway) => {
    const call = gateway.calls.get(gas.id);
    await page.locator(`a[href="#${gas.id}"]`).click();
    await page.getByRole("region", { name: "Emergencies" }).waitFor();
    await page.keyboard.press("t");
    await until(() => gateway.acknowledged.length === 1);
    await page.getByRole("region", { name: "Emergencies" }).waitFor({ state: "detached" });
    await field(page, "/caller/name").focus();
    await page.keyboard.press("e");
    await page.keyboard.type("Anna");
    gateway.push("partial", { call: gas.id, hypothesis: { text: "there is smo" } });
    await page.getByText("there is smo").waitFor();
    const utterance = { ...calm.transcript[1], seq: 2, text: "There is smoke.", words: [{ text: "There", start_ms: 8_000, end_ms: 8_300, confidence: 1, band: "sure" }] };
    gateway.push("final", { call: gas.id, utterance });
    const draft = structuredClone(calm.draft);
    draft.summary.title.value = "Smoke and gas in the stairwell";
    draft.caller.name.value = "Hannah";
    gateway.push("draft", { call: gas.id, complete: false, draft });
    await page.getByRole("heading", { name: "Smoke and gas in the stairwell" }).waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Name" }).inputValue(), "Anna", "typing is never overwritten");
    call.raised = { ...call.raised, ...raised, state: "raised" };
    gateway.items.find((item) => item.call === gas.id).emergency.state = "raised";
    gateway.push("emergency", { call: gas.id, state: "raised", danger: raised });
    await page.getByRole("region", { name: "Emergencies" }).getByText("smoke in the hall").waitFor();
    assert.match(await page.title(), /^▲ Emergency/);
    await page.keyboard.type(" Tate");
    assert.equal(gateway.acknowledged.length, 1, "a letter that is typed takes nothing");
    assert.equal(await page.getByRole("textbox", { name: "Name" }).inputValue(), "Anna Tate");
  });
});

test("composing Chinese and typing fire no shortcut", async () => {
  await at({}, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    await page.evaluate(() => {
      for (const [key, more] of [["x", { isComposing: true }], ["Process", { keyCode: 229 }], ["Enter", { ctrlKey: true, isComposing: true }]])
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
    });
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.keyboard.press("e");
    await page.keyboard.type("xbrwa gjkl 123 n?/");
    assert.equal(await page.getByRole("textbox", { name: "Address" }).inputValue(), "xbrwa gjkl 123 n?/");
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true })));
    assert.equal(await page.getByRole("textbox", { name: "Address" }).inputValue(), "xbrwa gjkl 123 n?/", "still typed at");
    assert.equal(gateway.asked.some(({ what }) => what.startsWith("PATCH")), false, "Enter that ends a composition saves nothing");
  });
});

test("a gateway without reviews is shown as it is: calls, words and sound, and nothing to decide", async () => {
  await at({ hasReview: false }, async (page) => {
    await page.getByText("Read only").waitFor();
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await page.getByRole("button", { name: /Approve|Reject|Edit/ }).count(), 0);
    await page.locator(`a[href="#${heating.id}"]`).click();
    await field(page, PHONE).click();
    assert.deepEqual((await page.locator(".w.lit").allTextContents()).slice(0, 2), ["two", "one"]);
  });
});

test("a session that ends shows the door, and the typing is still there behind it", async () => {
  await at({ accounts: true, loggedIn: true }, async (page, gateway) => {
    await page.keyboard.press("g");
    await focused(page, ADDRESS);
    gateway.loggedIn = false;
    await page.keyboard.press("e");
    await page.keyboard.type("418 West");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.keyboard.type("Mei");
    await page.keyboard.press("Tab");
    await page.keyboard.type("right");
    await page.keyboard.press("Enter");
    await until(() => gateway.reviews.get(heating.id).draft.issues[0].location.address_text.value === "418 West");
  });
});

const PAYLOADS = [
  "<img src=x onerror=globalThis.pwned=1>", "<script>globalThis.pwned=1</script>", "\"><svg onload=globalThis.pwned=1>", "javascript:globalThis.pwned=1",
  "{@html '<img src=x onerror=globalThis.pwned=1>'}", "<iframe srcdoc='<script>parent.pwned=1</script>'>", "';globalThis.pwned=1;//", "<style>@import'//x'</style>",
  "<a href=javascript:globalThis.pwned=1>x</a>", "\u202e<b onmouseover=globalThis.pwned=1>", "<math><mtext><img src onerror=globalThis.pwned=1>", "{{constructor.constructor('globalThis.pwned=1')()}}",
];

test("what strangers say, are called and send is text and never code, in every place of the page", async () => {
  for (const payload of PAYLOADS) {
    const gateway = new StandIn();
    const call = gateway.calls.get(heating.id);
    const draft = gateway.reviews.get(heating.id).draft;
    Object.assign(call, { title: payload, display_name: payload, number: null, line: payload, dtmf: payload });
    Object.assign(call.deliveries[0], { state: "dead", last_error: payload, endpoint: payload });
    call.transcript[0] = { ...call.transcript[0], text: payload, words: [{ text: payload, start_ms: 0, end_ms: 900, confidence: 1, band: "check" }] };
    draft.summary.title.value = payload;
    draft.caller.name = { ...draft.caller.name, value: payload, alternatives: [{ value: payload, confidence: 0.2 }], evidence: [{ ...draft.caller.name.evidence[0], text: payload }] };
    draft.issues[0].category.value = payload;
    draft.issues[0].request_type.value = payload;
    draft.issues[0].description.value = payload;
    draft.caller.vulnerability.value = [payload];
    draft.related[0].relation = payload;
    Object.assign(gateway.items[1], { title: payload, category: payload, place: payload, holder: payload, line: payload });
    const gas = gateway.calls.get(gateway.items[0].call);
    Object.assign(gas.raised, { quote: payload, number: payload, service: payload });
    await at({ calls: gateway.calls, reviews: gateway.reviews, items: gateway.items }, async (page) => {
      await page.keyboard.press("g");
      await page.locator("h1", { hasText: payload.slice(0, 6) }).waitFor();
      await field(page, "/caller/name").click();
      await page.locator("summary").click();
      for (const one of await page.locator(".f").all()) await one.hover();
      assert.equal(await page.evaluate(() => globalThis.pwned), undefined, payload);
      const foreign = await page.evaluate(() => document.querySelectorAll("#page :is(script, iframe, style, math, object, embed, b[onmouseover], [onerror], [onload], a[href^=javascript])").length);
      assert.equal(foreign, 0, payload);
    });
  }
});
