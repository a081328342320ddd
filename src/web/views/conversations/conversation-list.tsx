// Conversations, newest first, one line of what and one of who.

import { formatCount, nameList } from "../../model/format.ts";
import { conversationPath } from "../../model/routes.ts";
import type { ConversationSummary } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Age } from "../parts/age.tsx";

/** What to list and which one is open. */
export interface ConversationListProps {
  readonly conversations: readonly ConversationSummary[];
  readonly currentId: string | null;
  readonly query?: Readonly<Record<string, string>>;
}

/** A list of links. */
export function ConversationList({ conversations, currentId, query }: ConversationListProps) {
  return (
    <ul class="conversation-list" data-testid="conversation-list">
      {conversations.map((conversation) => (
        <ConversationItem
          key={conversation.conversationId}
          conversation={conversation}
          current={conversation.conversationId === currentId}
          query={query ?? {}}
        />
      ))}
    </ul>
  );
}

interface ConversationItemProps {
  readonly conversation: ConversationSummary;
  readonly current: boolean;
  readonly query: Readonly<Record<string, string>>;
}

function ConversationItem({ conversation, current, query }: ConversationItemProps) {
  const { router } = useApp();
  const { conversationId, subject, participants, open, dead, lastAtMs } = conversation;
  return (
    <li>
      <a
        class="conversation-item"
        href={router.href(conversationPath(conversationId), query)}
        aria-current={current ? "true" : undefined}
      >
        <span class="conversation-line">
          <span class="conversation-subject">{subject}</span>
          <span class="conversation-age">
            <Age sinceMs={lastAtMs} />
          </span>
        </span>
        <span class="conversation-line">
          <span class="conversation-who">{nameList(participants)}</span>
          <span class="conversation-counts">
            {dead > 0 ? <span class="state-down">{dead} dead</span> : null}
            {open > 0 ? <span>{open} open</span> : null}
            <span class="dim">{formatCount(conversation.messages)} sent</span>
          </span>
        </span>
      </a>
    </li>
  );
}
