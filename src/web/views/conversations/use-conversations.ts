// The list of conversations, read again when the stream says that some changed.

import type { ConversationSummary } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";

const LISTED_MAX = 200;
const REFRESH_MS = 15_000;

/** Conversations of everyone, or of one agent. */
export function useConversations(agentId?: string) {
  const { api, live } = useApp();
  const { version } = live.changedConversations.value;
  const resource = useResource(
    `conversations ${agentId ?? ""} ${live.connections.value} ${version}`,
    async (signal) => {
      const query = { agentId, limit: LISTED_MAX };
      const path = "/api/v1/conversations";
      type Answer = { readonly conversations: readonly ConversationSummary[] };
      return (await api.get<Answer>(path, query, signal)).conversations;
    },
    { refreshMs: REFRESH_MS },
  );
  return { conversations: resource.data, error: resource.error, loading: resource.loading };
}
