// Copies what the pages need from node_modules to static/vendor/, so that no page asks another server for anything.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const from = (path) => new URL(`node_modules/${path}`, import.meta.url);
const to = (path) => new URL(`static/vendor/${path}`, import.meta.url);
const copy = (source, target) => cpSync(from(source), to(target), { recursive: true });

rmSync(to(""), { recursive: true, force: true });
mkdirSync(to("inter/files"), { recursive: true });
copy("@digdir/designsystemet-css/dist/src/index.css", "designsystemet/index.css");
copy("@digdir/designsystemet-css/dist/theme/designsystemet.css", "designsystemet/theme.css");
copy("@digdir/designsystemet-web/dist/umd/index.js", "designsystemet/index.js");
copy("@digdir/designsystemet-web/dist/umd/index.js.map", "designsystemet/index.js.map");

// The theme asks for «Inter»; the package calls its variable font otherwise.
const fonts = readFileSync(from("@fontsource-variable/inter/wght.css"), "utf8").replaceAll("Inter Variable", "Inter");
writeFileSync(to("inter/inter.css"), fonts);
for (const [, file] of fonts.matchAll(/url\(\.\/(files\/[^)]+)\)/g)) copy(`@fontsource-variable/inter/${file}`, `inter/${file}`);

// Plotly inserts its style rules by script, which our Content-Security-Policy refuses. It leaves that when the page has
// a sheet with id "plotly.js-style-global" and class "no-inline-styles" (plotly.js pull request 7109): here is that sheet.
mkdirSync(to("plotly"), { recursive: true });
copy("plotly.js-basic-dist-min/plotly-basic.min.js", "plotly/plotly.js");
const [written] = readFileSync(from("plotly.js-basic-dist-min/plotly-basic.min.js"), "utf8").match(/\{\s*"X,X div":[^}]*\}/);
const rules = Object.entries(runInNewContext(`(${written})`));
const named = (selector) => selector.replaceAll("X", ".js-plotly-plot .plotly").replaceAll("Y", ".plotly-notifier");
writeFileSync(to("plotly/plotly.css"), rules.map(([selector, style]) => `${named(selector)} { ${style} }\n`).join(""));
