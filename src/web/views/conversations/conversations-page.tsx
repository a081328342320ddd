// Reading what agents say to each other: the list, the text, the details.

import { useEffect, useState } from "preact/hooks";
import type { RedriveResult } from "../../../communication/index.ts";
import { plural } from "../../model/format.ts";
import { conversationPath } from "../../model/routes.ts";
import { namespaceFlag } from "../../model/snippets.ts";
import { useApp } from "../../state/app.ts";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { isTyping } from "../parts/keyboard.ts";
import { ConversationList } from "./conversation-list.tsx";
import { Thread } from "./thread.tsx";
import { useConversations } from "./use-conversations.ts";

/** Where there is room for the list or the text, as in conversations.css. */
const NARROW = "(max-width: 720px)";

/** The pages at /conversations and /conversations/:id. */
export function ConversationsPage({ conversationId }: { readonly conversationId: string | null }) {
  const { router } = useApp();
  const [text, setText] = useState("");
  const { conversations, error } = useConversations();
  const deadOnly = router.query.value.get("show") === "dead";
  const query: Readonly<Record<string, string>> = deadOnly ? { show: "dead" } : {};
  const words = text.toLowerCase().split(/\s+/u);
  const listed = (conversations ?? []).filter((conversation) => {
    const haystack = `${conversation.subject} ${conversation.participants.join(" ")}`.toLowerCase();
    return (!deadOnly || conversation.dead > 0) && words.every((word) => haystack.includes(word));
  });
  const first = listed[0]?.conversationId;
  const current = conversationId ?? first ?? null;
  useEffect(() => {
    // The newest conversation changes all the time; the one being read must not.
    // A narrow page shows the list until one is chosen.
    if (conversationId !== null || first === undefined || matchMedia(NARROW).matches) return;
    router.replace(conversationPath(first), query);
  }, [conversationId, first]);
  useBracketKeys(
    listed.map((conversation) => conversation.conversationId),
    current,
    query,
  );
  if (conversations === undefined) {
    return <main class="page">{error === undefined ? null : <p>{error.message}</p>}</main>;
  }
  if (conversations.length === 0 && conversationId === null) return <NoConversation />;
  return (
    <main
      class={`conversation-page conversation-${conversationId === null ? "list" : "text"}-first`}
    >
      <section class="conversation-side" aria-label="Conversations">
        <ConversationFilters text={text} onText={setText} deadOnly={deadOnly} />
        {deadOnly && listed.length > 0 ? <RedriveAll /> : null}
        {listed.length === 0 ? (
          <p class="panel-note">
            {deadOnly ? "No conversation has a dead letter." : "No conversation matches."}
          </p>
        ) : null}
        <ConversationList conversations={listed} currentId={current} query={query} />
      </section>
      {conversationId === null ? null : (
        <a class="conversation-back link" href={router.href("/conversations", query)}>
          All conversations
        </a>
      )}
      {current === null ? null : <Thread key={current} conversationId={current} />}
    </main>
  );
}

interface ConversationFiltersProps {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly deadOnly: boolean;
}

function ConversationFilters({ text, onText, deadOnly }: ConversationFiltersProps) {
  const { router } = useApp();
  return (
    <div class="conversation-filters">
      <h1 class="section-title">Conversations</h1>
      <input
        class="input"
        type="search"
        aria-label="Filter by subject or agent"
        placeholder="Subject or agent"
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <div class="segmented" role="group" aria-label="Which conversations">
        <button
          type="button"
          aria-pressed={!deadOnly}
          onClick={() => router.setQuery({ show: null })}
        >
          all
        </button>
        <button
          type="button"
          aria-pressed={deadOnly}
          onClick={() => router.setQuery({ show: "dead" })}
        >
          with dead letters
        </button>
      </div>
    </div>
  );
}

/** All dead letters of the namespace, back into their inboxes. */
function RedriveAll() {
  const { api, toasts } = useApp();
  const redrive = async (): Promise<void> => {
    try {
      const path = "/api/v1/dead-letters/redrive";
      const { redriven, stayed } = await api.post<RedriveResult>(path);
      const rest = Object.entries(stayed).map(([code, count]) => ` ${count} stayed: ${code}.`);
      const text = `Sent ${plural(redriven, "dead letter")} again.${rest.join("")}`;
      toasts.show({ text, tone: rest.length > 0 ? "error" : "info" });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      toasts.show({ text: `Not sent again: ${why}`, tone: "error" });
    }
  };
  return (
    <div class="redrive-all">
      <ConfirmButton
        small
        label="Send all again"
        question="Send all again now?"
        onConfirm={() => void redrive()}
      />
    </div>
  );
}

function NoConversation() {
  const { live, namespace } = useApp();
  const [first = "worker-1"] = live.agents.value?.keys() ?? [];
  return (
    <main class="page">
      <h1 class="page-title">Conversations</h1>
      <EmptyState
        title="Every message between agents, with its receipts, grouped by what it led to."
        why="No message has been sent yet. This sends one as the operator:"
        command={`./cellphone send ${namespaceFlag(namespace)}${first} "hello"`}
      />
    </main>
  );
}

/** [ and ] go to the conversation above and below. */
function useBracketKeys(
  ids: readonly string[],
  current: string | null,
  query: Readonly<Record<string, string>>,
): void {
  const { router } = useApp();
  useEffect(() => {
    const move = (event: KeyboardEvent): void => {
      const step = event.key === "]" ? 1 : event.key === "[" ? -1 : 0;
      if (step === 0 || isTyping(event)) return;
      const next = ids[ids.indexOf(current ?? "") + step];
      if (next === undefined) return;
      router.go(conversationPath(next), query);
    };
    addEventListener("keydown", move);
    return () => removeEventListener("keydown", move);
  }, [ids.join("\n"), current]);
}
