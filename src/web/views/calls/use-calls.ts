// Calls of a filter, followed live: what is new is asked for by number, so that each question is
// small; a page that was away for long begins afresh.

import { useEffect, useRef, useState } from "preact/hooks";
import { callQuery, mergeCalls } from "../../model/call-filter.ts";
import type { CallFilter } from "../../model/call-filter.ts";
import type { CallRecord } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";

const FOLLOW_MS = 1500;
const FIRST_ROWS = 100;
const MORE_MAX = 200;

/** Calls, newest first; undefined until known. */
export interface FollowedCalls {
  readonly calls: readonly CallRecord[] | undefined;
  readonly problem: string | undefined;
  /** Whether older ones may be on record. */
  readonly hasOlder: boolean;
  readonly readOlder: () => void;
}

interface CallsState {
  readonly key: string;
  readonly calls: readonly CallRecord[] | undefined;
  readonly problem: string | undefined;
  readonly hasOlder: boolean;
}

/** Follows calls for as long as a view shows them. */
export function useCalls(filter: CallFilter, rows = FIRST_ROWS): FollowedCalls {
  const { api, live } = useApp();
  const query = callQuery(filter);
  const key = `${JSON.stringify(query)} ${live.connections.value}`;
  const empty: CallsState = { key, calls: undefined, problem: undefined, hasOlder: false };
  const [state, setState] = useState(empty);
  const latest = useRef(empty);
  const update = (change: Partial<CallsState>): void => {
    latest.current = { ...latest.current, ...change };
    setState(latest.current);
  };
  const read = async (more: object, signal: AbortSignal): Promise<readonly CallRecord[]> => {
    const asked = { ...query, ...more };
    return (await api.get<{ calls: CallRecord[] }>("/api/v1/calls", asked, signal)).calls;
  };
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    // The rows of the last filter stay until the new ones are here.
    latest.current = { ...latest.current, key };
    let begun = false;
    const follow = async (): Promise<void> => {
      const newest = latest.current.calls?.[0]?.sequence;
      const found =
        begun && newest !== undefined
          ? await read({ afterSequence: newest, limit: MORE_MAX }, signal)
          : await read({ limit: rows }, signal);
      if (signal.aborted) return;
      const afresh = !begun || newest === undefined || found.length >= MORE_MAX;
      if (afresh) update({ calls: mergeCalls([], found), hasOlder: found.length >= rows });
      else if (found.length > 0) update({ calls: mergeCalls(latest.current.calls ?? [], found) });
      if (latest.current.problem !== undefined) update({ problem: undefined });
      begun = true;
    };
    let asking = false;
    const run = (): void => {
      if (asking) return; // a slow server is not asked again meanwhile
      asking = true;
      follow()
        .catch((error: unknown) => signal.aborted || update({ problem: wordsOf(error) }))
        .finally(() => {
          asking = false;
        });
    };
    run();
    const timer = setInterval(() => document.visibilityState === "visible" && run(), FOLLOW_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [key]);
  const readOlder = async (): Promise<void> => {
    const last = latest.current.calls?.at(-1);
    if (last === undefined) return;
    const older = await read({ beforeSequence: last.sequence, limit: rows }, AbortSignal.any([]));
    if (latest.current.key !== key) return; // they are of a filter that is gone
    const { calls = [] } = latest.current;
    const all = mergeCalls(calls, older, calls.length + older.length);
    update({ calls: all, hasOlder: older.length >= rows });
  };
  return {
    calls: state.calls,
    problem: state.problem,
    hasOlder: state.hasOlder,
    readOlder: () => {
      readOlder().catch((error: unknown) => update({ problem: wordsOf(error) }));
    },
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
