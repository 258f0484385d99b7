import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../../node_modules/.unit/sse.js";
import { callInfoHeader, isTelephoneNumber, retryAfter } from "../../node_modules/.unit/whip.js";
import { chooseScript, spokenOf, texts } from "../../node_modules/.unit/text.js";

test("an event stream is read the same however the network cuts it", () => {
  const stream = ": keep-alive\n\nevent: partial\ndata: {\"text\":\"暖气\"}\n\nevent: complete\r\ndata: {}\r\n\r\ndata: a\ndata: b\n\n";
  const expected = [
    { name: "partial", data: '{"text":"暖气"}' },
    { name: "complete", data: "{}" },
    { name: "message", data: "a\nb" },
  ];
  for (let cut = 1; cut < stream.length; cut++) {
    const parser = new EventParser();
    assert.deepEqual([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], expected, `cut at ${cut}`);
  }
  const one = new EventParser();
  assert.deepEqual([...stream].flatMap((letter) => one.push(letter)), expected);
});

test("an event without end is not kept for ever", () => {
  const parser = new EventParser();
  assert.throws(() => {
    for (let piece = 0; piece < 2_000; piece++) parser.push("x".repeat(1_000));
  });
});

test("Retry-After is seconds or a date", () => {
  assert.equal(retryAfter("7", 0), 7);
  assert.equal(retryAfter("Thu, 01 Jan 1970 00:00:30 GMT", 10_000), 20);
  assert.equal(retryAfter("Thu, 01 Jan 1970 00:00:30 GMT", 60_000), 0);
  assert.equal(retryAfter("soon", 0), null);
  assert.equal(retryAfter(null, 0), null);
});

test("the call's description is base64url of UTF-8, and absent where there is nothing to say", () => {
  assert.equal(callInfoHeader({ name: "", number: "" }), null);
  const header = callInfoHeader({ name: "陳美玲 ÿþ?>", number: "", language: "yue" });
  assert.match(header, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(JSON.parse(Buffer.from(header, "base64url").toString()), { name: "陳美玲 ÿþ?>", language: "yue" });
});

test("a telephone number is what the gateway takes for one", () => {
  for (const number of ["112", "+44 (0)20 7946-0000", "９１２３ ４５６７", "555.0134", "020/79460000"]) assert.ok(isTelephoneNumber(number), number);
  for (const number of ["", "12", "ask Anna", "5550134 ext 2", "1+234"]) assert.ok(!isTelephoneNumber(number), number);
});

test("the language is the first wish the page can fulfil", () => {
  assert.equal(chooseScript([null, undefined, "fr", "zh-HK", "en"]), "zh-Hant");
  assert.equal(chooseScript(["zh-TW"]), "zh-Hant");
  assert.equal(chooseScript(["zh-CN"]), "zh-Hans");
  assert.equal(chooseScript(["zh_Hans_HK"]), "zh-Hans");
  assert.equal(chooseScript(["yue"]), "zh-Hant");
  assert.equal(chooseScript(["de"]), "en");
});

test("what a reader speaks is what the line understands", () => {
  assert.equal(spokenOf("zh-Hant", ["en", "yue"]), "yue");
  assert.equal(spokenOf("zh-Hant", ["en", "zh"]), "zh");
  assert.equal(spokenOf("zh-Hans", ["zh", "yue"]), "zh");
  assert.equal(spokenOf("en", ["zh"]), "en");
});

/** The simplified and the traditional text each keep to their own letters. */
test("no text is empty, and the two scripts are not mixed", () => {
  const strings = (value) =>
    typeof value === "string" ? [value] : value && typeof value === "object" ? Object.values(value).flatMap(strings) : [];
  for (const text of Object.values(texts)) for (const one of strings(text)) assert.ok(one.trim().length > 0);
  assert.doesNotMatch(strings(texts["zh-Hans"]).join(""), /[們麼號錄這裏聽說請給過還網頁電話線開關時間語]/);
  assert.doesNotMatch(strings(texts["zh-Hant"]).join(""), /[们么号录这里听说请给过还网页电话线开关时间语]/);
});
