// The gateways that the benchmark "gateway" compares, each a process of its own held to one core,
// all in front of the same upstream: nginx, which answers from memory with one worker.

import { fork, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { cpus } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { findProgram } from "../test/support/debian.ts";
import { ask } from "./fleet-http.ts";

const CELLPHONE = fileURLToPath(new URL("../tools/cellphone.ts", import.meta.url));
const PEER = path.join(import.meta.dirname, "gateway-peer.ts");
const SERVICE_SECRET = "Bearer secret-of-the-service";

/** What every call is answered with: about what a small record of an API is. */
export const ANSWER = JSON.stringify({
  id: 7,
  name: "Ada Lovelace",
  roles: ["engineer", "author"],
  active: true,
  note: "x".repeat(180),
});

/** A gateway in front of the upstream. */
export interface RunningGateway {
  readonly name: string;
  /** Of one call that reaches the upstream. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its process, whose descendants count, too. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts one. @returns why it cannot, when it cannot. */
export type GatewayStarter = (
  folder: string,
  upstream: string,
) => Promise<RunningGateway | { readonly skipped: string }>;

/** Everybody on one core, with client and upstream on another, where there are two. */
export function pinned(role: "gateway" | "rest", command: readonly string[]): string[] {
  const taskset = findProgram("taskset");
  if (taskset === undefined || cpus().length < 2) return [...command];
  return [taskset, "-c", role === "gateway" ? "0" : "1", ...command];
}

/** Starts the upstream. @throws Error when nginx is missing. */
export async function startUpstream(
  folder: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const server =
    `server { listen 127.0.0.1:${port} backlog=1024; default_type application/json; ` +
    `location / { return 200 '${ANSWER}'; } }`;
  const child = startNginxProcess(path.join(folder, "upstream"), server, "rest");
  await untilListening(port);
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(child) };
}

/** Ours as the product runs it: keys, limits, history and metrics on, one worker thread. */
export const startCellphone: GatewayStarter = async (folder, upstream) => {
  const options = process.env["GATEWAY_NODE_OPTIONS"]?.split(" ") ?? [];
  const command = [process.execPath, ...options, CELLPHONE, "start", "--port", "0"];
  const data = path.join(folder, "cellphone");
  const [program = "", ...rest] = pinned("gateway", [...command, "--data", data]);
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CELLPHONE_GATEWAY_WORKERS: "1" },
  });
  await untilReady(child);
  const control = { socketPath: path.join(data, "control.sock") };
  const limit = { requestsPerMinute: 60_000_000, burst: 1_000_000 };
  await ask(control, "POST", "/api/v1/services", {
    id: "users",
    baseUrl: upstream,
    paths: ["/users/:id"],
    rateLimit: limit,
    agentRateLimit: limit,
    credential: { header: "authorization", value: SERVICE_SECRET },
  });
  const { key, gatewayUrl } = await ask(control, "POST", "/api/v1/enrol", { name: "caller" });
  return {
    name: "Agent Cellphone: keys, limits, history and metrics on",
    url: `${String(gatewayUrl)}/v1/users/7`,
    headers: { authorization: `Bearer ${String(key)}` },
    pid: child.pid ?? 0,
    stop: () => stop(child),
  };
};

/** A peer of gateway-peer.ts. */
export function startPeer(name: string, kind: "http-proxy" | "fast-gateway"): GatewayStarter {
  return async (_folder, upstream) => {
    const [program = "", ...rest] = pinned("gateway", [process.execPath]);
    const taskset = rest.length > 0;
    const child = taskset
      ? spawn(program, [...rest, PEER, kind, upstream], {
          stdio: ["ignore", "ignore", "inherit", "ipc"],
        })
      : fork(PEER, [kind, upstream], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const [port]: unknown[] = await once(child, "message");
    return running(name, child, Number(port));
  };
}

/** Debian's nginx as a proxy that keeps its connections to the upstream. */
export const startNginx: GatewayStarter = async (folder, upstream) => {
  const program = findProgram("nginx");
  if (program === undefined) return { skipped: "needs nginx: apt-get install nginx-light" };
  const port = await freePort();
  const { host } = new URL(upstream);
  const server =
    `upstream users { server ${host}; keepalive 256; } ` +
    `server { listen 127.0.0.1:${port} backlog=1024; location /v1/ { ` +
    `proxy_pass http://users/; proxy_http_version 1.1; proxy_set_header Connection ""; ` +
    `proxy_set_header X-Forwarded-For $remote_addr; } }`;
  const child = startNginxProcess(path.join(folder, "nginx"), server, "gateway");
  await untilListening(port);
  return running(`nginx ${versionOf(program, ["-v"])}`, child, port);
};

/** Debian's caddy, held to one running thread. */
export const startCaddy: GatewayStarter = async (folder, upstream) => {
  const program = findProgram("caddy");
  if (program === undefined) return { skipped: "needs caddy: apt-get install caddy" };
  const port = await freePort();
  const file = path.join(folder, "Caddyfile");
  const { host } = new URL(upstream);
  const site = `handle_path /v1/* {\n reverse_proxy ${host}\n }`;
  const global = "{\n admin off\n auto_https off\n}";
  writeFileSync(file, `${global}\nhttp://127.0.0.1:${port} {\n bind 127.0.0.1\n ${site}\n}\n`);
  const command = [program, "run", "--adapter", "caddyfile", "--config", file];
  const [first = "", ...rest] = pinned("gateway", command);
  const env = { ...process.env, GOMAXPROCS: "1", XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(first, rest, { stdio: "ignore", env });
  await untilListening(port);
  return running(`caddy ${versionOf(program, ["version"])}`, child, port);
};

function running(name: string, child: ChildProcess, port: number): RunningGateway {
  return {
    name,
    url: `http://127.0.0.1:${port}/v1/users/7`,
    headers: { authorization: SERVICE_SECRET },
    pid: child.pid ?? 0,
    stop: () => stop(child),
  };
}

function startNginxProcess(folder: string, server: string, role: "gateway" | "rest"): ChildProcess {
  const program = findProgram("nginx");
  if (program === undefined) throw new Error("needs nginx: apt-get install nginx-light");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ");
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;\n` +
      `events { worker_connections 4096; }\n` +
      `http { access_log off; keepalive_requests 1000000000; ${temporary}\n${server} }\n`,
  );
  const [first = "", ...rest] = pinned(role, [program, "-p", folder, "-c", file]);
  return spawn(first, rest, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Seconds of processor time that a process and its descendants have used. */
export function processorSeconds(pid: number): number {
  const parents = new Map<number, number>();
  const seconds = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(name), Number(fields[1]));
      seconds.set(Number(name), (Number(fields[11]) + Number(fields[12])) / 100);
    } catch {
      // It ended between the listing and the reading.
    }
  }
  let sum = 0;
  for (const [one, own] of seconds) {
    for (let at: number | undefined = one; at !== undefined && at > 1; at = parents.get(at)) {
      if (at !== pid) continue;
      sum += own;
      break;
    }
  }
  return sum;
}

function versionOf(program: string, parameters: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, parameters, { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? "of unknown version";
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("The server's output is not read");
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/"url":"http:/.test(line)) continue;
    child.stdout.resume();
    return;
  }
  throw new Error(`"cellphone start" ended with ${child.exitCode} before it was ready`);
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await sleep(25);
  }
  throw new Error(`Nobody listens on port ${port} after five seconds`);
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
