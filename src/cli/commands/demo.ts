// `cellphone demo`: a small fleet at work, with three things going wrong on cue.

import { mkdir } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { InvalidArgumentError } from "commander";
import type { Command } from "commander";

import { DEMO_NAMESPACE, exportFiles, runDemo } from "../../demo/index.ts";
import type { DemoOutcome, ExportedFile } from "../../demo/index.ts";
import { seal } from "../../security/index.ts";
import type { SealTarget } from "../../security/index.ts";
import type { Switchboard } from "../../switchboard.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { DemoScreen } from "../demo-screen.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, examples, port } from "../options.ts";
import { writeFileWhole } from "../output-file.ts";
import { sealingOf, sealingOptions } from "../sealing.ts";
import type { SealingOptions } from "../sealing.ts";

interface DemoCommandOptions extends ConnectionOptions, SealingOptions {
  readonly minutes: number;
  readonly export?: string;
  readonly port?: number;
  readonly keep?: boolean;
}

/** Adds `demo`. */
export function registerDemo(program: Command, context: CliContext): void {
  const command = sealingOptions(connectionOptions(program.command("demo")))
    .summary("watch a small fleet work, get stuck, and recover")
    .description(
      "Runs six agents (one in Python) that hand each other real work in the namespace `demo`, " +
        "lets one hang, one freeze and two wait on each other, and checks that the server " +
        "notices each. Uses the server that runs on the data folder, or starts one for the time. " +
        "Your own namespaces are not touched; the demo's is emptied at its start.",
    )
    .option("--minutes <n>", "how long, at least 0.3", minutes, 2)
    .option("--export <folder>", "write everything it left as JSON files into this folder")
    .option("-p, --port <port>", "port of a server that is started for the demo", port)
    .option("--keep", "leave a server that was started for the demo running until Ctrl-C")
    .action(async (options: DemoCommandOptions) => demo(context, options));
  examples(command, [
    ["demo --minutes 0.5", "the short one"],
    ["demo --export ./demo-export", "and keep what it left"],
    ["demo --keep", "look around afterwards"],
  ]);
}

function minutes(text: string): number {
  const value = Number(text);
  if (value >= 0.3 && value <= 1440) return value;
  throw new InvalidArgumentError("Write a number of minutes from 0.3 to 1440.");
}

async function demo(context: CliContext, options: DemoCommandOptions): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const target = await sealingOf(context, options);
  await using server = await ServerForDemo.find(context, options);
  const screen = new DemoScreen(context, options.json === true);
  screen.begin(server.link(), server.started, options.minutes);
  const outcome = await runDemo({
    control: server.client,
    view: screen,
    minutes: options.minutes,
    cellphone: [process.execPath, cliEntry()],
    pythonSdk: fileURLToPath(new URL("../../../sdk/python", import.meta.url)),
    onOutput: (name, text) => screen.output(name, text),
    signal: stop.signal,
  });
  const files =
    options.export === undefined
      ? []
      : await writeExport(server.client, resolve(options.export), outcome, target);
  const stays = !server.started || options.keep === true;
  screen.end(outcome, files, options.export, { url: server.recordedLink(outcome), stays });
  if (!outcome.passed) process.exitCode = 1;
  if (options.keep === true && server.started && !stop.signal.aborted) {
    screen.keeping();
    await new Promise((done) => stop.signal.addEventListener("abort", done, { once: true }));
  }
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
}

/** The server the demo runs on: one that was there, or one of its own. */
class ServerForDemo implements AsyncDisposable {
  readonly client: ControlClient;
  /** True when it was started for the demo. */
  readonly started: boolean;
  readonly #switchboard: Switchboard | null;
  readonly #loginUrl: string;

  private constructor(client: ControlClient, loginUrl: string, switchboard: Switchboard | null) {
    this.client = client;
    this.#loginUrl = loginUrl;
    this.#switchboard = switchboard;
    this.started = switchboard !== null;
  }

  static async find(context: CliContext, options: DemoCommandOptions): Promise<ServerForDemo> {
    const client = context.client({ ...options, namespace: DEMO_NAMESPACE });
    try {
      const login = await client.call<{ url: string }>("POST", "/api/v1/login-codes");
      return new ServerForDemo(client, login.url, null);
    } catch (error) {
      const absent = error instanceof CliError && error.code === "cli.server_not_running";
      if (!absent || options.url !== undefined) throw error;
    }
    const flags = options.port === undefined ? {} : { "server.port": options.port };
    const configuration = context.configuration(options, flags, { "server.port": "--port" });
    const { startSwitchboard } = await import("../../switchboard.ts");
    const switchboard = await startSwitchboard({ configuration });
    return new ServerForDemo(client, switchboard.loginUrl(), switchboard);
  }

  /** Signs in once and shows the demo's namespace. */
  link(): string {
    return this.#loginUrl.replace("/in#", `/in?ns=${DEMO_NAMESPACE}#`);
  }

  /** The page over the demo's minutes. */
  recordedLink({ startedAtMs, endedAtMs }: DemoOutcome): string {
    const url = new URL("/", this.#loginUrl);
    url.search = `?ns=${DEMO_NAMESPACE}&from=${startedAtMs}&to=${endedAtMs}`;
    return url.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#switchboard?.close();
  }
}

async function writeExport(
  client: ControlClient,
  folder: string,
  outcome: DemoOutcome,
  target: SealTarget | null,
): Promise<readonly ExportedFile[]> {
  await mkdir(folder, { recursive: true });
  const metadata = { demo: { ...outcome }, sealed: target === null ? null : "age" };
  return exportFiles(client, metadata, async (plainName, plain) => {
    const content = target === null ? plain : await seal(plain, target);
    const name = target === null ? plainName : `${plainName}.age`;
    return { name, bytes: await writeFileWhole(join(folder, name), [content]) };
  });
}

/** This program's entry file, whether we run from src/ or from dist/. */
function cliEntry(): string {
  return fileURLToPath(new URL(`../bin${extname(import.meta.url)}`, import.meta.url));
}
