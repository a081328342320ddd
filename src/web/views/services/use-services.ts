// All services of the namespace: read once, then kept current by the stream.

import { useEffect } from "preact/hooks";
import type { ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";

/** The stream brings changes of state; counts of calls are read again. */
const REFRESH_MS = 5000;

/** Services by id; undefined until known. */
export function useServices() {
  const { api, live } = useApp();
  const { data, error, refresh } = useResource(
    `services ${live.connections.value}`,
    async (signal) => {
      const path = "/api/v1/services";
      return (await api.get<{ services: ServiceView[] }>(path, {}, signal)).services;
    },
    { refreshMs: REFRESH_MS },
  );
  useEffect(() => {
    if (data === undefined) return;
    const present = new Set(data.map(({ id }) => id));
    const removed = [...live.services.peek().keys()].filter((id) => !present.has(id));
    live.apply({ kind: "services", services: data, removed });
  }, [data]);
  return { services: data === undefined ? undefined : live.services.value, error, refresh };
}
