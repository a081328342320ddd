// How long ago something began, kept current by the page's clock without redrawing its row.

import { useComputed, useSignal } from "@preact/signals";
import { formatAge, formatTime } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";

/** "14 min"; the instant itself is in the tooltip. */
export function Age({ sinceMs }: { readonly sinceMs: number }) {
  const { nowMs } = useApp();
  const since = useSignal(sinceMs);
  since.value = sinceMs;
  const words = useComputed(() => formatAge(nowMs.value - since.value));
  return (
    <time dateTime={new Date(sinceMs).toISOString()} title={formatTime(sinceMs, nowMs.peek())}>
      {words}
    </time>
  );
}

/** The local time of day of an instant. */
export function Clock({ atMs, seconds = true }: { readonly atMs: number; seconds?: boolean }) {
  const { nowMs } = useApp();
  return (
    <time dateTime={new Date(atMs).toISOString()} title={new Date(atMs).toLocaleString()}>
      {formatTime(atMs, nowMs.peek(), seconds)}
    </time>
  );
}
