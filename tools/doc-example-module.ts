// Makes a module of its own of an example.

import path from "node:path";

import type { DocExample } from "./doc-example-sources.ts";

/** An example ready to be compiled and run. */
export interface ExampleModule {
  readonly text: string;
  /** Lines put before the example's first. */
  readonly addedLines: number;
}

/**
 * The example with `agent-cellphone` meaning src/, and with what its own file exports imported
 * where it is used without an import: a docstring need not import what it documents.
 */
export function exampleModule(example: DocExample, root: string): ExampleModule {
  const at = (file: string): string => path.join(root, file).split(path.sep).join("/");
  const code = example.code
    .replaceAll(/(["'])agent-cellphone\1/g, `"${at("src/index.ts")}"`)
    .replaceAll(/(["'])agent-cellphone\/client\1/g, `"${at("src/client/index.ts")}"`);
  const imported = [...code.matchAll(/^\s*import\b[^;]*/gm)].map((match) => match[0]).join("\n");
  const taken = new Set<string>();
  const imports: string[] = [];
  for (const { file, name, typeOnly } of example.exports) {
    if (taken.has(name) || !mentions(code, name) || mentions(imported, name)) continue;
    taken.add(name);
    imports.push(`import { ${typeOnly ? "type " : ""}${name} } from "${at(file)}";`);
  }
  const head = imports.length === 0 ? "export {};" : imports.join(" ");
  return { text: `${head}\n${code}\n`, addedLines: 1 };
}

function mentions(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w$.])${name.replaceAll("$", "\\$")}(?![\\w$])`).test(code);
}
