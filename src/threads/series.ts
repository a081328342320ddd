// Entry of the series thread: the only writer of series.db.

import { openSeries, seriesWriter } from "../storage/index.ts";
import { startWriter } from "./start-thread.ts";

startWriter(openSeries, seriesWriter);
