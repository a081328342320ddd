// docs/errors.md, the page that problem+json's `type` points into.

import type { ErrorDefinition, ErrorTable } from "../src/core/index.ts";
import type { Violation } from "./repository.ts";

/** One code of one table. */
export interface ErrorEntry {
  readonly file: string;
  readonly code: string;
  readonly definition: ErrorDefinition;
}

/** Status of errors that a client makes itself. */
const OFF_THE_WIRE = 0;

/** True when an export of an errors.ts is a table of error codes. */
export function isErrorTable(value: unknown): value is ErrorTable {
  if (typeof value !== "object" || value === null) return false;
  const rows: unknown[] = Object.values(value);
  return rows.length > 0 && rows.every(isErrorDefinition);
}

function isErrorDefinition(row: unknown): row is ErrorDefinition {
  return (
    typeof row === "object" &&
    row !== null &&
    ["status", "retryable", "meaning", "remedy"].every((key) => key in row)
  );
}

/** Codes that are taken twice, badly spelt, or whose row says too little. */
export function findErrorCodeProblems(entries: readonly ErrorEntry[]): Violation[] {
  const violations: Violation[] = [];
  const ownerOf = new Map<string, string>();
  for (const { file, code, definition } of entries) {
    const add = (rule: string, fix: string): void => void violations.push({ file, rule, fix });
    const owner = ownerOf.get(code);
    if (owner !== undefined) add(`${code} is also defined in ${owner}`, "rename one of the two");
    ownerOf.set(code, file);
    if (!/^[a-z]+(\.[a-z][a-z0-9_]*)+$/.test(code)) {
      add(`${code} is no dotted lower-case code`, "write component.what_happened");
    }
    if (definition.meaning.trim() === "" || definition.remedy.trim() === "") {
      add(`${code} lacks a meaning or a remedy`, "say what happened and what to do about it");
    }
    const { status } = definition;
    if (status !== OFF_THE_WIRE && (status < 400 || status > 599)) {
      add(`${code} has HTTP status ${status}`, "400 to 599, or 0 when it never is on the wire");
    }
  }
  return violations;
}

/** The page, one section per component and one anchor per code. */
export function errorsPage(entries: readonly ErrorEntry[]): string {
  const sorted = entries.toSorted((a, b) => (a.code < b.code ? -1 : 1));
  const groups = Map.groupBy(sorted, (entry) => entry.code.split(".", 1)[0] ?? "");
  const sections = [...groups].map(([group, rows]) => `## ${group}\n\n${rows.map(row).join("\n")}`);
  return [
    "# Errors",
    "<!-- Written by `npm run docs` from every errors.ts. Edit those. -->",
    "On the wire an error is `application/problem+json` (RFC 9457): `type` points at a code on " +
      "this page, `code` repeats it, `detail` names the thing and its state, `remedy` says what " +
      "to do. In the library it is an exception with the same `code`. _Retryable_ means that the " +
      "same call may succeed later, unchanged.",
    ...sections,
  ].join("\n\n");
}

function row({ code, definition }: ErrorEntry): string {
  const { status, retryable, meaning, remedy } = definition;
  const where = status === OFF_THE_WIRE ? "in your own process" : `HTTP ${status}`;
  const facts = `${where}, ${retryable ? "retryable" : "not retryable"}`;
  return `<a id="${code}"></a>\n\n### \`${code}\`\n\n${meaning} (${facts})\n\n${remedy}\n`;
}
