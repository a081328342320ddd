// What an agent's process printed.

import { useEffect, useRef, useState } from "preact/hooks";
import { formatTime } from "../../model/format.ts";
import { runCommand } from "../../model/snippets.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";

/** One line of output. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** The server keeps the last lines of every agent; this many are asked for. */
const LINES_MAX = 1000;

/** The Log tab. */
export function LogTab({ agentId }: { readonly agentId: string }) {
  const { api, namespace } = useApp();
  const [text, setText] = useState("");
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/log`;
  const read = useResource(
    path,
    (signal) => api.get<{ lines: LogLine[] }>(path, { limit: LINES_MAX }, signal),
    { refreshMs: 2000 },
  );
  const lines = read.data?.lines ?? [];
  if (lines.length === 0) {
    if (read.error !== undefined) return <ReadProblem resource={read} />;
    if (read.loading) return null;
    return (
      <EmptyState
        title="The last lines that the agent's process printed."
        why="None came yet. Programs started like this send theirs:"
        command={runCommand(agentId, namespace)}
      />
    );
  }
  const wanted = text.toLowerCase();
  const shown = lines.filter((line) => line.text.toLowerCase().includes(wanted));
  return (
    <section class="panel" aria-label="Log">
      <div class="filters">
        <input
          class="input"
          type="search"
          aria-label="Filter lines"
          placeholder="Filter lines"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span class="dim">
          {shown.length} of {lines.length} lines
        </span>
      </div>
      <ReadProblem resource={read} />
      <FollowedLog lines={shown} />
    </section>
  );
}

/** Follows the end until someone scrolls up. */
function FollowedLog({ lines }: { readonly lines: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [lines.length, lines[lines.length - 1]?.atMs]);
  return (
    <div
      ref={box}
      class="log-scroll"
      tabIndex={0}
      role="log"
      aria-label="Lines"
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      <LogLines lines={lines} />
    </div>
  );
}

/** Lines with their time; those of stderr are marked in words and colour. */
export function LogLines(props: { readonly lines: readonly LogLine[]; readonly short?: boolean }) {
  const { nowMs } = useApp();
  return (
    <ol class={`log${props.short === true ? " log-short" : ""}`}>
      {props.lines.map((line, index) => (
        <li key={`${line.atMs} ${index}`} class={`log-line log-${line.stream}`}>
          <span class="log-time">{formatTime(line.atMs, nowMs.peek())}</span>
          {line.stream === "stderr" ? <span class="log-mark">err</span> : null}
          <span class="log-text">{line.text}</span>
        </li>
      ))}
    </ol>
  );
}
