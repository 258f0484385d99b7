"use strict";
// How a draft is written down: its values, how sure they are, where they can be heard.

const $ = (id) => document.getElementById(id);
const SURE = 0.8; // a field at or above this, without a review mark, is sure

const ORIGINS = {
  sip_pai: "from the trunk", sip_from: "claimed by the phone", spoken: "spoken",
  token: "proved by sign-in", web_form: "typed by the caller",
};
const BANDS = { missing: ["–", "missing", "Missing"], check: ["?", "check", "Check"], sure: ["✓", "sure", "Sure"] };
const LANGUAGES = {
  en: "English", "cmn-Hans": "Mandarin", "cmn-Hant": "Mandarin (traditional)", "yue-Hant": "Cantonese", "yue-Hans": "Cantonese (simplified)",
};
const SUGGESTIONS = {
  draft_ticket: "open a ticket", answer_only: "an answer is enough", redirect: "pass to the emergency service",
  callback: "call back", wrong_number: "wrong number", discard: "nothing to do",
};
// What the draft shows: label, path, how to print the value. A path that is absent shows nothing.
const FIELDS = [
  ["Category", "category", category], ["What", "description"], ["Where", "location.address_text"], ["Urgency", "urgency", capital],
];

function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
function button(text, className, act) {
  const node = el("button", className, text);
  node.type = "button";
  if (act) node.addEventListener("click", act);
  return node;
}
function at(object, path) {
  return path.split(".").reduce((value, key) => (value === null || value === undefined ? undefined : value[key]), object);
}
function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
function when(text) {
  const date = new Date(text);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}
function capital(code) {
  const text = String(code).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
function category(code) { return String(code).split(".").map(capital).join(" › "); }
function language(code) { return LANGUAGES[code] || String(code); }
function print(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
// What was raised while the caller spoke; of a draft made elsewhere, its flag.
function danger(call) {
  if (call.raised) {
    const { quote, span, service, number } = call.raised;
    return { service: { kind: service, number }, evidence: { text: quote, audio_start_ms: span.start_ms, audio_end_ms: span.end_ms } };
  }
  const flag = at(call.draft, "emergency.flag");
  return flag && flag.value === true ? { service: at(call.draft, "emergency.service"), evidence: (flag.evidence || [])[0] } : null;
}
function taken(raised) {
  if (raised.state === "raised") return `raised ${when(raised.raised_at)}, not acknowledged yet`;
  if (raised.state === "escalated") return `✕ raised ${when(raised.raised_at)}, nobody has acknowledged it`;
  const by = [raised.acknowledged_by, raised.reason].filter(Boolean).join(": ");
  return `✓ acknowledged ${when(raised.acknowledged_at)}${by ? ` (${by})` : ""}`;
}
function drawAlarm(call) {
  const found = danger(call);
  const alarm = $("alarm");
  alarm.hidden = !found;
  if (!found) return;
  const held = [...alarm.querySelectorAll("button")].indexOf(document.activeElement);
  const { service, evidence } = found;
  const words = el("span", "", `▲ Emergency${service ? ` (${service.kind}, ${service.number})` : ""}${evidence ? `: “${evidence.text}”` : ""}`);
  if (call.raised) words.append(el("small", "", taken(call.raised)));
  alarm.replaceChildren(words);
  if (evidence) alarm.append(button(`▶ ${clock(evidence.audio_start_ms)}`, "", () => hear("emergency", [evidence])));
  if (call.raised && call.raised.state !== "acknowledged") alarm.append(button("✓ Acknowledge", "", (event) => acknowledge(call.id, event.currentTarget)));
  const again = alarm.querySelectorAll("button")[held];
  if (again) again.focus({ preventScroll: true });
}
function collect(draft) {
  const found = [];
  const add = (key, label, field, format = print) => { if (field && typeof field === "object") found.push({ key, label, field, format }); };
  (draft.issues || []).forEach((issue, i) => {
    if (i) add(`issue${i}.title`, `Issue ${i + 1}`, issue.title);
    for (const [label, path, format] of FIELDS) add(`issue${i}.${path}`, i ? `${label} ${i + 1}` : label, at(issue, path), format);
  });
  const whole = at(draft, "summary.text");
  if (whole && whole.value !== at(draft, "issues.0.description.value")) add("summary", "Summary", whole);
  const named = ORIGINS[at(draft, "caller.name.source")];
  add("name", "Name", at(draft, "caller.name"), (value) => (named && value === at(draft, "caller.name.value") ? `${value} (${named})` : value));
  const subject = at(draft, "caller.subject");
  if (subject) add("subject", "Account", { value: subject, confidence: 1 });
  collectPhones(draft, add);
  const mixed = (at(draft, "language.mixed_with") || []).map(language);
  add("language", "Language", at(draft, "language.primary"), (value) => [language(value), ...mixed.map((one) => `also ${one}`)].join(", "));
  const flag = at(draft, "emergency.flag");
  if (flag && (flag.value || flag.needs_review)) add("emergency", "Emergency", flag, (value) => capital(print(value)));
  return found;
}
function collectPhones(draft, add) {
  const phones = at(draft, "caller.phones") || [];
  phones.forEach((phone, i) => {
    const notes = [ORIGINS[phone.origin] || phone.origin, phone.repeated ? "said twice" : null,
      phone.belongs_to === "other_party" ? "somebody else’s" : null].filter(Boolean).join(", ");
    const number = phone.e164 || phone.number || phone.raw;
    const format = (value) => (notes && value === number ? `${value} (${notes})` : value);
    add(`phone${i}`, phone.preferred ? "Call back" : "Number", { ...phone, value: number }, format);
  });
  if (!phones.length) add("phone", "Call back", { value: null, evidence: [] });
}
function band(field) {
  if (field.value === null || field.value === undefined || field.value === "") return "missing";
  return field.needs_review || !(field.confidence >= SURE) ? "check" : "sure";
}
function drawFields(call) {
  const focused = document.activeElement && document.activeElement.dataset.key;
  if (!call.draft) {
    $("fields").replaceChildren(el("p", "empty", call.erased_at ? "Its draft was erased." : call.state === "refused" ? "Never answered, so there is no draft." : "The draft begins with the first words."));
    return;
  }
  const fields = collect(call.draft);
  const nodes = [];
  for (const name of ["missing", "check", "sure"]) {
    const these = fields.filter(({ field }) => band(field) === name);
    if (these.length) nodes.push(el("h2", "", `${BANDS[name][2]} ${these.length}`), ...these.map((one) => fieldNode(one, name)));
  }
  $("fields").replaceChildren(...nodes);
  const again = focused && [...$("fields").querySelectorAll("button")].find((node) => node.dataset.key === focused);
  if (again) again.focus({ preventScroll: true });
}
// Rules may quote the same words twice, the longer with the shorter inside: it is heard and read once.
function apart(evidence) {
  const timed = evidence.filter((one) => one.audio_end_ms > one.audio_start_ms);
  const within = (one, other) => one !== other && one.audio_start_ms >= other.audio_start_ms && one.audio_end_ms <= other.audio_end_ms
    && (one.audio_start_ms > other.audio_start_ms || one.audio_end_ms < other.audio_end_ms || timed.indexOf(one) > timed.indexOf(other));
  return timed.filter((one) => !timed.some((other) => within(one, other))).sort((a, b) => a.audio_start_ms - b.audio_start_ms);
}
function fieldNode({ key, label, field, format }, name) {
  const evidence = apart(field.evidence || []);
  const node = evidence.length ? button("", `f play ${name}`, () => hear(key, evidence)) : el("div", `f ${name}`);
  const [icon, word] = BANDS[name];
  const band = el("span", "band", `${icon} ${word}`);
  if (name !== "missing" && field.confidence > 0) band.title = `confidence ${Math.round(field.confidence * 100)} %`;
  const unsaid = desk.call.state === "live" ? "not said yet" : "not said";
  const prose = key.endsWith("description") || key === "summary";
  const main = el("span", "main", el("span", prose ? "v prose" : "v", name === "missing" ? unsaid : format(field.value)));
  const quote = evidence.map((one) => one.text).join(" … ");
  if (quote && !prose && quote.toLowerCase() !== print(field.value).toLowerCase()) main.append(el("span", "q", `“${quote}”`));
  const others = (field.alternatives || []).map((one) => format(one.value)).join(", ");
  if (others && name === "check") main.append(el("span", "q", `or: ${others}`));
  node.append(el("span", "side", el("span", "label", label), band), main);
  if (evidence.length) node.append(el("span", "at", `▶ ${clock(evidence[0].audio_start_ms)}–${clock(evidence[evidence.length - 1].audio_end_ms)}`));
  node.dataset.key = key;
  if (key === desk.field) node.classList.add("on");
  return node;
}
