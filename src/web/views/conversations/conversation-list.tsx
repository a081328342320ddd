// Conversations, newest first, one line of what and one of who.

import { useRef, useState } from "preact/hooks";
import { formatCount, nameList } from "../../model/format.ts";
import { conversationPath } from "../../model/routes.ts";
import { holdOrder } from "../../model/table-order.ts";
import type { ConversationSummary } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Age } from "../parts/age.tsx";

/** What to list and which one is open. */
export interface ConversationListProps {
  readonly conversations: readonly ConversationSummary[];
  readonly currentId: string | null;
  readonly query?: Readonly<Record<string, string>>;
}

/** A list of links that keeps its order while it is pointed at. */
export function ConversationList({ conversations, currentId, query }: ConversationListProps) {
  const [held, setHeld] = useState(false);
  const shown = useRef<readonly string[]>([]);
  const byId = new Map(conversations.map((entry) => [entry.conversationId, entry]));
  const order = holdOrder(shown.current, [...byId.keys()], held);
  shown.current = order.ids;
  return (
    <div
      class="conversation-scroll"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {order.changed > 0 ? (
        <div class="list-changed">
          <button type="button" class="button button-small" onClick={() => setHeld(false)}>
            {order.changed} changed<span class="list-changed-verb">, apply</span>
          </button>
        </div>
      ) : null}
      <ul class="conversation-list" data-testid="conversation-list">
        {order.ids.map((id) => {
          const conversation = byId.get(id);
          if (conversation === undefined) return null;
          const current = id === currentId;
          return <ConversationItem key={id} {...{ conversation, current }} query={query ?? {}} />;
        })}
      </ul>
    </div>
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
          <span class="conversation-subject" title={subject}>
            {subject.replace(/^task_assignment: /u, "")}
          </span>
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
