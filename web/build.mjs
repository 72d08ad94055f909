// Bundles the console's scripts, styles and icons: `node build.mjs OUT SCAN...`
// OUT receives app.js, charts.js, console.css, icons.svg and licenses/; SCAN are the folders whose
// templates and Python files name the icons.
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const [out, ...scanned] = process.argv.slice(2);
if (!out || scanned.length === 0) throw new Error("usage: node build.mjs OUT SCAN...");

// safari14 cannot be a target: esbuild does not lower destructuring for it.
const target = ["chrome100", "edge100", "firefox100", "safari15.4"];
const LICENSED = {
  "htmx.org": ["LICENSE"],
  "@tabler/core": ["package.json"],
  "@tabler/icons": ["LICENSE"],
  "@popperjs/core": ["LICENSE.md"],
  echarts: ["LICENSE", "NOTICE"],
  zrender: ["LICENSE"],
  tslib: ["LICENSE.txt"],
};
// How a template and how a Python file name an icon.
const ICON_USES = {
  ".html": /\{%\s*icon\s+"([a-z0-9-]+)"|\bicon_name(?:=|\|default:)"([a-z0-9-]+)"/g,
  ".py": /\bicon="([a-z0-9-]+)"/g,
};

async function* files(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "dist" && entry.name !== "__pycache__") yield* files(path);
    } else if (/\.(html|py)$/.test(entry.name)) {
      yield path;
    }
  }
}

async function usedIcons() {
  const used = new Map();
  for (const folder of scanned) {
    for await (const path of files(folder)) {
      const text = await readFile(path, "utf8");
      for (const match of text.matchAll(ICON_USES[extname(path)])) {
        const name = match[1] ?? match[2];
        if (!used.has(name)) used.set(name, path);
      }
    }
  }
  return used;
}

async function symbol(name, firstUse) {
  const source = join(web, "node_modules/@tabler/icons/icons/outline", `${name}.svg`);
  const svg = await readFile(source, "utf8").catch(() => {
    console.error(`There is no icon "${name}" (used in ${firstUse}). Pick one of @tabler/icons.`);
    process.exit(1);
  });
  const body = svg.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
  const shapes = body.replace(/\s+/g, " ").trim();
  return (
    `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" ` +
    `stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes}</symbol>`
  );
}

async function sprite() {
  const used = [...(await usedIcons())].sort(([a], [b]) => (a < b ? -1 : 1));
  const symbols = await Promise.all(used.map(([name, path]) => symbol(name, path)));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

async function licences() {
  for (const [name, wanted] of Object.entries(LICENSED)) {
    const folder = join(web, "node_modules", name);
    const target = join(staging, "licenses", name.replace("@", "").replace("/", "-"));
    await mkdir(target, { recursive: true });
    for (const file of wanted) await cp(join(folder, file), join(target, file));
  }
}

// Built aside and put in place at once: a page asked for meanwhile never misses a file.
const staging = `${out}.new`;
const icons = await sprite();
await rm(staging, { recursive: true, force: true });
await mkdir(staging, { recursive: true });
const common = { bundle: true, minify: true, target, legalComments: "linked", logLevel: "warning" };
const entries = { "app.js": "app.js", "charts.js": "charts.js", "console.css": "console.css" };
await Promise.all(
  Object.entries(entries).map(([name, source]) =>
    build({
      ...common,
      // One classic script each: hashed file names need no rewriting inside.
      ...(name.endsWith(".js") ? { format: "iife" } : { external: ["*.woff2"] }),
      entryPoints: [join(web, "src", source)],
      outfile: join(staging, name),
    }),
  ),
);
await writeFile(join(staging, "icons.svg"), icons);
await licences();
await rm(out, { recursive: true, force: true });
await rename(staging, out);
