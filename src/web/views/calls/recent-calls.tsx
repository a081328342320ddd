// The newest calls of one agent or service, with the way to all of them.

import { NO_CALL_FILTER, callFilterQuery } from "../../model/call-filter.ts";
import type { CallFilter } from "../../model/call-filter.ts";
import { useApp } from "../../state/app.ts";
import { CallTable } from "./call-table.tsx";
import type { HiddenColumn } from "./call-table.tsx";
import { useCalls } from "./use-calls.ts";

/** Whose calls, how many, and the column that would repeat it. */
export interface RecentCallsProps {
  readonly filter: Partial<CallFilter>;
  readonly hide: HiddenColumn;
  /** @default 12 */
  readonly rows?: number;
}

/** A table of calls that follows; choosing one opens it on the Calls page. */
export function RecentCalls({ filter, hide, rows = 12 }: RecentCallsProps) {
  const { router } = useApp();
  const whole = { ...NO_CALL_FILTER, ...filter };
  const { calls, problem } = useCalls(whole, rows);
  const parameters = Object.fromEntries(
    Object.entries(callFilterQuery(whole)).filter(
      (pair): pair is [string, string] => pair[1] !== null,
    ),
  );
  return (
    <section aria-label="Recent calls" data-testid="recent-calls">
      <header class="section-head">
        <h2 class="section-title">Calls</h2>
        <a class="link" href={router.href("/calls", parameters)}>
          All of them
        </a>
      </header>
      {problem === undefined ? null : <p class="problem">{problem}</p>}
      {calls === undefined ? null : calls.length === 0 ? (
        <p class="panel-note">No call has passed the gateway yet.</p>
      ) : (
        <CallTable
          calls={calls.slice(0, rows)}
          hide={hide}
          onChoose={(call) => router.go("/calls", { ...parameters, call: call.id })}
        />
      )}
    </section>
  );
}
