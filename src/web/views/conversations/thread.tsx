// One conversation: rows in the middle, the chosen message's details on the right. j and k move,
// r replies, x pauses whoever sent the chosen message.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { conversationRows } from "../../model/conversation-rows.ts";
import type { ConversationRow } from "../../model/conversation-rows.ts";
import { formatAge, nameList } from "../../model/format.ts";
import type { MessageWithDeliveries } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { isTyping } from "../parts/keyboard.ts";
import { MessageDetails } from "./message-details.tsx";
import { MessageRow } from "./message-row.tsx";
import { ReplyBox } from "./reply-box.tsx";

/** Messages of one conversation read at once, the newest ones. */
const MESSAGES_MAX = 1000;

/** The middle and right panes. */
export function Thread({ conversationId }: { readonly conversationId: string }) {
  const { router } = useApp();
  const { data, error, refresh } = useMessages(conversationId);
  const [chosenId, setChosenId] = useState<string | undefined>(undefined);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => conversationRows(data ?? [], opened), [data, opened]);
  const entries = rows.flatMap((row) => (row.kind === "message" ? [row.entry] : []));
  const last = entries[entries.length - 1];
  const deadOnly = router.query.value.get("show") === "dead";
  // Who looks for dead letters finds the newest one chosen.
  const natural = deadOnly ? (entries.findLast(isDead) ?? last) : last;
  const chosen = entries.find((entry) => entry.message.id === chosenId) ?? natural;
  const replyBox = useRef<HTMLTextAreaElement>(null);
  useThreadKeys(entries, chosen, setChosenId, replyBox);
  const text = useFollowEnd(entries.length);
  if (data === undefined)
    return error === undefined ? null : <p class="problem">{error.message}</p>;
  return (
    <>
      <section class="thread" aria-label="Messages" data-testid="thread">
        <div class="thread-scroll" ref={text}>
          {data.length === 0 ? (
            <p class="panel-note">This conversation has no message any more.</p>
          ) : null}
          <ol class="thread-rows">
            {rows.map((row) => (
              <Row
                key={rowKey(row)}
                row={row}
                chosenId={chosen?.message.id}
                onChoose={setChosenId}
                onOpen={(id) => setOpened(new Set([...opened, id]))}
              />
            ))}
          </ol>
        </div>
        {chosen === undefined ? null : (
          <ReplyBox entries={entries} replyTo={chosen} fieldRef={replyBox} onSent={refresh} />
        )}
      </section>
      {chosen === undefined ? null : <MessageDetails entry={chosen} onChanged={refresh} />}
    </>
  );
}

function isDead(entry: MessageWithDeliveries): boolean {
  return entry.deliveries.some((copy) => copy.state === "dead");
}

function useMessages(conversationId: string) {
  const { api, live } = useApp();
  const changed = live.changedConversations.value;
  const version = useRef(0);
  if (changed.ids.includes(conversationId)) version.current = changed.version;
  return useResource(
    `thread ${conversationId} ${live.connections.value} ${version.current}`,
    async (signal) => {
      const query = { conversationId, limit: MESSAGES_MAX };
      type Answer = { readonly messages: readonly MessageWithDeliveries[] };
      return (await api.get<Answer>("/api/v1/messages", query, signal)).messages;
    },
    { refreshMs: 10_000 },
  );
}

/** Keeps the newest message in view unless the reader scrolled up. */
function useFollowEnd(count: number) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useRef(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const nearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 240;
    if (seen.current === 0 || nearEnd) element.scrollTop = element.scrollHeight;
    seen.current = count;
  }, [count]);
  return box;
}

function useThreadKeys(
  entries: readonly MessageWithDeliveries[],
  chosen: MessageWithDeliveries | undefined,
  choose: (id: string) => void,
  replyBox: { readonly current: HTMLTextAreaElement | null },
): void {
  const { actions, live } = useApp();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event) || chosen === undefined) return;
      const at = entries.indexOf(chosen);
      if (event.key === "j" || event.key === "k") {
        const next = entries[at + (event.key === "j" ? 1 : -1)];
        if (next === undefined) return;
        choose(next.message.id);
        document.getElementById(`message-${next.message.id}`)?.scrollIntoView({ block: "nearest" });
      } else if (event.key === "r") {
        event.preventDefault();
        replyBox.current?.focus();
      } else if (event.key === "x") {
        const { senderId } = chosen.message;
        if (live.agents.peek()?.has(senderId) === true) void actions.pause([senderId]);
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [entries, chosen]);
}

function rowKey(row: ConversationRow): string {
  if (row.kind === "message") return row.entry.message.id;
  return row.kind === "silence" ? `silence ${row.afterId}` : row.id;
}

interface RowProps {
  readonly row: ConversationRow;
  readonly chosenId: string | undefined;
  readonly onChoose: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

function Row({ row, chosenId, onChoose, onOpen }: RowProps) {
  if (row.kind === "silence") {
    return (
      <li class="silence">
        <span>{formatAge(row.durationMs)} quiet</span>
      </li>
    );
  }
  if (row.kind === "repeats") {
    const who =
      row.participants.length === 2 ? row.participants.join(" ⇄ ") : nameList(row.participants);
    return (
      <li class="repeats">
        <button type="button" class="button button-quiet" onClick={() => onOpen(row.id)}>
          {who}, {row.entries.length} similar <span class="dim">show</span>
        </button>
      </li>
    );
  }
  const { id } = row.entry.message;
  return <MessageRow entry={row.entry} chosen={id === chosenId} onChoose={() => onChoose(id)} />;
}
