// What views may do: tell the machine, and work the player.

import type { Script } from "../shared/script";
import type { Pointer, Span } from "./contract";
import type { Event } from "./model";

export interface Hands {
  act(event: Event): void;
  /** Plays these stretches; of a field, hearing them to the end counts as having seen it. */
  hear(spans: readonly Span[], of: Pointer | null): void;
  from(ms: number): void;
  seek(ms: number): void;
  back(): void;
  toggle(): void;
  replay(): void;
  setRate(rate: number): void;
  setScript(script: Script): void;
  setLetters(on: boolean): void;
}
