// A sampled profile as boxes: the root on top, what it called below (an icicle). Pure, so that
// zooming and searching need no drawing to be tested.

import type { FlameNode } from "./wire.ts";

/** One box; places and widths are shares of the drawing's width. */
export interface FlameBox {
  readonly node: FlameNode;
  /** Indices from the root: "0.2.1"; the root's is empty. */
  readonly path: string;
  readonly depth: number;
  readonly left: number;
  readonly width: number;
  /** True for callers of the box that was zoomed into, drawn across the whole width. */
  readonly above: boolean;
}

/** Narrower boxes are left out; they could be neither seen nor pointed at. */
const SHARE_MIN = 0.0012;
/** Deeper recursion is left out; a drawing of it would say no more. */
const DEPTH_MAX = 256;

/** Whose code a function is. */
export type CodeOwner = "own" | "package" | "runtime" | "engine";

/** Tells the program's own functions from its packages', Node's and the engine's. */
export function ownerOf({ name, file }: Pick<FlameNode, "name" | "file">): CodeOwner {
  if (file === null || file === "") return /^\(.*\)$/u.test(name) ? "engine" : "runtime";
  if (file.startsWith("node:")) return "runtime";
  return file.includes("/node_modules/") ? "package" : "own";
}

/** What the engine calls time in which no function ran: waiting, and work outside JavaScript. */
const OUTSIDE: ReadonlySet<string> = new Set(["(idle)", "(program)"]);

/** The same tree without the time in which no function ran, which would leave the rest no room. */
export function withoutOutside(root: FlameNode): {
  readonly root: FlameNode;
  readonly outside: number;
} {
  const outside = root.children.filter(isOutside).reduce((sum, child) => sum + child.total, 0);
  const children = root.children.filter((child) => !isOutside(child));
  return { root: { ...root, children, total: root.total - outside }, outside };
}

function isOutside({ name, children }: FlameNode): boolean {
  return children.length === 0 && OUTSIDE.has(name);
}

/** The node at a path and its callers, root first; stops where the path leads nowhere. */
export function nodesAlong(root: FlameNode, path: string): readonly FlameNode[] {
  const nodes = [root];
  for (const index of path === "" ? [] : path.split(".")) {
    const next = heaviestFirst(nodes[nodes.length - 1] ?? root)[Number(index)];
    if (next === undefined) break;
    nodes.push(next);
  }
  return nodes;
}

/** Boxes of a tree, zoomed into the one at `path`. */
export function flameBoxes(root: FlameNode, path: string): readonly FlameBox[] {
  const boxes: FlameBox[] = [];
  const along = nodesAlong(root, path);
  const zoomed = along[along.length - 1] ?? root;
  const steps = path === "" ? [] : path.split(".").slice(0, along.length - 1);
  for (const [depth, node] of along.slice(0, -1).entries()) {
    const above = { left: 0, width: 1, above: true };
    boxes.push({ node, path: steps.slice(0, depth).join("."), depth, ...above });
  }
  const place = (node: FlameNode, at: string, depth: number, left: number, width: number): void => {
    if (width < SHARE_MIN || depth > DEPTH_MAX) return;
    boxes.push({ node, path: at, depth, left, width, above: false });
    let start = left;
    for (const [index, child] of heaviestFirst(node).entries()) {
      const share = node.total > 0 ? (child.total / node.total) * width : 0;
      place(child, at === "" ? String(index) : `${at}.${index}`, depth + 1, start, share);
      start += share;
    }
  };
  place(zoomed, steps.join("."), steps.length, 0, 1);
  return boxes;
}

function heaviestFirst(node: FlameNode): readonly FlameNode[] {
  return [...node.children].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}

/** Whether a function's name or file contains what was typed. */
export function matchesFunction({ name, file }: FlameNode, typed: string): boolean {
  const text = typed.trim().toLowerCase();
  return text !== "" && `${name} ${file ?? ""}`.toLowerCase().includes(text);
}

/** How much of a tree the matching functions take, each part counted once. */
export function matchedTotal(root: FlameNode, typed: string): number {
  if (matchesFunction(root, typed)) return root.total;
  return root.children.reduce((sum, child) => sum + matchedTotal(child, typed), 0);
}

/** One function over all places it was called from. */
export interface FunctionTotal {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly self: number;
  /** With what it called; a recursion counts once. */
  readonly total: number;
}

/** The functions that took most by themselves. */
export function topFunctions(root: FlameNode, atMost: number): readonly FunctionTotal[] {
  const found = new Map<string, FunctionTotal>();
  const within = new Set<string>();
  const visit = (node: FlameNode): void => {
    const key = `${node.name}\n${node.file ?? ""}\n${node.line ?? ""}`;
    const { name, file, line } = node;
    const known = found.get(key) ?? { name, file, line, self: 0, total: 0 };
    const outermost = !within.has(key);
    const total = known.total + (outermost ? node.total : 0);
    found.set(key, { ...known, self: known.self + node.self, total });
    if (outermost) within.add(key);
    for (const child of node.children) visit(child);
    if (outermost) within.delete(key);
  };
  for (const child of root.children) visit(child);
  return [...found.values()]
    .filter(({ self }) => self > 0)
    .sort((a, b) => b.self - a.self)
    .slice(0, atMost);
}
