// Since when the server counts: before that, no count is unknown; after it, none means zero.

import { useApp } from "./app.ts";
import { useResource } from "./use-resource.ts";

/** When this server began to count; null until known. */
export function useServerStart(): number | null {
  const { api, live } = useApp();
  const server = useResource(`server ${live.connections.value}`, (signal) =>
    api.get<{ startedAtMs: number }>("/api/v1/server", {}, signal),
  );
  return server.data?.startedAtMs ?? null;
}
