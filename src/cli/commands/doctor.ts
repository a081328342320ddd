// `cellphone doctor`: checks what a start needs, before somebody has to read a stack trace.

import { accessSync, constants, existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, resolve } from "node:path";

import type { Command } from "commander";
import { z } from "zod";

import { ServerProblem } from "../control-client.ts";
import type { ControlClient } from "../control-client.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, examples } from "../options.ts";
import { version } from "../version.ts";

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
}

interface ServerFacts {
  readonly version: string;
  readonly pid: number;
  readonly dashboardUrl: string;
  readonly gatewayUrl: string | null;
}

/** Adds `doctor`. */
export function registerDoctor(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("doctor"))
    .summary("check what a start needs")
    .description("Checks Node, the configuration, the data folder, the ports and the server.")
    .action(async (options: ConnectionOptions) => {
      const checks = await examine(context, options);
      if (options.json === true) context.json(checks);
      else print(context, checks);
      if (checks.some((check) => !check.ok)) context.exitCode = 1;
    });
  examples(command, [["doctor", "exit code 0 when nothing is wrong"]]);
}

async function examine(context: CliContext, options: ConnectionOptions): Promise<Check[]> {
  const node = `Node ${process.versions.node}, cellphone ${version()}`;
  const checks: Check[] = [{ what: "program", ok: true, found: node }];
  try {
    const configuration = context.configuration(options);
    const { values, file } = configuration;
    checks.push({ what: "configuration", ok: true, found: file ?? "defaults; no file here" });
    const folder = resolve(context.surroundings.directory, values.storage.folder);
    checks.push(checkFolder(folder));
    const running = await findServer(context, options);
    if (running === null) {
      checks.push({ what: "server", ok: true, found: "not running; start: cellphone start" });
      checks.push(await checkPort("port", values.server.host, values.server.port));
      // Only here: most commands are quicker without the server's code.
      const { gatewayPort } = await import("../../gateway-listener.ts");
      const port = gatewayPort(configuration);
      checks.push(await checkPort("gateway's port", values.gateway.host, port));
    } else {
      const { pid, dashboardUrl, gatewayUrl } = running;
      const gateway = gatewayUrl === null ? "no gateway" : `gateway ${gatewayUrl}`;
      const found = `${running.version} runs, pid ${pid}, ${dashboardUrl}, ${gateway}`;
      checks.push({ what: "server", ok: true, found }, ...(await readiness(context, options)));
    }
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    checks.push({ what: "configuration", ok: false, found });
  }
  return checks;
}

function checkFolder(folder: string): Check {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    const found = existing === folder ? folder : `${folder}, will be made`;
    return { what: "data folder", ok: true, found };
  } catch {
    return { what: "data folder", ok: false, found: `${existing} is not writable` };
  }
}

async function findServer(
  context: CliContext,
  options: ConnectionOptions,
): Promise<ServerFacts | null> {
  try {
    return await context.client(options).call<ServerFacts>("GET", "/api/v1/server");
  } catch {
    return null;
  }
}

/** What the server says of itself: one line when it is ready, else one for each that is not well. */
async function readiness(context: CliContext, options: ConnectionOptions): Promise<Check[]> {
  const checks = Object.entries(await readinessChecks(context.client(options)));
  const failing = checks.filter(([, { ok }]) => !ok);
  if (failing.length > 0) {
    return failing.map(([what, { detail = "not well" }]) => ({ what, ok: false, found: detail }));
  }
  const noted = checks.flatMap(([what, { detail }]) =>
    detail === undefined ? [] : [`${what}: ${detail}`],
  );
  return [{ what: "readiness", ok: true, found: ["ready", ...noted].join("; ") }];
}

async function readinessChecks(
  client: ControlClient,
): Promise<
  Readonly<Record<string, { readonly ok: boolean; readonly detail?: string | undefined }>>
> {
  try {
    return readinessAnswer.parse(await client.call("GET", "/readyz")).checks;
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    const answer = readinessAnswer.safeParse(error.problem);
    return answer.data?.checks ?? { readiness: { ok: false, detail: error.message } };
  }
}

const readinessAnswer = z.object({
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});

function checkPort(what: string, host: string, port: number): Promise<Check> {
  const { promise, resolve } = Promise.withResolvers<Check>();
  const probe = createServer();
  probe.on("error", (error) => resolve({ what, ok: false, found: error.message }));
  probe.listen(port, host, () => {
    probe.close(() => resolve({ what, ok: true, found: `${host}:${port} is free` }));
  });
  return promise;
}

function print({ out }: CliContext, checks: readonly Check[]): void {
  const width = Math.max(...checks.map((check) => check.what.length));
  for (const { what, ok, found } of checks) {
    const mark = ok ? out.style("working", "■") : out.style("down", "✕");
    out.line(`  ${mark} ${what.padEnd(width)}  ${found}`);
  }
}
