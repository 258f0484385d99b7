// The scripts that pages are written in, and which of them a reader wants.

export type Script = "en" | "zh-Hans" | "zh-Hant";

export const scripts: { script: Script; short: string; name: string }[] = [
  { script: "en", short: "EN", name: "English" },
  { script: "zh-Hans", short: "简", name: "简体中文" },
  { script: "zh-Hant", short: "繁", name: "繁體中文" },
];

/** Any BCP 47 tag as the script this page has for it; null where it has none. */
export function scriptOf(tag: string): Script | null {
  const [language, ...rest] = tag.toLowerCase().split(/[-_]/);
  if (language === "en") return "en";
  if (language === "yue") return "zh-Hant";
  if (language !== "zh") return null;
  if (rest.includes("hans")) return "zh-Hans";
  return rest.some((part) => ["hant", "tw", "hk", "mo"].includes(part)) ? "zh-Hant" : "zh-Hans";
}

/** The first wish the page can fulfil; English where there is none. */
export function chooseScript(wishes: (string | null | undefined)[]): Script {
  for (const wish of wishes) {
    const script = wish ? scriptOf(wish) : null;
    if (script !== null) return script;
  }
  return "en";
}
