// The fleet as a table. Sorting by state never moves a row under the pointer.

import { useRef, useState } from "preact/hooks";
import { SHOWN_STATES, shownState } from "../../model/agent-state.ts";
import { compareNames } from "../../model/fleet.ts";
import { costSince } from "../../model/format.ts";
import { agentPath } from "../../model/routes.ts";
import { holdOrder } from "../../model/table-order.ts";
import type { AgentTile } from "../../model/wire.ts";
import { holdVerb } from "../../state/agent-actions.ts";
import { useApp } from "../../state/app.ts";
import { Age } from "../parts/age.tsx";
import { StateMark } from "../parts/state-mark.tsx";

const COLUMNS = {
  name: { label: "Agent", compare: byName },
  kind: { label: "Kind", compare: (a, b) => compareNames(a.kind, b.kind) || byName(a, b) },
  state: { label: "State", compare: (a, b) => rank(a) - rank(b) || byName(a, b) },
  since: { label: "For", compare: (a, b) => a.sinceMs - b.sinceMs || byName(a, b) },
} satisfies Record<
  string,
  { readonly label: string; readonly compare: (a: AgentTile, b: AgentTile) => number }
>;
type ColumnName = keyof typeof COLUMNS;

/** Rows drawn at once; the rest on request, so that a thousand agents open without a pause. */
const ROWS_MAX = 300;

function byName(a: AgentTile, b: AgentTile): number {
  return compareNames(a.name, b.name);
}

function rank(tile: AgentTile): number {
  return SHOWN_STATES.indexOf(shownState(tile));
}

/** A sortable table of agents. */
export function AgentTable({ agents }: { readonly agents: ReadonlyMap<string, AgentTile> }) {
  const [sort, setSort] = useState<ColumnName>("name");
  const [held, setHeld] = useState(false);
  const [all, setAll] = useState(false);
  const shown = useRef<readonly string[]>([]);
  const wanted = [...agents.values()].sort(COLUMNS[sort].compare).map((tile) => tile.id);
  const order = holdOrder(shown.current, wanted, held);
  shown.current = order.ids;
  const resort = (column: ColumnName): void => {
    shown.current = [];
    setSort(column);
  };
  const rows = all ? order.ids : order.ids.slice(0, ROWS_MAX);
  return (
    <div
      class="table-wrap"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {order.changed > 0 ? (
        <button type="button" class="table-changed" onClick={() => resort(sort)}>
          {order.changed} changed, apply
        </button>
      ) : null}
      <table class="table" data-testid="agent-table">
        <thead>
          <tr>
            {(["name", "kind", "state", "since"] as const).map((column) => (
              <SortHeader key={column} column={column} sort={sort} onSort={resort} />
            ))}
            <th scope="col">Reason</th>
            <th scope="col">Says</th>
            <th scope="col" class="number" title="Since the state began">
              Cost
            </th>
            <th scope="col">
              <span class="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((id) => {
            const tile = agents.get(id);
            return tile === undefined ? null : <AgentRow key={id} tile={tile} />;
          })}
        </tbody>
      </table>
      {rows.length < order.ids.length ? (
        <button type="button" class="button button-quiet more" onClick={() => setAll(true)}>
          Show {order.ids.length - rows.length} more
        </button>
      ) : null}
    </div>
  );
}

interface SortHeaderProps {
  readonly column: ColumnName;
  readonly sort: ColumnName;
  readonly onSort: (column: ColumnName) => void;
}

function SortHeader({ column, sort, onSort }: SortHeaderProps) {
  const active = column === sort;
  return (
    <th
      scope="col"
      class={column === "since" ? "number" : ""}
      aria-sort={active ? "ascending" : "none"}
    >
      <button type="button" class="sort-button" onClick={() => onSort(column)}>
        {COLUMNS[column].label}
        <span aria-hidden="true">{active ? " ↑" : ""}</span>
      </button>
    </th>
  );
}

function AgentRow({ tile }: { readonly tile: AgentTile }) {
  const { actions, nowMs, router } = useApp();
  const open = agentPath(tile.id);
  return (
    <tr
      data-agent-row={tile.id}
      onClick={(event) => {
        if (!(event.target instanceof Element) || event.target.closest("a,button")) return;
        router.go(open);
      }}
    >
      <th scope="row" class="cell-strong">
        <a href={router.href(open)}>{tile.name}</a>
      </th>
      <td>{tile.kind}</td>
      <td>
        <StateMark state={shownState(tile)} />
      </td>
      <td class="number">
        <Age sinceMs={tile.sinceMs} />
      </td>
      <td class="cell-wide" title={tile.reason}>
        {tile.task !== null && shownState(tile) === "working" ? tile.task : tile.reason}
      </td>
      <td>{tile.status}</td>
      <td class="number">{costSince(tile.costUsd, tile.sinceMs, nowMs.peek()) ?? ""}</td>
      <td class="cell-action">
        <button
          type="button"
          class="button button-small"
          aria-label={`${holdVerb(tile)} ${tile.name}`}
          onClick={() => void actions.toggleHold(tile)}
        >
          {holdVerb(tile)}
        </button>
      </td>
    </tr>
  );
}
