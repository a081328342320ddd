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

/** The word of a kind; a state's own word leads its text already. */
const WORDS: Readonly<Record<FeedEvent["kind"], string | null>> = {
  joined: "joined",
  left: "left",
  state: null,
  paused: "paused",
  resumed: "resumed",
  restarted: "restart",
  dead_letter: "dead mail",
  message: "mail",
  cause: "needs you",
  cause_resolved: "over",
  server: "server",
  alert: "alert",
  alert_resolved: "over",
  alert_acknowledged: "taken on",
  quarantined: "held",
  released: "released",
  service: "service",
};

/** Prints one event for people. */
export function printFeedEvent(out: Terminal, event: FeedEvent, nowMs: number): void {
  const time = out.style("quiet", timeOfDay(event.atMs, nowMs));
  const name = event.agentId ?? "fleet";
  const who = out.style("strong", pad(name, name.includes("/") ? 16 : 10));
  const { word, rest } = splitText(event);
  const what = out.style(TONES[event.level], pad(word, 9));
  out.line(`  ${time}  ${who}  ${what}  ${rest}`.trimEnd());
}

/** Takes the leading word out of the text, so that it stands in its own column once. */
function splitText(event: FeedEvent): { readonly word: string; readonly rest: string } {
  const text = harmless(event.text);
  const [, first = "", rest = ""] = /^(\w+):?\s*(.*)$/.exec(text) ?? [];
  const word = WORDS[event.kind];
  if (word === null) return { word: first, rest };
  return { word, rest: first.toLowerCase() === word ? rest : text };
}
