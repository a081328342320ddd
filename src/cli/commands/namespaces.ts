// `cellphone namespaces`: separate fleets on one server.

import { createInterface } from "node:readline/promises";

import type { Command } from "commander";

import { nameProblem } from "../../core/index.ts";
import type { NamespaceView } from "../../server/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, examples } from "../options.ts";
import { ago } from "../terminal.ts";

/** Adds `namespaces` with its subcommands. */
export function registerNamespaces(program: Command, context: CliContext): void {
  const namespaces = program
    .command("namespaces")
    .summary("list, create or purge namespaces")
    .description("Namespaces keep fleets on one server apart: agents, mail, metrics, keys.");
  connectionOptions(namespaces.command("list", { isDefault: true }))
    .description("Lists namespaces.")
    .action(async (options: ConnectionOptions) => listNamespaces(context, options));
  connectionOptions(namespaces.command("create <name>"))
    .description("Creates a namespace; one that is there stays as it is.")
    .action(async (name: string, options: ConnectionOptions) => {
      const problem = nameProblem(name);
      if (problem !== undefined) throw new CliError("cli.usage", `The name "${name}" ${problem}`);
      const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
      const record = await context.client(options).call<NamespaceView>("PUT", path, { body: {} });
      if (options.json === true) context.json(record);
      else context.out.line(`${name} is there. Use it: cellphone agents --namespace ${name}`);
    });
  const purge = connectionOptions(namespaces.command("purge <name>"))
    .description("Forgets a namespace with everything in it. This cannot be undone.")
    .option("-y, --yes", "do not ask")
    .action(async (name: string, options: ConnectionOptions & { yes?: boolean }) =>
      purgeNamespace(context, name, options),
    );
  examples(purge, [["namespaces purge demo --yes", "what the demo left behind"]]);
}

async function listNamespaces(context: CliContext, options: ConnectionOptions): Promise<void> {
  const { namespaces } = await context
    .client(options)
    .call<{ namespaces: NamespaceView[] }>("GET", "/api/v1/namespaces");
  if (options.json === true) return context.json(namespaces);
  const nowMs = Date.now();
  context.out.table<NamespaceView>(
    [
      { title: "NAMESPACE", value: (each) => each.name },
      { title: "AGE", value: (each) => ago(each.createdAtMs, nowMs), align: "right" },
      { title: "STATE", value: ({ running }) => (running ? "runs" : "does not run") },
      {
        title: "OWN OPTIONS",
        value: (each) =>
          Object.keys(each.config).length === 0 ? "–" : JSON.stringify(each.config),
        flexible: true,
      },
    ],
    namespaces,
  );
}

async function purgeNamespace(
  context: CliContext,
  name: string,
  options: ConnectionOptions & { readonly yes?: boolean },
): Promise<void> {
  const { stdin } = context.surroundings;
  if (options.yes !== true) {
    if (stdin.isTTY !== true) {
      throw new CliError("cli.usage", `Purging "${name}" cannot be undone; add --yes to do it`);
    }
    const prompt = createInterface({ input: stdin, output: process.stderr });
    const typed = await prompt.question(`Type ${name} to forget everything in it: `);
    prompt.close();
    if (typed.trim() !== name) throw new CliError("cli.usage", "Nothing was purged");
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
  await context.client(options).call("DELETE", path, { timeoutMs: 300_000 });
  if (options.json === true) context.json({ purged: name });
  else context.out.line(`${name} is gone with everything in it.`);
}
