import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type UserConfig } from "vite";

// One build per mode, because the outputs differ in kind: the page (hashed modules), embed.js (one classic script
// that any site may load), and two that only the tests use.
const page: UserConfig = {
  plugins: [svelte()],
  build: {
    outDir: "dist",
    // The page is served under `default-src 'self'`: no data: URLs, no preload helper that browsers do not need.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: { input: "call.html" },
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
  build: { outDir: "../../node_modules/.gallery", emptyOutDir: true, target: "es2022" },
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
      },
      output: { entryFileNames: "[name].js" },
    },
  },
};

export default defineConfig(({ mode }) => ({ embed, gallery, unit })[mode] ?? page);
