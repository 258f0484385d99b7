import type { Script } from "../../shared/script";
import { en } from "./en";
import { zhHans } from "./zh-hans";
import { zhHant } from "./zh-hant";

export type Text = typeof en;

export const texts: Record<Script, Text> = { en, "zh-Hans": zhHans, "zh-Hant": zhHant };
