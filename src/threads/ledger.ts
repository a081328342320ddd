// Entry of the ledger thread: the only writer of ledger.db.

import { ledgerWriter, openLedger } from "../storage/index.ts";
import { startWriter } from "./start-thread.ts";

startWriter(openLedger, ledgerWriter);
