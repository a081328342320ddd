// Every call through the gateway as it happens, with filters that live in the address.

import { SLOW_MS, callFilterQuery, parseCallFilter } from "../../model/call-filter.ts";
import type { CallFilter } from "../../model/call-filter.ts";
import { compareNames } from "../../model/fleet.ts";
import { formatSeconds } from "../../model/format.ts";
import type { CallRecord } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import type { Resource } from "../../state/use-resource.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { SearchBox } from "../parts/search-box.tsx";
import { useServices } from "../services/use-services.ts";
import { CallDetails } from "./call-details.tsx";
import { CallTable } from "./call-table.tsx";
import { useCalls } from "./use-calls.ts";

const STATUSES = ["2xx", "3xx", "4xx", "429", "499", "5xx"];

/** The page at /calls. */
export function CallsPage() {
  const { router } = useApp();
  const query = router.query.value;
  const filter = parseCallFilter(query);
  const chosenId = query.get("call");
  const { calls, problem, hasOlder, readOlder } = useCalls(filter);
  const { call: chosen, read } = useCall(chosenId, calls);
  const choose = (call: CallRecord | null): void =>
    router.setQuery({ call: call?.id ?? null }, true);
  return (
    <main class="page">
      <h1 class="page-title">Calls</h1>
      <CallFilters filter={filter} />
      {problem === undefined ? null : <p class="problem">{problem}</p>}
      <ReadProblem resource={read} />
      <div class={chosen === undefined ? "with-details" : "with-details with-details-open"}>
        <div class="column">
          {calls === undefined ? null : calls.length === 0 ? (
            <NoCalls filter={filter} />
          ) : (
            <CallTable calls={calls} chosenId={chosenId} onChoose={choose} />
          )}
          {hasOlder ? (
            <button type="button" class="button button-quiet more" onClick={readOlder}>
              Show older
            </button>
          ) : null}
        </div>
        {chosen === undefined ? null : <CallDetails call={chosen} onClose={() => choose(null)} />}
      </div>
    </main>
  );
}

/** The call of the address: listed, or read by itself. */
function useCall(
  callId: string | null,
  listed: readonly CallRecord[] | undefined,
): { readonly call: CallRecord | undefined; readonly read: Resource<CallRecord> } {
  const { api } = useApp();
  const known = listed?.find(({ id }) => id === callId);
  const path = `/api/v1/calls/${encodeURIComponent(callId ?? "")}`;
  const read = useResource(callId === null || known !== undefined ? null : path, (signal) =>
    api.get<CallRecord>(path, {}, signal),
  );
  const found = read.data?.id === callId ? read.data : undefined;
  return { call: callId === null ? undefined : (known ?? found), read };
}

function CallFilters({ filter }: { readonly filter: CallFilter }) {
  const { router, live } = useApp();
  const { services } = useServices();
  const set = (change: Partial<CallFilter>): void =>
    router.setQuery({ ...callFilterQuery({ ...filter, ...change }), call: null }, true);
  const serviceIds = [...(services?.keys() ?? [])].sort(compareNames);
  const agentIds = [...(live.agents.value?.keys() ?? [])].sort(compareNames);
  return (
    <div class="filters">
      <SearchBox label="Part of the path" value={filter.text} onChange={(text) => set({ text })} />
      <Choice
        label="Service"
        any="all services"
        value={filter.service}
        options={serviceIds}
        onChoose={(service) => set({ service })}
      />
      <Choice
        label="Agent"
        any="all agents"
        value={filter.agent}
        options={agentIds}
        onChoose={(agent) => set({ agent })}
      />
      <Choice
        label="Status"
        any="any status"
        value={filter.status}
        options={STATUSES}
        onChoose={(status) => set({ status })}
      />
      <div class="chips" role="group" aria-label="Only">
        <button
          type="button"
          class="chip"
          aria-pressed={filter.failed}
          title="Answered 5xx, cut, or refused by the gateway"
          onClick={() => set({ failed: !filter.failed })}
        >
          failed
        </button>
        <button
          type="button"
          class="chip"
          aria-pressed={filter.slow}
          onClick={() => set({ slow: !filter.slow })}
        >
          slower than {formatSeconds(SLOW_MS / 1000)}
        </button>
      </div>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly any: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, any, value, options, onChoose }: ChoiceProps) {
  // One from a link may be gone, and is still what the page is filtered by.
  const all = value === "" || options.includes(value) ? options : [value, ...options];
  return (
    <select
      class="select"
      aria-label={label}
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      <option value="">{any}</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

function NoCalls({ filter }: { readonly filter: CallFilter }) {
  const { router, api } = useApp();
  const { data } = useResource("server gateway", (signal) =>
    api.get<{ gatewayUrl: string | null }>("/api/v1/server", {}, signal),
  );
  const filtered = Object.values(callFilterQuery(filter)).some((value) => value !== null);
  if (filtered) return <p class="panel-note">No call matches this filter.</p>;
  const gateway = data?.gatewayUrl ?? "http://127.0.0.1:2356";
  return (
    <EmptyState
      title="Every call that passes the gateway, newest first."
      why={
        <>
          None has passed yet. With a <a href={router.href("/services")}>service</a> registered, an
          agent calls it with its own key:
        </>
      }
      command={`curl -H "x-cellphone-key: $CELLPHONE_KEY" ${gateway}/v1/search/`}
    />
  );
}
