// What the page's address and the browser say: which line, which language, who frames the page, what is missing.

import type { Script } from "./call/contract";
import { attempt } from "./io/memory";
import { hostOf, type Host } from "./host";
import { chooseScript } from "./text";

export interface Place {
  line: string;
  script: Script;
  /** A signed identity from the fragment, which no server and no log sees. */
  identityToken: string | null;
  host: Host | null;
  unable: "browser_too_old" | "page_not_secure" | null;
}

export function placeOf(location: Location): Place {
  const query = new URLSearchParams(location.search);
  const stored = attempt(() => localStorage.getItem("heardline.script"));
  return {
    line: decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "default"),
    script: chooseScript([query.get("lang"), stored, ...navigator.languages]),
    identityToken: new URLSearchParams(location.hash.slice(1)).get("token"),
    host: query.get("embed") === "1" ? hostOf(query.get("host")) : null,
    unable: unable(),
  };
}

function unable(): Place["unable"] {
  const can = "RTCPeerConnection" in window && "AudioContext" in window && "TextDecoderStream" in window && "timeout" in AbortSignal;
  if (!can) return "browser_too_old";
  if (!window.isSecureContext) return "page_not_secure";
  return navigator.mediaDevices?.getUserMedia === undefined ? "browser_too_old" : null;
}
