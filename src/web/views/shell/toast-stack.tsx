// What was just done, with Undo.

import { useApp } from "../../state/app.ts";

/** The notes at the foot of the page. */
export function ToastStack() {
  const { toasts } = useApp();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.shown.value.map((toast) => (
        <div
          key={toast.id}
          class={`toast toast-${toast.tone}`}
          data-testid="toast"
          onPointerEnter={() => toasts.hold(toast.id)}
          onPointerLeave={() => toast.tone === "info" && toasts.release(toast.id)}
        >
          <span>{toast.text}</span>
          {toast.undo === undefined ? null : (
            <button
              type="button"
              class="button button-small"
              onClick={() => {
                toasts.dismiss(toast.id);
                toast.undo?.();
              }}
            >
              Undo
            </button>
          )}
          <button
            type="button"
            class="button button-quiet button-small"
            aria-label="Dismiss"
            onClick={() => toasts.dismiss(toast.id)}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
