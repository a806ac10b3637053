/** How workers start the process that executes a run. */
import { join } from 'node:path';
import type { Home } from '../host/home.ts';
import type { ExecutorCommand } from '../runs/executor/start-executor.ts';

export function executorCommand(home: Pick<Home, 'root'>): ExecutorCommand {
  return {
    argv: [process.execPath, join(import.meta.dirname, 'run-executor.ts')],
    env: { GOLDSMITH_HOME: home.root },
  };
}
