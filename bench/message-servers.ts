// The two servers of the benchmark "messages", each a process of its own with its data in a
// folder below the same temporary folder, so that both write to the same disk.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

import { findProgram } from "../test/support/debian.ts";

const CELLPHONE = fileURLToPath(new URL("../tools/cellphone.ts", import.meta.url));
const SENDER = "sender";
const STREAM = "inboxes";

/** A running server. */
export interface MessageServer {
  /** Messages it holds. */
  messages(): Promise<number>;
  stop(): Promise<void>;
}

/** Our server, with the key of an agent that sends. */
export interface CellphoneServer extends MessageServer {
  readonly url: string;
  readonly key: string;
}

/** NATS with JetStream and one stream in files. */
export interface NatsServer extends MessageServer {
  readonly port: number;
}

/** Starts `cellphone start` (built when stale) and registers the recipients. */
export async function startCellphone(
  folder: string,
  recipients: readonly string[],
): Promise<CellphoneServer> {
  const command = [CELLPHONE, "start", "--port", "0", "--data", folder];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  const url = await urlFrom(child);
  const socketPath = path.join(folder, "control.sock");
  for (const agentId of recipients) await ask(socketPath, "POST", "/api/v1/agents", { agentId });
  const { key } = await ask(socketPath, "POST", "/api/v1/enrol", { name: SENDER });
  return {
    url,
    key: String(key),
    async messages() {
      let waiting = 0;
      for (const agentId of recipients) {
        const counts = await ask(socketPath, "GET", `/api/v1/inbox/${agentId}`);
        for (const lane of Object.values(counts["ready"] ?? {})) waiting += Number(lane);
      }
      return waiting;
    },
    stop: () => stop(child),
  };
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

/** A request to our server's control socket, as whoever runs it. */
function ask(
  socketPath: string,
  method: string,
  target: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const outgoing = request({ socketPath, method, path: target, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${target} answered ${response.statusCode}: ${text}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * The installed nats-server.
 * @throws Error that says how to get it.
 */
export function requireNats(): { readonly program: string; readonly version: string } {
  const program = findProgram("nats-server");
  if (program === undefined) {
    throw new Error("needs nats-server: npm run test:setup (installs nats-server)");
  }
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return { program, version: stdout.trim().replace(/^.*v/, "") };
}

/** Whether this nats-server takes an option of its `jetstream` block, and what it says if not. */
export function natsRefusal(program: string, folder: string, option: string): string | undefined {
  const file = writeConfiguration(folder, 4222, option);
  const { status, stderr } = spawnSync(program, ["-t", "-c", file], { encoding: "utf8" });
  return status === 0 ? undefined : (/: ([^:]+)$/.exec(stderr.trim())?.[1] ?? stderr.trim());
}

/**
 * Makes a folder whose files are written through to the disk, whoever writes them (ext4's
 * attribute S, see chattr(1)); false when this file system cannot.
 */
export function makeWriteThrough(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const chattr = findProgram("chattr");
  return chattr !== undefined && spawnSync(chattr, ["+S", folder]).status === 0;
}

/**
 * Starts nats-server with JetStream in `folder` and makes a stream in files.
 * @param option one more line of its `jetstream` block.
 */
export async function startNats(program: string, folder: string, option = ""): Promise<NatsServer> {
  const port = await freePort();
  const file = writeConfiguration(folder, port, option);
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  await untilReady(child);
  const connection = await connect({ port });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: ["inbox.*"], storage: "file" });
  return {
    port,
    messages: async () => (await manager.streams.info(STREAM)).state.messages,
    async stop() {
      await connection.close();
      await stop(child);
    },
  };
}

function writeConfiguration(folder: string, port: number, option: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "nats.conf");
  const store = JSON.stringify(path.join(folder, "store"));
  const words = `host: 127.0.0.1\nport: ${port}\njetstream {\n store_dir: ${store}\n ${option}\n}\n`;
  writeFileSync(file, words);
  return file;
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error("The server's output is not read");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (!line.includes("Server is ready")) continue;
    child.stderr.resume();
    return;
  }
  throw new Error(`nats-server ended before it was ready: ${said.join("\n")}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("No port was given");
  return address.port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
