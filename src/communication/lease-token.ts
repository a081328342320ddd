// Fencing tokens, version 1: `<boot epoch>.<delivery id>.<attempt>.<random>`. The epoch makes those
// of earlier runs recognisable, the random part makes them unguessable; only the whole is compared.

import { randomToken } from "../core/index.ts";
import { CommunicationError } from "./errors.ts";
import type { Delivery } from "./model.ts";

const RANDOM_BITS = 80;

/** The token of the next attempt of a delivery. */
export function makeLeaseToken(epoch: string, delivery: Delivery): string {
  return `${epoch}.${delivery.id}.${delivery.attempts + 1}.${randomToken(RANDOM_BITS)}`;
}

/**
 * Why a token stands for no lease.
 * @param outcome how it was settled in this run, if it was.
 */
export function leaseLost(
  token: string,
  epoch: string,
  outcome: string | undefined,
): CommunicationError {
  const parts = typeof token === "string" ? token.split(".") : [];
  if (parts.length !== 4) {
    const message = "This is no lease token: it has another form";
    return new CommunicationError("communication.token_invalid", message);
  }
  const [tokenEpoch, deliveryId] = parts;
  let why = tokenEpoch === epoch ? "it lapsed" : "the server restarted since";
  if (outcome !== undefined) why = `it was settled before (${outcome})`;
  const message = `The lease on delivery "${deliveryId}" is not yours any more: ${why}`;
  return new CommunicationError("communication.lease_lost", message, { details: { deliveryId } });
}
