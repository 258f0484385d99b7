// Every state of the desk with fixed words, for screenshots: desk.html?state=desk-draft&script=zh-Hans

import { mount } from "svelte";
import { chooseScript, type Script } from "../../src/shared/script";
import type { Hands } from "../../src/desk/hands";
import { texts } from "../../src/desk/text";
import Desk from "../../src/desk/views/Desk.svelte";
import "../../src/desk/desk.css";
import { categories, NOW_MS } from "./desk-fixtures";
import { states } from "./desk-states";

const query = new URLSearchParams(location.search);
const script: Script = chooseScript([query.get("script")]);
const make = states[query.get("state") ?? ""];
const target = document.getElementById("page");
const nothing = () => undefined;
const hands: Hands = {
  act: nothing, hear: nothing, from: nothing, seek: nothing, back: nothing, toggle: nothing, replay: nothing, setRate: nothing, setScript: nothing, setLetters: nothing,
};

document.documentElement.lang = script;
document.documentElement.dataset["states"] = Object.keys(states).join(" ");
if (make !== undefined && target !== null) {
  const { model, sound, peaks } = make(script);
  mount(Desk, { target, props: { model, words: { text: texts[script], script, categories }, nowMs: NOW_MS, sound, peaks, soundOff: false, letters: true, hands } });
}
