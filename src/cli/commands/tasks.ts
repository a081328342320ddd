// `cellphone tasks`: what is worked on, by whom, how far.

import type { Command } from "commander";

import type { Task } from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { choice, connectionOptions, count, examples } from "../options.ts";
import { formatPayload } from "../payload.ts";
import { ago, harmless, pad } from "../terminal.ts";
import type { Tone } from "../terminal.ts";

const STATES = ["submitted", "working", "input-required", "completed", "failed", "canceled"];

interface TaskOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly state?: string;
  readonly open?: boolean;
  readonly before?: string;
  readonly limit: number;
}

/** Adds `tasks`. */
export function registerTasks(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("tasks [task]"))
    .summary("what is worked on, or one task")
    .description("Lists tasks, newest first, or shows one.")
    .option("-a, --agent <agent>", "of this agent")
    .addOption(choice("--state <state>", "in this state", STATES))
    .option("--open", "only those that have not ended")
    .option("--before <task>", "older than this task, for paging")
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (id: string | undefined, options: TaskOptions) =>
      id === undefined ? listTasks(context, options) : showTask(context, id, options),
    );
  examples(command, [
    ["tasks --open", "what is under way"],
    ["tasks --agent worker-1 --state failed", "what worker-1 could not do"],
  ]);
}

async function listTasks(context: CliContext, options: TaskOptions): Promise<void> {
  const { agent: agentId, state, open, before: beforeId, limit } = options;
  const query = { agentId, state, open, beforeId, limit };
  const answer = await context
    .client(options)
    .call<{ tasks: Task[] }>("GET", "/api/v1/tasks", { query });
  if (options.json === true) return context.json(answer.tasks);
  if (answer.tasks.length === 0) return context.out.line("No task is like that.");
  const nowMs = Date.now();
  context.out.table<Task>(
    [
      { title: "STATE", value: (task) => task.state, tone: (task) => toneOf(task.state) },
      { title: "TASK", value: (task) => task.id, tone: () => "quiet" },
      { title: "AGENT", value: (task) => task.agentId },
      { title: "TITLE", value: (task) => harmless(task.title), flexible: true },
      { title: "PROGRESS", value: progress, align: "right" },
      { title: "AGE", value: (task) => ago(task.createdAtMs, nowMs), align: "right" },
      { title: "ATTEMPT", value: (task) => String(task.attempt), align: "right" },
    ],
    answer.tasks,
  );
}

function progress(task: Task): string {
  return task.progress === null ? "–" : `${Math.round(task.progress * 100)} %`;
}

function toneOf(state: string): Tone {
  if (state === "failed") return "down";
  if (state === "input-required") return "stuck";
  return state === "working" ? "working" : "plain";
}

async function showTask(context: CliContext, id: string, options: TaskOptions): Promise<void> {
  const path = `/api/v1/tasks/${encodeURIComponent(id)}`;
  const task = await context.client(options).call<Task>("GET", path);
  if (options.json === true) return context.json(task);
  const { out } = context;
  const nowMs = Date.now();
  out.line(
    `${out.style("strong", harmless(task.title))}  ${out.style(toneOf(task.state), task.state)}`,
  );
  const facts: readonly (readonly [string, string | null])[] = [
    ["agent", task.agentId],
    ["progress", progress(task)],
    ["note", task.note === null ? null : harmless(task.note)],
    ["attempt", String(task.attempt)],
    ["message", task.messageId],
    ["parent", task.parentId],
    ["created", `${ago(task.createdAtMs, nowMs)} ago`],
    ["updated", `${ago(task.updatedAtMs, nowMs)} ago`],
    ["result", task.result === null ? null : formatPayload(task.result)],
  ];
  for (const [label, value] of facts) {
    if (value !== null) out.line(`  ${out.style("quiet", pad(label, 10))}${value}`);
  }
}
