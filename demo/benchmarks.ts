/** The benchmark page, which is a tool beside the engine: its parts are in bench/page. */
import { openBenchmarkPage } from "../bench/page/main.ts";

openBenchmarkPage();
