// Reads something from the server for as long as a view shows it.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api-client.ts";

/** Something read from the server; data survives a failed or running refresh. */
export interface Resource<Data> {
  readonly data: Data | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  /** Asks again now. */
  readonly refresh: () => void;
}

/** How a resource is kept fresh. */
export interface ResourceOptions {
  /** Ask again this often; a hidden tab does not. */
  readonly refreshMs?: number;
}

/**
 * Loads whenever `key` changes (null: nothing to load) and each `refreshMs`. The data of the last
 * key stays until the new one arrives, so that a page never flashes empty.
 */
export function useResource<Data>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<Data>,
  options: ResourceOptions = {},
): Resource<Data> {
  const [state, setState] = useState<Omit<Resource<Data>, "refresh">>({
    data: undefined,
    error: undefined,
    loading: key !== null,
  });
  const loader = useRef(load);
  loader.current = load;
  const refresh = useRef<() => void>(() => undefined);
  const { refreshMs } = options;

  useEffect(() => {
    if (key === null) {
      setState((last) => ({ ...last, error: undefined, loading: false }));
      return undefined;
    }
    let abort = new AbortController();
    const run = (): void => {
      abort.abort();
      abort = new AbortController();
      const { signal } = abort;
      loader.current(signal).then(
        (data) => signal.aborted || setState({ data, error: undefined, loading: false }),
        (error: unknown) => {
          if (signal.aborted) return;
          setState((last) => ({ data: last.data, error: asApiError(error), loading: false }));
        },
      );
    };
    refresh.current = run;
    setState((last) => ({ ...last, error: undefined, loading: true }));
    run();
    const timer =
      refreshMs === undefined
        ? undefined
        : setInterval(() => document.visibilityState === "visible" && run(), refreshMs);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [key, refreshMs]);

  return { ...state, refresh: () => refresh.current() };
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(-1, "unknown", error instanceof Error ? error.message : String(error), "");
}
