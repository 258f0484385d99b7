// Lists to choose a value from, and what typing finds in them.

import type { Category } from "../contract";
import { readingAt } from "./pinyin";
import { category, type Words } from "./words";

export interface Choice {
  code: string;
  name: string;
  /** The code, for those who know it. */
  note: string | null;
  parent: string | null;
  /** Everything that typing may find, in lower case. */
  keys: string[];
}

const folded = (text: string) => text.normalize("NFKC").toLowerCase().trim();

/** The categories of the second level, which a ticket is of. */
export function categoryChoices(words: Words): Choice[] {
  const top = new Map(words.categories.filter(({ code }) => !code.includes(".")).map((one) => [one.code, one]));
  return words.categories.filter(({ code }) => code.includes(".")).map((one) => {
    const parent = one.code.slice(0, one.code.indexOf("."));
    const names = (known: Category | undefined) => Object.values(known?.name ?? {}).map((name) => folded(name ?? ""));
    return { code: one.code, name: category(words, one.code), note: one.code, parent, keys: [...names(one), folded(one.code), ...names(top.get(parent))] };
  });
}

export function valueChoices(words: Words, codes: readonly string[]): Choice[] {
  return codes.map((code) => {
    const name = words.text.value.of[code] ?? code;
    return { code, name, note: null, parent: null, keys: [folded(name), folded(code)] };
  });
}

const WORD = /[^\p{L}\p{N}]+/u;

/** Every word that was typed begins a word of the name, one after the other: "st li" in "Street lighting". */
function beginsWords(key: string, wanted: string): boolean {
  const words = key.split(WORD);
  let from = 0;
  return wanted.split(WORD).filter(Boolean).every((part) => {
    const at = words.findIndex((word, i) => i >= from && word.startsWith(part));
    from = at + 1;
    return at >= 0;
  });
}

/** How well a name answers to what was typed, the lower the better; null: not at all. */
function rank(key: string, wanted: string): number | null {
  if (key.startsWith(wanted)) return 0;
  if (beginsWords(key, wanted)) return 1;
  const read = readingAt(key, wanted);
  if (read >= 0) return read === 0 ? 1 : 2;
  return key.includes(wanted) ? 3 : null;
}

/** Those that answer to what was typed, the best first: by name, by the beginnings of its words, by pinyin, by what it holds. A
    choice's own names come before those of its group. */
export function matching(choices: readonly Choice[], typed: string): Choice[] {
  const wanted = folded(typed);
  if (wanted.split(WORD).join("") === "") return wanted === "" ? [...choices] : [];
  const found = choices.flatMap((choice) => {
    const ranks = choice.keys.map((key) => rank(key, wanted) ?? Infinity);
    const best = Math.min(...ranks);
    return best === Infinity ? [] : [{ choice, best, key: ranks.indexOf(best) }];
  });
  return found.sort((a, b) => a.best - b.best || a.key - b.key).map(({ choice }) => choice);
}
