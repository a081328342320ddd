// How the fleet is laid out: grouped by kind, in an order that states never change, at a density
// that follows the number of agents.

import { shownState } from "./agent-state.ts";
import type { AgentTile } from "./wire.ts";

/** How much of an agent one cell shows. */
export type Density = "tiles" | "chips" | "squares" | "bars";

/** Agents of one kind. */
export interface FleetGroup {
  readonly kind: string;
  readonly tiles: readonly AgentTile[];
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Compares names as people do: worker-2 before worker-10. */
export function compareNames(left: string, right: string): number {
  return collator.compare(left, right) || (left < right ? -1 : left > right ? 1 : 0);
}

/**
 * Splits a name where it may be shortened: the end stays, because it tells agents of one kind
 * apart ("coordina…-12").
 */
export function splitName(name: string): { readonly head: string; readonly tail: string } {
  const numbered = /[-_.:]?\d{1,6}$/u.exec(name)?.[0] ?? "";
  const tail = numbered === name ? "" : numbered;
  return { head: name.slice(0, name.length - tail.length), tail };
}

/** The density for a number of agents. */
export function densityFor(agents: number): Density {
  if (agents <= 120) return "tiles";
  if (agents <= 400) return "chips";
  return agents <= 2000 ? "squares" : "bars";
}

/** Groups by kind; kinds and agents in natural order, whatever their states are. */
export function groupFleet(tiles: Iterable<AgentTile>): readonly FleetGroup[] {
  const byKind = new Map<string, AgentTile[]>();
  for (const tile of tiles) {
    const group = byKind.get(tile.kind);
    if (group === undefined) byKind.set(tile.kind, [tile]);
    else group.push(tile);
  }
  return [...byKind]
    .map(([kind, members]) => ({
      kind,
      tiles: members.sort((a, b) => compareNames(a.name, b.name)),
    }))
    .sort((a, b) => compareNames(a.kind, b.kind));
}

/** The agents a bar view still draws one by one. */
export function abnormalTiles(tiles: readonly AgentTile[]): readonly AgentTile[] {
  return tiles.filter((tile) =>
    ["stuck", "down", "paused", "quarantined"].includes(shownState(tile)),
  );
}

/** A rectangle on the page. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Which boxes a dragged selection touches, by index. */
export function indicesInBox(boxes: readonly Box[], selection: Box): readonly number[] {
  const touched: number[] = [];
  for (const [index, box] of boxes.entries()) {
    const apart =
      box.right < selection.left ||
      box.left > selection.right ||
      box.bottom < selection.top ||
      box.top > selection.bottom;
    if (!apart) touched.push(index);
  }
  return touched;
}

/** Where an arrow key leads from one cell: the neighbour in reading order or the nearest in the
 * next row above or below; the same index at an edge. */
export function arrowTarget(boxes: readonly Box[], from: number, key: string): number {
  const current = boxes[from];
  if (current === undefined) return from;
  if (key === "Home") return 0;
  if (key === "End") return boxes.length - 1;
  if (key === "ArrowRight") return Math.min(boxes.length - 1, from + 1);
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return from;
  const down = key === "ArrowDown";
  const rowTop = nextRowTop(boxes, current.top, down);
  if (rowTop === undefined) return from;
  let best = from;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const [index, box] of boxes.entries()) {
    const distance = Math.abs(box.left - current.left);
    if (box.top !== rowTop || distance >= bestDistance) continue;
    best = index;
    bestDistance = distance;
  }
  return best;
}

function nextRowTop(boxes: readonly Box[], top: number, down: boolean): number | undefined {
  let found: number | undefined;
  for (const box of boxes) {
    if (down ? box.top <= top : box.top >= top) continue;
    if (found === undefined || (down ? box.top < found : box.top > found)) found = box.top;
  }
  return found;
}
