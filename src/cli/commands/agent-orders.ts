// `cellphone pause`, `resume`, `quarantine`, `release` and `restart`: what a person does to agents.

import type { Command } from "commander";

import type { AgentView } from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, examples } from "../options.ts";

interface OrderOptions extends ConnectionOptions {
  readonly reason?: string;
}

/** One thing that can be done to agents. */
interface AgentOrder {
  readonly verb: string;
  readonly summary: string;
  readonly description: string;
  /** Whether a reason may be given; for the audit log and everyone who looks. */
  readonly takesReason: boolean;
  /** What is told when it is done; a restart's answer is no agent. */
  readonly told: (agentId: string, answer: Partial<AgentView>) => string;
  readonly example: readonly [string, string];
}

const orders: readonly AgentOrder[] = [
  {
    verb: "pause",
    summary: "hold agents: no mail, no calls, until they are resumed",
    description:
      "Holds agents: their inboxes hand out nothing and their calls are refused, those under way " +
      "broken off, until they are resumed. What they hold they may finish.",
    takesReason: true,
    told: (id) => `${id} is paused. Resume: cellphone resume ${id}`,
    example: ['pause worker-1 --reason "wrong prompt"', "stop handing it work"],
  },
  {
    verb: "resume",
    summary: "let paused agents go on",
    description: "Lets paused agents go on; what waited in their inboxes is handed out again.",
    takesReason: false,
    told: (id) => `${id} is resumed.`,
    example: ["resume worker-1 worker-2", "both of them"],
  },
  {
    verb: "quarantine",
    summary: "cut agents off: no mail, no calls, nothing they say counts",
    description:
      "Cuts agents off: their inboxes hand out nothing, their calls under way are broken off and " +
      "new ones refused, and so is what they send. Their heartbeats go on being read.",
    takesReason: true,
    told: (id) => `${id} is in quarantine. Undo: cellphone release ${id}`,
    example: ['quarantine worker-1 --reason "leaked a key"', "at once, calls under way included"],
  },
  {
    verb: "release",
    summary: "let agents out of quarantine",
    description: "Lets agents out of quarantine; what waited in their inboxes is handed out again.",
    takesReason: false,
    told: (id, { paused }) =>
      `${id} is released${(paused ?? null) === null ? "" : ", and still paused"}.`,
    example: ["release worker-1", "it works again"],
  },
  {
    verb: "restart",
    summary: "have agents' wrappers restart their programs",
    description: "Asks the agents' wrappers (cellphone run) to restart their programs.",
    takesReason: false,
    told: (id) => `${id} is asked to restart; its wrapper does so at once.`,
    example: ["restart worker-1", "its program ends and begins anew"],
  },
];

/** Adds a command for each order. */
export function registerAgentOrders(program: Command, context: CliContext): void {
  for (const order of orders) {
    const command = connectionOptions(program.command(`${order.verb} <agents...>`))
      .summary(order.summary)
      .description(order.description)
      .action(async (ids: string[], options: OrderOptions) => give(context, order, ids, options));
    if (order.takesReason) {
      command.option("--reason <words>", "why, for the audit log and everyone who looks");
    }
    examples(command, [order.example]);
  }
}

async function give(
  context: CliContext,
  { verb, told }: AgentOrder,
  ids: readonly string[],
  options: OrderOptions,
): Promise<void> {
  const client = context.client(options);
  const body = options.reason === undefined ? {} : { reason: options.reason };
  for (const id of ids) {
    const path = `/api/v1/agents/${encodeURIComponent(id)}/${verb}`;
    const answer = await client.call<Partial<AgentView>>("POST", path, { body });
    if (options.json === true) context.json(answer);
    else context.out.line(told(id, answer));
  }
}
