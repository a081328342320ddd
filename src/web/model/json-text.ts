// A payload as text: strings as they are, everything else as JSON that keeps small things on one
// line; folded when long.

import type { JsonValue } from "./wire.ts";

/** Lines of a payload shown before it folds. */
export const FOLD_AT_LINES = 12;

/** Characters shown before it folds, for payloads of few but endless lines. */
export const FOLD_AT_CHARACTERS = 4000;

/** Arrays and objects up to this length stay on one line. */
const INLINE_LENGTH = 72;

/** A payload split where it folds. */
export interface PayloadText {
  readonly shown: string;
  /** The rest, to be appended as it is; empty when everything is shown. */
  readonly folded: string;
  readonly foldedLines: number;
  /** True for JSON, false for plain text. */
  readonly json: boolean;
}

/** Renders a payload; common wrappers such as {"text": "..."} read as their text. */
export function payloadText(payload: JsonValue): PayloadText {
  const plain = plainText(payload);
  const text = plain ?? prettyJson(payload);
  const at = Math.min(lineEnd(text, FOLD_AT_LINES), FOLD_AT_CHARACTERS);
  const folded = text.slice(at);
  return {
    shown: text.slice(0, at),
    folded,
    foldedLines: folded.split("\n").length - 1,
    json: plain === undefined,
  };
}

/** Index of the end of a text's n-th line. */
function lineEnd(text: string, lines: number): number {
  let at = -1;
  for (let line = 0; line < lines; line += 1) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return text.length;
  }
  return at;
}

function plainText(payload: JsonValue): string | undefined {
  if (typeof payload === "string") return payload;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  const entries = Object.entries(payload);
  const [first] = entries;
  if (entries.length !== 1 || first === undefined || typeof first[1] !== "string") return undefined;
  return ["text", "message", "note"].includes(first[0]) ? first[1] : undefined;
}

/** JSON with two spaces of indentation, in which whatever fits stays on one line. */
export function prettyJson(value: JsonValue): string {
  try {
    return pretty(value, "");
  } catch (error) {
    // Nested deeper than the stack: nobody reads that.
    if (error instanceof RangeError) return "(nested too deeply to show)";
    throw error;
  }
}

function pretty(value: JsonValue, indent: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: JsonValue) => pretty(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  if (parts.length === 0) return `${open}${close}`;
  const length = parts.reduce((sum, part) => sum + part.length + 2, indent.length);
  const fits = length <= INLINE_LENGTH && !parts.some((part) => part.includes("\n"));
  if (isList && !fits && value.every(isScalar)) return `[\n${filled(parts, inner)}\n${indent}]`;
  if (fits) return isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== "object" || value === null;
}

/** Numbers and short words side by side, as many as a line takes. */
function filled(parts: readonly string[], indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && indent.length + line.length + part.length + 2 > INLINE_LENGTH) {
      lines.push(`${indent}${line},`);
      line = part;
    } else line = line === "" ? part : `${line}, ${part}`;
  }
  return [...lines, `${indent}${line}`].join("\n");
}

/** The shape of a payload without its values; equal shapes make messages similar. */
export function payloadShape(payload: JsonValue): string {
  if (Array.isArray(payload)) return "[]";
  if (typeof payload !== "object" || payload === null) return typeof payload;
  return `{${Object.keys(payload).sort().join(",")}}`;
}

/** What a person typed as a payload: JSON when it is an object or array, else text. */
export function parsePayload(typed: string): JsonValue {
  const text = typed.trim();
  if (!text.startsWith("{") && !text.startsWith("[")) return { text };
  const payload: JsonValue = JSON.parse(text);
  return payload;
}
