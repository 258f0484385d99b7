// Calls and drafts in the shapes of the desk's API, for the gallery, the unit tests and the stand-in gateway.

import type {
  CallDetail, Coverage, Draft, Evidence, Field, Issue, Item, Phone, Queue, Review, ReviewField, Utterance, Word,
} from "../../src/desk/contract";
import { rowsOf } from "../../src/desk/rules/rows";

/** The clock of the pictures. */
export const NOW_MS = Date.UTC(2026, 10, 27, 9, 58, 0);
const iso = (minutes: number) => new Date(NOW_MS + minutes * 60_000).toISOString();

export const IDS = {
  heating: "018f6d2a-0000-7000-8000-000000000001",
  gas: "018f6d2a-0000-7000-8000-000000000002",
  water: "018f6d2a-0000-7000-8000-000000000003",
  light: "018f6d2a-0000-7000-8000-000000000004",
  drip: "018f6d2a-0000-7000-8000-000000000005",
  dropped: "018f6d2a-0000-7000-8000-000000000006",
  earlier: "018f6d2a-0000-7000-8000-000000000007",
} as const;

/** Words with times in proportion to their letters; `unsure` are heard badly. */
function utterance(seq: number, start_ms: number, end_ms: number, text: string, language: string, unsure: Record<string, Word["band"]> = {}): Utterance {
  const pieces = language === "en" ? text.split(" ") : [...text].filter((one) => /\p{L}|\d/u.test(one));
  const letters = pieces.reduce((sum, piece) => sum + piece.length + 1, 0);
  let at = start_ms + 100;
  const words = pieces.map((piece): Word => {
    const from = at;
    at += ((end_ms - start_ms - 200) * (piece.length + 1)) / letters;
    const band = unsure[piece] ?? "sure";
    return { text: piece, start_ms: Math.round(from), end_ms: Math.round(at), confidence: band === "sure" ? 0.97 : 0.6, band };
  });
  return { seq, span: { start_ms, end_ms }, outcome: "text", text, language, words };
}

const gap = (seq: number, start_ms: number, end_ms: number): Utterance => ({ seq, span: { start_ms, end_ms }, outcome: "unrecognised", text: "", language: null, words: [] });

/** The words of `text` in the transcript, as evidence. */
function evidence(transcript: readonly Utterance[], text: string): Evidence[] {
  const said = transcript.find((one) => one.text.includes(text));
  if (said === undefined) throw new Error(`nobody says: ${text}`);
  const from = said.text.indexOf(text);
  let done = 0;
  const inside = said.words.filter((word) => {
    const at = said.text.indexOf(word.text, done);
    done = at + word.text.length;
    return at + word.text.length > from && at < from + text.length;
  });
  const [first, last] = [inside[0], inside.at(-1)];
  return [{
    segment_id: `u${said.seq}`, char_start: from, char_end: from + text.length, text, band: "sure",
    audio_start_ms: first?.start_ms ?? said.span.start_ms, audio_end_ms: last?.end_ms ?? said.span.end_ms,
  }];
}

export const unknown = <T>(): Field<T> => ({ value: null, confidence: 0, source: "default", evidence: [], alternatives: [], needs_review: false, band: null });

function field<T>(value: T, said: Evidence[], more: Partial<Field<T>> = {}): Field<T> {
  return { value, confidence: 0.93, source: "rule", evidence: said, alternatives: [], needs_review: false, band: "sure", ...more };
}

const doubt = <T>(confidence: number, ...others: [T, number][]): Partial<Field<T>> => ({
  confidence, needs_review: true, band: "check", alternatives: others.map(([value, sure]) => ({ value, confidence: sure })),
});

function issue(id: string, more: Partial<Issue> = {}, location: Record<string, Field<string>> = {}): Issue {
  return {
    issue_id: id, request_type: unknown(), category: unknown(), title: unknown(), description: unknown(),
    location: { address_text: unknown(), district: unknown(), ...location },
    occurred_at: { text: unknown(), start: null, end: null, precision: null, ongoing: null },
    urgency: unknown(), handle_within_h: null, safety_risks: unknown(), respondent: unknown(), affected_count: unknown(),
    group_demand: unknown(), desired_outcome: unknown(), routing_suggestion: unknown(), ...more,
  };
}

const nobody = (): Draft["caller"] => ({
  name: unknown(), phones: [], number_withheld: false, subject: null, anonymity: unknown(), follow_up_consent: unknown(),
  callback_window: unknown(), vulnerability: unknown(),
});

const silence: Coverage = { text_ms: 0, silence_ms: 0, unrecognised_ms: 0, lost_ms: 0, not_recorded_ms: 0 };

function draft(reference: string, more: Partial<Draft>): Draft {
  return {
    version: 1, reference, disposition_suggestion: "draft_ticket", needs_listening: false,
    language: { primary: unknown(), mixed_with: [], needs_interpreter: unknown(), interpreter_language: unknown() },
    caller: nobody(), related: [], quoted_reference: unknown(), issues: [], emergency: { flag: { ...unknown<boolean>(), value: false, confidence: 0.9 }, service: null },
    summary: { title: unknown(), text: unknown() }, transcript: { model: "small", demo_model: false }, coverage: silence, ...more,
  };
}

const spoken = (number: string, e164: string | null, raw: string, said: Evidence[], more: Partial<Phone> = {}): Phone => ({
  number, e164, raw, origin: "spoken", preferred: true, repeated: false, read_back_confirmed: false, belongs_to: "caller",
  confidence: 0.9, source: "rule", evidence: said, alternatives: [], needs_review: false, band: "sure", ...more,
});
const claimed = (e164: string): Phone => ({ ...spoken(e164.slice(1), e164, e164, []), origin: "sip_from", preferred: false, belongs_to: "unknown", source: "sip", confidence: 0.85, band: null });

function detail(id: string, reference: string, transcript: Utterance[], body: Draft | null, more: Partial<CallDetail> = {}): CallDetail {
  return {
    id, reference, line: "default", state: "done", cause: "caller_hangup", number: "+12125550199", display_name: null, withheld: false,
    started_at: iso(-17), answered_at: iso(-17), duration_ms: 56_000, has_recording: true, title: body?.summary.title.value ?? null,
    category: body?.issues[0]?.category.value ?? null, emergency: false, raised: null, erased_at: null,
    party: { verified: null, claimed: null, asserted: null, withheld: false }, channel: "sip", follows: null, dtmf: "", notice: { start_ms: 0, end_ms: 3_600 },
    transcript, tone: { sentiment: "neutral", abusive: false, threat_to_staff: false, quotes: [] }, coverage: body?.coverage ?? null,
    line_quality: null, draft: body, draft_complete: true, transfer: null, deliveries: [], ...more,
  };
}

const heatingWords = [
  utterance(0, 4_000, 9_800, "Hi, yes, I need to report that there's been no heat in my apartment since Sunday night.", "en"),
  utterance(1, 11_000, 16_000, "The radiators are stone cold and I've got a two year old in here.", "en", { stone: "check" }),
  utterance(2, 18_000, 23_600, "It's four eighteen West a hundred and forty-seventh Place, apartment five C.", "en"),
  utterance(3, 27_000, 29_900, "Denise Okafor, O K A F O R,", "en", { "O": "sure" }),
  utterance(4, 31_000, 36_200, "and my number is two one two, five five five, zero one three four.", "en", { three: "check", four: "missing" }),
  gap(5, 37_000, 39_100),
  utterance(6, 41_000, 45_000, "I just want somebody to come and get the boiler going.", "en"),
];
const heard = (text: string) => evidence(heatingWords, text);

export const heatingDraft = draft("4829130675", {
  coverage: { text_ms: 29_300, silence_ms: 23_800, unrecognised_ms: 2_100, lost_ms: 800, not_recorded_ms: 0 },
  needs_listening: true,
  language: { primary: field("en", heard("Hi, yes")), mixed_with: [], needs_interpreter: unknown(), interpreter_language: unknown() },
  caller: {
    ...nobody(),
    name: field("Denise Okafor", heard("Denise Okafor, O K A F O R")),
    phones: [spoken("2125550134", "+12125550134", "two one two, five five five, zero one three four", heard("two one two, five five five, zero one three four"),
      { confidence: 0.61, needs_review: true, band: "check" }), claimed("+12125550199")],
    follow_up_consent: field("yes", heard("my number is")),
    vulnerability: field(["child"], heard("a two year old")),
  },
  related: [{ ref: "4829000218", call_id: IDS.earlier, relation: "same_number_recent", score: 0.7, confirmed: null }],
  issues: [issue("i1", {
    request_type: field("complaint", heard("I need to report")),
    category: field("utility.heating", heard("no heat in my apartment"), doubt(0.71, ["housing.rental", 0.14], ["property.repair", 0.09])),
    title: field("No heating since Sunday night", heard("no heat in my apartment")),
    description: field("I need to report that there's been no heat in my apartment since Sunday night. The radiators are stone cold and I've got a two year old in here.", heard("I need to report that there's been no heat in my apartment since Sunday night.")),
    occurred_at: { text: field("since Sunday night", heard("since Sunday night")), start: "2026-11-22T20:00:00Z", end: null, precision: "part_of_day", ongoing: true },
    urgency: field("high", heard("a two year old"), { source: "default" }),
    handle_within_h: 24,
    desired_outcome: field("somebody to come and get the boiler going", heard("somebody to come and get the boiler going")),
    routing_suggestion: field({ unit: "Housing Preservation, Manhattan", basis: "Heating supply in Manhattan" }, heard("no heat in my apartment")),
  }, { street: field("418 West 147th Place", heard("four eighteen West a hundred and forty-seventh Place")), unit: field("5C", heard("apartment five C")) })],
  summary: { title: field("No heating since Sunday night", heard("no heat in my apartment")), text: unknown() },
});

export const heating = detail(IDS.heating, "4829130675", heatingWords, heatingDraft, {
  deliveries: [{ id: "msg_1", kind: "draft", version: 1, endpoint: "city", state: "delivered", attempts: 1, next_attempt_at: null, last_status: 201, last_error: null, delivered_at: iso(-16) }],
});

export const earlier = detail(IDS.earlier, "4829000218", [], draft("4829000218", {
  issues: [issue("i1", { category: field("utility.heating", []), description: field("The radiator in the bedroom stays cold while the others are warm.", []) }, { address_text: field("418 West 147th Place", []) })],
  summary: { title: field("Radiator in the bedroom stays cold", []), text: unknown() },
}), { started_at: iso(-60 * 24 * 12) });

const gasWords = [
  utterance(0, 1_200, 3_000, "Hello? I can smell gas in the stairwell.", "en"),
  utterance(1, 3_900, 7_200, "It's really strong, twelve Elm Court, second floor.", "en", { Elm: "check" }),
];
export const gasDraft = draft("8203527789", {
  version: 0, disposition_suggestion: "redirect",
  coverage: { text_ms: 5_100, silence_ms: 2_100, unrecognised_ms: 0, lost_ms: 0, not_recorded_ms: 0 },
  caller: { ...nobody(), phones: [claimed("+12025550111")] },
  issues: [issue("i1", {
    request_type: field("report", evidence(gasWords, "I can smell gas")),
    category: field("safety.gas_leak", evidence(gasWords, "smell gas")),
    title: field("Smell of gas in the stairwell", evidence(gasWords, "smell gas in the stairwell")),
    urgency: field("emergency", evidence(gasWords, "smell gas")),
    safety_risks: field(["gas"], evidence(gasWords, "smell gas")),
  }, { address_text: field("12 Elm Court, second floor", evidence(gasWords, "twelve Elm Court, second floor"), { confidence: 0.68, needs_review: true, band: "check" }) })],
  emergency: { flag: field(true, evidence(gasWords, "smell gas")), service: { kind: "fire", number: "112" } },
  summary: { title: field("Smell of gas in the stairwell", evidence(gasWords, "smell gas in the stairwell")), text: unknown() },
});
export const gas = detail(IDS.gas, "8203527789", gasWords, gasDraft, {
  state: "live", cause: null, number: "+12025550111", started_at: iso(-0.22), answered_at: iso(-0.2), duration_ms: null, emergency: true, draft_complete: false, coverage: null,
  tone: { sentiment: "negative", abusive: false, threat_to_staff: false, quotes: [] }, notice: null,
  raised: { state: "raised", service: "fire", number: "112", quote: "I can smell gas in the stairwell", span: { start_ms: 1_900, end_ms: 2_900 }, raised_at: iso(-0.1), acknowledged_at: null, acknowledged_by: null, reason: null },
});

const waterWords = [
  utterance(0, 3_800, 7_900, "你好，我们小区停水两天了，一直没人管。", "zh"),
  utterance(1, 8_600, 12_400, "我住在马家堡西里十二号楼三单元。", "zh", { 堡: "check" }),
  utterance(2, 13_000, 17_400, "还有楼下的路灯也坏了，晚上老人出门很危险。", "zh"),
  utterance(3, 18_200, 21_800, "我不想留名字，你们打一三八零零一三八零零零。", "zh", { 八: "check" }),
];
const said = (text: string) => evidence(waterWords, text);
export const waterDraft = draft("5656885837", {
  coverage: { text_ms: 16_100, silence_ms: 7_500, unrecognised_ms: 0, lost_ms: 0, not_recorded_ms: 0 },
  language: { primary: field("cmn-Hans", said("你好")), mixed_with: [], needs_interpreter: unknown(), interpreter_language: unknown() },
  caller: {
    ...nobody(),
    phones: [spoken("13800138000", "+8613800138000", "一三八零零一三八零零零", said("一三八零零一三八零零零"), { confidence: 0.72, needs_review: true, band: "check" })],
    anonymity: field("anonymous", said("我不想留名字")),
    vulnerability: field(["elderly"], said("老人")),
  },
  issues: [
    issue("i1", {
      request_type: field("complaint", said("一直没人管")),
      category: field("utility.water_supply", said("停水两天了"), doubt(0.66, ["utility.water_quality", 0.2], ["property.management", 0.1])),
      title: field("小区停水两天", said("小区停水两天")),
      description: field("我们小区停水两天了，一直没人管。", said("我们小区停水两天了，一直没人管。")),
      occurred_at: { text: field("两天了", said("两天了")), start: iso(-60 * 48), end: null, precision: "day", ongoing: true },
      urgency: field("high", said("停水两天")),
      handle_within_h: 24,
    }, { address_text: field("马家堡西里12号楼3单元", said("马家堡西里十二号楼三单元"), { confidence: 0.88 }), community: field("马家堡西里", said("马家堡西里")) }),
    issue("i2", {
      request_type: field("report", said("路灯也坏了")),
      category: field("municipal.street_lighting", said("路灯也坏了")),
      title: field("路灯坏了", said("路灯也坏了")),
    }),
  ],
  summary: { title: field("小区停水两天", said("小区停水两天")), text: unknown() },
});
export const water = detail(IDS.water, "5656885837", waterWords, waterDraft, { number: "+8613800138000", duration_ms: 23_600, started_at: iso(-9), answered_at: iso(-9), notice: { start_ms: 0, end_ms: 3_500 } });

/** What the gateway would say of a draft's fields; `seen` are those the agent has looked at. */
export function reviewOf(call: CallDetail, more: Partial<Review> = {}, seen: readonly string[] = []): Review {
  const body = call.draft ?? draft(call.reference, {});
  const fields = rowsOf(body, null).map((row): ReviewField => ({ pointer: row.pointer, name: row.name, state: row.state, required: row.required, seen: seen.includes(row.pointer) }));
  return {
    call: call.id, revision: 3, state: "held", holder: "Mei", mine: true, until: iso(4), due_at: iso(13), draft: body, fields, decision: null, merged: [], ...more,
  };
}

function item(call: CallDetail, more: Partial<Item>): Item {
  const body = call.draft?.issues[0];
  return {
    call: call.id, reference: call.reference, line: "default", title: call.title, category: call.category, urgency: body?.urgency.value ?? "normal", emergency: null,
    state: "waiting", holder: null, mine: false, due_at: iso(60), overdue: false, missing: 0, check: 0, started_at: call.started_at, duration_ms: call.duration_ms,
    number: "212 ••• 0199", place: body?.location["address_text"]?.value ?? null, repeats: 0, delivery: null, ...more,
  };
}

export const items: Item[] = [
  item(gas, { state: "live", emergency: { state: "raised" }, due_at: iso(0), check: 1 }),
  item(heating, { state: "held", holder: "Mei", mine: true, due_at: iso(13), missing: 1, check: 2, repeats: 1, place: "West 147th Place" }),
  item(water, { due_at: iso(21), missing: 1, check: 2 }),
  { ...item(water, { holder: "Nan", state: "held", due_at: iso(-26), overdue: true }), call: IDS.light, title: "Street light out by the school", category: "municipal.street_lighting", place: "Maple Street", check: 1 },
  { ...item(water, { due_at: iso(112), repeats: 2 }), call: IDS.drip, title: "樓上冷氣機滴水", category: "housing.leak", place: "旺角彌敦道", check: 0 },
  { ...item(heating, { due_at: iso(470), missing: 3 }), call: IDS.dropped, title: "Call dropped, please call back", category: "other.no_content", place: null, delivery: "dead" },
];

export const queue: Queue = { items, counts: { live: 1, waiting: 14, overdue: 1, mine: 1, dead: 1 }, next: null };

/** A call of three hours and 25,000 words; what it is about is said near its end. */
export function longCall(): CallDetail {
  const filler = "there was somebody in the office who said that it would be looked at within the week and nobody came".split(" ");
  const transcript = Array.from({ length: 2_084 }, (_, seq) => {
    const text = seq === 2_040 ? "the boiler in the cellar is broken since" : Array.from({ length: 12 }, (_, i) => filler[(seq * 7 + i) % filler.length]).join(" ");
    return utterance(seq, 4_000 + seq * 5_180, 4_000 + seq * 5_180 + 4_900, text, "en", { somebody: "check" });
  });
  const about = evidence(transcript, "the boiler in the cellar");
  const body = draft("7001234567", {
    issues: [issue("i1", { request_type: field("complaint", about), category: field("utility.heating", about, doubt(0.7)) }, { address_text: field("1 First Street", about) })],
    summary: { title: field("Boiler broken", about), text: unknown() },
  });
  return detail(IDS.heating, "7001234567", transcript, body, { duration_ms: 10_800_000, has_recording: false });
}

export const categories = [
  ["utility", "Utilities", "公用事业", "公用事業"], ["utility.heating", "Heating supply", "供暖供热", "供暖供熱"],
  ["utility.water_supply", "Water supply", "供水", "供水"], ["utility.water_quality", "Water quality", "水质", "水質"],
  ["utility.gas", "Gas supply", "燃气", "煤氣"], ["municipal", "Streets", "市政", "市政"],
  ["municipal.street_lighting", "Street lighting", "路灯照明", "街燈照明"], ["municipal.road_damage", "Road damage", "道路破损", "道路損壞"],
  ["housing", "Housing", "住房", "房屋"], ["housing.rental", "Renting", "租房", "租務"], ["housing.leak", "Dripping air conditioner", "空调滴水", "冷氣滴水"],
  ["property", "Property", "物业", "物業"], ["property.repair", "Repairs", "维修", "維修"], ["property.management", "Property management", "物业管理", "物業管理"],
  ["safety", "Safety", "安全", "安全"], ["safety.gas_leak", "Gas leak", "燃气泄漏", "煤氣洩漏"],
  ["other", "Other", "其他", "其他"], ["other.unclear", "Unclear", "不明", "不明"], ["other.no_content", "Nothing said", "没有内容", "沒有內容"],
].map(([code = "", en = "", hans = "", hant = ""]) => ({ code, name: { en, "zh-Hans": hans, "zh-Hant": hant } }));
