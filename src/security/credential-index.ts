// All credentials in memory, by the hash of their secret, so that authenticating costs a hash and
// a look-up and never touches the disk. Bounded: see limits.ts.

import { securityLimits } from "./limits.ts";
import type { Credential } from "./store.ts";

/** Credentials by hash, by id, and by the agent they speak for. */
export class CredentialIndex {
  readonly #byHash = new Map<string, Credential>();
  readonly #byId = new Map<string, Credential>();
  readonly #activeByAgent = new Map<string, Credential>();
  /** Ids of revoked credentials, longest revoked first. */
  readonly #revoked = new Set<string>();

  /** Credentials that are not revoked. */
  get activeCount(): number {
    return this.#byId.size - this.#revoked.size;
  }

  byHash(secretHash: string): Credential | undefined {
    return this.#byHash.get(secretHash);
  }

  byId(id: string): Credential | undefined {
    return this.#byId.get(id);
  }

  /** The key in force for an agent. */
  activeFor(namespace: string, agentId: string): Credential | undefined {
    return this.#activeByAgent.get(agentKey(namespace, agentId));
  }

  /** All that are known, revoked ones too. */
  all(): Credential[] {
    return [...this.#byId.values()];
  }

  /** Credentials not revoked, in the order in which they were put. */
  active(kind: Credential["kind"]): Credential[] {
    return [...this.#byId.values()].filter(
      (credential) => credential.kind === kind && credential.revokedAtMs === null,
    );
  }

  inNamespace(namespace: string): Credential[] {
    return [...this.#byId.values()].filter(
      (credential) => credential.namespace === namespace && isNamespaced(credential),
    );
  }

  /** Adds a credential or replaces the one of the same id. */
  put(credential: Credential): void {
    this.#byHash.set(credential.secretHash, credential);
    this.#byId.set(credential.id, credential);
    if (credential.agentId !== null) this.#putAgent(credential, credential.agentId);
    if (credential.revokedAtMs === null) return;
    this.#revoked.add(credential.id);
    if (this.#revoked.size <= securityLimits.revokedCredentials.value) return;
    const [longest] = this.#revoked;
    if (longest !== undefined) this.remove(longest);
  }

  remove(id: string): void {
    const credential = this.#byId.get(id);
    if (credential === undefined) return;
    this.#byId.delete(id);
    this.#byHash.delete(credential.secretHash);
    this.#revoked.delete(id);
    if (credential.agentId === null) return;
    const key = agentKey(credential.namespace, credential.agentId);
    if (this.#activeByAgent.get(key)?.id === id) this.#activeByAgent.delete(key);
  }

  #putAgent(credential: Credential, agentId: string): void {
    const key = agentKey(credential.namespace, agentId);
    if (credential.revokedAtMs === null) this.#activeByAgent.set(key, credential);
    else if (this.#activeByAgent.get(key)?.id === credential.id) this.#activeByAgent.delete(key);
  }
}

function agentKey(namespace: string, agentId: string): string {
  return `${namespace}\n${agentId}`;
}

/** Admin keys and sessions reach every namespace; the others belong to one. */
function isNamespaced(credential: Credential): boolean {
  return credential.kind === "agent" || credential.kind === "enrolment";
}
