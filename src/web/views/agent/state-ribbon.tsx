// A day of states, 12 px high. Dragging over it sets the time range of the charts.

import { useRef, useState } from "preact/hooks";
import { formatAge, formatRatio, formatTime } from "../../model/format.ts";
import { ribbonStart, stateShares, stretches } from "../../model/ribbon.ts";
import type { Stretch } from "../../model/ribbon.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { StateChange } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { ReadProblem } from "../parts/read-problem.tsx";
import { StateShape } from "../parts/state-mark.tsx";

const DAY_MS = 86_400_000;
const REFRESH_MS = 60_000;
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
/** A drag over less of the ribbon is a click. */
const BRUSH_MIN_SHARE = 0.005;
/** Below this span, marks tell seconds. */
const SECONDS_BELOW_MS = 600_000;

/** Which agent; `version` changes whenever its state does. */
export interface StateRibbonProps {
  readonly agentId: string;
  readonly version: string;
}

/** The ribbon with its key. */
export function StateRibbon({ agentId, version }: StateRibbonProps) {
  const { api, nowMs } = useApp();
  const toMs = nowMs.peek();
  const dayAgoMs = toMs - DAY_MS;
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/states`;
  const read = useResource(
    `${path} ${version}`,
    (signal) =>
      api.get<{ states: StateChange[] }>(path, { fromMs: dayAgoMs, toMs: toMs + 1 }, signal),
    { refreshMs: REFRESH_MS },
  );
  const states = read.data?.states ?? [];
  const fromMs = ribbonStart(states, dayAgoMs, toMs);
  const parts = stretches(states, fromMs, toMs);
  const shares = stateShares(parts);
  const words = shares.map(({ state, ratio }) => `${state} ${formatRatio(ratio)}`).join(", ");
  return (
    <section class="ribbon-section" aria-label="States of the last 24 hours">
      <div class="ribbon-key">
        <span class="dim">{fromMs === dayAgoMs ? "Last 24 h" : "Since it joined"}</span>
        {shares.map(({ state, ratio, durationMs }) => (
          <span key={state} class="ribbon-share" title={formatAge(durationMs)}>
            <StateShape state={state} />
            {state} {formatRatio(ratio)}
          </span>
        ))}
        {parts.length === 0 && read.data !== undefined ? (
          <span class="dim">No state is on record yet.</span>
        ) : null}
      </div>
      <ReadProblem resource={read} />
      <RibbonBar parts={parts} fromMs={fromMs} toMs={toMs} words={words} />
    </section>
  );
}

interface RibbonBarProps {
  readonly parts: readonly Stretch[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly words: string;
}

function RibbonBar({ parts, fromMs, toMs, words }: RibbonBarProps) {
  const { range, setRange, nowMs } = useApp();
  const bar = useRef<HTMLDivElement>(null);
  const [brush, setBrush] = useState<readonly [number, number] | undefined>(undefined);
  const percent = (atMs: number): number => ((atMs - fromMs) / (toMs - fromMs)) * 100;
  const instantAt = (event: PointerEvent): number => {
    const box = bar.current?.getBoundingClientRect();
    if (box === undefined) return fromMs;
    const ratio = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return fromMs + ratio * (toMs - fromMs);
  };
  const finish = (): void => {
    if (brush === undefined) return;
    setBrush(undefined);
    const [start, end] = [Math.min(...brush), Math.max(...brush)];
    if (end - start >= (toMs - fromMs) * BRUSH_MIN_SHARE)
      setRange({ kind: "fixed", fromMs: start, toMs: end });
  };
  const shown = resolveRange(range.value, nowMs.peek());
  const [markFrom, markTo] = brush ?? [shown.fromMs, shown.toMs];
  const markLeft = Math.max(0, percent(Math.min(markFrom, markTo)));
  const markRight = Math.min(100, percent(Math.max(markFrom, markTo)));
  return (
    <>
      <div
        ref={bar}
        class="ribbon"
        role="img"
        aria-label={words === "" ? "No states recorded" : words}
        data-testid="ribbon"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setBrush([instantAt(event), instantAt(event)]);
        }}
        onPointerMove={(event) => {
          if (brush !== undefined) setBrush([brush[0], instantAt(event)]);
        }}
        onPointerUp={finish}
        onPointerCancel={() => setBrush(undefined)}
      >
        {parts.map((part) => (
          <i
            key={part.fromMs}
            class={`band band-${part.state}`}
            title={`${part.state} ${formatAge(part.toMs - part.fromMs)} from ${formatTime(part.fromMs, toMs)}: ${part.reason}`}
            style={{
              left: `${percent(part.fromMs)}%`,
              width: `${percent(part.toMs) - percent(part.fromMs)}%`,
            }}
          />
        ))}
        {markRight > markLeft && markRight - markLeft < 100 ? (
          <i
            class="ribbon-range"
            style={{ left: `${markLeft}%`, width: `${markRight - markLeft}%` }}
          />
        ) : null}
      </div>
      <div class="ribbon-hours" aria-hidden="true">
        {QUARTERS.map((part) => (
          <span key={part}>
            {formatTime(fromMs + part * (toMs - fromMs), toMs, toMs - fromMs < SECONDS_BELOW_MS)}
          </span>
        ))}
      </div>
    </>
  );
}
