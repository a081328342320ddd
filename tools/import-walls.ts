// Imports point one way: core, files <- components <- storage, protocols, server <- threads,
// switchboard.ts <- demo, cli. The pages know the server's types and nothing else; the client SDK knows
// nothing at all. Checked on the syntax tree, tests included.

import path from "node:path";

import { parseSync } from "vite";

import { findCycles } from "./import-cycles.ts";
import { lineAt, listFiles, readSource, reportViolations } from "./repository.ts";
import type { Violation } from "./repository.ts";

const COMPONENTS = ["tracker", "profiler", "communication", "gateway", "dashboard", "security"];
const ADAPTERS = ["storage", "protocols", "server"];
const BELOW_ADAPTERS = ["core", "files", ...COMPONENTS];
const BELOW_THREADS = [...BELOW_ADAPTERS, ...ADAPTERS, "configuration"];
const BELOW_CLI = [...BELOW_THREADS, "threads", "switchboard", "client"];

/** What each part of src/ may import from other parts. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  files: [],
  ...Object.fromEntries(COMPONENTS.map((name) => [name, ["core", "files"]])),
  // It merges the schemas of everything that can be configured.
  configuration: [...BELOW_ADAPTERS, "storage", "server"],
  ...Object.fromEntries(ADAPTERS.map((name) => [name, BELOW_ADAPTERS])),
  threads: BELOW_THREADS,
  switchboard: [...BELOW_THREADS, "threads"],
  cli: [...BELOW_CLI, "demo"],
  demo: BELOW_CLI,
  client: [],
  web: [],
  index: [...BELOW_THREADS, "threads", "switchboard"],
};

/** Parts of which only types may be imported. */
const ALLOWED_TYPES: Readonly<Record<string, readonly string[]>> = {
  dashboard: ["communication", "tracker"],
  server: ["configuration"],
  web: ["core", ...COMPONENTS, "server"],
};

/** The pages' one door to the server's types; re-exporting them is all it does. */
const WEB_DOOR = "src/web/model/wire.ts";

const LAYERS =
  "core, files <- components <- storage, protocols, server <- threads, switchboard <- cli; " +
  "client imports nothing of ours, web only types";

/** One import (or re-export) as written. */
export interface ImportEdge {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly isReexport: boolean;
  readonly isStar: boolean;
}

/** Every import and re-export of one file. */
export function readImports(file: string, text: string): ImportEdge[] {
  const { module, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new SyntaxError(`${file}: ${errors[0].message}`);
  const plain = { file, typeOnly: false, isReexport: false, isStar: false };
  const edge = (specifier: string, offset: number, flags: Partial<ImportEdge>): ImportEdge => ({
    ...plain,
    specifier,
    line: lineAt(text, offset),
    ...flags,
  });
  const edges: ImportEdge[] = [];
  for (const statement of module.staticImports) {
    const { entries, moduleRequest, start } = statement;
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    edges.push(edge(moduleRequest.value, start, { typeOnly }));
  }
  for (const { start, entries } of module.staticExports) {
    const from = entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest?.value;
    if (from === undefined) continue;
    const typeOnly = entries.every((entry) => entry.isType);
    const isStar = entries.some((entry) => entry.importName.kind.startsWith("All"));
    edges.push(edge(from, start, { typeOnly, isReexport: true, isStar }));
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^["'](.+)["']$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1] !== undefined) edges.push(edge(literal[1], moduleRequest.start, {}));
  }
  return edges;
}

/** The part of the repository a file belongs to: a folder of src/, or `test`, `tools`, ... */
function partOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  if (top !== "src") return top;
  if (!second.endsWith(".ts")) return second;
  // Files directly in src/ compose, beside switchboard.ts itself.
  return second === "index.ts" ? "index" : "switchboard";
}

/** Which wall an import breaks, if any. */
export function checkImport(edge: ImportEdge): Violation | undefined {
  const { file, line, specifier } = edge;
  const violation = (rule: string, fix: string): Violation => ({ file, line, rule, fix });
  if (edge.isStar) return violation(`export * from "${specifier}"`, "re-export by name");
  if (edge.isReexport && !/(^|\/)index\.ts$/.test(file) && file !== WEB_DOOR) {
    return violation(`re-export of "${specifier}"`, "only index.ts re-exports; import it there");
  }
  const from = partOf(file);
  const isTest = /\.test\.tsx?$/.test(file);
  if (!specifier.startsWith(".")) {
    if (from !== "client" || isTest || specifier.startsWith("node:")) return undefined;
    return violation(`the client SDK imports "${specifier}"`, "it has no dependencies");
  }
  const target = path.posix.join(path.posix.dirname(file), specifier.replace(/\?.*$/, ""));
  const to = partOf(target);
  if (from === to) return undefined;
  return checkCrossing({ ...edge, from, to, target, isTest });
}

interface Crossing extends ImportEdge {
  readonly from: string;
  readonly to: string;
  readonly target: string;
  readonly isTest: boolean;
}

function checkCrossing(crossing: Crossing): Violation | undefined {
  const { file, line, from, to, target, isTest, typeOnly } = crossing;
  const violation = (rule: string, fix: string): Violation => ({ file, line, rule, fix });
  const fromSource = file.startsWith("src/");
  if (!target.startsWith("src/")) {
    if (!fromSource || (isTest && target.startsWith("test/support/"))) return undefined;
    return violation(`src/ imports ${target}`, "only tests may, and only from test/support/");
  }
  // A contract suite is imported by the adapters' tests; as part of index.ts it would ship.
  const isContract = target.endsWith("-contract.ts") && (isTest || !fromSource);
  // The pages are compiled without Node's types, which index.ts would draw in.
  const isShape = from === "web" && (to === "core" || /\/(model|store|alert)\.ts$/.test(target));
  // A benchmark measures the inner part that is hot, which nobody outside needs by name.
  const isMeasured = from === "bench";
  const isDoor = target.endsWith("/index.ts") || to === "switchboard" || isShape || isMeasured;
  if (!isContract && !isDoor) {
    const fix = `import from src/${to}/index.ts, and export the name there if it belongs outside`;
    return violation(`reaches into ${target}`, fix);
  }
  if (!fromSource) return undefined;
  const allowed = ALLOWED[from];
  if (allowed === undefined) return violation(`src/${from} is in no layer`, `layers: ${LAYERS}`);
  if (allowed.includes(to)) return undefined;
  if (ALLOWED_TYPES[from]?.includes(to) === true) {
    if (typeOnly) return undefined;
    return violation(`${from} imports values of ${to}`, "`import type`: only types may cross here");
  }
  const fix = `meet through a port in core, composed in switchboard.ts (${LAYERS})`;
  return violation(`${from} may not import ${to}`, fix);
}

/** Every broken wall and every cycle of value imports in the clone. */
export function findBrokenWalls(root?: string): Violation[] {
  const files = listFiles(["{src,test,tools,bench,examples}/**/*.{ts,tsx}"], root);
  const edges = files.flatMap((file) => readImports(file, readSource(file, root)));
  const violations = edges.map(checkImport).filter((found) => found !== undefined);
  return [...violations, ...findCycles(edges)];
}

if (import.meta.main) reportViolations("import walls", findBrokenWalls());
