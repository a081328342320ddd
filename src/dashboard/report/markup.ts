// HTML as a tagged template in which every value is text unless it is markup made here: what an
// agent calls itself cannot become a tag.

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A piece of HTML that is safe to put into a page. */
export class Markup {
  readonly #text: string;

  /** @param text HTML; use the template instead. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template; false and null stand for nothing. */
export type MarkupValue = string | number | Markup | readonly Markup[] | false | null;

/**
 * Makes markup of a template; strings and numbers in it are escaped.
 *
 * @example
 * const name = "<b>";
 * console.assert(String(html`<p>${name}</p>`) === "<p>&lt;b&gt;</p>");
 */
export function html(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = parts[0] ?? "";
  for (const [index, value] of values.entries()) text += textOf(value) + (parts[index + 1] ?? "");
  return new Markup(text);
}

function textOf(value: MarkupValue): string {
  if (value === false || value === null) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "object") return value.join("");
  return escapeText(String(value));
}

/**
 * Escapes text for elements and quoted attributes. Control characters, which HTML does not allow,
 * become the replacement character.
 */
export function escapeText(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replaceAll(/(?![\t\n\r])\p{Cc}/gu, "\uFFFD");
}
