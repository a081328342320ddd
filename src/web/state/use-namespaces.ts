// Which namespaces there are, for the switch and to tell a wrong address from a silent server.

import { useApp } from "./app.ts";
import { useResource } from "./use-resource.ts";

const REFRESH_MS = 15_000;

/** Names of all namespaces, sorted; undefined until known. */
export function useNamespaces(): readonly string[] | undefined {
  const { api, live } = useApp();
  const { data } = useResource(
    `namespaces ${live.connections.value}`,
    async (signal) => {
      type Answer = { readonly namespaces: readonly (string | { readonly name: string })[] };
      const { namespaces } = await api.get<Answer>("/api/v1/namespaces", {}, signal);
      return namespaces.map((entry) => (typeof entry === "string" ? entry : entry.name)).sort();
    },
    { refreshMs: REFRESH_MS },
  );
  return data;
}
