// `node build.mjs FOLDER` bundles the client and the element into one file each, for pages without a
// build step. dist/ is the package's; the service has its own copy, which is kept in the repository.
import { build } from "esbuild";

await build({
  entryPoints: { seenby: "src/index.ts", "seenby-ticks": "src/element.ts" },
  outdir: process.argv[2],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  banner: { js: "/*! Seenby, MIT licence. Built from clients/js by `make client-js`. */" },
  logLevel: "warning",
});
