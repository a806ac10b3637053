/** The program that serves blobs. It ends with its parent, and saves what it holds in memory first. */
import { toAzurite, type FromAzurite, type ToAzurite } from './azurite-messages.ts';
import { startAzurite, type AzuriteServer } from './azurite-server.ts';

/** Longest stay after the parent has gone, milliseconds. */
const LAST_WORDS_MS = 5000;

let server: AzuriteServer | undefined;
let ending = false;

process.on('message', (message) => {
  void answer(toAzurite.parse(message));
});
for (const name of ['disconnect', 'SIGTERM', 'SIGINT'] as const) process.on(name, () => void end());

async function answer(message: ToAzurite): Promise<void> {
  if (message.kind === 'start') {
    try {
      server = await startAzurite(message);
      say({ kind: 'listening' });
    } catch (error) {
      process.send?.({ kind: 'failed', message: text(error) } satisfies FromAzurite, () => process.exit(1));
    }
    return;
  }
  try {
    if (message.kind === 'accounts') server?.setAccounts(message.accounts);
    else await server?.flush();
    say({ kind: 'done', id: message.id });
  } catch (error) {
    say({ kind: 'done', id: message.id, error: text(error) });
  }
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
  await server?.flush().catch(() => undefined);
  await server?.close().catch(() => undefined);
  process.exit(0);
}

function say(message: FromAzurite): void {
  if (process.connected) process.send?.(message);
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
