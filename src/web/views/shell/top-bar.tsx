// The palette, the namespace, whether what is shown is current, the time range, the theme.

import { formatTime } from "../../model/format.ts";
import { RANGE_PRESETS } from "../../model/time-range.ts";
import { useApp } from "../../state/app.ts";
import { THEMES } from "../../state/theme.ts";
import { Icon } from "../parts/icons.tsx";

/** What there is to choose from. */
export interface TopBarProps {
  readonly namespaces: readonly string[];
}

/** The bar above every page. */
export function TopBar({ namespaces }: TopBarProps) {
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
        <NamespaceSwitch namespaces={namespaces} />
        <LiveMark />
        <RangeSwitch />
        <ThemeSwitch />
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
        <span>Live</span>
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

/** Shown when there is a choice, or when this is not the default namespace. */
function NamespaceSwitch({ namespaces }: TopBarProps) {
  const { namespace } = useApp();
  const current = namespace ?? "default";
  const names = [...new Set([...namespaces, current])].sort();
  if (names.length < 2) return null;
  return (
    <label class="namespace">
      <span class="visually-hidden">Namespace</span>
      <select
        class="select"
        value={current}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          // The stream, the caches and every open question belong to one namespace: start afresh.
          location.assign(chosen === "default" ? "/" : `/?ns=${encodeURIComponent(chosen)}`);
        }}
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeSwitch() {
  const { theme } = useApp();
  return (
    <div class="segmented theme-switch" role="group" aria-label="Theme">
      {THEMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={theme.chosen.value === name}
          onClick={() => theme.choose(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
