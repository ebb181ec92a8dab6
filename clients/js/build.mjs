// Bundles the client and the element into one file each, for pages without a build step.
// `node build.mjs FOLDER` writes elsewhere, to compare.
import { build } from "esbuild";

await build({
  entryPoints: { seenby: "src/index.ts", "seenby-ticks": "src/element.ts" },
  outdir: process.argv[2] ?? "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  banner: { js: "/*! Seenby, MIT licence. Built from clients/js by `make client-js`. */" },
  logLevel: "warning",
});
