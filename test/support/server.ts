// Real servers for integration tests: one in this process, which starts fast, and one in a
// process of its own, which can be killed.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { loadConfiguration } from "../../src/configuration/index.ts";
import { noComponentLog } from "../../src/core/index.ts";
import type { ComponentLog } from "../../src/core/index.ts";
import { startSwitchboard } from "../../src/switchboard.ts";
import type { Switchboard } from "../../src/switchboard.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** How to start a server for a test. */
export interface TestServerOptions {
  /** Options by dotted key, such as `{ "communication.heartbeatInterval": 1 }`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** @default a temporary folder of the test */
  readonly dataFolder?: string;
  /** @default a free one */
  readonly port?: number;
  /** @default says nothing */
  readonly log?: ComponentLog;
}

/** A server of a test. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** An admin key. */
  readonly key: string;
  readonly socketPath: string;
  readonly dataFolder: string;
  readonly switchboard: Switchboard;
  /** Stops it before the test ends. */
  stop(): Promise<void>;
}

/** Starts a server in this process; it stops with the test. */
export async function startServer(
  t: Pick<TestContext, "after">,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const dataFolder = options.dataFolder ?? temporaryFolder(t);
  const configuration = loadConfiguration({
    flags: {
      // The port above the server's may be any connection's: this test did not choose it.
      "gateway.port": 0,
      ...options.config,
      "storage.folder": dataFolder,
      "server.port": options.port ?? 0,
    },
  });
  const switchboard = await startSwitchboard({ configuration, log: options.log ?? noComponentLog });
  t.after(() => switchboard.close());
  return {
    url: switchboard.url,
    port: Number(new URL(switchboard.url).port),
    key: await switchboard.rotateAdminKey(),
    socketPath: switchboard.socketPath,
    dataFolder,
    switchboard,
    stop: () => switchboard.close(),
  };
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly socketPath: string;
  /** The server's own process id, also when a wrapper runs it. */
  readonly pid: number;
  /** Ends it and waits; SIGKILL gives it no chance to finish anything. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));

/**
 * Starts `cellphone start` as a process, with mailboxes that hold all that a fast machine can send;
 * it is killed with the test if it still runs.
 */
export async function spawnServer(
  t: Pick<TestContext, "after">,
  dataFolder: string,
  wrapper: readonly string[] = [],
): Promise<ServerProcess> {
  const roomy = ["--set", "communication.maxMailboxMessages=1000000"];
  const node = [process.execPath, CLI, "start", "--port", "0", "--data", dataFolder, ...roomy];
  const [program = "", ...args] = [...wrapper, ...node];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /"url":"(http:[^"]+)"/.exec(line)?.[1];
    const pid = Number(/"pid":(\d+)/.exec(line)?.[1]);
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      pid,
      url,
      socketPath: `${dataFolder}/control.sock`,
      end: (signal) => end(child, pid, signal),
    };
  }
  throw new Error(`The server ended before it was ready: ${errors}`);
}

async function end(
  child: ChildProcess,
  pid: number,
  signal: NodeJS.Signals,
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  process.kill(pid, signal);
  await exited;
  return child.exitCode;
}
