import type { Caption, Fields, LineInfo, Script } from "../../src/call/contract";
import { nothingHeard } from "../../src/call/heard";
import { initial } from "../../src/call/machine";
import type { Ended, Heard, Live, Model, Phase, Source, Trouble } from "../../src/call/model";

export const NOW_MS = 100_000;

const said: Record<Script, { language: "en" | "zh"; finals: string[]; partial: string; fields: Partial<Fields> }> = {
  en: {
    language: "en",
    finals: [
      "Hello, is this the city hotline?",
      "I would like to report a heating problem in my apartment.",
      "The heating is not working since Monday. There are small children in the house.",
    ],
    partial: "I live at forty two Maple Street, apartment",
    fields: { place: "42 Maple Street, apartment 12", name: "Anna Walker", number: "555 0134" },
  },
  "zh-Hans": {
    language: "zh",
    finals: ["你好，请问是市民热线吗？", "我家的暖气从星期一开始就不热了。", "家里有老人和小孩，晚上只有十三度。"],
    partial: "我住在幸福路二十八号",
    fields: { place: "幸福路28号3单元502室", name: "王芳", number: "138 0013 8000" },
  },
  "zh-Hant": {
    language: "zh",
    finals: ["你好，請問是市民熱線嗎？", "我家的暖氣從星期一開始就不熱了。", "家裏有老人和小孩，晚上只有十三度。"],
    partial: "我住在彌敦道",
    fields: { place: "九龍彌敦道 128 號 5 樓 C 室", name: "陳美玲", number: "9123 4567" },
  },
};

function line(demo: boolean): LineInfo {
  const notice = {
    en: "This call is recorded. A machine writes it down and people read it. In danger, hang up and call 112.",
    "zh-Hans": "通话将被录音。机器会把您说的话记下来，由工作人员阅读。如有危险，请挂断并拨打112。",
    "zh-Hant": "通話會被錄音。機器會把您說的話記下來，由職員閱讀。如有危險，請掛線並致電112。",
  };
  const samples = [
    { name: "en-heating", language: "en" as const, seconds: 32.96, url: "", text: said.en.finals.join(" ") },
    { name: "zh-heating", language: "zh" as const, seconds: 32.25, url: "", text: said["zh-Hans"].finals.join("") },
  ];
  return {
    line: "default",
    open: true,
    closed_because: null,
    languages: ["en", "zh"],
    emergency_number: "112",
    notice,
    demo: demo ? { model: "heardline-nano", command: "speech.model = \"models/ggml-small.bin\"", samples } : null,
    ice_servers: [],
    token_required: false,
    limits: { name: 80, number: 32 },
  };
}

const model = (phase: Phase, demo = false): Model => ({ ...initial, line: line(demo), attempt: 1, phase });
const microphone: Source = { kind: "microphone" };
const session = { location: "", token: "" };

function heard(script: Script, whole: boolean): Heard {
  const { language, finals, partial, fields } = said[script];
  const captions: Caption[] = finals.map((text, seq) => ({ seq, start_ms: seq * 4_000, end_ms: seq * 4_000 + 3_000, text, language, heard: true }));
  const name = { en: "No heating", "zh-Hans": "暖气不热", "zh-Hant": "暖氣不熱" };
  return {
    reference: "4829130675",
    captions,
    partial: whole ? null : partial,
    endCause: whole ? "caller_hangup" : null,
    complete: whole,
    fields: {
      category: { code: "utility.heating", name },
      place: null,
      name: null,
      number: null,
      summary: null,
      emergency: false,
      needs_listening: false,
      ...fields,
    },
  };
}

function live(script: Script, change: Partial<Live> = {}): Model {
  const phase: Live = {
    at: "live",
    source: microphone,
    session,
    heard: heard(script, false),
    sinceMs: NOW_MS - 37_400,
    link: "up",
    muted: false,
    keypad: null,
    hearing: "speech",
    soundBlocked: false,
    sampleOver: false,
    ...change,
  };
  return model(phase, phase.source.kind === "sample");
}

function ended(script: Script, change: Partial<Ended> = {}): Model {
  return model({ at: "ended", session, heard: heard(script, true), cutOff: false, silent: false, ...change });
}

const trouble = (why: Trouble, retryS: number | null = null, demo = false) => () =>
  model({ at: "trouble", why, retryAtMs: retryS === null ? null : NOW_MS + retryS * 1_000, again: null, detail: null }, demo);

const sampleCaller = (script: Script): Source => {
  const { language, finals } = said[script];
  return { kind: "sample", sample: { name: "", language, seconds: 33, url: "", text: finals.join(language === "en" ? " " : "") } };
};

/** One entry a screenshot. The names are the files' names. */
export const states: Record<string, (script: Script) => Model> = {
  before: () => model({ at: "before" }),
  "before-demo": () => model({ at: "before" }, true),
  "before-wrong-number": () => ({ ...model({ at: "before" }), identity: { name: "Anna Walker 陳美玲", number: "5550134 ?" } }),
  "before-add": () => ({ ...model({ at: "before" }), related: { token: "", reference: "4829130675" } }),
  asking: () => model({ at: "asking" }),
  connecting: () => model({ at: "connecting", source: microphone, session: null, heard: nothingHeard }),
  "live-first": (script) => live(script, { heard: nothingHeard, hearing: "unknown", soundBlocked: true }),
  live: (script) => live(script),
  "live-muted-keypad": (script) => live(script, { muted: true, keypad: "04" }),
  "live-silent": (script) => live(script, { hearing: "silence" }),
  "live-sample": (script) => live(script, { source: sampleCaller(script) }),
  interrupted: (script) => live(script, { link: "interrupted", hearing: "unknown" }),
  ended: (script) => ended(script),
  "ended-working": (script) => ended(script, { heard: { ...heard(script, false), partial: null } }),
  "ended-cut-off": (script) => ended(script, { cutOff: true, heard: { ...heard(script, true), fields: null } }),
  "microphone-refused": trouble("microphone_refused", null, true),
  "microphone-absent": trouble("microphone_absent"),
  "browser-too-old": trouble("browser_too_old"),
  "page-not-secure": trouble("page_not_secure"),
  "media-blocked": trouble("media_blocked"),
  "line-busy": trouble("line_busy", 24),
  "too-many-calls": trouble("too_many_calls", 75),
  "no-such-line": trouble("no_such_line"),
  "server-gone": trouble("server_gone"),
};
