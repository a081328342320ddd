// What Ctrl-K offers, ranked by how well it matches what was typed.

/** Something to go to or to do. */
export interface PaletteItem {
  readonly id: string;
  readonly group: "Pages" | "Agents" | "Services" | "Alerts" | "Actions";
  readonly label: string;
  /** A second line of meaning, searched too. */
  readonly hint: string;
}

/** Items shown at once; more would not be read. */
export const PALETTE_ITEMS_MAX = 40;

/** Every word typed must occur; earlier and word-start matches in the label come first. */
export function rankItems<Item extends PaletteItem>(
  items: readonly Item[],
  typed: string,
): readonly Item[] {
  const words = typed.toLowerCase().split(/\s+/u).filter(Boolean);
  const scored: { readonly item: Item; readonly score: number; readonly index: number }[] = [];
  for (const [index, item] of items.entries()) {
    const score = scoreItem(item, words);
    if (score !== undefined) scored.push({ item, score, index });
  }
  scored.sort((a, b) => b.score - a.score || a.index - b.index);
  return scored.slice(0, PALETTE_ITEMS_MAX).map(({ item }) => item);
}

function scoreItem(item: PaletteItem, words: readonly string[]): number | undefined {
  const label = item.label.toLowerCase();
  const hint = item.hint.toLowerCase();
  let score = 0;
  for (const word of words) {
    const at = label.indexOf(word);
    if (at < 0 && !hint.includes(word)) return undefined;
    if (at < 0) score += 1;
    else if (at === 0) score += 10;
    else score += /[\s._:-]/u.test(label[at - 1] ?? "") ? 6 : 3;
  }
  return score;
}
