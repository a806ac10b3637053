/** What clients asked of services under test, for the page that tells what is covered. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** A line of the service's log. */
const requestLine = z.object({
  msg: z.literal('request'),
  method: z.string(),
  type: z.string().optional(),
  isCollection: z.boolean(),
  action: z.string().optional(),
  apiVersion: z.string().optional(),
  status: z.number(),
  client: z.string().nullable(),
});

export type RecordedRequest = z.infer<typeof requestLine>;

/** The file that requests are added to; without the variable nothing is recorded. */
export const recordVariable = 'GOLDSMITH_RECORD_REQUESTS';

let rest = '';

/** Takes the next piece of a service's log. */
export function recordRequests(text: string): void {
  const path = process.env[recordVariable];
  if (path === undefined) return;
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  const requests = lines.filter((line) => line.includes('"msg":"request"'));
  if (requests.length > 0) appendFileSync(path, `${requests.join('\n')}\n`);
}

export function readRequests(path: string): readonly RecordedRequest[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const parsed = requestLine.safeParse(JSON.parse(line));
        return parsed.success ? [parsed.data] : [];
      } catch {
        return []; // a line that a kill cut off
      }
    });
}
