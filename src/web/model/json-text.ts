// A payload as text: strings as they are, everything else as indented JSON, folded when long.

import type { JsonValue } from "./wire.ts";

/** Lines of a payload shown before it folds. */
export const FOLD_AT_LINES = 12;

/** A payload split where it folds. */
export interface PayloadText {
  readonly shown: string;
  /** The rest; empty when everything is shown. */
  readonly folded: string;
  readonly foldedLines: number;
  /** True for JSON, false for plain text. */
  readonly json: boolean;
}

/** Renders a payload; common wrappers such as {"text": "..."} read as their text. */
export function payloadText(payload: JsonValue, foldAt = FOLD_AT_LINES): PayloadText {
  const plain = plainText(payload);
  const lines = (plain ?? JSON.stringify(payload, null, 2)).split("\n");
  const fits = lines.length <= foldAt;
  return {
    shown: (fits ? lines : lines.slice(0, foldAt)).join("\n"),
    folded: fits ? "" : lines.slice(foldAt).join("\n"),
    foldedLines: fits ? 0 : lines.length - foldAt,
    json: plain === undefined,
  };
}

function plainText(payload: JsonValue): string | undefined {
  if (typeof payload === "string") return payload;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  const entries = Object.entries(payload);
  const [first] = entries;
  if (entries.length !== 1 || first === undefined || typeof first[1] !== "string") return undefined;
  return ["text", "message", "note"].includes(first[0]) ? first[1] : undefined;
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
