// Where a trace's time went, as one bar and in words: model, tools, waiting, own code.

import { useMemo } from "preact/hooks";
import { formatRatio, formatSeconds } from "../../model/format.ts";
import { timeShares } from "../../model/trace-rows.ts";
import { shareWords } from "../../model/trace-words.ts";
import type { TraceSpan } from "../../model/wire.ts";

/** The spans, and whose time is meant: everybody's, or one agent's. */
export interface TimeSharesProps {
  readonly spans: readonly TraceSpan[];
  readonly agentId: string | undefined;
  readonly nowMs: number;
}

/** The bar above the rows. */
export function TimeShares({ spans, agentId, nowMs }: TimeSharesProps) {
  const running = spans.some(({ toMs }) => toMs === null);
  const shares = useMemo(() => {
    const own = agentId === undefined ? spans : spans.filter((span) => span.agentId === agentId);
    return timeShares(own, nowMs);
  }, [spans, agentId, running ? nowMs : 0]);
  const total = shares.reduce((sum, { durationMs }) => sum + durationMs, 0);
  if (total <= 0) return null;
  return (
    <div class="time-shares">
      <div class="time-shares-bar" aria-hidden="true">
        {shares.map(({ kind, durationMs }) => (
          <i key={kind} class={`span span-${kind}`} style={{ flexGrow: durationMs / total }} />
        ))}
      </div>
      <ul class="time-shares-words" aria-label="Where the time went">
        {shares.map(({ kind, durationMs }) => (
          <li key={kind}>
            <i class={`span span-swatch span-${kind}`} aria-hidden="true" />
            {shareWords(kind)} {formatSeconds(durationMs / 1000)}
            <span class="dim">{formatRatio(durationMs / total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
