// What an agent typed, as the value it stands for.

import type { Kind } from "./catalog";

/** Null: it is no value of this kind, or there is none. Flags are their codes with spaces between. */
export function valueTyped(kind: Kind, text: string): unknown {
  const plain = text.trim();
  if (plain === "") return null;
  if (kind === "flags") return plain.split(" ");
  if (kind === "routing") return { unit: plain, basis: "" };
  if (kind !== "number") return plain;
  const number = Number(plain.replace(/[,，\s]/g, ""));
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}
