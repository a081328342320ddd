// Entry of a reader thread: answers queries over a read-only connection to one database. The
// file is opened with the first query, when the writing thread has made it.

import { ledgerReader, openLedger, openSeries, seriesReader } from "../storage/index.ts";
import { startReader } from "./start-thread.ts";

startReader((data) => {
  const options = { readOnly: true };
  if (data.database === "ledger") {
    const database = openLedger(data.path, options);
    return { database, methods: ledgerReader(database) };
  }
  const database = openSeries(data.path, options);
  return { database, methods: seriesReader(database) };
});
