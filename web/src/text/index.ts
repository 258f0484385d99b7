import type { Spoken } from "../call/contract";
import type { Script } from "../shared/script";
import { en } from "./en";
import { zhHans } from "./zh-hans";
import { zhHant } from "./zh-hant";

export { chooseScript, scriptOf, scripts } from "../shared/script";

export type Text = typeof en;

export const texts: Record<Script, Text> = { en, "zh-Hans": zhHans, "zh-Hant": zhHant };

/** What a reader of this script most likely speaks on this line. */
export function spokenOf(script: Script, languages: Spoken[]): Spoken {
  if (script === "en") return "en";
  return script === "zh-Hant" && languages.includes("yue") ? "yue" : "zh";
}
