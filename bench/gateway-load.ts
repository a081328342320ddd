// The client of the benchmark "gateway": wrk, which needs a fraction of what it measures. Every
// answer is looked at by wrk for its status; one answer is compared with what the upstream says.

import { spawn } from "node:child_process";
import { once } from "node:events";

import { findProgram } from "../test/support/debian.ts";
import { ANSWER, pinned, processorSeconds } from "./gateway-servers.ts";
import type { RunningGateway } from "./gateway-servers.ts";

/** How a round went. */
export interface LoadFigures {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the gateway for one call, in microseconds. */
  readonly processorUs: number;
}

/** The program. @throws Error when it is missing. */
export function requireWrk(): string {
  const program = findProgram("wrk");
  if (program === undefined) throw new Error("needs wrk: apt-get install wrk");
  return program;
}

/** @throws Error when the gateway does not answer as the upstream does. */
export async function checkAnswer({ name, url, headers }: RunningGateway): Promise<void> {
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  if (answer.status === 200 && text === ANSWER) return;
  throw new Error(`"${name}" answered ${answer.status}: ${text.slice(0, 300)}`);
}

/** Calls as fast as `connections` can, for some seconds. @throws Error when a call failed. */
export async function load(
  gateway: RunningGateway,
  connections: number,
  seconds: number,
): Promise<LoadFigures> {
  const headers = Object.entries(gateway.headers).flatMap(([name, value]) => [
    "-H",
    `${name}: ${value}`,
  ]);
  const parameters = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", ...headers];
  const [program = "", ...rest] = pinned("rest", [requireWrk(), ...parameters, gateway.url]);
  const beforeSeconds = processorSeconds(gateway.pid);
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  const usedSeconds = processorSeconds(gateway.pid) - beforeSeconds;
  const text = Buffer.concat(chunks).toString();
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`"${gateway.name}": ${text}`);
  const calls = figure(text, /(\d+) requests in/);
  return {
    callsPerSecond: figure(text, /Requests\/sec:\s+([\d.]+)/),
    p50Ms: latency(text, "50%"),
    p99Ms: latency(text, "99%"),
    processorUs: (usedSeconds * 1e6) / calls,
  };
}

function figure(text: string, pattern: RegExp): number {
  const value = Number(pattern.exec(text)?.[1]);
  if (!Number.isFinite(value)) throw new Error(`wrk said something else: ${text}`);
  return value;
}

function latency(text: string, share: string): number {
  const [, value = "", unit = ""] = new RegExp(`${share}\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
  const scale = { us: 0.001, ms: 1, s: 1000 }[unit];
  if (scale === undefined) throw new Error(`wrk said something else: ${text}`);
  return Number(value) * scale;
}
