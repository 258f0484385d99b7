// Every state of the desk that is photographed, with fixed words.

import type { Script } from "../../src/shared/script";
import { initial } from "../../src/desk/machine";
import type { Alarm, Listed, Model, Open } from "../../src/desk/model";
import type { Review, Transfer } from "../../src/desk/contract";
import { silent, type Sound } from "../../src/desk/io/player";
import { earlier, gas, heating, heatingDraft, IDS, items, NOW_MS, queue, reviewOf, water, waterDraft } from "./desk-fixtures";

export interface Shown {
  model: Model;
  sound: Sound;
  peaks: number[] | null;
}

const rows = items.map((item): Listed => ({ ...item, note: null }));
const base: Model = {
  ...initial, door: "open", me: { name: "Mei", role: "supervisor", accounts: true }, link: "live", items: rows, counts: queue.counts, loaded: true,
};

const open = (change: Partial<Open> & Pick<Open, "call">): Open => ({
  detail: null, review: null, partial: null, selected: null, editor: null, pending: {}, sent: [], change: null, unsaved: null, retryAtMs: null, seen: [], errors: {},
  shownAtMs: NOW_MS, claimedAtMs: NOW_MS, related: {}, reviews: {}, beside: null, unmerged: null, wanted: null, ...change,
});

/** Loudness as speech has it: loud where somebody speaks, a little noise elsewhere. */
function levels(call: typeof heating): number[] {
  const length = call.duration_ms ?? 1;
  let random = 7;
  return Array.from({ length: 200 }, (_, i) => {
    random = (random * 73 + 41) % 101;
    const at = ((i + 0.5) / 200) * length;
    const speech = call.transcript.some(({ span }) => at >= span.start_ms && at <= span.end_ms);
    return speech ? 0.25 + (random / 101) * 0.75 * (0.6 + 0.4 * Math.sin(i / 3)) : 0.03;
  });
}

const playing = (atMs: number, change: Partial<Sound> = {}): Sound => ({ ...silent, url: "/", atMs, ...change });

const alarm: Alarm = { call: gas.id, state: "raised", service: "fire", number: "112", quote: "I can smell gas in the stairwell", span: { start_ms: 1_900, end_ms: 2_900 }, taking: false, transfer: null };
const calm: Partial<Model> = { items: rows.map((row) => (row.call === gas.id ? { ...row, emergency: { state: "acknowledged" } } : row)) };

const heatingOpen = open({ call: heating.id, detail: heating, review: reviewOf(heating), selected: "/caller/phones/0", related: { [earlier.id]: earlier } });

const possible: Transfer = { to: "112 (sip:112@trunk)", state: "possible", detail: null };
const busy: Transfer = { ...possible, state: "failed", detail: "486 Busy Here" };
/** Others were merged into it; of its ties one is confirmed, one denied, one nobody has looked at. */
const ties = { ...heatingDraft, related: [
  { ref: "4829000218", call_id: earlier.id, relation: "near_duplicate" as const, score: 0.7, confirmed: false },
  { ref: "4829000311", call_id: IDS.light, relation: "linked" as const, score: 1, confirmed: true },
  { ref: "4829000577", call_id: IDS.drip, relation: "same_number_recent" as const, score: 0.5, confirmed: null },
] };
/** So few that the calls under them are in the picture. */
const fewFields = (review: Review): Review => ({ ...review, fields: review.fields.filter(({ pointer }) => pointer === "/issues/0/request_type" || pointer === "/caller/name") });
const tiedOpen: Open = {
  ...heatingOpen, review: fewFields(reviewOf({ ...heating, draft: ties }, { merged: [{ call: IDS.dropped, reference: "4829000933" }] })), selected: "/caller/name", beside: IDS.light,
  related: { [earlier.id]: earlier, [IDS.light]: { ...earlier, id: IDS.light, title: "Boiler in the cellar is broken", started_at: new Date(NOW_MS - 7_200_000).toISOString() }, [IDS.drip]: { ...earlier, id: IDS.drip }, [IDS.dropped]: { ...earlier, id: IDS.dropped, title: "No heat on the fifth floor" } },
  unmerged: { why: "chain", problem: { status: 409, type: "urn:heardline:problem:merged", detail: "that call was itself merged into 4829000218", retryAfterS: null, errors: [], current: null, holder: null } },
};
const crowded = reviewOf(earlier, { holder: "Nan", mine: false, merged: [{ call: IDS.dropped, reference: "4829000933" }, { call: IDS.drip, reference: "4829000577" }] });
const figures: Model["figures"] = { known: { decided: 112, median_ms: 38_000, p90_ms: 74_000, mine: { decided: 23, median_ms: 35_000 }, undone: 2 }, stale: false, askedAtMs: NOW_MS, absent: false };
const narrow = { state: "waiting", category: "utility.water_supply", line: "", mine: false } as const;

/** Found words stand between those around them. */
const snippets: Record<Script, [string, string, string]> = {
  en: ["… been no ", "heat", " in my apartment since …"], "zh-Hans": ["……我们小区", "停水", "两天了，一直没人管……"], "zh-Hant": ["……我哋成座", "停水", "兩日，冇人理……"],
};
const found = (script: Script, row: Listed): Listed => {
  const [before, hit, after] = snippets[script];
  return { ...row, emergency: null, snippet: [{ text: before, hit: false }, { text: hit, hit: true }, { text: after, hit: false }] };
};

export const states: Record<string, (script: Script) => Shown> = {
  "desk-draft": () => ({ model: { ...base, ...calm, open: { ...heatingOpen, beside: earlier.id } }, sound: playing(33_600, { playing: true }), peaks: levels(heating) }),
  "desk-live": () => ({
    model: {
      ...base, alarms: [{ ...alarm, transfer: possible }], open: open({
        call: gas.id, detail: { ...gas, transfer: possible }, partial: "we are on the second floor and my mother cannot", selected: "/caller/name",
        editor: { pointer: "/caller/name", text: "Anna Wal", group: "missing", base: null },
      }),
    },
    sound: playing(0), peaks: null,
  }),
  "desk-category": () => ({
    model: { ...base, ...calm, open: open({ call: water.id, detail: water, review: reviewOf(water), selected: "/issues/0/category", editor: { pointer: "/issues/0/category", text: "", group: "check", base: null } }) },
    sound: playing(0), peaks: levels(water),
  }),
  "desk-welcome": () => ({
    model: { ...base, ...calm, figures, filter: narrow, views: [{ name: "水", filter: narrow }, { name: "Mine, every state", filter: { state: "all", category: "", line: "", mine: true } }] },
    sound: silent, peaks: null,
  }),
  "desk-search": (script) => ({
    model: { ...base, ...calm, figures, search: { text: snippets[script][1], items: rows.slice(1, 4).map((row) => found(script, row)), next: "2" }, open: null },
    sound: silent, peaks: null,
  }),
  "desk-nothing-found": (script) => ({ model: { ...base, ...calm, search: { text: script === "en" ? "zebra" : "斑马", items: [], next: null } }, sound: silent, peaks: null }),
  "desk-merge": () => ({
    model: {
      ...base, ...calm, open: heatingOpen, dialog: {
        kind: "merge", clashes: [
          { pointer: "/caller/phones/0", yours: { pointer: "/caller/phones/0", value: "+12125550143" }, theirs: "+12125550199" },
          { pointer: "/issues/0/location/address_text", yours: { pointer: "/issues/0/location/address_text", not_said: true }, theirs: "418 West 147th Place" },
        ],
      },
    },
    sound: playing(0), peaks: levels(heating),
  }),
  "desk-related": () => ({ model: { ...base, ...calm, open: tiedOpen }, sound: playing(0), peaks: levels(heating) }),
  "desk-into": () => ({
    model: { ...base, ...calm, open: { ...heatingOpen, beside: earlier.id, reviews: { [earlier.id]: crowded } }, dialog: { kind: "into", call: earlier.id } },
    sound: playing(0), peaks: levels(heating),
  }),
  "desk-merged": () => ({
    model: {
      ...base, ...calm, undo: { call: heating.id, decision: "merge", into: earlier.reference, untilMs: NOW_MS + 7_000, shownAtMs: null },
      open: open({
        call: heating.id, detail: heating, selected: "/caller/name", related: { [earlier.id]: earlier },
        review: reviewOf(heating, {
          state: "decided", holder: null, mine: false, due_at: null,
          decision: { decision: "merge", by: "Mei", at: new Date(NOW_MS - 120_000).toISOString(), reason: null, unit: null, into: { call: earlier.id, reference: earlier.reference }, undo_until: null },
        }),
      }),
    },
    sound: playing(0), peaks: levels(heating),
  }),
  "desk-matters": () => ({ model: { ...base, ...calm, open: open({ call: water.id, detail: water, review: reviewOf(water), selected: "/issues/1/location/address_text" }) }, sound: playing(0), peaks: levels(water) }),
  "desk-join": () => {
    const three = { ...water, draft: { ...waterDraft, issues: [...waterDraft.issues, { ...waterDraft.issues[1]!, issue_id: "a1", category: { ...waterDraft.issues[1]!.category, value: null }, title: { ...waterDraft.issues[1]!.title, value: null } }] } };
    return { model: { ...base, ...calm, open: open({ call: water.id, detail: three, review: reviewOf(three), selected: "/issues/1/category" }), dialog: { kind: "join", issue: "i2" } }, sound: playing(0), peaks: levels(water) };
  },
  "desk-transfer": () => ({ model: { ...base, alarms: [{ ...alarm, transfer: possible }], open: open({ call: gas.id, detail: { ...gas, transfer: possible } }), dialog: { kind: "transfer", call: gas.id } }, sound: playing(0), peaks: null }),
  "desk-not-through": () => ({
    model: { ...base, alarms: [{ ...alarm, transfer: busy }], open: open({ call: gas.id, detail: { ...gas, transfer: busy } }), said: { kind: "transfer", transfer: busy } },
    sound: playing(0), peaks: null,
  }),
  "desk-decided": () => {
    const address = { ...heatingDraft.issues[0]!.location, address_text: { ...heatingDraft.issues[0]!.location["address_text"]!, value: "418 West 147th Place, Apt 5C", source: "agent", confidence: 1 } };
    const known = { ...heating, draft: { ...heatingDraft, issues: [{ ...heatingDraft.issues[0]!, location: address }] }, deliveries: [
      ...heating.deliveries,
      { id: "msg_2", kind: "draft" as const, version: 2, endpoint: "city", state: "dead" as const, attempts: 12, next_attempt_at: null, last_status: 422, last_error: "the endpoint refused it: /caller/phones/0: not a number of this country", delivered_at: null },
    ] };
    return {
      model: {
        ...base, ...calm, undo: { call: water.id, decision: "approve", into: null, untilMs: NOW_MS + 7_000, shownAtMs: null },
        open: open({ call: heating.id, detail: known, review: reviewOf(known), selected: "/issues/0/category", seen: ["/caller/phones/0", "/issues/0/category"], related: { [earlier.id]: earlier } }),
      },
      sound: playing(0), peaks: levels(heating),
    };
  },
  "desk-read-only": () => ({
    model: {
      ...base, ...calm, me: null, readOnly: true, counts: { live: 1, waiting: 0, overdue: 0, mine: 0, dead: 1 },
      notices: ["Demo model: it understands only the bundled samples’ kind of synthetic speech."],
      items: rows.map((row) => ({ ...row, state: row.state === "live" ? "live" : "waiting", emergency: null, due_at: null, overdue: false, holder: null, mine: false, missing: 0, check: 0, repeats: 0, number: "+12125550199" })),
      open: open({ call: heating.id, detail: heating, related: { [earlier.id]: earlier } }),
    },
    sound: playing(0), peaks: levels(heating),
  }),
  "desk-login": () => ({ model: { ...base, door: "login", loginProblem: { status: 401, type: null, detail: null, retryAfterS: null, errors: [], current: null, holder: null } }, sound: silent, peaks: null }),
  "desk-keys": () => ({ model: { ...base, ...calm, dialog: { kind: "keys" } }, sound: silent, peaks: null }),
};
