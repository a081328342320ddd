// A trace as a waterfall: one row per span on one line of time. Arrow keys move, left and right
// fold, Enter opens what the span stands for, Z zooms to it.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatAge, formatCount, formatSeconds } from "../../model/format.ts";
import { barOf, timeTicks, traceRows } from "../../model/trace-rows.ts";
import type { TimeWindow, TraceRow } from "../../model/trace-rows.ts";
import { spanLength, unseenWords } from "../../model/trace-words.ts";
import type { TraceSpan } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { SpanDetails } from "./span-details.tsx";
import { TimeShares } from "./time-shares.tsx";
import { useOpenSpan } from "./use-open-span.ts";

/** Rows drawn before "show more"; a longer list would be read by nobody. */
const ROWS_MAX = 400;

/** The spans of a trace and the time they span. */
export interface WaterfallProps {
  readonly spans: readonly TraceSpan[];
  readonly window: TimeWindow;
  /** On whose page this is: its name is not repeated on every row. */
  readonly agentId?: string;
  /** Stands at the end of the strip below. */
  readonly more?: ComponentChildren;
}

/** The tree, its line of time, and the chosen span's details. */
export function Waterfall({ spans, window, agentId, more }: WaterfallProps) {
  const { nowMs } = useApp();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [chosenId, setChosenId] = useState<string | undefined>(undefined);
  const [hoveredId, setHoveredId] = useState<string | undefined>(undefined);
  const [zoom, setZoom] = useState<TimeWindow | undefined>(undefined);
  const [all, setAll] = useState(false);
  const rows = useMemo(() => traceRows(spans, closed), [spans, closed]);
  const shown = all ? rows : rows.slice(0, ROWS_MAX);
  const running = spans.some(({ toMs }) => toMs === null);
  const now = running ? nowMs.value : window.toMs;
  const whole = { fromMs: window.fromMs, toMs: Math.max(window.toMs, running ? now : 0) };
  const view = zoom ?? whole;
  const about = spans.find(({ id }) => id === (hoveredId ?? chosenId));
  const zoomTo = (span: TraceSpan): void => {
    const toMs = span.toMs ?? now;
    const room = Math.max(1, (toMs - span.fromMs) * 0.04);
    setZoom({ fromMs: span.fromMs - room, toMs: toMs + room });
  };
  return (
    <div class="trace" data-testid="waterfall">
      <TimeShares spans={spans} agentId={agentId} nowMs={now} />
      <Axis view={view} originMs={window.fromMs} zoomed={zoom !== undefined} onZoom={setZoom} />
      <SpanTree
        rows={shown}
        view={view}
        now={now}
        agentId={agentId}
        chosenId={chosenId}
        onChoose={setChosenId}
        onHover={setHoveredId}
        onZoom={zoomTo}
        onFold={(id, fold) => {
          const next = new Set(closed);
          if (fold) next.add(id);
          else next.delete(id);
          setClosed(next);
        }}
      />
      {rows.length > shown.length ? (
        <button type="button" class="button button-quiet more" onClick={() => setAll(true)}>
          Show {formatCount(rows.length - shown.length)} more
        </button>
      ) : null}
      <SpanDetails span={about} originMs={window.fromMs} nowMs={now} onZoom={zoomTo}>
        {more}
      </SpanDetails>
    </div>
  );
}

interface AxisProps {
  readonly view: TimeWindow;
  readonly originMs: number;
  readonly zoomed: boolean;
  readonly onZoom: (window: TimeWindow | undefined) => void;
}

const MINUTE_MS = 60_000;
const DRAG_MIN_SHARE = 0.01;
/** Words of a later tick would stand beside the axis. */
const LAST_TICK_SHARE = 0.93;

/** How far along an element a pointer is, from 0 to 1. */
function shareAt(event: PointerEvent & { readonly currentTarget: HTMLElement }): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, width)));
}

/** Distances from the trace's beginning; dragging along it zooms. */
function Axis({ view, originMs, zoomed, onZoom }: AxisProps) {
  const [drag, setDrag] = useState<readonly [number, number] | undefined>(undefined);
  const length = view.toMs - view.fromMs;
  const finish = (): void => {
    if (drag === undefined) return;
    const [from, to] = [Math.min(...drag), Math.max(...drag)];
    setDrag(undefined);
    if (to - from < DRAG_MIN_SHARE) return;
    onZoom({ fromMs: view.fromMs + from * length, toMs: view.fromMs + to * length });
  };
  return (
    <div class="trace-axis">
      <span class="trace-axis-verbs">
        {zoomed ? (
          <button type="button" class="button button-small" onClick={() => onZoom(undefined)}>
            Whole trace
          </button>
        ) : (
          <span class="dim">drag along the time to zoom</span>
        )}
      </span>
      <div
        class="trace-ticks"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([shareAt(event), shareAt(event)]);
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag([drag[0], shareAt(event)]);
        }}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(undefined)}
      >
        {timeTicks(view, originMs)
          .map((atMs) => ({ atMs, share: (originMs + atMs - view.fromMs) / length }))
          .filter(({ share }) => share < LAST_TICK_SHARE)
          .map(({ atMs, share }) => (
            <span key={atMs} style={{ left: `${share * 100}%` }}>
              {tickWords(atMs)}
            </span>
          ))}
        {drag === undefined ? null : (
          <i
            class="trace-drag"
            style={{
              left: `${Math.min(...drag) * 100}%`,
              width: `${Math.abs(drag[1] - drag[0]) * 100}%`,
            }}
          />
        )}
      </div>
      <span class="trace-length" />
    </div>
  );
}

/** Whole minutes are said as such, all along an axis. */
function tickWords(atMs: number): string {
  return atMs >= MINUTE_MS && atMs % MINUTE_MS === 0 ? formatAge(atMs) : formatSeconds(atMs / 1000);
}

interface SpanTreeProps {
  readonly rows: readonly TraceRow[];
  readonly view: TimeWindow;
  readonly now: number;
  readonly agentId: string | undefined;
  readonly chosenId: string | undefined;
  readonly onChoose: (spanId: string) => void;
  readonly onHover: (spanId: string | undefined) => void;
  readonly onZoom: (span: TraceSpan) => void;
  readonly onFold: (spanId: string, fold: boolean) => void;
}

function SpanTree(props: SpanTreeProps) {
  const { rows, view, now, agentId, chosenId, onChoose, onHover } = props;
  const list = useRef<HTMLUListElement>(null);
  const openSpan = useOpenSpan();
  const agentOf = new Map(rows.map(({ span }) => [span.id, span.agentId]));
  const focusable = rows.some(({ span }) => span.id === chosenId) ? chosenId : rows[0]?.span.id;
  useEffect(() => {
    if (list.current?.contains(document.activeElement) !== true) return;
    const row = [...list.current.children].find(
      (item) => item instanceof HTMLElement && item.dataset["span"] === chosenId,
    );
    if (row instanceof HTMLElement) row.focus();
  }, [chosenId]);
  return (
    <ul
      ref={list}
      class="trace-rows"
      role="tree"
      aria-label="Spans"
      onKeyDown={(event) => moveInTree(event, props, openSpan)}
      onPointerLeave={() => onHover(undefined)}
    >
      {rows.map((row) => (
        <li
          key={row.span.id}
          role="treeitem"
          class={`trace-row${row.span.id === chosenId ? " trace-chosen" : ""}`}
          data-span={row.span.id}
          data-kind={row.span.kind}
          data-testid="span"
          aria-level={row.depth + 1}
          aria-expanded={row.below > 0 ? row.open : undefined}
          aria-selected={row.span.id === chosenId}
          tabIndex={row.span.id === focusable ? 0 : -1}
          onFocus={() => onChoose(row.span.id)}
          onClick={() => onChoose(row.span.id)}
          onDblClick={() => openSpan(row.span)}
          onPointerEnter={() => onHover(row.span.id)}
        >
          <SpanLabel
            row={row}
            above={agentOf.get(row.span.parentId ?? "") ?? agentId ?? null}
            onFold={props.onFold}
          />
          <SpanBar span={row.span} view={view} now={now} />
          <span class="trace-length">
            {spanLength({ fromMs: row.span.fromMs, toMs: row.span.toMs ?? now }, now)}
          </span>
          <span class="visually-hidden">{unseenWords(row.span)}</span>
        </li>
      ))}
    </ul>
  );
}

function moveInTree(
  event: KeyboardEvent,
  { rows, chosenId, onChoose, onFold, onZoom }: SpanTreeProps,
  openSpan: (span: TraceSpan) => void,
): void {
  const at = rows.findIndex(({ span }) => span.id === chosenId);
  const row = rows[at];
  if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: 10,
    PageUp: -10,
    Home: -rows.length,
    End: rows.length,
  };
  const step = steps[event.key];
  if (step !== undefined) {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    if (next !== undefined) onChoose(next.span.id);
  } else if (event.key === "ArrowLeft" && row.below > 0 && row.open) onFold(row.span.id, true);
  else if (event.key === "ArrowLeft") {
    const parent = rows.slice(0, at).findLast(({ depth }) => depth < row.depth);
    if (parent !== undefined) onChoose(parent.span.id);
  } else if (event.key === "ArrowRight" && row.below > 0) onFold(row.span.id, false);
  else if (event.key === "Enter") openSpan(row.span);
  else if (event.key === "z") onZoom(row.span);
  else return;
  event.preventDefault();
}

interface SpanLabelProps {
  readonly row: TraceRow;
  /** Whose the span above is; the name is said where it changes. */
  readonly above: string | null;
  readonly onFold: (spanId: string, fold: boolean) => void;
}

/** Deeper levels would leave no room for the name. */
const INDENT_LEVELS_MAX = 8;

function SpanLabel({ row, above, onFold }: SpanLabelProps) {
  const { span, depth, below, open } = row;
  const indent = Math.min(depth, INDENT_LEVELS_MAX) * 12;
  const other = span.agentId === above ? null : span.agentId;
  return (
    <span class="trace-label" style={{ paddingLeft: `${indent}px` }}>
      {below > 0 ? (
        <span
          class={open ? "trace-fold trace-fold-open" : "trace-fold"}
          onClick={(event) => {
            event.stopPropagation();
            onFold(span.id, open);
          }}
        />
      ) : (
        <span class="trace-fold-none" />
      )}
      {span.ok === false ? <i class="level level-error" /> : null}
      <span class="trace-kind">{span.kind}</span>
      <span class="trace-name" title={span.name}>
        {span.name}
      </span>
      {other === null ? null : <span class="trace-agent">{other}</span>}
      {open || below === 0 ? null : <span class="dim">+{below}</span>}
    </span>
  );
}

interface SpanBarProps {
  readonly span: TraceSpan;
  readonly view: TimeWindow;
  readonly now: number;
}

function SpanBar({ span, view, now }: SpanBarProps) {
  const bar = barOf(span, view, now);
  const failed = span.ok === false ? " span-failed" : "";
  const running = span.toMs === null ? " span-running" : "";
  return (
    <span class="trace-track" aria-hidden="true">
      {bar === null ? null : (
        <i
          class={`span span-${span.kind}${failed}${running}`}
          style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
        />
      )}
    </span>
  );
}
