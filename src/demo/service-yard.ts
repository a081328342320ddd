// The demo's services as processes: started, registered with the gateway, told to misbehave, and
// ended with the demo.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

import type { DemoControl } from "./ports.ts";
import type { ServiceGreeting, ServiceMode, ServiceOrder } from "./services/serve.ts";

const ENDING = extname(import.meta.url);

/** Names of the demo's services; each is also the last part of its public path: `/v1/search`. */
export const serviceNames = ["search", "model", "files", "notes"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The limit that the demo's agents keep within, until the director tightens it. */
export const NOTES_LIMIT = { requestsPerMinute: 6000, burst: 200 };

/** Four services, each in a process of its own. */
export class ServiceYard implements AsyncDisposable {
  readonly #children = new Map<ServiceName, ChildProcess>();
  readonly #notesKey = randomUUID();
  readonly #inputFolder: string;
  readonly #onOutput: (name: string, text: string) => void;

  constructor(inputFolder: string, onOutput: (name: string, text: string) => void) {
    this.#inputFolder = inputFolder;
    this.#onOutput = onOutput;
  }

  /** Starts all services and registers them with the gateway. */
  async open(control: DemoControl): Promise<void> {
    await Promise.all(
      serviceNames.map(async (name) => {
        const port = await this.#start(name);
        await control.call("POST", "/api/v1/services", { body: this.#registration(name, port) });
      }),
    );
  }

  /** Makes a service behave otherwise from its next request on. */
  order(name: ServiceName, mode: ServiceMode): void {
    const order: ServiceOrder = { mode };
    this.#children.get(name)?.send(order);
  }

  /** Has nobody ask for services that are about to end; they stay registered, to be looked at. */
  async retire(control: DemoControl): Promise<void> {
    for (const name of this.#children.keys()) {
      const body = { healthCheckUrl: null };
      await control.call("PATCH", `/api/v1/services/${name}`, { body });
    }
  }

  /** Ends all services. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#children.values()].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        child.kill("SIGKILL"); // they hold nothing that could be lost
        await ended;
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(name: ServiceName): Promise<number> {
    const file = fileURLToPath(new URL(`services/${name}${ENDING}`, import.meta.url));
    const child = fork(file, [name === "notes" ? this.#notesKey : this.#inputFolder], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    this.#children.set(name, child);
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => this.#onOutput(name, text));
    const failed = once(child, "exit").then(([code]) => {
      throw new Error(`The service ${name} ended with exit code ${String(code)}.`);
    });
    failed.catch(() => undefined); // it also ends when the demo does
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what serve() says first
    const [greeting] = (await Promise.race([once(child, "message"), failed])) as [ServiceGreeting];
    return greeting.port;
  }

  #registration(name: ServiceName, port: number): object {
    const common = {
      id: name,
      name: `Demo ${name}`,
      version: "v1",
      baseUrl: `http://127.0.0.1:${port}`,
      healthCheckUrl: "/health",
    };
    if (name !== "notes") return common;
    const credential = { header: "x-notes-key", value: this.#notesKey };
    return { ...common, credential, rateLimit: NOTES_LIMIT };
  }
}
