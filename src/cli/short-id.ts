// Ids as people copy them: a part that only one thing has. Ids made here begin with their time,
// so what tells two of them apart is the end; ids of calls and traces are random throughout.

import { CliError } from "./errors.ts";

/** Characters of an id that tables show. */
const SHOWN = 8;

/** The part of an id that a table shows, and that commands take again. */
export function shortId(id: string): string {
  return id.includes("_") ? id.slice(-SHOWN) : id.slice(0, SHOWN);
}

/**
 * The one id that a text stands for: the id itself, its beginning or its end.
 * @param what the sort of thing, for the error: `alert`.
 * @throws CliError `cli.nothing_like_it` when no id, or more than one, is like that.
 */
export function matchId(text: string, ids: readonly string[], what: string): string {
  if (ids.includes(text)) return text;
  const matches = [...new Set(ids.filter((id) => id.startsWith(text) || id.endsWith(text)))];
  const [match, ...others] = matches;
  if (match === undefined) {
    throw new CliError("cli.nothing_like_it", `No ${what} is like "${text}"`);
  }
  if (others.length === 0) return match;
  const some = matches.slice(0, 3).join(", ");
  const more = matches.length > 3 ? `, and ${matches.length - 3} more` : "";
  const message = `"${text}" may be any of ${matches.length} ${what}s: ${some}${more}`;
  throw new CliError("cli.nothing_like_it", message);
}
