// How a service or one of its endpoints is, as a shape and a word.

import type { ServiceStatus } from "../../model/wire.ts";

/** The shape alone. */
export function ServiceShape({ status }: { readonly status: ServiceStatus }) {
  return <i class={`service-shape service-shape-${status}`} aria-hidden="true" />;
}

/** The shape and the word. */
export function ServiceMark({ status }: { readonly status: ServiceStatus }) {
  return (
    <span class={`service-mark service-${status}`}>
      <ServiceShape status={status} />
      {status}
    </span>
  );
}
