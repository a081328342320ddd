// Calls as rows, newest first. While the table is pointed at, new ones wait above it.

import { useRef, useState } from "preact/hooks";
import { callTone } from "../../model/call-filter.ts";
import { formatBytes, formatSeconds } from "../../model/format.ts";
import { holdRows } from "../../model/held-rows.ts";
import { agentPath, servicePath } from "../../model/routes.ts";
import type { CallRecord } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Clock } from "../parts/age.tsx";

/** A column that a page of one agent or service need not repeat. */
export type HiddenColumn = "service" | "agent";

/** Calls and what choosing one does. */
export interface CallTableProps {
  readonly calls: readonly CallRecord[];
  readonly chosenId?: string | null;
  readonly onChoose: (call: CallRecord) => void;
  readonly hide?: HiddenColumn;
}

/** The table of calls. */
export function CallTable({ calls, chosenId, onChoose, hide }: CallTableProps) {
  const [heldIds, setHeldIds] = useState<ReadonlySet<string> | undefined>(undefined);
  const shownIds = useRef<ReadonlySet<string>>(new Set());
  const { shown, waiting } = holdRows(calls, heldIds, ({ id }) => id);
  shownIds.current = new Set(shown.map(({ id }) => id));
  return (
    <div
      class="table-wrap"
      onPointerEnter={() => setHeldIds(shownIds.current)}
      onPointerLeave={() => setHeldIds(undefined)}
    >
      {waiting > 0 ? (
        <button
          type="button"
          class="table-changed"
          onClick={() => setHeldIds(new Set(calls.map(({ id }) => id)))}
        >
          {waiting} new, show
        </button>
      ) : null}
      <table class="table call-table" data-testid="call-table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Status</th>
            <th scope="col">Method</th>
            <th scope="col">Path</th>
            {hide === "service" ? null : <th scope="col">Service</th>}
            {hide === "agent" ? null : <th scope="col">Agent</th>}
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col" class="number column-optional">
              Answer
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((call) => (
            <CallRow
              key={call.id}
              call={call}
              chosen={call.id === chosenId}
              onChoose={onChoose}
              hide={hide}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CallRowProps {
  readonly call: CallRecord;
  readonly chosen: boolean;
  readonly onChoose: (call: CallRecord) => void;
  readonly hide: HiddenColumn | undefined;
}

function CallRow({ call, chosen, onChoose, hide }: CallRowProps) {
  const { router } = useApp();
  const { serviceId, agentId } = call;
  return (
    <tr
      class={chosen ? "row-link row-chosen" : "row-link"}
      data-testid="call"
      data-call={call.id}
      aria-current={chosen ? "true" : undefined}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) {
          onChoose(call);
        }
      }}
    >
      <td>
        <Clock atMs={call.atMs} />
      </td>
      <td title={call.reason ?? undefined}>
        <CallStatus call={call} />
      </td>
      <td class="mono">{call.method}</td>
      <th scope="row" class="cell-wide mono" title={`${call.path}${query(call)}`}>
        <button type="button" class="link-button" onClick={() => onChoose(call)}>
          {call.path}
          <span class="dim">{query(call)}</span>
        </button>
      </th>
      {hide === "service" ? null : (
        <td>
          {serviceId === null ? (
            <span class="dim">none</span>
          ) : (
            <a href={router.href(servicePath(serviceId))}>{serviceId}</a>
          )}
        </td>
      )}
      {hide === "agent" ? null : (
        <td>
          {agentId === null ? (
            <span class="dim">nobody</span>
          ) : (
            <a href={router.href(agentPath(agentId))}>{agentId}</a>
          )}
        </td>
      )}
      <td class="number">{formatSeconds(call.durationMs / 1000)}</td>
      <td class="number column-optional">{formatBytes(call.responseBytes)}</td>
    </tr>
  );
}

function query({ query: text }: CallRecord): string {
  return text === "" ? "" : `?${text}`;
}

/** The number, with a shape where it did not go well. */
export function CallStatus({ call }: { readonly call: Pick<CallRecord, "status" | "code"> }) {
  const tone = callTone(call);
  const code = call.code?.replace(/^gateway\./u, "").replaceAll("_", " ");
  return (
    <span class={`call-status call-${tone}`}>
      {tone === "well" ? null : (
        <i
          class={`level level-${tone === "failed" ? "error" : "warning"}`}
          role="img"
          aria-label={tone}
        />
      )}
      {call.status}
      {code === undefined ? null : <span class="call-code">{code}</span>}
    </span>
  );
}
