// The work an agent holds, and what it ended lately, as bars on one line of time.

import { formatAge, formatRatio, formatSeconds } from "../../model/format.ts";
import { stretches } from "../../model/ribbon.ts";
import { tracePath } from "../../model/routes.ts";
import { taskSpans } from "../../model/task-spans.ts";
import type { AgentView, CallRecord, SpanRecord, StateChange, Task } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { Age, Clock } from "../parts/age.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { useTrace } from "../trace/trace-page.tsx";
import { Waterfall } from "../trace/waterfall.tsx";

const RECENT_TASKS = 8;
const OPEN_TASKS_MAX = 4;
/** Steps and calls of one task, each, that are drawn. */
const STEPS_MAX = 500;
/** How a shorter task's time went is not worth a drawing. */
const WATERFALL_MIN_MS = 5000;

/** An agent and a key that changes with its state. */
export interface CurrentTaskProps {
  readonly agent: AgentView;
  readonly version: string;
}

/** Current and recent tasks. */
export function CurrentTask({ agent, version }: CurrentTaskProps) {
  const { api } = useApp();
  const read = useResource(
    `tasks ${agent.id} ${version}`,
    async (signal) => {
      const query = { agentId: agent.id, limit: 50 };
      return (await api.get<{ tasks: Task[] }>("/api/v1/tasks", query, signal)).tasks;
    },
    { refreshMs: 5000 },
  );
  const tasks = read.data ?? [];
  const open = tasks
    .filter((task) => task.endedAtMs === null)
    .sort((a, b) => Number(a.state === "submitted") - Number(b.state === "submitted"));
  const ended = tasks
    .filter((task) => task.endedAtMs !== null)
    .sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))
    .slice(0, RECENT_TASKS);
  return (
    <section class="panel" aria-labelledby="current-task">
      <h2 id="current-task" class="panel-title">
        Current task
      </h2>
      <ReadProblem resource={read} />
      {open.length === 0 && read.data !== undefined ? (
        <p class="panel-note">{idleWords(agent)}</p>
      ) : null}
      {open.length === 0 ? <HeldTrace agent={agent} /> : null}
      {open.slice(0, OPEN_TASKS_MAX).map((task) => (
        <OpenTask key={task.id} task={task} agent={agent} version={version} />
      ))}
      {open.length > OPEN_TASKS_MAX ? (
        <p class="task dim">And {open.length - OPEN_TASKS_MAX} more that wait.</p>
      ) : null}
      {ended.length === 0 ? null : <EndedTasks tasks={ended} />}
    </section>
  );
}

function idleWords(agent: AgentView): string {
  const [held] = agent.presence.holds;
  if (held !== undefined) return `It holds “${held.title}”, which is not a task.`;
  return "It holds no task. A message of type task_assignment, or work() in the SDK, starts one.";
}

/** What it holds that is no task has a trace too. */
function HeldTrace({ agent }: { readonly agent: AgentView }) {
  const traceId = agent.presence.holds.find((held) => held.traceId !== null)?.traceId;
  return traceId == null ? null : <TaskTrace traceId={traceId} agentId={agent.id} />;
}

interface OpenTaskProps {
  readonly task: Task;
  readonly agent: AgentView;
  readonly version: string;
}

function OpenTask({ task, agent, version }: OpenTaskProps) {
  const held = agent.presence.holds.find(
    ({ id, messageId }) => id === task.id || (messageId !== null && messageId === task.messageId),
  );
  const traceId = held?.traceId ?? null;
  return (
    <article class="task">
      <div class="task-head">
        <strong class="task-title">{task.title}</strong>
        <span class="dim">
          {task.state}
          {task.attempt > 1 ? `, attempt ${task.attempt}` : ""}
        </span>
        <span class="task-age">
          <Age sinceMs={task.createdAtMs} />
          {task.expectMs === null ? null : (
            <span class="dim"> of {formatAge(task.expectMs)} expected</span>
          )}
        </span>
      </div>
      {task.progress === null ? null : (
        <div class="progress">
          <progress value={task.progress} max={1} aria-label="Progress" />
          <span>{formatRatio(task.progress)}</span>
        </div>
      )}
      {task.note === null ? null : <p class="task-note">{task.note}</p>}
      {/* What the agent does before a task starts is not the task's time. */}
      {task.state === "submitted" ? null : traceId !== null ? (
        <TaskTrace traceId={traceId} agentId={agent.id} />
      ) : (
        <TaskSteps
          task={task}
          alone={agent.presence.holds.length === 1}
          agentId={agent.id}
          version={version}
        />
      )}
    </article>
  );
}

/** The waterfall of the work, with the way to the whole trace. */
function TaskTrace(props: { readonly traceId: string; readonly agentId: string }) {
  const { router } = useApp();
  const { data, error } = useTrace(props.traceId);
  if (data === undefined) {
    return error === undefined || error.status === 404 ? null : (
      <p class="problem">{error.message}</p>
    );
  }
  return (
    <div class="task-trace">
      <Waterfall
        spans={data.spans}
        window={data}
        agentId={props.agentId}
        more={
          <a class="button button-small" href={router.href(tracePath(props.traceId))}>
            Open trace
          </a>
        }
      />
    </div>
  );
}

interface TaskStepsProps extends TaskStretchesProps {
  /** Whether it is all that the agent holds, so that what the agent does belongs to it. */
  readonly alone: boolean;
}

/** What the agent did in a task's time, where no trace ties it together. */
function TaskSteps({ task, alone, agentId, version }: TaskStepsProps) {
  const { api, nowMs } = useApp();
  const query = { agentId, fromMs: task.createdAtMs, limit: STEPS_MAX };
  const read = useResource(
    alone ? `steps ${task.id}` : null,
    async (signal) => {
      const [{ spans }, { calls }] = await Promise.all([
        api.get<{ spans: SpanRecord[] }>("/api/v1/spans", query, signal),
        api.get<{ calls: CallRecord[] }>("/api/v1/calls", query, signal),
      ]);
      return taskSpans(task, spans, calls);
    },
    { refreshMs: 2000 },
  );
  const { data } = read;
  if (!alone || data === undefined || data.length < 2) {
    return (
      <>
        <ReadProblem resource={read} />
        <TaskStretches task={task} agentId={agentId} version={version} />
      </>
    );
  }
  const window = { fromMs: task.createdAtMs, toMs: nowMs.value };
  return (
    <div class="task-trace">
      <Waterfall spans={data} window={window} agentId={agentId} />
    </div>
  );
}

interface TaskStretchesProps {
  readonly task: Task;
  readonly agentId: string;
  readonly version: string;
}

/** How the task's time went, by the agent's states, where nothing finer is known. */
function TaskStretches({ task, agentId, version }: TaskStretchesProps) {
  const { api, nowMs } = useApp();
  const toMs = nowMs.value;
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/states`;
  const read = useResource(
    `stretches ${task.id} ${task.updatedAtMs} ${version}`,
    (signal) =>
      api.get<{ states: StateChange[] }>(
        path,
        { fromMs: task.createdAtMs, toMs: nowMs.peek() + 1 },
        signal,
      ),
    { refreshMs: 10_000 },
  );
  if (read.error !== undefined) return <ReadProblem resource={read} />;
  const parts = stretches(read.data?.states ?? [], task.createdAtMs, toMs);
  if (parts.length === 0 || toMs - task.createdAtMs < WATERFALL_MIN_MS) return null;
  const totalMs = Math.max(1, toMs - task.createdAtMs);
  return (
    <ul class="waterfall" aria-label="How its time went">
      {parts.slice(-RECENT_TASKS).map((part) => (
        <li key={part.fromMs}>
          <span class="waterfall-label">{part.state}</span>
          <span class="waterfall-track">
            <i
              class={`band band-${part.state}`}
              style={{
                left: `${((part.fromMs - task.createdAtMs) / totalMs) * 100}%`,
                width: `${Math.max(0.4, ((part.toMs - part.fromMs) / totalMs) * 100)}%`,
              }}
            />
          </span>
          <span class="number">{formatAge(part.toMs - part.fromMs)}</span>
        </li>
      ))}
    </ul>
  );
}

function EndedTasks({ tasks }: { readonly tasks: readonly Task[] }) {
  return (
    <table class="table table-plain" aria-label="Ended lately">
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id}>
            <td class="meta-column">
              <Clock atMs={task.endedAtMs ?? task.updatedAtMs} />
            </td>
            <td class="cell-wide">{task.title}</td>
            <td class={`state-column${task.state === "failed" ? " state-down" : ""}`}>
              {task.state}
            </td>
            <td class="number">
              {formatSeconds(((task.endedAtMs ?? 0) - task.createdAtMs) / 1000)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
