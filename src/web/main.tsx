// Starts the pages: builds the application state and hands it to the views.

import { effect } from "@preact/signals";
import { render } from "preact";
import { AppProvider, createApp } from "./state/app.ts";
import { Root } from "./views/root.tsx";

const app = createApp(window);
const host = document.getElementById("app");
if (host === null) throw new TypeError("The document has no #app element");

render(
  <AppProvider value={app}>
    <Root />
  </AppProvider>,
  host,
);

// Without a session there is nothing to listen to; signing in loads the page anew.
if (app.router.route.peek().page !== "sign-in") app.live.start(app.namespace);
effect(() => {
  const { state } = app.live.connection.value;
  if (state === "signed_out") app.signedOut.value = true;
  if (state === "live") app.signedOut.value = false;
});
