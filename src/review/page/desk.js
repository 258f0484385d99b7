"use strict";
// The desk. All text reaches the page through textContent: it comes from strangers on the telephone.

const audio = $("audio");
const UNSURE = 0.5; // a word below this is underlined

const STATES = { ringing: "ringing", live: "on the line", finishing: "writing down", done: "done", refused: "not taken" };
const CAUSES = {
  caller_hangup: "caller hung up", system_end: "ended after silence", dtmf_end: "ended by key", cancelled: "cancelled by caller",
  no_media: "no sound arrived", media_lost: "sound stopped", max_duration: "longest time reached",
  interrupted: "gateway stopped in mid-call", shutdown: "gateway shut down", refused: "refused",
};
const KINDS = [["text_ms", "text", "text"], ["silence_ms", "silence", "silence"], ["unrecognised_ms", "unrecognised", "unrecognised"],
  ["lost_ms", "lost", "lost on the line"], ["not_recorded_ms", "not_recorded", "not recorded"]];

const desk = { calls: new Map(), next: null, open: null, call: null, partial: null, span: null, field: null, token: 0, loaded: false, heard: false };

function caller(call) {
  return call.withheld ? "number withheld" : call.number || call.display_name || "unknown number";
}
function length(call) {
  if (call.duration_ms !== null) return clock(call.duration_ms);
  return call.state === "live" && call.answered_at ? clock(Date.now() - Date.parse(call.answered_at)) : "";
}
async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) {
    const { detail } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(detail || `the desk answered ${answer.status}`), { status: answer.status });
  }
  return answer.json();
}
function announce(text) { $("said").textContent = text; }
let failed = null;
function fail(error) { // errors are for every eye, not only for screen readers
  announce("");
  $("failed").textContent = error.message === "Failed to fetch" ? "The gateway does not answer." : error.message;
  $("failed").hidden = false;
  clearTimeout(failed);
  failed = setTimeout(() => { $("failed").hidden = true; }, 8000);
}

// The list
async function loadList(before) {
  const page = await get(before ? `/api/calls?before=${encodeURIComponent(before)}` : "/api/calls");
  for (const call of page.calls) desk.calls.set(call.id, call);
  if (before || !desk.loaded) desk.next = page.next;
  desk.loaded = true;
  desk.notices = page.notices;
  drawWelcome(page.sip || []);
  $("notices").replaceChildren(...page.notices.map((text) => el("div", "notice", text)));
  drawList();
}
function drawWelcome(sip) {
  const here = sip.map((uri) => uri.replace("@0.0.0.0:", "@127.0.0.1:").replace("@[::]:", "@[::1]:"));
  const first = here.find((uri) => !uri.includes(";")) || `'${here[0] || "sip:hotline@ADDRESS"}'`; // a shell ends a command at ";"
  $("try").textContent = `heardline call ${first} audio-samples/en-heating.wav`;
  const there = [...new Set(sip.map((uri) => uri.replace(/@(0\.0\.0\.0|\[::\])(?=:)/, "@ADDRESS-OF-THIS-MACHINE")))];
  $("dial").replaceChildren(...there.flatMap((uri, i) => [i ? " or " : "", el("code", "", uri)]));
}
function drawList() {
  const calls = [...desk.calls.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  const focused = $("calls").contains(document.activeElement) && document.activeElement.hash;
  $("calls").replaceChildren(...calls.map(row));
  const again = focused && [...$("calls").querySelectorAll("a")].find((link) => link.hash === focused);
  if (again) again.focus({ preventScroll: true }); // every event draws the list anew
  $("more").hidden = !desk.next;
  const live = calls.filter((call) => call.state === "live").length;
  $("live-count").textContent = `${live} on the line`;
  $("welcome").hidden = !desk.loaded || calls.length > 0 || desk.open !== null;
  const alarm = calls.some((call) => (call.raised ? call.raised.state !== "acknowledged" : call.emergency && call.state === "live"));
  document.title = `${alarm ? "▲ Emergency · " : ""}${live ? `(${live}) ` : ""}Heardline desk`;
}
// The first words of a call are a greeting: until more is said, its subject is open and not "unclear".
function early(call, code) { return call.state === "live" && String(code || "other.").startsWith("other."); }
function row(call) {
  const open = early(call, call.category);
  const title = call.erased_at ? "Erased" : open ? "Listening…" : call.title || (call.category ? category(call.category) : call.state === "refused" ? "Call not taken" : "No words yet");
  const state = el("span", `state-${call.state}`, call.erased_at ? "erased" : STATES[call.state] || call.state);
  const link = el("a", call.emergency ? "emergency" : "",
    el("span", "t", (call.emergency ? "▲ Emergency · " : "") + title), el("span", "d", length(call)),
    el("small", "", state, call.erased_at ? "" : ` · ${caller(call)}`, ` · ${when(call.started_at)}`));
  if (call.title && call.category && !open) link.append(el("small", "", category(call.category)));
  link.href = `#${call.id}`;
  if (call.id === desk.open) link.setAttribute("aria-current", "true");
  return el("li", "", link);
}
async function loadDead() {
  const { deliveries } = await get("/api/deliveries?state=dead");
  $("dead-count").hidden = deliveries.length === 0;
  if (deliveries.length) {
    $("dead-count").textContent = `✕ ${deliveries.length} not delivered`;
    $("dead-count").href = `#${deliveries[0].call}`;
  }
}

// One call
async function show(id) {
  const fresh = id !== desk.open;
  desk.open = id;
  document.body.classList.toggle("open", id !== null);
  if (fresh) {
    Object.assign(desk, { call: null, partial: null, span: null, field: null });
    audio.pause();
    audio.removeAttribute("src");
    $("call").hidden = true;
  }
  drawList();
  if (id === null) return;
  const token = ++desk.token;
  try {
    const call = await get(`/api/calls/${encodeURIComponent(id)}`);
    if (token !== desk.token) return;
    desk.call = call;
    desk.calls.set(id, { ...desk.calls.get(id), ...call });
    drawList();
    drawCall();
    const whole = player.partly && !grows(call) && audio.paused;
    if (call.has_recording && (fresh || whole || audio.error || !audio.getAttribute("src"))) source();
  } catch (error) {
    if (token !== desk.token) return;
    fail(error);
    if (error.status === 404) { // removed, or another data folder than before
      desk.calls.delete(id);
      history.replaceState(null, "", "#");
      show(null);
    }
  }
}
function drawCall() {
  const call = desk.call;
  if (!call) return;
  $("call").hidden = false;
  $("welcome").hidden = true;
  drawHead(call);
  drawAlarm(call);
  drawFields(call);
  drawDeliveries(call);
  drawCoverage(call.coverage || (call.draft && call.draft.coverage));
  drawAside(call);
  drawTranscript(call);
  light();
}
function drawHead(call) {
  const reference = call.reference.replace(/^(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3");
  $("facts").textContent = [`Reference ${reference}`, when(call.started_at), length(call)].filter(Boolean).join(" · ");
  if (call.follows) $("facts").append(" · ", earlier(call.follows));
  const title = at(call.draft, "summary.title.value") || at(call.draft, "issues.0.title.value");
  const open = early(call, at(call.draft, "issues.0.category.value"));
  $("title").textContent = call.erased_at ? "Erased" : open ? "Listening…" : title || (call.state === "refused" ? "Call not taken" : "No title");
  const chips = [[call.erased_at ? `erased ${when(call.erased_at)}` : STATES[call.state] || call.state, `state-${call.state}`],
    [call.cause ? CAUSES[call.cause] || call.cause : null], [call.erased_at ? null : caller(call)],
    [call.channel === "webrtc" ? "web" : null], [call.line === "default" ? null : `line ${call.line}`], [call.dtmf ? `keys ${call.dtmf}` : null],
    [call.draft && !call.draft_complete ? "draft still changes" : null],
    [at(call.draft, "needs_listening") ? "needs listening" : null, "warn"],
    [at(call.draft, "transcript.demo_model") && !(desk.notices || []).length ? "demo model" : null, "warn"]];
  $("chips").replaceChildren(...chips.filter(([text]) => text).map(([text, kind]) => el("span", kind || "", text)));
  const suggestion = at(call.draft, "disposition_suggestion");
  const due = suggestion === "redirect" || call.draft_complete; // before that, most callers only have not finished
  $("suggestion").textContent = suggestion && due ? `Suggestion: ${SUGGESTIONS[suggestion] || suggestion}` : "";
}
function earlier(id) { // both calls have the reference of the first
  const link = el("a", "", "adds to an earlier call");
  link.href = `#${id}`;
  return link;
}
function drawDeliveries(call) {
  const none = call.erased_at ? "Nothing is owed any more." : call.state === "refused" ? "Nothing is owed." : "Sent when the draft is complete.";
  const nodes = call.deliveries.map((one) => {
    const text = { delivered: "✓ delivered", pending: one.attempts ? "… trying again" : "… waiting", dead: "✕ not delivered" }[one.state] || one.state;
    const node = el("div", "delivery", el("span", "", el("span", one.state, text), one.kind === "emergency" ? ` · ▲ ${one.endpoint}` : ` · ${one.endpoint}`));
    const facts = [one.attempts === 1 ? "1 attempt" : `${one.attempts} attempts`,
      one.delivered_at ? when(one.delivered_at) : one.next_attempt_at ? `next ${when(one.next_attempt_at)}` : null,
      one.last_status ? `last answer ${one.last_status}` : null, one.last_error].filter(Boolean).join(" · ");
    node.append(el("small", "", facts));
    if (one.state === "dead") node.append(button("Send again", "", (event) => replay(one.id, event.currentTarget)));
    return node;
  });
  $("deliveries").replaceChildren(...(nodes.length ? nodes : [el("p", "empty", none)]));
}
async function acknowledge(id, pressed) {
  pressed.disabled = true;
  try {
    const answer = await fetch(`/api/calls/${encodeURIComponent(id)}/emergency/acknowledge`, { method: "POST" });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    announce("The emergency is acknowledged.");
  } catch (error) {
    fail(new Error(`Not acknowledged: ${error.message}`));
  }
  if (desk.open === id) await show(id);
}
async function replay(id, pressed) {
  pressed.disabled = true;
  try {
    const answer = await fetch(`/api/deliveries/${encodeURIComponent(id)}/replay`, { method: "POST" });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    announce("The delivery is sent again.");
  } catch (error) {
    fail(new Error(`Not sent: ${error.message}`));
  }
  await Promise.all([show(desk.open), loadDead()]);
}
function drawAside(call) {
  const facts = [call.notice && `recording notice heard ${clock(call.notice.start_ms)}–${clock(call.notice.end_ms)}`,
    lineQuality(call.line_quality)].filter(Boolean).join(" · ");
  $("aside").textContent = facts.charAt(0).toUpperCase() + facts.slice(1);
}
function lineQuality(line) {
  if (!line) return "";
  if (line.no_audio) return line.no_audio === "no_rtp" ? "no sound ever came from the caller" : "only silence came from the caller";
  const all = line.packets_received + line.packets_lost;
  const lost = all ? ((100 * line.packets_lost) / all).toFixed(line.packets_lost * 100 < all ? 1 : 0) : 0;
  return `line ${line.codec || "?"}, ${lost} % lost, jitter ${Math.round(line.jitter_max_ms)} ms`;
}
function drawCoverage(sums) {
  if (!sums) return $("coverage").replaceChildren();
  const parts = KINDS.filter(([key]) => sums[key] > 0);
  const total = parts.reduce((sum, [key]) => sum + sums[key], 0) || 1;
  const bar = el("div", "bar", ...parts.map(([key, kind]) => {
    const part = el("i", `k-${kind}`);
    part.style.width = `${(sums[key] / total) * 100}%`;
    return part;
  }));
  bar.setAttribute("aria-hidden", "true");
  const legend = el("div", "legend", ...parts.map(([key, kind, name]) => el("span", "", el("i", `k-${kind}`), `${name} ${(sums[key] / 1000).toFixed(1)} s`)));
  $("coverage").replaceChildren(bar, legend);
}

// Words
function keepEnd(draw) {
  const place = $("sound");
  const atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  draw();
  if (atEnd && desk.call.state === "live") place.scrollTop = place.scrollHeight;
}
function drawPartial(event) {
  desk.partial = event;
  keepEnd(() => {
    for (const old of $("transcript").querySelectorAll(".partial, .empty")) old.remove();
    $("transcript").append(partial(event));
  });
}
function drawTranscript(call) {
  const focused = document.activeElement && document.activeElement.dataset.start;
  const rows = call.transcript.filter((one) => one.outcome !== "no_speech").map(utterance);
  if (desk.partial && desk.partial.hypothesis.text) rows.push(partial(desk.partial));
  if (!rows.length) rows.push(el("p", "empty", call.erased_at ? "Sound, words and draft of this call were erased." : call.state === "live" ? "Words appear here while they are spoken." : "No words were recognised."));
  keepEnd(() => $("transcript").replaceChildren(...rows));
  const words = [...$("transcript").querySelectorAll(".w")];
  const held = words.find((word) => word.dataset.start === focused);
  if (held || words.length) (held || words[0]).tabIndex = 0;
  if (held) held.focus({ preventScroll: true });
}
function utterance(one) {
  const play = button(clock(one.span.start_ms), "", () => hear(null, [{ audio_start_ms: one.span.start_ms, audio_end_ms: one.span.end_ms }]));
  play.title = "Play this part";
  const text = one.outcome === "text" ? spoken(one) : el("span", "gap", `▨ ${((one.span.end_ms - one.span.start_ms) / 1000).toFixed(1)} s of speech not recognised: please listen`);
  return el("div", "u", play, text);
}
function partial(event) {
  return el("div", "u partial", el("span", "now-said", "…"), el("span", "", event.hypothesis.text)); // its start is known when it is final
}
// Puts the words back into their sentence, so that spaces and signs between them stay as they were written.
function spoken({ text, words }) {
  const line = el("span", "");
  let done = 0;
  for (const word of words) {
    const start = text.indexOf(word.text, done);
    line.append(start < 0 ? " " : text.slice(done, start));
    if (start >= 0) done = start + word.text.length;
    const node = el("span", word.confidence < UNSURE ? "w unsure" : "w", word.text);
    Object.assign(node.dataset, { start: word.start_ms, end: word.end_ms });
    if (word.confidence < UNSURE) node.title = "unsure";
    node.tabIndex = -1;
    line.append(node);
  }
  line.append(text.slice(done));
  return line;
}
function light() {
  const spans = desk.field && desk.span ? desk.span : [];
  let first = null;
  for (const word of $("transcript").querySelectorAll(".w")) {
    const middle = (Number(word.dataset.start) + Number(word.dataset.end)) / 2;
    const lit = spans.some((span) => middle >= span.audio_start_ms && middle <= span.audio_end_ms);
    word.classList.toggle("lit", lit);
    if (lit && !first) first = word;
  }
  return first;
}

// Sound
const player = { stopAt: null, queue: [], frame: null, partly: false };
const grows = (call) => call.state === "live" || call.state === "finishing";

function source() {
  const base = `/api/calls/${desk.open}/recording`;
  player.partly = grows(desk.call); // what was fetched ends where the call was then; its duration reads as infinite
  audio.src = player.partly ? `${base}?at=${Date.now()}` : base;
}
function hear(key, spans) {
  Object.assign(desk, { field: key, span: spans });
  const first = light();
  if (first && innerWidth > 1080) first.scrollIntoView({ block: "center", behavior: "smooth" });
  for (const node of $("fields").querySelectorAll("[data-key]")) node.classList.toggle("on", node.dataset.key === key);
  player.queue = spans.slice();
  next();
}
function next() {
  const span = player.queue.shift();
  if (span) from(span.audio_start_ms, span.audio_end_ms);
}
function from(startMs, endMs) {
  player.stopAt = endMs === undefined ? null : endMs / 1000;
  if (!audio.getAttribute("src") || player.partly) source();
  audio.currentTime = startMs / 1000;
  audio.play().catch((error) => { if (error.name !== "AbortError") fail(new Error(error.name === "NotSupportedError" ? "The recording cannot be reached." : `The recording does not play: ${error.message}`)); });
}
function follow() {
  tick();
  if (!audio.paused) player.frame = requestAnimationFrame(follow);
}
function tick() {
  const now = audio.currentTime;
  if (player.stopAt !== null && now >= player.stopAt) {
    player.stopAt = null;
    audio.pause();
    if (player.queue.length) setTimeout(next, 150);
  }
  for (const word of $("transcript").querySelectorAll(".w")) {
    word.classList.toggle("now", !audio.paused && now * 1000 >= Number(word.dataset.start) && now * 1000 < Number(word.dataset.end));
  }
}
function toggle() {
  player.stopAt = null;
  if (!audio.paused) audio.pause();
  else if (desk.call) from(audio.currentTime * 1000);
}

// Live
function listen() {
  const stream = new EventSource("/api/events");
  stream.onopen = () => {
    $("link").textContent = "live";
    $("link").className = "on";
    if (desk.heard) reload();
    desk.heard = true;
  };
  stream.onerror = () => {
    $("link").textContent = "connection lost, trying again";
    $("link").className = "off";
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
  const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("state", onState);
  on("partial", (event) => { if (mine(event)) drawPartial(event); });
  on("final", onFinal);
  on("draft", onDraft);
  on("dtmf", (event) => { if (mine(event)) { desk.call.dtmf += event.digit; drawHead(desk.call); } });
  on("emergency", onEmergency);
  on("delivery", (event) => { if (mine(event)) show(desk.open); loadDead().catch(fail); });
  on("erased", (event) => { loadList().catch(fail); loadDead().catch(fail); if (mine(event)) forget(); });
  on("lagged", reload);
}
function forget() { // what is on the page must go too
  Object.assign(desk, { partial: null, span: null, field: null });
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  show(desk.open);
}
function mine(event) { return desk.call !== null && event.call === desk.open; }
// After a gap, what the page holds may be about a gateway that is gone: the store is asked for everything again.
async function reload() {
  Object.assign(desk, { loaded: false, partial: null });
  desk.calls.clear();
  try {
    await Promise.all([loadList(), loadDead()]);
    if (desk.open) await show(desk.open);
  } catch (error) {
    fail(error);
  }
}
function onState(event) {
  const known = desk.calls.get(event.call);
  if (known) Object.assign(known, { state: event.state, cause: event.cause });
  if (!known) announce("A new call came in.");
  drawList();
  loadList().then(() => { if (desk.open === null && innerWidth > 720) location.hash = event.call; }, fail); // times and lengths
  if (mine(event)) show(desk.open);
}
function onFinal(event) {
  if (!mine(event)) return;
  const others = desk.call.transcript.filter((one) => one.seq !== event.utterance.seq);
  desk.call.transcript = [...others, event.utterance].sort((a, b) => a.seq - b.seq);
  desk.partial = null;
  drawTranscript(desk.call);
  light();
}
function onEmergency(event) {
  const { call, state, danger } = event;
  if (state === "raised") announce(`Emergency: ${danger.quote}`);
  if (state === "escalated") announce("Nobody has acknowledged an emergency.");
  loadList().catch(fail);
  if (desk.open === call) show(call);
}
function onDraft(event) {
  const known = desk.calls.get(event.call);
  if (known) {
    const was = known.emergency;
    known.title = at(event.draft, "summary.title.value") || at(event.draft, "issues.0.title.value") || known.title;
    known.category = at(event.draft, "issues.0.category.value") || known.category;
    known.emergency = Boolean(known.raised) || at(event.draft, "emergency.flag.value") === true;
    if (known.emergency && !was) announce("Emergency words were heard in a call.");
    drawList();
  }
  if (mine(event)) {
    Object.assign(desk.call, { draft: event.draft, draft_complete: event.complete });
    drawHead(desk.call);
    drawAlarm(desk.call);
    drawFields(desk.call);
    drawCoverage(desk.call.coverage || event.draft.coverage);
  }
}

// Hands
audio.addEventListener("play", () => { cancelAnimationFrame(player.frame); follow(); });
audio.addEventListener("pause", tick);
audio.addEventListener("timeupdate", tick); // a hidden tab gets no animation frames
audio.addEventListener("loadedmetadata", () => { audio.playbackRate = Number($("speed").value); });
$("speed").addEventListener("change", () => { audio.playbackRate = Number($("speed").value); });
$("rewind").addEventListener("click", () => { audio.currentTime = Math.max(0, audio.currentTime - 2); });
$("pause").addEventListener("click", toggle);
$("again").addEventListener("click", () => { if (desk.span) hear(desk.field, desk.span); });
$("more").addEventListener("click", () => loadList(desk.next).catch(fail));
$("back").addEventListener("click", (event) => { event.preventDefault(); history.pushState(null, "", "#"); show(null); });

function playWord(word) {
  player.queue = [];
  from(Number(word.dataset.start));
}
$("transcript").addEventListener("click", (event) => { if (event.target.classList.contains("w")) playWord(event.target); });
$("transcript").addEventListener("keydown", (event) => {
  if (!event.target.classList.contains("w") || event.isComposing) return;
  const words = [...$("transcript").querySelectorAll(".w")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const other = step && words[words.indexOf(event.target) + step];
  if (other) {
    event.target.tabIndex = -1;
    other.tabIndex = 0;
    other.focus();
  } else if (event.key === "Enter" || event.key === " ") playWord(event.target);
  else return;
  event.preventDefault();
});
addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !desk.call) return;
  if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
  const free = !["BUTTON", "AUDIO", "A"].includes(event.target.tagName); // Space belongs to what has the focus
  const act = { j: "rewind", k: "pause", l: "again" }[event.key.toLowerCase()] || (event.key === " " && free ? "pause" : null);
  if (!act || event.defaultPrevented) return;
  event.preventDefault();
  $(act).click();
});
addEventListener("hashchange", () => { if (wanted() || location.hash.length < 2) show(wanted()); });
setInterval(() => {
  for (const link of $("calls").querySelectorAll("a")) {
    const call = desk.calls.get(link.hash.slice(1));
    if (call && call.state === "live") link.querySelector(".d").textContent = length(call);
  }
  if (desk.call && desk.call.state === "live") drawHead(desk.call);
}, 1000);

function wanted() { // the call named in the address; other fragments are places on the page
  return /^#[0-9a-f-]{36}$/.test(location.hash) ? location.hash.slice(1) : null;
}

listen();
loadList().then(() => {
  const first = [...desk.calls.keys()].sort().pop();
  if (!wanted() && innerWidth > 720 && first) history.replaceState(null, "", `#${first}`);
  return show(wanted());
}).catch(fail);
loadDead().catch(fail);
