// A trace as rows of a waterfall: the tree of its spans, where its time went, and round marks on
// its line of time.

import type { TraceSpan, TraceSpanKind } from "./wire.ts";

/** One line of the waterfall. */
export interface TraceRow {
  readonly span: TraceSpan;
  /** 0 for a span that began the trace. */
  readonly depth: number;
  /** Spans below it, at any depth. */
  readonly below: number;
  readonly open: boolean;
}

/** Rows in the order of the tree, children by their start; spans below closed ones are left out. */
export function traceRows(
  spans: readonly TraceSpan[],
  closed: ReadonlySet<string>,
): readonly TraceRow[] {
  const children = childrenOf(spans);
  const counts = new Map<string, number>();
  const rows: TraceRow[] = [];
  const visit = (span: TraceSpan, depth: number, shown: boolean): number => {
    const at = rows.length;
    if (shown) rows.push({ span, depth, below: 0, open: !closed.has(span.id) });
    let below = 0;
    const showBelow = shown && !closed.has(span.id);
    for (const child of children.get(span.id) ?? [])
      below += 1 + visit(child, depth + 1, showBelow);
    counts.set(span.id, below);
    const row = rows[at];
    if (shown && row !== undefined) rows[at] = { ...row, below };
    return below;
  };
  for (const root of children.get(null) ?? []) visit(root, 0, true);
  return rows;
}

/** Children by parent, by their start; null for those without a parent among the spans. */
function childrenOf(spans: readonly TraceSpan[]): ReadonlyMap<string | null, readonly TraceSpan[]> {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const children = new Map<string | null, TraceSpan[]>();
  for (const span of byId.values()) {
    const parent = isRooted(span, byId) ? span.parentId : null;
    const known = parent !== null && byId.has(parent) ? parent : null;
    const list = children.get(known);
    if (list === undefined) children.set(known, [span]);
    else list.push(span);
  }
  for (const list of children.values()) {
    list.sort((a, b) => a.fromMs - b.fromMs || (a.id < b.id ? -1 : 1));
  }
  return children;
}

/** False for a span whose parents run in a circle, which nobody would ever visit. */
function isRooted(span: TraceSpan, byId: ReadonlyMap<string, TraceSpan>): boolean {
  const seen = new Set<string>();
  for (let at: TraceSpan | undefined = span; at !== undefined;) {
    if (seen.has(at.id)) return false;
    seen.add(at.id);
    at = at.parentId === null ? undefined : byId.get(at.parentId);
  }
  return true;
}

/**
 * What a stretch of time went into. `own` is a task's time in which none of its parts ran; `open` is
 * the end of a task under way, whose part that runs now is told when it is over.
 */
export type TimeKind = Exclude<TraceSpanKind, "task"> | "own" | "open";

/** A kind and its share of the time. */
export interface TimeShare {
  readonly kind: TimeKind;
  readonly durationMs: number;
}

/**
 * Where the time went, largest first. Each instant counts once, for the innermost span that ran.
 * @param nowMs end of what still runs
 */
export function timeShares(spans: readonly TraceSpan[], nowMs: number): readonly TimeShare[] {
  const depths = new Map(traceRows(spans, new Set()).map((row) => [row.span.id, row.depth]));
  const edges = spans.flatMap((span) => [
    { atMs: span.fromMs, span, begins: true },
    { atMs: span.toMs ?? nowMs, span, begins: false },
  ]);
  edges.sort((a, b) => a.atMs - b.atMs || Number(a.begins) - Number(b.begins));
  const running = new Set<TraceSpan>();
  const totals = new Map<TimeKind, number>();
  let lastMs = 0;
  for (const { atMs, span, begins } of edges) {
    const inner = atMs > lastMs ? innermost(running, depths) : undefined;
    if (inner !== undefined) {
      const isOpen = inner.toMs === null && atMs >= nowMs;
      const kind = inner.kind === "task" ? (isOpen ? "open" : "own") : inner.kind;
      totals.set(kind, (totals.get(kind) ?? 0) + atMs - lastMs);
    }
    if (begins) running.add(span);
    else running.delete(span);
    lastMs = atMs;
  }
  return [...totals]
    .map(([kind, durationMs]) => ({ kind, durationMs }))
    .sort((a, b) => b.durationMs - a.durationMs);
}

function innermost(
  running: ReadonlySet<TraceSpan>,
  depths: ReadonlyMap<string, number>,
): TraceSpan | undefined {
  let found: TraceSpan | undefined;
  let deepest = -1;
  for (const span of running) {
    const depth = depths.get(span.id) ?? 0;
    if (depth > deepest || (depth === deepest && span.fromMs >= (found?.fromMs ?? 0))) {
      found = span;
      deepest = depth;
    }
  }
  return found;
}

/** A stretch of time that a waterfall shows. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where a span stands in a window, in percent; null when it lies outside. */
export function barOf(
  span: Pick<TraceSpan, "fromMs" | "toMs">,
  window: TimeWindow,
  nowMs: number,
): { readonly left: number; readonly width: number } | null {
  const length = Math.max(0.001, window.toMs - window.fromMs);
  const toMs = span.toMs ?? Math.max(nowMs, span.fromMs);
  if (span.fromMs > window.toMs || toMs < window.fromMs) return null;
  const left = (Math.max(0, span.fromMs - window.fromMs) / length) * 100;
  const right = (Math.min(length, toMs - window.fromMs) / length) * 100;
  return { left, width: Math.max(0, right - left) };
}

/** Round distances from the window's start, in milliseconds, at most six. */
export function timeTicks(window: TimeWindow, originMs: number): readonly number[] {
  const length = window.toMs - window.fromMs;
  if (!(length > 0)) return [];
  const step = roundStep(length / 5);
  const first = Math.ceil((window.fromMs - originMs) / step) * step;
  const ticks: number[] = [];
  for (let at = first; at <= window.toMs - originMs && ticks.length < 8; at += step) ticks.push(at);
  return ticks;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ROUND_STEPS = [
  ...[0.01, 0.1, 1, 10, 100].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 20, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 360, 720, 1440].map((minutes) => minutes * MINUTE),
];

function roundStep(wantedMs: number): number {
  return (
    ROUND_STEPS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / 86_400_000) * 86_400_000
  );
}
