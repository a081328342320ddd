// From a sample's context (any JSON object) to a series' labels (few, short, text), and to the
// text that identifies them.

import type { JsonObject, JsonValue, SeriesLabels } from "../core/index.ts";

/** The name under which what is over a cap is recorded; no user's name may start with `_`. */
export const OTHER = "__other__";

/** Labels of a series that stands for those over a cap. */
export const otherLabels: SeriesLabels = Object.freeze({ [OTHER]: "true" });

/** A context turned into labels, with the context as it is kept beside the samples. */
export interface BoundedLabels {
  readonly labels: SeriesLabels;
  /** The same keys with numbers and booleans as they were given. */
  readonly context: JsonObject;
  /** Labels left out: too many, name too long or reserved. */
  readonly dropped: number;
  /** Nothing was left out or cut. */
  readonly exact: boolean;
}

/** How much of a context may become labels. */
export interface LabelBounds {
  readonly maxLabels: number;
  readonly maxNameLength: number;
  readonly maxValueLength: number;
}

const none: BoundedLabels = Object.freeze({
  labels: Object.freeze({}),
  context: Object.freeze({}),
  dropped: 0,
  exact: true,
});

/**
 * Bounds a context. Keys keep their order; null is no label; nested values become JSON text;
 * keys starting with `__` are reserved and left out.
 */
export function boundLabels(context: JsonObject | undefined, bounds: LabelBounds): BoundedLabels {
  if (context === undefined) return none;
  const labels: Record<string, string> = {};
  const kept: Record<string, JsonValue> = {};
  let count = 0;
  let dropped = 0;
  let exact = true;
  for (const [name, value] of Object.entries(context)) {
    if (value === null || value === undefined) continue;
    const unusable = name === "" || name.length > bounds.maxNameLength || name.startsWith("__");
    if (unusable || count >= bounds.maxLabels) {
      dropped++;
      continue;
    }
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const label = cutText(text, bounds.maxValueLength);
    if (label.length < text.length) exact = false;
    labels[name] = label;
    kept[name] = typeof value === "number" || typeof value === "boolean" ? value : label;
    count++;
  }
  exact &&= dropped === 0;
  return { labels: Object.freeze(labels), context: Object.freeze(kept), dropped, exact };
}

/** Text that is equal for equal labels, whatever their order: JSON of the sorted pairs. */
export function labelsKey(labels: SeriesLabels): string {
  const names = Object.keys(labels);
  if (names.length === 0) return "";
  return JSON.stringify(names.sort().map((name) => [name, labels[name]]));
}

function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // A surrogate pair is never cut in half.
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}

/** Whether a series has at least the labels asked for. */
export function hasLabels(labels: SeriesLabels, asked: SeriesLabels | undefined): boolean {
  for (const name in asked) if (labels[name] !== asked[name]) return false;
  return true;
}
