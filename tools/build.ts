// Builds dist/: the library with tsc, the pages and the browser SDK with vite, both at once, only
// what is stale. `--all` builds everything. Words go to standard error: the server's standard
// output may be JSON lines.

import { copyFileSync, globSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

import { BuildPart, inputHash, staleParts, writeStamp } from "./build-inputs.ts";
import { acquireBuildLock } from "./build-lock.ts";
import { listFiles, repositoryRoot, runCommand } from "./repository.ts";

const inDist = (...names: string[]): string => path.join(repositoryRoot, "dist", ...names);

const BUILDERS: Readonly<Record<BuildPart, () => Promise<void>>> = {
  library: buildLibrary,
  web: buildWeb,
  sdk: buildSdk,
};

/** Builds the given parts, or the stale ones; returns what was built. */
export async function build(options: { readonly all?: boolean } = {}): Promise<BuildPart[]> {
  using _lock = await acquireBuildLock(inDist(".build.lock"));
  const parts = options.all === true ? Object.values(BuildPart) : staleParts();
  // Taken before building: a file that changes meanwhile leaves the part stale.
  const hashes = Object.fromEntries(parts.map((part) => [part, inputHash(part)]));
  const results = await Promise.allSettled(parts.map((part) => BUILDERS[part]()));
  const failures: unknown[] = [];
  for (const [index, result] of results.entries()) {
    const part = parts[index];
    if (result.status === "fulfilled" || part === undefined) continue;
    failures.push(result.reason);
    delete hashes[part];
  }
  if (parts.length > 0) writeStamp(hashes);
  if (failures.length > 0) throw new AggregateError(failures, "the build failed");
  return parts;
}

async function buildLibrary(): Promise<void> {
  const tsc = ["tsc", "-p", "tsconfig.build.json", "--noEmitOnError"] as const;
  const { exitCode, output } = await runCommand([...tsc]);
  if (exitCode !== 0) throw new Error(`tsc -p tsconfig.build.json:\n${output.trim()}`);
  pruneLibrary();
  for (const file of listFiles(["src/!(web)/**/*.py"])) {
    copyFileSync(path.join(repositoryRoot, file), inDist(file.slice("src/".length)));
  }
}

/** Removes what files that are gone from src/ left in dist/. */
function pruneLibrary(): void {
  const sources = listFiles(["src/!(web)/**/*.ts", "src/*.ts"]);
  const names = sources.map((file) => file.slice("src/".length, -".ts".length));
  const wanted = new Set(names.flatMap((name) => [`${name}.js`, `${name}.js.map`, `${name}.d.ts`]));
  for (const file of globSync("**/*.{js,js.map,d.ts}", { cwd: inDist() })) {
    const name = file.split(path.sep).join("/");
    const ours = !name.startsWith("web/") && !name.startsWith("sdk/");
    if (ours && (!wanted.has(name) || /\.test\.(js|d\.ts)/.test(name))) rmSync(inDist(name));
  }
}

async function buildWeb(): Promise<void> {
  const config = path.join(repositoryRoot, "src/web/vite.config.ts");
  const { build: viteBuild } = await import("vite");
  await viteBuild({
    configFile: config,
    logLevel: "warn",
    build: { outDir: inDist("web"), emptyOutDir: true },
  });
}

/** The SDK for pages and scripts that have no bundler, and the Python file, to be served. */
async function buildSdk(): Promise<void> {
  const { build: viteBuild } = await import("vite");
  await viteBuild({
    configFile: false,
    root: repositoryRoot,
    publicDir: false,
    logLevel: "warn",
    build: {
      outDir: inDist("sdk"),
      emptyOutDir: false,
      // People read what their pages load, and errors are known by their class's name.
      minify: false,
      sourcemap: false,
      target: "es2022",
      lib: {
        entry: path.join(repositoryRoot, "src/client/index.ts"),
        formats: ["es"],
        fileName: () => "agent-cellphone.js",
      },
      rolldownOptions: { external: [/^node:/] },
    },
  });
  mkdirSync(inDist("sdk"), { recursive: true });
  const python = path.join(repositoryRoot, "sdk/python/agent_cellphone.py");
  copyFileSync(python, inDist("sdk/agent_cellphone.py"));
}

/** Builds and says so in one line; on failure prints what the compilers said and exits with 1. */
async function main(): Promise<void> {
  const startedMs = performance.now();
  try {
    const parts = await build({ all: process.argv.includes("--all") });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const words = parts.length === 0 ? "dist/ is up to date" : `built ${parts.join(", ")}`;
    console.error(`${words} in ${seconds} s`);
  } catch (error) {
    const failures: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const failure of failures) {
      console.error(failure instanceof Error ? failure.message : String(failure));
    }
    console.error("The build failed. Mend what is named above, then run the same command again.");
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
