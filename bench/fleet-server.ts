// The server of the benchmark "fleet": `cellphone start` from dist/, with the probe loaded into
// it, on its own port and data folder, and a fleet of agents registered with it.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

import type { EventLoopFigures } from "./event-loop-probe.ts";
import { ask } from "./fleet-http.ts";

const PROBE = path.join(import.meta.dirname, "event-loop-probe.ts");
const REPOSITORY = path.join(import.meta.dirname, "..");
/** Enrolments under way at once. */
const ENROLLING = 64;

/** A registered agent. */
export interface EnrolledAgent {
  readonly id: string;
  readonly key: string;
}

/** A running server with its probe. */
export class FleetServer {
  readonly host: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #socketPath: string;

  private constructor(child: ChildProcess, url: URL, socketPath: string) {
    this.#child = child;
    this.host = url.hostname;
    this.port = Number(url.port);
    this.#socketPath = socketPath;
  }

  /**
   * Starts a server in `folder`.
   * @param repository whose dist/ is run; this one by default, which is built when stale.
   */
  static async start(folder: string, repository = REPOSITORY): Promise<FleetServer> {
    const build = spawnSync(process.execPath, [path.join(repository, "tools/build.ts")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (build.status !== 0) throw new Error("The server could not be built");
    const command = path.join(repository, "dist/cli/bin.js");
    // Such as FLEET_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=profiles".
    const options = ["--import", PROBE, ...(process.env["FLEET_NODE_OPTIONS"]?.split(" ") ?? [])];
    const child = spawn(
      process.execPath,
      [...options, command, "start", "--port", "0", "--data", folder],
      { stdio: ["ignore", "pipe", "inherit", "ipc"] },
    );
    const url = await urlFrom(child);
    return new FleetServer(child, new URL(url), path.join(folder, "control.sock"));
  }

  /** Registers agents `agent-1` to `agent-<count>`; a quarter of them can sort. */
  async enrol(count: number): Promise<EnrolledAgent[]> {
    const enrolled: EnrolledAgent[] = [];
    let next = 1;
    const enrolInTurn = async (): Promise<void> => {
      for (let number = next++; number <= count; number = next++) {
        const name = `agent-${number}`;
        const capabilities = number % 4 === 0 ? ["hash", "sort"] : ["hash"];
        const kind = ["worker", "reviewer", "planner"][number % 3];
        const body = { name, kind, capabilities };
        const { key } = await ask(this.#caller, "POST", "/api/v1/enrol", body);
        enrolled[number - 1] = { id: name, key: String(key) };
      }
    };
    await Promise.all(Array.from({ length: ENROLLING }, enrolInTurn));
    return enrolled;
  }

  /** A fresh admin key. */
  async adminKey(): Promise<string> {
    const { key } = await ask(this.#caller, "POST", "/api/v1/admin-keys", {});
    return String(key);
  }

  /** What the probe saw begins anew. */
  beginWatch(): void {
    this.#child.send("begin");
  }

  async endWatch(): Promise<EventLoopFigures> {
    this.#child.send("end");
    const [figures]: EventLoopFigures[] = await once(this.#child, "message");
    if (figures === undefined) throw new Error("The probe said nothing");
    return figures;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }

  get #caller() {
    return { socketPath: this.#socketPath };
  }
}

async function urlFrom(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("The server's output is not read");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /"url":"(http:[^"]+)"/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error(`"cellphone start" ended with ${child.exitCode} before it was ready`);
}
