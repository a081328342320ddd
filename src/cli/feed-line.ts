// One line of the events feed: time, who, what, in columns that stay put as lines are added.

import type { FeedEvent } from "../dashboard/index.ts";
import { harmless, pad, timeOfDay } from "./terminal.ts";
import type { Terminal, Tone } from "./terminal.ts";

const TONES: Readonly<Record<FeedEvent["level"], Tone>> = {
  info: "plain",
  warning: "stuck",
  error: "down",
  critical: "down",
};

/** Prints one event for people. */
export function printFeedEvent(out: Terminal, event: FeedEvent, nowMs: number): void {
  const time = out.style("quiet", timeOfDay(event.atMs, nowMs));
  const who = pad(event.agentId ?? "fleet", 12);
  const text = harmless(event.text);
  out.line(`  ${time}  ${out.style("strong", who)}  ${out.style(TONES[event.level], text)}`);
}
