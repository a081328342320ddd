// `cellphone quarantine` and `cellphone release`: cut an agent off from everything, and undo it.

import type { Command } from "commander";

import type { AgentView } from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, examples } from "../options.ts";

/** Adds `quarantine` and `release`. */
export function registerQuarantine(program: Command, context: CliContext): void {
  const quarantine = connectionOptions(program.command("quarantine <agents...>"))
    .summary("cut agents off: no mail, no calls, nothing they say counts")
    .description(
      "Cuts agents off: their inboxes hand out nothing, their calls under way are broken off and " +
        "new ones refused, and so is what they send. Their heartbeats go on being read.",
    )
    .option("--reason <words>", "why, for the audit log and everyone who looks")
    .action(async (ids: string[], options: ConnectionOptions & { reason?: string }) => {
      const body = options.reason === undefined ? {} : { reason: options.reason };
      const words = "is in quarantine. Undo: cellphone release";
      await onEach(context, ids, options, { verb: "quarantine", body, words });
    });
  examples(quarantine, [
    ['quarantine worker-1 --reason "leaked a key"', "at once, calls under way included"],
  ]);
  connectionOptions(program.command("release <agents...>"))
    .summary("let agents out of quarantine")
    .description("Lets agents out of quarantine; what waited in their inboxes is handed out again.")
    .action(async (ids: string[], options: ConnectionOptions) =>
      onEach(context, ids, options, { verb: "release", body: {}, words: null }),
    );
}

interface Order {
  readonly verb: string;
  readonly body: object;
  /** What is told, before the agent's name; null when it is out again. */
  readonly words: string | null;
}

async function onEach(
  context: CliContext,
  ids: readonly string[],
  options: ConnectionOptions,
  { verb, body, words }: Order,
): Promise<void> {
  const client = context.client(options);
  for (const id of ids) {
    const path = `/api/v1/agents/${encodeURIComponent(id)}/${verb}`;
    const agent = await client.call<AgentView>("POST", path, { body });
    if (options.json === true) context.json(agent);
    else if (words !== null) context.out.line(`${agent.id} ${words} ${agent.id}`);
    else {
      const rest = agent.paused === null ? "" : ", and still paused";
      context.out.line(`${agent.id} is released${rest}.`);
    }
  }
}
