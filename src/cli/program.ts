// The tree of commands and how its help looks.

import { Command } from "commander";

import { registerAccess } from "./commands/access.ts";
import { registerAgentOrders } from "./commands/agent-orders.ts";
import { registerAgents } from "./commands/agents.ts";
import { registerAlerts } from "./commands/alerts.ts";
import { registerCalls } from "./commands/calls.ts";
import { registerConfig } from "./commands/config.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerEvents } from "./commands/events.ts";
import { registerExport } from "./commands/export.ts";
import { registerMailbox } from "./commands/mailbox.ts";
import { registerMessages } from "./commands/messages.ts";
import { registerMetrics } from "./commands/metrics.ts";
import { registerNamespaces } from "./commands/namespaces.ts";
import { registerProfile } from "./commands/profile.ts";
import { registerReport } from "./commands/report.ts";
import { registerRun } from "./commands/run.ts";
import { registerSend } from "./commands/send.ts";
import { registerServices } from "./commands/services.ts";
import { registerStart } from "./commands/start.ts";
import { registerStatus } from "./commands/status.ts";
import { registerTasks } from "./commands/tasks.ts";
import { registerTrace } from "./commands/trace.ts";
import type { CliContext } from "./context.ts";
import { version } from "./version.ts";

/** Builds every command; parse with `parseAsync`, errors are thrown, never exited with. */
export function createProgram(context: CliContext): Command {
  const program = new Command("cellphone");
  style(program, context);
  program
    .description("A phone, a switchboard and a control room for a fleet of AI agents.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError(true);
  program.commandsGroup("Server:");
  registerStart(program, context);
  registerDemo(program, context);
  registerStatus(program, context);
  registerConfig(program, context);
  registerDoctor(program, context);
  program.commandsGroup("Agents:");
  registerRun(program, context);
  registerAgents(program, context);
  registerAgentOrders(program, context);
  registerAlerts(program, context);
  registerEvents(program, context);
  program.commandsGroup("Messages and tasks:");
  registerSend(program, context);
  registerMailbox(program, context);
  registerMessages(program, context);
  registerTasks(program, context);
  program.commandsGroup("Gateway:");
  registerServices(program, context);
  registerCalls(program, context);
  program.commandsGroup("Performance:");
  registerMetrics(program, context);
  registerProfile(program, context);
  registerTrace(program, context);
  registerReport(program, context);
  program.commandsGroup("Access and data:");
  registerAccess(program, context);
  registerNamespaces(program, context);
  registerExport(program, context);
  const help = new Command("help [command]").description("show a command's help");
  program.addHelpCommand(help.helpGroup("Server:"));
  program.addHelpText("after", () => firstSteps(context));
  return program;
}

function firstSteps({ out }: CliContext): string {
  const rows = [
    ["cellphone start", "the server, with its pages and its store"],
    ["cellphone run --name worker-1 -- python3 agent.py", "any program becomes an agent"],
    ["cellphone status", "who needs you, and why"],
  ] as const;
  const width = Math.max(...rows.map(([text]) => text.length));
  const lines = rows.map(([text, purpose]) => `  $ ${text.padEnd(width)}  ${purpose}`);
  return `\n${out.style("strong", "First steps:")}\n${lines.join("\n")}\n
Exit codes: 0 done, 1 failed, 2 not understood. NO_COLOR=1 turns colours off.`;
}

function style(program: Command, { out, surroundings }: CliContext): void {
  program.configureHelp({
    helpWidth: Math.min(out.interactive ? out.width : 100, 100),
    styleTitle: (text) => out.style("strong", text),
    styleCommandText: (text) => out.style("accent", text),
    styleSubcommandText: (text) => out.style("accent", text),
    styleOptionText: (text) => out.style("accent", text),
    styleArgumentText: (text) => out.style("accent", text),
    subcommandTerm: (command) => {
      const words = command.registeredArguments.map((argument) => {
        const word = argument.name() + (argument.variadic ? "..." : "");
        return argument.required ? `<${word}>` : `[${word}]`;
      });
      return [command.name(), ...words].join(" ");
    },
  });
  program.configureOutput({
    writeOut: (text) => void surroundings.stdout.write(text),
    writeErr: (text) => void surroundings.stderr.write(text),
    // Told once, by main, in the form of every other error.
    outputError: () => undefined,
  });
}
