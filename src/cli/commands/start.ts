// `cellphone start`: the server in the foreground, with one line per event that matters.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import type { Command } from "commander";

import type { CellphoneConfiguration } from "../../configuration/index.ts";
import type { RestoreProgress } from "../../restore-progress.ts";
import { describeProgress } from "../../restore-progress.ts";
import type { NamespacedFeedEvent, Switchboard } from "../../switchboard.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { printFeedEvent } from "../feed-line.ts";
import { componentLog, createLogger } from "../log.ts";
import { openInBrowser } from "../open-in-browser.ts";
import { examples, pairs, port } from "../options.ts";
import { ownCommand } from "../own-command.ts";
import { printStartScreen } from "../start-screen.ts";
import { formatBytes } from "../terminal.ts";
import { version } from "../version.ts";

interface StartOptions extends ConnectionOptions {
  readonly port?: number;
  readonly gatewayPort?: number;
  readonly host?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly debug?: boolean;
  readonly open?: boolean;
}

/** Adds `start`. */
export function registerStart(program: Command, context: CliContext): void {
  const command = program
    .command("start")
    .summary("start the server, its store and its pages")
    .description(
      "Starts the server on this machine and prints how to reach it, then one line per event. " +
        "Ctrl-C drains and stops; a second one stops at once. Its data stays in the data folder.",
    )
    .option("-p, --port <port>", "port of the API and the pages; 0 picks a free one", port)
    .option("--gateway-port <port>", "port of the gateway (default: the next one)", port)
    .option("--host <address>", "address to listen on; beyond loopback needs TLS")
    .option("--data <folder>", "data folder (default: .cellphone)")
    .option("--config <file>", "configuration file (default: cellphone.yaml, .yml or .json here)")
    .option("--set <key=value>", "any option by its key, see `cellphone config`; repeatable", pairs)
    .option("--open", "open the pages in a browser on this machine")
    .option("--json", "JSON lines, as when the output is no terminal")
    .option("--debug", "log what each part decides, on standard error")
    .action(async (options: StartOptions) => start(context, options));
  examples(command, [
    ["start", "on 127.0.0.1:2355 and :2356 (the gateway), data in ./.cellphone"],
    ["start --port 0 --data /tmp/try", "beside another server"],
    ["start --set communication.heartbeatInterval=5s", "any option from `cellphone config`"],
  ]);
}

async function start(context: CliContext, options: StartOptions): Promise<void> {
  const json = options.json === true || !context.out.interactive;
  context.debug = options.debug === true;
  const configuration = configurationFor(context, options);
  const { stderr, env } = context.surroundings;
  const logger = createLogger({ output: stderr, env, debug: context.debug, json });
  const stop = stopSignals();
  const log = componentLog(logger, "server");
  // Only a start needs the server's code: every other command is quicker without it.
  const { startSwitchboard } = await import("../../switchboard.ts");
  const onProgress = (progress: RestoreProgress): void => showProgress(context, progress, json);
  const switchboard = await startSwitchboard({ configuration, log, onProgress });
  try {
    using _feed = switchboard.onFeed((line) => showFeed(context, line, json));
    await announce(context, switchboard, configuration, options, json);
    const why = await Promise.race([stop.asked, switchboard.failed]);
    if (why instanceof Error) {
      // Another process can do what this one no longer can: a supervisor starts it.
      context.exitCode = 1;
      if (json) writeJson(context, "server.failed", { error: why.message });
      else context.warn(`${why.message} The server stops.`);
    } else if (json) writeJson(context, "server.draining", { signal: why });
    else
      context.out.line(
        `\n  ${context.out.style("quiet", "Draining; Ctrl-C again stops at once.")}`,
      );
  } finally {
    await switchboard.close();
  }
  if (json) writeJson(context, "server.stopped", {});
  else
    context.out.line(`  ${context.out.style("quiet", "Stopped. All that was accepted is kept.")}`);
  stop.release();
}

function configurationFor(context: CliContext, options: StartOptions): CellphoneConfiguration {
  const flags: Record<string, unknown> = { ...options.set };
  if (options.port !== undefined) flags["server.port"] = options.port;
  if (options.gatewayPort !== undefined) flags["gateway.port"] = options.gatewayPort;
  if (options.host !== undefined) flags["server.host"] = options.host;
  return context.configuration(options, flags, {
    "server.port": options.port === undefined ? "--set server.port" : "--port",
    "gateway.port": options.gatewayPort === undefined ? "--set gateway.port" : "--gateway-port",
    "server.host": options.host === undefined ? "--set server.host" : "--host",
  });
}

async function announce(
  context: CliContext,
  switchboard: Switchboard,
  configuration: CellphoneConfiguration,
  options: StartOptions,
  json: boolean,
): Promise<void> {
  const { values } = configuration;
  const loginUrl = switchboard.loginUrl();
  const [entry] = performance.getEntriesByName("cellphone.entry");
  const readyMs = performance.now() - (entry?.startTime ?? 0);
  const facts = switchboard.facts();
  if (json) {
    const { url, socketPath, dataFolder } = switchboard;
    const { pid, gatewayUrl } = facts;
    const ready = { version: version(), url, loginUrl, gatewayUrl, dataFolder, socketPath, pid };
    writeJson(context, "server.ready", { ...ready, readyMs: Math.round(readyMs) });
  } else {
    const { command, demo } = ownCommand(context.surroundings.directory);
    printStartScreen(context.out, {
      version: version(),
      readyMs,
      loginUrl,
      loginLastsMs: values.security.loginCodeDuration * 1000,
      gatewayUrl: facts.gatewayUrl,
      dataFolder: context.shortPath(switchboard.dataFolder),
      dataHolds: switchboard.fresh ? "empty" : formatBytes(folderBytes(switchboard.dataFolder)),
      keepsDays: values.tracker.metricRetentionDays,
      command,
      demo,
    });
  }
  if (options.open === true && !(await openInBrowser(loginUrl))) {
    context.warn("No browser could be opened on this machine; follow the link yourself.");
  }
}

function showProgress(context: CliContext, progress: RestoreProgress, json: boolean): void {
  if (json) writeJson(context, "server.restoring", { ...progress });
  else {
    const words = `Restoring: ${describeProgress(progress)}`;
    context.out.line(`  ${context.out.style("quiet", words)}`);
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() === true ? found.size : 0);
  }, 0);
}

function showFeed(
  context: CliContext,
  { namespace, event }: NamespacedFeedEvent,
  json: boolean,
): void {
  if (json) {
    const { kind, level, agentId, text, id } = event;
    const at = new Date(event.atMs).toISOString();
    writeJson(context, "feed", { namespace, kind, level, agentId, text, id }, at);
    return;
  }
  const who = event.agentId ?? "fleet";
  const agentId = namespace === "default" ? event.agentId : `${namespace}/${who}`;
  printFeedEvent(context.out, { ...event, agentId }, Date.now());
}

function writeJson(
  { surroundings }: CliContext,
  event: string,
  details: Readonly<Record<string, unknown>>,
  time = new Date().toISOString(),
): void {
  surroundings.stdout.write(`${JSON.stringify({ time, event, ...details })}\n`);
}

/**
 * npm forwards a Ctrl-C that the terminal has sent to the whole group already: what comes twice
 * within this time was pressed once.
 */
const SAME_PRESS_MS = 300;

/** The first signal asks to drain; a second one ends the process on the spot. */
function stopSignals(): { readonly asked: Promise<NodeJS.Signals>; release(): void } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let askedAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (askedAtMs === null) {
      askedAtMs = nowMs;
      resolve(signal);
    } else if (nowMs - askedAtMs > SAME_PRESS_MS) {
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    asked: promise,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
