// JSON pointers (RFC 6901) into a draft.

import type { Pointer } from "../contract";

const parts = (pointer: Pointer): string[] =>
  pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** What stands there; undefined where nothing does. */
export function at(root: unknown, pointer: Pointer): unknown {
  let here: unknown = root;
  for (const part of parts(pointer)) {
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string, unknown>)[part];
  }
  return here;
}

/** The pointer with "#" in the place of its issue's or phone's number, and that number. */
export function shape(pointer: Pointer): { shape: string; index: number | null } {
  const found = /^\/(issues|caller\/phones)\/(\d+)(\/.*)?$/.exec(pointer);
  if (found === null) return { shape: pointer, index: null };
  return { shape: `/${found[1]}/#${found[3] ?? ""}`, index: Number(found[2]) };
}
