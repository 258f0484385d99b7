// The fields of a draft that the desk shows: in this order, by their place, with the name that the texts know them by.

import type { Pointer } from "../contract";
import { shape } from "./pointer";

export type Kind = "text" | "prose" | "phone" | "number" | "category" | "choice" | "flags" | "yes_no" | "language" | "routing";

export interface Entry {
  name: Name;
  shape: string;
  kind: Kind;
  /** Shown only when it is in doubt or asked for: it says once more, or less, than another field. */
  minor?: true;
  choices?: readonly string[];
  required?: true;
}

const REQUEST_TYPES = ["complaint", "help", "enquiry", "suggestion", "report", "praise"] as const;
const URGENCIES = ["low", "normal", "high", "urgent", "emergency"] as const;
const ANONYMITY = ["named", "confidential_to_handler", "anonymous"] as const;
const VULNERABLE = ["elderly", "child", "disability", "pregnant", "illness"] as const;
const RISKS = [
  "fire", "gas", "electric_shock", "structural", "fall", "traffic", "violence", "self_harm", "medical", "child_at_risk",
  "flood", "chemical", "food_poisoning",
] as const;

export type Name =
  | "category" | "request_type" | "address" | "phone" | "name" | "description" | "occurred" | "desired_outcome" | "urgency"
  | "vulnerability" | "safety_risks" | "respondent" | "affected_count" | "routing" | "anonymity" | "consent"
  | "callback_window" | "interpreter" | "interpreter_language" | "quoted_reference" | "emergency" | "asset_ref"
  | "intersection" | "group_demand" | "district" | "street" | "community" | "building" | "unit" | "title" | "summary"
  | "language";

/** In the order in which an agent works: what the ticket cannot do without comes first. */
export const CATALOGUE: readonly Entry[] = [
  { name: "emergency", shape: "/emergency/flag", kind: "yes_no" },
  { name: "category", shape: "/issues/#/category", kind: "category", required: true },
  { name: "request_type", shape: "/issues/#/request_type", kind: "choice", choices: REQUEST_TYPES, required: true },
  { name: "address", shape: "/issues/#/location/address_text", kind: "text", required: true },
  { name: "phone", shape: "/caller/phones/#", kind: "phone" },
  { name: "phone", shape: "/caller/phones", kind: "phone", required: true },
  { name: "name", shape: "/caller/name", kind: "text", required: true },
  { name: "description", shape: "/issues/#/description", kind: "prose" },
  { name: "occurred", shape: "/issues/#/occurred_at/text", kind: "text" },
  { name: "desired_outcome", shape: "/issues/#/desired_outcome", kind: "text" },
  { name: "urgency", shape: "/issues/#/urgency", kind: "choice", choices: URGENCIES },
  { name: "vulnerability", shape: "/caller/vulnerability", kind: "flags", choices: VULNERABLE },
  { name: "safety_risks", shape: "/issues/#/safety_risks", kind: "flags", choices: RISKS },
  { name: "respondent", shape: "/issues/#/respondent", kind: "text" },
  { name: "affected_count", shape: "/issues/#/affected_count", kind: "number" },
  { name: "asset_ref", shape: "/issues/#/location/asset_ref", kind: "text" },
  { name: "intersection", shape: "/issues/#/location/intersection", kind: "text" },
  { name: "routing", shape: "/issues/#/routing_suggestion", kind: "routing" },
  { name: "consent", shape: "/caller/follow_up_consent", kind: "choice", choices: ["yes", "no"] },
  { name: "callback_window", shape: "/caller/callback_window", kind: "text" },
  { name: "quoted_reference", shape: "/quoted_reference", kind: "text" },
  { name: "interpreter", shape: "/language/needs_interpreter", kind: "yes_no" },
  { name: "interpreter_language", shape: "/language/interpreter_language", kind: "text" },
  { name: "group_demand", shape: "/issues/#/group_demand", kind: "yes_no" },
  { name: "anonymity", shape: "/caller/anonymity", kind: "choice", choices: ANONYMITY, minor: true },
  { name: "title", shape: "/issues/#/title", kind: "text", minor: true },
  { name: "district", shape: "/issues/#/location/district", kind: "text", minor: true },
  { name: "street", shape: "/issues/#/location/street", kind: "text", minor: true },
  { name: "community", shape: "/issues/#/location/community", kind: "text", minor: true },
  { name: "building", shape: "/issues/#/location/building", kind: "text", minor: true },
  { name: "unit", shape: "/issues/#/location/unit", kind: "text", minor: true },
  { name: "language", shape: "/language/primary", kind: "language", minor: true },
  { name: "summary", shape: "/summary/text", kind: "prose", minor: true },
];

const BY_SHAPE = new Map(CATALOGUE.map((entry, order) => [entry.shape, { entry, order }]));

/** What the page knows of a place in a draft; null of one it does not show. */
export function entryOf(pointer: Pointer): { entry: Entry; order: number; index: number | null } | null {
  const { shape: form, index } = shape(pointer);
  const found = BY_SHAPE.get(form);
  return found === undefined ? null : { ...found, index };
}

/** What may be added to the first issue and the caller when nothing was said of it. */
export const ADDABLE: readonly Entry[] = CATALOGUE.filter(
  ({ kind, minor, shape: form, name }) => minor !== true && kind !== "routing" && form !== "/caller/phones/#" && name !== "emergency",
);
