// The call button on any site, in two lines:
//   <script src="https://calls.example/embed.js" data-line="default" async></script>
//   <div data-heardline></div>
// The call itself runs in a frame of the gateway's own origin; this script sees no word of it.

import type { ToFrame, ToHost } from "./host";
import { style } from "./embed-style";
import { words } from "./embed-words";

const READY_MS = 4_000;

interface Settings {
  origin: string;
  line: string;
  lang: string | null;
  token: string | null;
}

function pageUrl({ origin, line, lang, token }: Settings, framed: boolean): string {
  const url = new URL(`/call/${encodeURIComponent(line)}`, origin);
  if (lang !== null) url.searchParams.set("lang", lang);
  if (framed) {
    url.searchParams.set("embed", "1");
    url.searchParams.set("host", window.location.origin);
  }
  if (token !== null) url.hash = `token=${token}`;
  return url.href;
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text: string,
  onClick?: () => void,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  if (onClick) made.addEventListener("click", onClick);
  return made;
}

/** One dialog with one frame; it lives from opening to closing. */
function openDialog(root: ShadowRoot, settings: Settings): void {
  const say = words(settings.lang ?? document.documentElement.lang);
  const dialog = element("dialog", "", "");
  dialog.setAttribute("aria-label", say.call);
  const frame = element("iframe", "", "");
  frame.title = say.call;
  frame.allow = "microphone; autoplay; clipboard-write; screen-wake-lock";
  frame.src = pageUrl(settings, true);

  const blocked = element("div", "note", "");
  const tab = element("a", "button", say.newTab);
  Object.assign(tab, { href: pageUrl(settings, false), target: "_blank", rel: "noopener" });
  blocked.append(element("p", "", say.blocked), tab);
  const asking = element("div", "note", "");
  asking.setAttribute("role", "alertdialog");
  asking.setAttribute("aria-label", say.onCall);
  const stay = element("button", "", say.stay, () => ((asking.hidden = true), frame.focus()));
  const hangUp = element("button", "danger", say.hangUp, () => {
    frame.contentWindow?.postMessage({ heardline: "hang-up" satisfies ToFrame }, settings.origin);
    asking.hidden = true;
    frame.focus();
  });
  asking.append(element("p", "", say.onCall), stay, hangUp);
  blocked.hidden = asking.hidden = true;

  let onCall = false;
  const close = () => {
    if (!onCall) return dialog.close();
    asking.hidden = false;
    stay.focus();
  };
  /** A frame that comes late, over a slow line, still takes the place of the offer of a new tab. */
  const showFrame = (shown: boolean) => {
    frame.hidden = !shown;
    blocked.hidden = shown;
  };
  const ready = setTimeout(() => showFrame(false), READY_MS);
  const hear = (event: MessageEvent) => {
    if (event.source !== frame.contentWindow || event.origin !== settings.origin) return;
    const message = event.data?.heardline as ToHost | undefined;
    if (message === "ready") {
      clearTimeout(ready);
      showFrame(true);
    }
    if (message === "on-call" || message === "off-call") onCall = message === "on-call";
    if (message === "off-call") asking.hidden = true;
    if (message === "ask-to-close") close();
  };
  const warn = (event: BeforeUnloadEvent) => onCall && event.preventDefault();
  window.addEventListener("message", hear);
  window.addEventListener("beforeunload", warn);
  dialog.addEventListener("cancel", (event) => (event.preventDefault(), close()));
  dialog.addEventListener("close", () => {
    clearTimeout(ready);
    window.removeEventListener("message", hear);
    window.removeEventListener("beforeunload", warn);
    dialog.remove();
  });
  const shut = element("button", "close", "×", close);
  shut.setAttribute("aria-label", say.close);
  dialog.append(shut, blocked, asking, frame);
  root.append(dialog);
  dialog.showModal();
}

function insertButton(place: Element, settings: Settings): void {
  if (place.shadowRoot !== null) return;
  const root = place.attachShadow({ mode: "open" });
  // A constructed sheet, because a site's policy may forbid style elements.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  const say = words(settings.lang ?? document.documentElement.lang);
  root.append(element("button", "call", say.call, () => openDialog(root, settings)));
}

const script = document.currentScript as HTMLScriptElement | null;

function start(): void {
  if (script === null) return;
  const { line, lang, token } = script.dataset;
  const settings: Settings = {
    origin: new URL(script.src).origin,
    line: line ?? "default",
    lang: lang ?? null,
    token: token ?? null,
  };
  let places = [...document.querySelectorAll("[data-heardline]")];
  if (places.length === 0) {
    const place = document.createElement("div");
    if (document.head.contains(script)) document.body.append(place);
    else script.after(place);
    places = [place];
  }
  for (const place of places) insertButton(place, settings);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
