// What a journey sees of the page: phases, captions and whether they came while the caller was still on the line.

/** Runs inside the page, before its own scripts. */
function observe() {
  const seen = { phases: [], troubles: [], captions: [], partials: 0, interruptions: 0, hearing: [] };
  globalThis.journeySeen = seen;
  const last = (list) => list[list.length - 1];
  let partial = null;
  let interrupted = false;
  const look = () => {
    const phase = document.querySelector("[data-phase]")?.dataset.phase;
    if (phase && phase !== last(seen.phases)) seen.phases.push(phase);
    const trouble = document.querySelector("[data-trouble]")?.dataset.trouble;
    if (trouble && trouble !== last(seen.troubles)) seen.troubles.push(trouble);
    const hearing = document.querySelector("[data-hearing]")?.dataset.hearing;
    if (hearing && hearing !== last(seen.hearing)) seen.hearing.push(hearing);
    for (const { dataset, textContent } of document.querySelectorAll("[data-caption]")) {
      const seq = Number(dataset.caption);
      const calls = seen.phases.filter((one) => one === "connecting").length;
      const known = seen.captions.find((one) => one.call === calls && one.seq === seq);
      if (known) known.text = textContent;
      else seen.captions.push({ call: calls, seq, text: textContent, before_hang_up: phase === "live" });
    }
    const words = document.querySelector("[data-partial]")?.textContent ?? null;
    if (words !== null && words !== partial) seen.partials += 1;
    partial = words;
    const now = document.querySelector("[data-interrupted]") !== null;
    if (now && !interrupted) seen.interruptions += 1;
    interrupted = now;
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}

export async function watch(page, report) {
  await page.addInitScript(observe);
  page.on("pageerror", (error) => report.page_errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && report.console_errors.push(message.text()));
}

/** Adds to the report what the frame shows at this moment. */
export async function take(frame, report) {
  const shown = await frame.evaluate(() => ({
    ...globalThis.journeySeen,
    lang: document.documentElement.lang,
    reference: document.querySelector("[data-reference]")?.dataset.reference ?? null,
    complete: document.querySelector("[data-phase=ended]") !== null && document.querySelector("[data-working]") === null,
    fields: Object.fromEntries(
      [...document.querySelectorAll("[data-field]")].map((field) => [field.dataset.field, field.textContent]),
    ),
  }));
  Object.assign(report, shown, { final_state: shown.phases.at(-1) ?? null });
}
