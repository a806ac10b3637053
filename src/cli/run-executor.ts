/**
 * The process that executes one run for a worker: started by it, told its job over their channel, gone with it.
 * Not a command for people. The home is that of `GOLDSMITH_HOME`.
 */
import { openSimulatedHost } from '../build/simulated-host.ts';
import { openHome } from '../host/home.ts';
import { serveExecutor } from '../runs/executor/serve-executor.ts';
import { openBuildHost } from './connect-build-host.ts';

await serveExecutor(process, async ({ simulate }, signal) =>
  simulate === undefined ? openBuildHost(openHome(), signal) : openSimulatedHost(openHome(), simulate),
);
process.exit(0);
