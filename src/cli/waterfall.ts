// A trace as a waterfall: one line per span, under what caused it, with a bar where it was.

import type { TraceSpan, TraceView } from "../server/index.ts";
import { cut, harmless, pad, textWidth, timeOfDay } from "./terminal.ts";
import type { Terminal, Tone } from "./terminal.ts";
import { formatTook } from "./took.ts";

/** Columns of the names; the bars take the rest of the line. */
const NAMES_MOST = 44;
const BARS_LEAST = 16;
const BARS_MOST = 64;
/** Deeper spans are indented no further. */
const DEPTH_MOST = 8;
/** A line's width where nobody says how wide it may be. */
const WIDTH = 100;

/** Prints a trace, its alerts and the changes it caused. */
export function printWaterfall(out: Terminal, trace: TraceView): void {
  const nowMs = Date.now();
  const tookMs = Math.max(0, trace.toMs - trace.fromMs);
  const count = trace.spans.length === 1 ? "1 span" : `${trace.spans.length} spans`;
  out.line(
    `${out.style("strong", "Trace")} ${trace.traceId}  ` +
      `${timeOfDay(trace.fromMs, nowMs)}, ${formatTook(tookMs)}, ${count}`,
  );
  const rows = inOrder(trace.spans);
  const names = rows.map(({ span, depth }) => nameOf(span, depth));
  const nameWidth = Math.min(NAMES_MOST, Math.max(0, ...names.map(textWidth)));
  const width = Number.isFinite(out.width) ? out.width : WIDTH;
  const barWidth = Math.max(BARS_LEAST, Math.min(BARS_MOST, width - nameWidth - 14));
  for (const [index, { span, depth }] of rows.entries()) {
    const name = pad(cut(names[index] ?? "", nameWidth), nameWidth);
    const took = span.toMs === null ? "runs" : formatTook(span.toMs - span.fromMs);
    const bar = out.style(toneOf(span), barOf(span, trace, barWidth));
    out.line(`  ${name}  ${took.padStart(8)}  ${bar}`.trimEnd());
    if (span.detail !== null && span.ok === false) {
      const indent = "  ".repeat(Math.min(depth, DEPTH_MOST) + 2);
      out.line(out.style("down", `${indent}${harmless(span.detail)}`));
    }
  }
  for (const alert of trace.alerts) {
    const level = out.level(alert.level, alert.state === "firing");
    out.line(`  ${level}  ${timeOfDay(alert.startsAtMs, nowMs)}  ${harmless(alert.message)}`);
  }
  for (const { atMs, actor, action, resource, outcome } of trace.audit) {
    const words = harmless(`${actor} ${action} ${resource}: ${outcome}`);
    out.line(out.style("quiet", `  ${timeOfDay(atMs, nowMs)}  ${words}`));
  }
}

interface Row {
  readonly span: TraceSpan;
  readonly depth: number;
}

/**
 * Spans under their parents, each level in order of its start. A span whose parent is missing
 * stands at the left; none is lost, and none twice, whatever the parents say.
 */
function inOrder(spans: readonly TraceSpan[]): readonly Row[] {
  const ids = new Set(spans.map(({ id }) => id));
  const below = Map.groupBy(spans, ({ id, parentId }) =>
    parentId !== null && parentId !== id && ids.has(parentId) ? parentId : null,
  );
  const rows: Row[] = [];
  const placed = new Set<TraceSpan>();
  const place = (roots: readonly TraceSpan[]): void => {
    const waiting = byStart(roots).map((span) => ({ span, depth: 0 }));
    for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
      if (placed.has(row.span)) continue;
      placed.add(row.span);
      rows.push(row);
      const depth = row.depth + 1;
      for (const span of byStart(below.get(row.span.id) ?? [])) waiting.push({ span, depth });
    }
  };
  place(below.get(null) ?? []);
  place(spans.filter((span) => !placed.has(span))); // parents in a circle
  return rows;
}

/** Last first, for a stack. */
function byStart(spans: readonly TraceSpan[]): readonly TraceSpan[] {
  return spans.toSorted((a, b) => b.fromMs - a.fromMs);
}

function nameOf(span: TraceSpan, depth: number): string {
  const who = span.agentId === null ? "" : `  ${span.agentId}`;
  return `${"  ".repeat(Math.min(depth, DEPTH_MOST))}${span.kind} ${harmless(span.name)}${who}`;
}

function toneOf({ ok, kind }: TraceSpan): Tone {
  if (ok === false) return "down";
  return kind === "inbox" || kind === "wait" || kind === "request" ? "quiet" : "working";
}

/** Filled where it worked, light where it waited; what runs still ends in an arrow. */
function barOf(span: TraceSpan, trace: TraceView, width: number): string {
  const whole = Math.max(1, trace.toMs - trace.fromMs);
  const column = (atMs: number): number => ((atMs - trace.fromMs) / whole) * width;
  const from = Math.min(width - 1, Math.max(0, Math.floor(column(span.fromMs))));
  const to = Math.min(width, Math.max(from + 1, Math.round(column(span.toMs ?? trace.toMs))));
  const waits = span.kind === "inbox" || span.kind === "wait" || span.kind === "request";
  const bar = (waits ? "░" : "█").repeat(to - from);
  return " ".repeat(from) + (span.toMs === null ? `${bar.slice(0, -1)}▶` : bar);
}
