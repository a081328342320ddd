// The Conversations tab of an agent's page.

import { ConversationList } from "./conversation-list.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { useConversations } from "./use-conversations.ts";

/** Conversations in which one agent took part. */
export function ConversationsOfAgent({ agentId }: { readonly agentId: string }) {
  const { conversations } = useConversations(agentId);
  if (conversations === undefined) return null;
  if (conversations.length === 0) {
    return (
      <EmptyState
        title="What this agent was sent, sent, and answered."
        why="No message has passed yet. The Message button above writes the first, or:"
        command={`./cellphone send ${agentId} "hello"`}
      />
    );
  }
  return (
    <section class="panel panel-flush" aria-label="Conversations">
      <ConversationList conversations={conversations} currentId={null} />
    </section>
  );
}
