// Every state of the caller's page with fixed words, for screenshots: ?state=live&script=zh-Hans

import { mount } from "svelte";
import type { Script } from "../../src/call/contract";
import Page from "../../src/views/Page.svelte";
import "../../src/style.css";
import { chooseScript } from "../../src/text";
import { NOW_MS, states } from "./states";

const query = new URLSearchParams(location.search);
const script: Script = chooseScript([query.get("script")]);
const make = states[query.get("state") ?? ""];
const target = document.getElementById("page");

document.documentElement.lang = script;
document.documentElement.dataset.states = Object.keys(states).join(" ");
if (make !== undefined && target !== null) {
  const model = make(script);
  const levels = Array.from({ length: 32 }, (_, place) => 0.12 + 0.5 * Math.abs(Math.sin(place * 0.7) * Math.sin(place * 0.23)));
  const nothing = () => undefined;
  mount(Page, {
    target,
    props: { model, script, nowMs: NOW_MS, levels, identified: false, act: nothing, onScript: nothing, onSoundOn: nothing },
  });
}
