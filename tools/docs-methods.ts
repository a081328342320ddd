// docs/reference/<component>.md: the public methods of each component's class, read from its
// source, and its options, read from its schema. test/integration/reference.test.ts holds the
// tables against what the package exports.

import { readFileSync } from "node:fs";
import path from "node:path";

import type { SectionSchemas } from "../src/configuration/index.ts";
import { optionRows } from "./docs-configuration.ts";
import { tableRow } from "./docs-table.ts";
import { repositoryRoot } from "./repository.ts";

/** A component's class and where it is written, base classes after it. */
export interface DocumentedClass {
  readonly component: string;
  readonly className: string;
  readonly files: readonly string[];
}

/** The five components, in the order in which people meet them. */
export const documentedClasses: readonly DocumentedClass[] = [
  {
    component: "tracker",
    className: "PerformanceTracker",
    files: ["src/tracker/performance-tracker.ts"],
  },
  {
    component: "profiler",
    className: "PerformanceProfiler",
    files: ["src/profiler/performance-profiler.ts"],
  },
  {
    component: "dashboard",
    className: "PerformanceDashboard",
    files: ["src/dashboard/performance-dashboard.ts"],
  },
  {
    component: "communication",
    className: "AgentCommunicationProtocol",
    files: [
      "src/communication/agent-communication-protocol.ts",
      "src/communication/communication-host.ts",
    ],
  },
  {
    component: "gateway",
    className: "APIGateway",
    files: ["src/gateway/api-gateway.ts", "src/gateway/gateway-host.ts"],
  },
];

/** One public method, getter or property of a class. */
export interface MemberRow {
  readonly name: string;
  /** As written in the source, on one line, without modifiers. */
  readonly signature: string;
  /** Names of its parameters, as far as they have one. */
  readonly parameters: readonly string[];
  /** The first sentence of its docstring; empty without one. */
  readonly summary: string;
}

const MODIFIERS = /^(?:override |async |readonly |get |\*|async \*)+/;
const HIDDEN = /^(?:#|private |protected |static |constructor\b|set |\[)/;

/**
 * Public members of the class a formatted source file declares: the formatter puts each at two
 * spaces, so no parser is needed. Of overloads every signature is a row.
 */
export function memberRows(source: string): MemberRow[] {
  const lines = source.split("\n");
  const rows: MemberRow[] = [];
  const overloaded = new Set<string>();
  let inClass = false;
  let comment: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (/^export (?:abstract )?class /.test(line)) inClass = true;
    else if (line === "}") inClass = false;
    if (!inClass) continue;
    if (/^ {2}(?:\/\*\*| \*)/.test(line)) {
      comment.push(line);
      continue;
    }
    const member = /^ {2}([A-Za-z*#[].*)$/.exec(line)?.[1];
    if (member === undefined || HIDDEN.test(member)) {
      if (line.trim() !== "") comment = [];
      continue;
    }
    const { text, end } = declarationAt(lines, index);
    const row = memberRow(text, comment);
    const isOverload = text.endsWith(";") && /^\w+[(<]/.test(text.replace(MODIFIERS, ""));
    if (row !== undefined && !(overloaded.has(row.name) && !isOverload)) rows.push(row);
    if (row !== undefined && isOverload) overloaded.add(row.name);
    comment = isOverload ? comment : [];
    index = end;
  }
  return rows;
}

/** Names of methods that only subclasses may call. */
export function protectedNames(source: string): string[] {
  return [...source.matchAll(/^ {2}protected (?:readonly |async |get )*([A-Za-z]\w*)/gm)].map(
    ([, name = ""]) => name,
  );
}

/** The declaration that begins at a line, up to its body, on one line. */
function declarationAt(
  lines: readonly string[],
  start: number,
): { readonly text: string; readonly end: number } {
  let text = "";
  for (let index = start; index < lines.length; index++) {
    const line = (lines[index] ?? "").trim().replace(/ \{\}$/, " {"); // an empty body
    text += text === "" || text.endsWith("(") || line.startsWith(")") ? line : ` ${line}`;
    const nested = depthOf(text);
    if (nested === 0 && /(?:\{|;)$/.test(line)) return { text: tidy(text), end: index };
    if (nested === 1 && line.endsWith("{") && depthOf(text.slice(0, -1)) === 0) {
      return { text: tidy(text.slice(0, -1)), end: index };
    }
  }
  throw new Error(`No end of the declaration at line ${start + 1}`);
}

function tidy(text: string): string {
  return text.replaceAll(/,\s*\)/g, ")").trim();
}

function depthOf(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if ("({[<".includes(character)) depth += 1;
    else if (")}]".includes(character) || (character === ">" && text[index - 1] !== "="))
      depth -= 1;
  }
  return depth;
}

function memberRow(text: string, comment: readonly string[]): MemberRow | undefined {
  const bare = text.replace(MODIFIERS, "").replace(/;$/, "").trim();
  const isGetter = /^(?:override )?get /.test(text);
  const declaration = isGetter ? bare.replace("()", "") : bare;
  const name = /^[A-Za-z]\w*/.exec(declaration)?.[0];
  if (name === undefined) return undefined;
  const value = declaration.search(/ = /);
  const isMethod = /^[A-Za-z]\w*[(<]/.test(declaration);
  const signature = !isMethod && value > 0 ? declaration.slice(0, value) : declaration;
  const parameters = isMethod ? parameterNames(signature) : [];
  return { name, signature, parameters, summary: firstSentence(comment) };
}

/** Names of the parameters between the outermost parentheses. */
export function parameterNames(signature: string): string[] {
  const open = openingParenthesis(signature);
  if (open < 0) return [];
  const names: string[] = [];
  let depth = 0;
  let current = "";
  for (let index = open; index < signature.length; index++) {
    const character = signature[index] ?? "";
    const closes = ")}]".includes(character) || (character === ">" && signature[index - 1] !== "=");
    if (closes) depth -= 1;
    if (depth === 0 || (depth === 1 && character === ",")) {
      if (current.trim() !== "") names.push(nameOf(current));
      current = "";
      if (closes) return names;
    } else current += character;
    if ("({[<".includes(character)) depth += 1;
  }
  return names;
}

/** The parenthesis that opens the parameters, after any type parameters. */
function openingParenthesis(signature: string): number {
  let depth = 0;
  for (let index = 0; index < signature.length; index++) {
    const character = signature.charAt(index);
    if (character === "(" && depth === 0) return index;
    if (character === "<") depth += 1;
    if (character === ">" && signature[index - 1] !== "=") depth -= 1;
  }
  return -1;
}

function nameOf(parameter: string): string {
  return /^\s*(?:\.\.\.)?([A-Za-z_]\w*)/.exec(parameter)?.[1] ?? "";
}

function firstSentence(comment: readonly string[]): string {
  const text = comment
    .map((line) => line.replace(/^ {2}(?:\/\*\*| \*\/?)/, "").replace(/\*\/\s*$/, ""))
    .map((line) => line.trim())
    .join(" ")
    .trim();
  const [prose = ""] = text
    .replace(/^@(?:param \w+|returns|throws)\s+/, "")
    .split(/\s@(?:param|throws|example|default|returns)\b/, 1);
  const end = /[.:](?=\s|$)/.exec(prose);
  const sentence = end === null ? prose : prose.slice(0, end.index);
  return sentence.replaceAll(/\{@link ([^}]+)\}/g, "`$1`").trim();
}

/** One component's page. */
export function referencePage(documented: DocumentedClass, schemas: SectionSchemas): string {
  const { component, className, files } = documented;
  const rows = files.flatMap((file) =>
    memberRows(readFileSync(path.join(repositoryRoot, file), "utf8")),
  );
  const schema = schemas[component];
  if (schema === undefined) throw new Error(`no options are known of ${component}`);
  const methods = [
    tableRow(["Member", "What it does"]),
    tableRow(["---", "---"]),
    ...rows
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map(({ signature, summary }) => tableRow([`\`${signature}\``, summary])),
  ];
  const options = [
    tableRow(["Option", "Unit", "Default", "What it is for"]),
    tableRow(["---", "---", "---:", "---"]),
    ...optionRows("", schema).map(({ key, unit, defaultValue, description }) =>
      tableRow([`\`${key}\``, unit, `\`${defaultValue}\``, description]),
    ),
  ];
  return [
    `# ${className}`,
    "<!-- Written by `npm run docs` from the source. Edit that. -->",
    `\`import { ${className} } from "agent-cellphone"\``,
    "## Members",
    methods.join("\n"),
    "## Options",
    options.join("\n"),
  ].join("\n\n");
}
