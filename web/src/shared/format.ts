/** 4829130675 -> 482 913 067 5, as people read long numbers to each other. */
export function grouped(reference: string): string {
  return reference.replace(/(\d{3})(?=\d)/g, "$1 ");
}

/** Spaced, so that a screen reader says the digits and not a number of billions. */
export function digits(reference: string): string {
  return [...reference].join(" ");
}

/** Seconds as 0:37. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
