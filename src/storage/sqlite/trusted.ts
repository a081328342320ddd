// What comes back from our own tables is typed here, at one place. SQLite enforces the column
// types (every table is STRICT), our writers are the only ones that fill the JSON columns.
// oxlint-disable typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters

/** Takes a row or a parsed JSON column for what our schema and writers made it. */
export function trusted<Shape>(value: unknown): Shape {
  return value as Shape; // see the top of this file
}

/** A JSON column, parsed. */
export function parsedColumn<Shape>(text: unknown): Shape {
  return trusted<Shape>(JSON.parse(String(text)));
}

/** A JSON column that may be NULL. */
export function parsedColumnOrNull<Shape>(text: unknown): Shape | null {
  return text === null ? null : parsedColumn<Shape>(text);
}
