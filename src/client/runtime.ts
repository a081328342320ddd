// What the client can learn from where it runs. Node's modules are imported when Node is there
// and not otherwise; a browser or another runtime gets the same client without these extras.

import { makeQuietFetch, plainFetch } from "./quiet-fetch.ts";
import type { HttpModule, QuietFetch } from "./quiet-fetch.ts";
import type { Span } from "./span.ts";
import type { ProcessUsage } from "./wire.ts";

/** What goes along with everything a handler does: the conversation it is part of. */
export interface CallContext {
  readonly traceparent?: string;
  readonly conversationId?: string;
  readonly taskId?: string;
  /** Set where a handler runs. */
  readonly inHandler?: boolean;
  /** The span that is open here. */
  readonly span?: Span;
}

/** Where the client runs. */
export interface Runtime {
  /** Language and version, such as `node 24.21.0`. */
  readonly name: string;
  readonly host: string | undefined;
  readonly pid: number | undefined;
  environment(name: string): string | undefined;
  /** Whether a process of this machine lives; true when that cannot be told. */
  isAlive(pid: number): boolean;
  /** CPU since the last call, and memory now; undefined where unknown. */
  usage(): ProcessUsage | undefined;
  /** Runs `body` so that `context()` inside it, also after awaits, is `context`. */
  within<Result>(context: CallContext, body: () => Result): Result;
  context(): CallContext | undefined;
  /** Makes `context` hold from here on, until the end of this chain of awaits. */
  enter(context: CallContext | undefined): void;
  /** Calls the server without keeping the process alive meanwhile. */
  readonly quietFetch: QuietFetch;
  /** Runs a script in a thread of its own; undefined where there are none. */
  readonly startWorker: ((source: string, data: unknown) => WorkerThread) | undefined;
  /** Calls back before the process ends by itself; returns what takes the callback away. */
  beforeExit(callback: () => void): () => void;
  /** Calls back when the process is asked to end (SIGINT, SIGTERM). */
  onStopSignal(callback: (signal: string) => void): () => void;
}

/** The part of Node's `process` used here, so that this compiles without Node's types. */
interface NodeProcess {
  readonly versions: { readonly node?: string };
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  kill(pid: number, signal: 0): boolean;
  cpuUsage(): { readonly user: number; readonly system: number };
  memoryUsage: { rss(): number };
  once(event: string, listener: (signal: string) => void): unknown;
  on(event: string, listener: (signal: string) => void): unknown;
  off(event: string, listener: (signal: string) => void): unknown;
}

interface ContextStorage {
  run<Result>(context: CallContext, body: () => Result): Result;
  enterWith(context: CallContext | undefined): void;
  getStore(): CallContext | undefined;
}

/** A thread that runs a script, as Node's `Worker` offers it. */
export interface WorkerThread {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
  terminate(): Promise<unknown>;
  unref(): void;
}

type WorkerClass = new (
  source: string,
  options: {
    readonly eval: true;
    readonly name: string;
    readonly workerData: unknown;
    readonly execArgv: readonly string[];
  },
) => WorkerThread;

/** Finds out where we run. */
export async function detectRuntime(): Promise<Runtime> {
  // Not declared in browsers; read through globalThis, where absence is undefined.
  const node = (globalThis as { readonly process?: NodeProcess }).process;
  if (node?.versions?.node === undefined) return browserRuntime();
  const [hooks, os, threads, http, https] = await Promise.all([
    importBuiltin<{ AsyncLocalStorage: new () => ContextStorage }>("node:async_hooks"),
    importBuiltin<{ hostname(): string }>("node:os"),
    importBuiltin<{ readonly Worker: WorkerClass }>("node:worker_threads"),
    importBuiltin<HttpModule>("node:http"),
    importBuiltin<HttpModule>("node:https"),
  ]);
  return nodeRuntime(node, {
    host: os?.hostname(),
    storage: hooks && new hooks.AsyncLocalStorage(),
    Worker: threads?.Worker,
    quietFetch: http && https ? makeQuietFetch(http, https) : plainFetch,
  });
}

/** The specifier is a variable so that bundlers for the browser leave it alone. */
async function importBuiltin<Module>(specifier: string): Promise<Module | undefined> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's documented shape
    return (await import(/* @vite-ignore */ specifier)) as Module;
  } catch {
    return undefined;
  }
}

function browserRuntime(): Runtime {
  return {
    name: "browser",
    host: undefined,
    pid: undefined,
    environment: () => undefined,
    isAlive: () => true,
    usage: () => undefined,
    within: (_context, body) => body(),
    context: () => undefined,
    enter: () => undefined,
    quietFetch: plainFetch,
    startWorker: undefined,
    beforeExit: () => () => undefined,
    onStopSignal: () => () => undefined,
  };
}

interface NodeParts {
  readonly host: string | undefined;
  readonly storage: ContextStorage | undefined;
  readonly Worker: WorkerClass | undefined;
  readonly quietFetch: QuietFetch;
}

function nodeRuntime(node: NodeProcess, parts: NodeParts): Runtime {
  const { host, storage, Worker, quietFetch } = parts;
  return {
    name: `node ${node.versions.node}`,
    host,
    pid: node.pid,
    environment: (name) => (node.env[name] === "" ? undefined : node.env[name]),
    isAlive: (pid) => isAlive(node, pid),
    usage: usageMeter(node),
    within: (context, body) => (storage === undefined ? body() : storage.run(context, body)),
    context: () => storage?.getStore(),
    enter: (context) => storage?.enterWith(context),
    quietFetch,
    // Without the program's own flags: a loader or a debugger meant for it would run here too.
    startWorker:
      Worker &&
      ((source, workerData) =>
        new Worker(source, { eval: true, name: "cellphone", workerData, execArgv: [] })),
    beforeExit(callback) {
      node.once("beforeExit", callback);
      return () => node.off("beforeExit", callback);
    },
    onStopSignal(callback) {
      for (const signal of ["SIGINT", "SIGTERM"]) node.on(signal, callback);
      return () => {
        for (const signal of ["SIGINT", "SIGTERM"]) node.off(signal, callback);
      };
    },
  };
}

function isAlive(node: NodeProcess, pid: number): boolean {
  try {
    return node.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function usageMeter(node: NodeProcess): () => ProcessUsage {
  let lastAtMs = performance.now();
  let last = node.cpuUsage();
  return () => {
    const nowMs = performance.now();
    const now = node.cpuUsage();
    const usedMs = (now.user - last.user + now.system - last.system) / 1000;
    const elapsedMs = Math.max(1, nowMs - lastAtMs);
    [last, lastAtMs] = [now, nowMs];
    const cpuPercent = Math.round((usedMs / elapsedMs) * 1000) / 10;
    return { cpuPercent, memoryBytes: node.memoryUsage.rss(), processes: 1 };
  };
}
