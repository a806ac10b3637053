/** Reads the JSON of a request and refuses what could not be stored or would hurt on the way. */
import { ArmError } from '../../arm/arm-error.ts';

/** Azure Resource Manager's own bound. */
export const maxBodyBytes = 4 * 1024 * 1024;
const maxDepth = 64;

/**
 * The parsed body; undefined when there is none.
 * @throws ArmError 413 `RequestContentTooLarge`, 400 `InvalidRequestContent`.
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  const bytes = await readBytes(request, maxBodyBytes);
  if (bytes.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : '';
    throw invalid(`The request content was invalid and could not be deserialized: '${why}'.`);
  }
  const problem = findProblem(value, 0);
  if (problem !== undefined) throw invalid(`The request content was invalid: ${problem}.`);
  return value;
}

/**
 * @throws ArmError 413 when there are more than `limit` bytes, and whoever listens throws away what is over;
 *   400 when the client goes away in the middle.
 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.length;
      if (length > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ArmError) throw error;
    throw invalid('The request content ended before it was complete.');
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** PostgreSQL's JSON has no NUL and no half of a surrogate pair; `__proto__` is no field of anything. */
function findProblem(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is out of range';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= maxDepth) return `objects and lists are nested more than ${maxDepth} deep`;
  for (const [key, entry] of Object.entries(value)) {
    if (key === '__proto__') return "a field is called '__proto__'";
    const problem = textProblem(key) ?? findProblem(entry, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function textProblem(text: string): string | undefined {
  if (text.includes('\u0000')) return 'a text holds a NUL character';
  return text.isWellFormed() ? undefined : 'a text holds half of a surrogate pair';
}

function tooLarge(limit: number): ArmError {
  const size = limit >= 1024 * 1024 ? `${limit / 1024 / 1024} MB` : `${limit / 1024} KB`;
  return new ArmError(
    413,
    'RequestContentTooLarge',
    `The request content size exceeds the maximum size of ${size}.`,
  );
}

function invalid(message: string): ArmError {
  return new ArmError(400, 'InvalidRequestContent', message);
}
