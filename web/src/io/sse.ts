// A reader of text/event-stream (WHATWG HTML, 9.2.6), because EventSource cannot send the bearer.

import { EVENT_MAX_CHARS } from "../call/limits";

export interface ServerEvent {
  name: string;
  data: string;
}

/** Feed it pieces of the stream, split anywhere; it returns the events that are whole. */
export class EventParser {
  private rest = "";
  private name = "";
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    this.rest += text;
    if (this.rest.length > EVENT_MAX_CHARS) throw new Error("an event of the call is larger than any event can be");
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === "") {
      const event = { name: this.name || "message", data: this.data.join("\n") };
      const whole = this.data.length > 0;
      this.name = "";
      this.data = [];
      return whole ? [event] : [];
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    if (field === "data") this.data.push(value);
    return [];
  }
}
