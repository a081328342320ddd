// What comes back from our own tables is typed here, at one place. SQLite enforces the column
// types (every table is STRICT), our writers are the only ones that fill the JSON columns.
// oxlint-disable typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters

import { StorageError } from "../errors.ts";

/** Takes a row or a parsed JSON column for what our schema and writers made it. */
export function trusted<Shape>(value: unknown): Shape {
  return value as Shape; // see the top of this file
}

/**
 * A JSON column, parsed.
 * @param what whose column it is, for the error: `alert "alert_7"`.
 * @throws StorageError storage.corrupt when it is no JSON.
 */
export function parsedColumn<Shape>(text: unknown, what = "record"): Shape {
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError("storage.corrupt", `A stored ${what} is damaged: ${said}`, { cause });
  }
  return trusted<Shape>(value);
}

/** A JSON column that may be NULL. */
export function parsedColumnOrNull<Shape>(text: unknown, what?: string): Shape | null {
  return text === null ? null : parsedColumn<Shape>(text, what);
}
