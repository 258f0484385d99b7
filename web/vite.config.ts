import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type UserConfig } from "vite";

// One build per mode, because the outputs differ in kind: the pages (hashed modules), embed.js (one classic script
// that any site may load), and two that only the tests use.
const pages: UserConfig = {
  plugins: [svelte()],
  build: {
    outDir: "dist",
    // The pages are served under `default-src 'self'`: no data: URLs, no preload helper that browsers do not need.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: { input: ["call.html", "desk.html"] },
  },
};

const embed: UserConfig = {
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2020",
    lib: { entry: "src/embed.ts", formats: ["iife"], name: "heardline", fileName: () => "embed.js" },
  },
};

const gallery: UserConfig = {
  plugins: [svelte()],
  root: "tests/gallery",
  base: "./",
  build: {
    outDir: "../../node_modules/.gallery",
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: { input: ["tests/gallery/index.html", "tests/gallery/desk.html"] },
  },
};

const unit: UserConfig = {
  build: {
    ssr: true,
    outDir: "node_modules/.unit",
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: {
      input: {
        machine: "src/call/machine.ts",
        captions: "src/io/captions.ts",
        recall: "src/io/recall.ts",
        sse: "src/io/sse.ts",
        whip: "src/io/whip.ts",
        text: "src/text/index.ts",
        "desk-machine": "src/desk/machine.ts",
        "desk-work": "src/desk/work.ts",
        "desk-rows": "src/desk/rules/rows.ts",
        "desk-figures": "src/desk/figures.ts",
        "desk-filters": "src/desk/rules/filters.ts",
        "desk-pinyin": "src/desk/rules/pinyin.ts",
        "desk-matters": "src/desk/rules/matters.ts",
        "desk-typed": "src/desk/rules/typed.ts",
        "desk-related": "src/desk/rules/related.ts",
        "desk-outline": "src/desk/rules/outline.ts",
        "desk-transfer": "src/desk/transfer.ts",
        "desk-spans": "src/desk/rules/spans.ts",
        "desk-keys": "src/desk/rules/keys.ts",
        "desk-choices": "src/desk/rules/choices.ts",
        "desk-words": "src/desk/rules/words.ts",
        "desk-refused": "src/desk/rules/refused.ts",
        "desk-peaks": "src/desk/io/peaks.ts",
        "desk-text": "src/desk/text/index.ts",
        "desk-fixtures": "tests/gallery/desk-fixtures.ts",
      },
      output: { entryFileNames: "[name].js" },
    },
  },
};

export default defineConfig(({ mode }) => ({ embed, gallery, unit })[mode] ?? pages);
