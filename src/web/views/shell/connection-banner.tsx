// Says calmly that what is shown is old, since when, and what happens about it.

import { formatTime } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";

/** Shown while the server does not answer. */
export function ConnectionBanner() {
  const { live, nowMs } = useApp();
  const { state, sinceMs } = live.connection.value;
  if (state !== "lost") return null;
  return (
    <div class="banner" role="alert" data-testid="banner">
      <span>Server not reachable since {formatTime(sinceMs, nowMs.peek())}, retrying.</span>
      <span class="banner-note">What you see is from then.</span>
      <button type="button" class="button button-small" onClick={() => live.reconnect()}>
        Retry now
      </button>
    </div>
  );
}
