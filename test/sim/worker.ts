import { parentPort } from "node:worker_threads";
import { Engine } from "./engine.ts";
import { runTask, type Task } from "./tasks.ts";

const port = parentPort;
if (port === null) throw new Error("this file is a worker thread of pool.ts");
const opened = Engine.open();

const work = async (task: Task): Promise<void> => {
  try {
    port.postMessage({ result: await runTask(await opened, task) });
  } catch (error) {
    port.postMessage({ failure: (error as Error).stack ?? String(error) });
  }
};
port.on("message", (task: Task) => void work(task));
