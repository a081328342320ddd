// How much room mailboxes have left. Room is reserved before a message is stored, so a mailbox
// can be removed, and another made for the same agent, while messages to it are under way.

import type { Mailbox } from "./mailbox.ts";

/** How much may wait. */
export interface MailboxQuotas {
  readonly maxMailboxMessages: number;
  readonly maxMailboxBytes: number;
  readonly maxPendingBytes: number;
}

/** Why there is no room. */
export type QuotaProblem = "mailbox_messages" | "mailbox_bytes" | "pending_bytes";

/** Counts messages and bytes of all mailboxes. */
export class MailboxRoom {
  readonly #quotas: MailboxQuotas;
  /** Removed mailboxes to which messages are still being stored. */
  readonly #departed = new Map<string, Mailbox>();
  #pendingBytes = 0;

  constructor(quotas: MailboxQuotas) {
    this.#quotas = quotas;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Counts room for a message before it is stored; says why there is none. */
  reserve(mailbox: Mailbox, bytes: number): QuotaProblem | undefined {
    const { maxMailboxBytes, maxMailboxMessages, maxPendingBytes } = this.#quotas;
    if (mailbox.messages >= maxMailboxMessages) return "mailbox_messages";
    if (mailbox.bytes + bytes > maxMailboxBytes) return "mailbox_bytes";
    if (this.#pendingBytes + bytes > maxPendingBytes) return "pending_bytes";
    this.take(mailbox, bytes);
    return undefined;
  }

  /** Counts a message, whatever the quotas. */
  take(mailbox: Mailbox, bytes: number): void {
    mailbox.bytes += bytes;
    mailbox.messages += 1;
    this.#pendingBytes += bytes;
  }

  /** Gives a message's room back, also that of a mailbox removed meanwhile. */
  giveBack(mailbox: Mailbox | undefined, agentId: string, bytes: number): void {
    const counted = mailbox ?? this.#departed.get(agentId);
    if (counted === undefined) return;
    counted.bytes -= bytes;
    counted.messages -= 1;
    this.#pendingBytes -= bytes;
    if (counted.messages === 0) this.#departed.delete(agentId);
  }

  /** A mailbox is removed; what is still being stored for it stays counted. */
  depart(mailbox: Mailbox): void {
    if (mailbox.messages > 0) this.#departed.set(mailbox.agentId, mailbox);
  }

  /** A mailbox is made; what is still being stored for the agent's former one arrives in it. */
  arrive(mailbox: Mailbox): void {
    const departed = this.#departed.get(mailbox.agentId);
    mailbox.messages = departed?.messages ?? 0;
    mailbox.bytes = departed?.bytes ?? 0;
    this.#departed.delete(mailbox.agentId);
  }
}
