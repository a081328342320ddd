// Work with a title: made of a task_assignment, or started by an agent itself.

import { z } from "zod";

import { CommunicationError } from "../../communication/index.ts";
import type { Task } from "../../communication/index.ts";
import { ServerError } from "../errors.ts";
import type { FleetNamespace } from "../fleet.ts";
import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { taskStateSchema } from "../schemas/agents.ts";
import {
  countParameter,
  idParams,
  idSchema,
  jsonValueSchema,
  nameSchema,
  noteSchema,
  placeParameters,
  traceparentSchema,
} from "../schemas/common.ts";
import { taskSchema } from "../schemas/messages.ts";
import { ownId, ownList, ownThing, senderOf } from "./messages.ts";

const changeSchema = z.strictObject({
  progress: z.number().min(0).max(1).exactOptional(),
  note: noteSchema.exactOptional(),
  state: z
    .enum(["working", "input-required", "completed", "failed", "canceled"])
    .exactOptional()
    .describe("completed, failed and canceled end the task"),
  result: jsonValueSchema.exactOptional().describe("Only together with the end of the task"),
});

export function taskRoutes(): readonly Route[] {
  return [start(), update(), list(), read()];
}

function start(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/tasks",
    summary: "Start a task of one's own",
    tag: "Tasks",
    action: "task.create",
    audited: false,
    body: z.strictObject({
      agentId: nameSchema.exactOptional().describe("Admins say whose; an agent starts its own"),
      title: z.string().min(1).max(500),
      expectMs: z.number().min(0).exactOptional().describe("Longest time without output"),
      parentId: idSchema.exactOptional(),
      traceparent: traceparentSchema
        .exactOptional()
        .describe("W3C trace context; its span id names the task itself"),
    }),
    example: { title: "index repo", expectMs: 600_000 },
    responses: { 201: json("The task", taskSchema) },
    resource: (_, principal) => ownThing("task", "new", principal),
    handler({ namespace, principal, body }) {
      const { agentId: claimed, ...task } = body;
      if (principal.kind !== "agent" && claimed === undefined) {
        throw new ServerError("server.input_invalid", "body.agentId is missing: whose task is it?");
      }
      return namespace.communication.startTask(senderOf(principal, claimed), task);
    },
  });
}

function update(): Route {
  return defineRoute({
    method: "PATCH",
    path: "/api/v1/tasks/{id}",
    summary: "Say how far a task is, or end it",
    tag: "Tasks",
    action: "task.update",
    audited: false,
    params: idParams,
    body: changeSchema,
    example: { state: "completed", result: { files: 12 } },
    responses: { 200: json("The task", taskSchema) },
    resource: ({ params }, principal) => ownThing("task", params.id, principal),
    async handler({ namespace, params, body, authorize }) {
      const task = await taskOf(namespace, params.id);
      authorize({ kind: "task", id: task.id, agentIds: [task.agentId] });
      return change(namespace, task, body);
    },
  });
}

function change(
  namespace: FleetNamespace,
  task: Task,
  body: z.output<typeof changeSchema>,
): Promise<Task> {
  const { communication } = namespace;
  const { state, result, note, progress } = body;
  if (state === "completed" || state === "failed" || state === "canceled") {
    return communication.endTask(task.id, { state, ...given({ result, note }) });
  }
  if (result !== undefined) {
    const message = "body.result needs body.state: completed, failed or canceled";
    throw new ServerError("server.input_invalid", message);
  }
  return communication.updateTask(task.id, given({ progress, note, state }));
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/tasks",
    summary: "List tasks",
    tag: "Tasks",
    action: "task.list",
    query: z.strictObject({
      agentId: nameSchema.exactOptional(),
      state: taskStateSchema.exactOptional(),
      parentId: idSchema.exactOptional(),
      open: z.stringbool().exactOptional().describe("Only those that have not ended"),
      ...placeParameters,
      limit: countParameter().exactOptional(),
    }),
    responses: { 200: json("Newest first", z.object({ tasks: z.array(taskSchema) })) },
    resource: ({ query }, principal) => ownList("task", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      const tasks = await namespace.communication.getTasks(given({ ...query, agentId }));
      return { tasks: [...tasks] };
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}",
    summary: "Read one task",
    tag: "Tasks",
    action: "task.read",
    params: idParams,
    responses: { 200: json("The task", taskSchema) },
    resource: ({ params }, principal) => ownThing("task", params.id, principal),
    async handler({ namespace, params, authorize }) {
      const task = await taskOf(namespace, params.id);
      authorize({ kind: "task", id: task.id, agentIds: [task.agentId] });
      return task;
    },
  });
}

async function taskOf(namespace: FleetNamespace, taskId: string): Promise<Task> {
  const task = await namespace.communication.getTask(taskId);
  if (task !== undefined) return task;
  const message = `No task "${taskId}" in namespace "${namespace.name}"`;
  throw new CommunicationError("communication.task_unknown", message);
}
