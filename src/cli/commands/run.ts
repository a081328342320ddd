// `cellphone run`: any program becomes an agent.

import type { Command } from "commander";

import { nameProblem } from "../../core/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { choice, connectionOptions, examples, list } from "../options.ts";
import { AgentWrapper } from "../wrapper/agent-wrapper.ts";
import { RestartMode, RestartPolicy } from "../wrapper/restart-policy.ts";

interface RunOptions extends ConnectionOptions {
  readonly name?: string;
  readonly kind?: string;
  readonly agentVersion?: string;
  readonly capability?: readonly string[];
  readonly restart: RestartMode;
  readonly replace?: boolean;
  readonly quiet?: boolean;
}

/** Adds `run`. */
export function registerRun(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("run <program> [args...]"))
    .summary("run any program as an agent")
    .usage("--name <name> [options] -- <program> [args...]")
    .description(
      "Runs a program as an agent: it gets a name, a key and an inbox (CELLPHONE_URL, " +
        "CELLPHONE_KEY, CELLPHONE_NAME, CELLPHONE_NAMESPACE in its environment), and the fleet " +
        "sees its process, CPU, memory, last lines and exit code. Joins the server of this " +
        "folder, or the one whose enrolment string is in CELLPHONE_URL. Ends with the program, " +
        "with its exit code.",
    )
    .option("--name <name>", "the agent's name; a restarted one keeps its inbox")
    .option("--kind <kind>", "what sort of agent it is (default: the name without its number)")
    .option("-c, --capability <name>", "what it can do; repeatable, or with commas", list)
    .option("--agent-version <version>", "the program's own version")
    .addOption(
      choice("--restart <when>", "start it again when it ends", Object.values(RestartMode)).default(
        RestartMode.Never,
      ),
    )
    .option("--replace", "take the name over from a process that still runs")
    .option("-q, --quiet", "no words from the wrapper itself")
    .passThroughOptions()
    .action(async (name: string, args: string[], options: RunOptions) =>
      runProgram(context, [name, ...args], options),
    );
  examples(command, [
    ["run --name worker-1 -- python3 agent.py", "one agent"],
    ["run --name w-1 -c summarize --restart on-failure -- ./agent", "kept alive"],
    ["enrol", "a string to run elsewhere with"],
  ]);
}

async function runProgram(
  context: CliContext,
  command: readonly string[],
  options: RunOptions,
): Promise<void> {
  const { surroundings, err } = context;
  const name = options.name ?? surroundings.env["CELLPHONE_NAME"] ?? "";
  const problem = nameProblem(name);
  if (name === "") throw new CliError("cli.usage", "Give the agent a name: --name worker-1");
  if (problem !== undefined) throw new CliError("cli.usage", `The name "${name}" ${problem}`);
  const wrapper = new AgentWrapper({
    command,
    agent: {
      name,
      kind: options.kind,
      version: options.agentVersion,
      capabilities: options.capability ?? [],
    },
    replace: options.replace === true,
    restart: new RestartPolicy(options.restart),
    client: context.joiningClient(options),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    notice: (text) => {
      if (options.quiet !== true) err.line(err.style("quiet", `cellphone: ${text}`));
    },
  });
  context.exitCode = await wrapper.run();
}
