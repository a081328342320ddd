// Sections, tables and their cells.

import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";

/** A titled part of the report. */
export function section(title: string, ...content: readonly (Markup | null)[]): Markup {
  const shown = content.filter((piece) => piece !== null);
  return html`<section>
    <h2>${title}</h2>
    ${shown}
  </section>`;
}

/** A table that scrolls by itself where it is wide. */
export function table(heads: readonly Markup[], rows: readonly Markup[]): Markup {
  return html`<div class="panel scroll">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

export function head(label: string): Markup {
  return html`<th scope="col">${label}</th>`;
}

export function numberHead(label: string): Markup {
  return html`<th scope="col" class="number">${label}</th>`;
}

export function row(cells: readonly Markup[]): Markup {
  return html`<tr>
    ${cells}
  </tr>`;
}

export function number(text: string): Markup {
  return html`<td class="number">${text}</td>`;
}

export function words(text: string): Markup {
  return html`<td class="words">${text}</td>`;
}

export function time(text: string): Markup {
  return html`<td class="time">${text}</td>`;
}
