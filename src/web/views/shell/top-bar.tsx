// Time range, whether what is shown is current, and the palette.

import { formatTime } from "../../model/format.ts";
import { RANGE_PRESETS } from "../../model/time-range.ts";
import { useApp } from "../../state/app.ts";
import { Icon } from "../parts/icons.tsx";

/** The bar above every page. */
export function TopBar() {
  const { paletteOpen } = useApp();
  return (
    <header class="top-bar">
      <button
        type="button"
        class="search-button"
        aria-keyshortcuts="Control+K"
        onClick={() => {
          paletteOpen.value = true;
        }}
      >
        <Icon name="search" />
        <span>Go to or do</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div class="top-bar-right">
        <LiveMark />
        <RangeSwitch />
      </div>
    </header>
  );
}

function RangeSwitch() {
  const { range, setRange, nowMs } = useApp();
  const current = range.value;
  return (
    <div class="range">
      {current.kind === "fixed" ? (
        <button
          type="button"
          class="range-fixed"
          title="Back to the last 15 minutes"
          onClick={() => setRange({ kind: "preset", preset: "15m" })}
        >
          {formatTime(current.fromMs, nowMs.peek())} – {formatTime(current.toMs, nowMs.peek())}
          <Icon name="close" />
        </button>
      ) : null}
      <div class="segmented" role="group" aria-label="Time range of the charts">
        {RANGE_PRESETS.map((preset) => (
          <button
            key={preset}
            type="button"
            aria-pressed={current.kind === "preset" && current.preset === preset}
            onClick={() => setRange({ kind: "preset", preset })}
          >
            {preset}
          </button>
        ))}
      </div>
    </div>
  );
}

function LiveMark() {
  const { live, nowMs } = useApp();
  const { state, sinceMs } = live.connection.value;
  if (state === "live") {
    return (
      <span class="live-mark" data-testid="live" role="status">
        <i class="live-shape" aria-hidden="true" />
        Live
      </span>
    );
  }
  const words =
    state === "connecting" ? "Connecting" : `Stale since ${formatTime(sinceMs, nowMs.peek())}`;
  return (
    <span class="live-mark live-mark-off" data-testid="live" role="status">
      <i class="live-shape" aria-hidden="true" />
      {words}
    </span>
  );
}
