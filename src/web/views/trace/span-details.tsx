// The span under the pointer or the focus, in words, at a fixed place, so that nothing jumps.

import type { ComponentChildren } from "preact";
import { formatSeconds } from "../../model/format.ts";
import { agentPath } from "../../model/routes.ts";
import { spanLength } from "../../model/trace-words.ts";
import type { TraceSpan } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { canOpen, useOpenSpan } from "./use-open-span.ts";

/** A span, and where the trace began. */
export interface SpanDetailsProps {
  readonly span: TraceSpan | undefined;
  readonly originMs: number;
  readonly nowMs: number;
  readonly onZoom: (span: TraceSpan) => void;
  /** What can be done whatever is chosen. */
  readonly children?: ComponentChildren;
}

/** One strip below the waterfall. */
export function SpanDetails(props: SpanDetailsProps) {
  const { span, originMs, nowMs, onZoom, children } = props;
  const { router } = useApp();
  const openSpan = useOpenSpan();
  if (span === undefined) {
    return (
      <div class="span-details" data-testid="span-details">
        <p class="dim">Point at a row, or use the arrow keys. Enter opens it, Z zooms.</p>
        <span class="span-verbs">{children}</span>
      </div>
    );
  }
  return (
    <div class="span-details" data-testid="span-details">
      <p class="span-words">
        <strong>{span.name}</strong>
        <span class="dim">{span.kind}</span>
        {span.agentId === null ? null : (
          <a class="link" href={router.href(agentPath(span.agentId))}>
            {span.agentId}
          </a>
        )}
        <span>
          {spanLength(span, nowMs)}, {formatSeconds(Math.max(0, span.fromMs - originMs) / 1000)}{" "}
          after the start
        </span>
        {span.detail === null ? null : (
          <span class={span.ok === false ? "state-down" : ""}>{span.detail}</span>
        )}
      </p>
      <span class="span-verbs">
        <button type="button" class="button button-small" onClick={() => onZoom(span)}>
          Zoom
        </button>
        {canOpen(span) ? (
          <button type="button" class="button button-small" onClick={() => openSpan(span)}>
            Open {span.ref.kind}
          </button>
        ) : null}
        {children}
      </span>
    </div>
  );
}
