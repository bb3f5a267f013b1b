// Copies what the pages need from node_modules to static/vendor/, so that no page asks another server for anything.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

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
