// The screen a start ends with: what runs, where to look, what to type next.

import { formatDuration } from "../core/index.ts";
import type { Terminal } from "./terminal.ts";

/** What the screen says. */
export interface StartScreen {
  readonly version: string;
  /** From the command to ready. */
  readonly readyMs: number;
  /** The link that signs in once, and how long it works. */
  readonly loginUrl: string;
  readonly loginLastsMs: number;
  /** Null when no gateway runs. */
  readonly gatewayUrl: string | null;
  readonly dataFolder: string;
  /** What the folder holds, in words: `empty`, `12 agents`. */
  readonly dataHolds: string;
  readonly keepsDays: number;
  /** How this command was called: `./cellphone`, `cellphone`. */
  readonly command: string;
  /** The demo's command; null where there is none. */
  readonly demo: string | null;
}

/** Prints the screen; the text is the design's, aligned whatever the lengths. */
export function printStartScreen(out: Terminal, screen: StartScreen): void {
  const title = `Agent Cellphone ${screen.version}`;
  const ready = `ready in ${(screen.readyMs / 1000).toFixed(1)} s`;
  const quiet = (text: string): string => out.style("quiet", text);
  const label = (text: string): string => out.style("quiet", text.padEnd(11));
  const lasts = `once, ${formatDuration(screen.loginLastsMs)}`;
  out.line(
    `  ${out.style("strong", title)}${" ".repeat(Math.max(3, 45 - title.length))}${quiet(ready)}`,
  );
  out.line(`  ${label("Dashboard")}${out.style("accent", screen.loginUrl)}   ${quiet(lasts)}`);
  if (screen.gatewayUrl !== null) out.line(`  ${label("Gateway")}${screen.gatewayUrl}`);
  const keeps = `${screen.dataHolds}, keeps ${screen.keepsDays} days`;
  out.line(`  ${label("Data")}${screen.dataFolder}   ${quiet(keeps)}`);
  out.line();
  out.line(`  ${label("Connect")}${screen.command} run --name worker-1 -- python3 agent.py`);
  const again = `${quiet("Sign in again")}  ${screen.command} login`;
  if (screen.demo === null) out.line(`  ${again}`);
  else out.line(`  ${label("Demo")}${screen.demo.padEnd(20)} ${again}`);
  out.line(`  ${quiet("Ctrl-C drains and stops.")}`);
  out.line();
}
