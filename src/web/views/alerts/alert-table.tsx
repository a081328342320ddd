// Alerts as rows: how bad, what, where, since when, how often, and who has taken it on.

import { useRef, useState } from "preact/hooks";
import { seenWords, sourcePlace } from "../../model/alert-words.ts";
import { alertPath } from "../../model/routes.ts";
import { holdOrder } from "../../model/table-order.ts";
import type { Alert } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Age, Clock } from "../parts/age.tsx";
import { LevelMark } from "../parts/level-mark.tsx";

/** Alerts in order, and the one whose details are open. */
export interface AlertTableProps {
  readonly alerts: readonly Alert[];
  readonly chosenId: string | null;
  readonly onAcknowledge: (alert: Alert) => void;
}

/** The rows keep their places while they are pointed at. */
export function AlertTable({ alerts, chosenId, onAcknowledge }: AlertTableProps) {
  const [held, setHeld] = useState(false);
  const shown = useRef<readonly string[]>([]);
  const byId = new Map(alerts.map((alert) => [alert.id, alert]));
  const order = holdOrder(shown.current, [...byId.keys()], held);
  shown.current = order.ids;
  return (
    <div
      class="table-wrap"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {order.changed > 0 ? (
        <button type="button" class="table-changed" onClick={() => setHeld(false)}>
          {order.changed} changed, apply
        </button>
      ) : null}
      <table class="table alert-table" data-testid="alert-table">
        <thead>
          <tr>
            <th scope="col">Level</th>
            <th scope="col">Alert</th>
            <th scope="col" class="column-second">
              About
            </th>
            <th scope="col" class="number">
              For
            </th>
            <th scope="col" class="column-optional">
              Seen
            </th>
            <th scope="col">Owner</th>
            <th scope="col">
              <span class="visually-hidden">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {order.ids.map((id) => {
            const alert = byId.get(id);
            if (alert === undefined) return null;
            const chosen = id === chosenId;
            return (
              <AlertRow key={id} alert={alert} chosen={chosen} onAcknowledge={onAcknowledge} />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface AlertRowProps {
  readonly alert: Alert;
  readonly chosen: boolean;
  readonly onAcknowledge: (alert: Alert) => void;
}

function AlertRow({ alert, chosen, onAcknowledge }: AlertRowProps) {
  const { router } = useApp();
  const over = alert.state === "resolved";
  const quiet = over || alert.acknowledged !== null;
  const { state, level, text, open } = Object.fromEntries(router.query.value);
  const kept = Object.fromEntries(
    Object.entries({ state, level, text, open }).filter((pair): pair is [string, string] => {
      return pair[1] !== undefined;
    }),
  );
  const href = router.href(alertPath(alert.id), kept);
  const classes = `${quiet ? "row-quiet" : ""}${chosen ? " row-chosen" : ""}`;
  return (
    <tr
      class={classes}
      data-testid="alert"
      data-alert={alert.id}
      data-rule={alert.rule}
      aria-current={chosen ? "true" : undefined}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) {
          router.go(alertPath(alert.id), kept);
        }
      }}
    >
      <td>
        <LevelMark level={alert.level} over={over} />
      </td>
      <th scope="row" class="cell-wide" title={alert.message}>
        <a href={href}>{alert.message}</a>
      </th>
      <td class="column-second">
        <Source source={alert.source} />
      </td>
      <td class="number">
        {over && alert.endsAtMs !== null ? (
          <>
            over at <Clock atMs={alert.endsAtMs} seconds={false} />
          </>
        ) : (
          <Age sinceMs={alert.startsAtMs} />
        )}
      </td>
      <td class="column-optional">{seenWords(alert)}</td>
      <td class="cell-owner" title={alert.acknowledged?.note}>
        {alert.acknowledged === null ? (
          <span class="dim">{over ? "" : "nobody"}</span>
        ) : (
          <>
            {alert.acknowledged.owner}
            {alert.acknowledged.note === "" ? null : (
              <span class="dim"> · {alert.acknowledged.note}</span>
            )}
          </>
        )}
      </td>
      <td class="cell-action">
        {quiet ? null : (
          <button type="button" class="button button-small" onClick={() => onAcknowledge(alert)}>
            Acknowledge
          </button>
        )}
      </td>
    </tr>
  );
}

/** What an alert is about, with a link where there is a page. */
export function Source({ source }: { readonly source: string }) {
  const { router } = useApp();
  const { text, path } = sourcePlace(source);
  return path === undefined ? <>{text}</> : <a href={router.href(path)}>{text}</a>;
}
