/**
 * The part of the directory that Azure's tools ask when roles are assigned (Microsoft Graph v1.0): service principals by
 * name and objects by id. There are no users and groups, and nothing can be written here.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Directory, DirectoryObject } from './directory.ts';

export interface GraphDeps {
  readonly directory: Directory;
  /** Whether the bearer token may ask the directory. */
  readonly isAllowed: (authorization: string | undefined) => Promise<boolean>;
}

const maxBodyBytes = 256 * 1024;
const idsBody = z.object({
  ids: z.array(z.string().max(64)).max(1000),
  types: z.array(z.string()).optional(),
});
const byName = /^servicePrincipalNames\/any\(c:\s*c eq '([^']+)'\)$/i;
const byField = /^(appId|id|displayName)\s+eq\s+'((?:[^']|'')*)'$/i;
const startsWith = /^startswith\(displayName,\s*'((?:[^']|'')*)'\)$/i;

const fields: ReadonlyMap<string, 'appId' | 'objectId' | 'displayName'> = new Map([
  ['appid', 'appId'],
  ['id', 'objectId'],
  ['displayname', 'displayName'],
]);

/** Mount it at `/v1.0`. */
export function graphRoutes({ directory, isAllowed }: GraphDeps): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (await isAllowed(context.req.header('authorization'))) return next();
    return refuse(401, 'InvalidAuthenticationToken', 'Access token is empty or invalid.');
  });
  app.get('/servicePrincipals', async (context) => {
    const accepts = readFilter(context.req.query('$filter'));
    if (accepts === undefined) return refuse(400, 'Request_UnsupportedQuery', 'The filter is not supported.');
    const found = (await directory.list()).filter(accepts);
    return context.json(collection(context.req.url, 'servicePrincipals', found));
  });
  app.get('/servicePrincipals/:id', async (context) =>
    one(await directory.find(context.req.param('id')), context.req.param('id')),
  );
  app.get('/directoryObjects/:id', async (context) =>
    one(await directory.find(context.req.param('id')), context.req.param('id')),
  );
  app.post('/directoryObjects/getByIds', async (context) => {
    const body = await readIds(context.req.raw);
    if (body === undefined)
      return refuse(400, 'Request_BadRequest', "A list 'ids' of at most 1000 ids is expected.");
    const wanted = new Set(body.ids.map((id) => id.toLowerCase()));
    const found =
      body.types?.includes('servicePrincipal') === false
        ? []
        : (await directory.list()).filter(({ objectId }) => wanted.has(objectId.toLowerCase()));
    return context.json(collection(context.req.url, 'directoryObjects', found));
  });
  for (const kind of ['users', 'groups', 'applications']) {
    // None of them exists here; clients that look for one go on with the next kind.
    app.get(`/${kind}`, (context) => context.json(collection(context.req.url, kind, [])));
  }
  app.all('*', (context) =>
    refuse(
      404,
      'Request_ResourceNotFound',
      `This directory has no resource '${context.req.path.slice(0, 200)}'.`,
    ),
  );
  return app;
}

function readFilter(filter: string | undefined): ((object: DirectoryObject) => boolean) | undefined {
  const text = filter?.trim() ?? '';
  if (text === '') return () => true;
  const name = byName.exec(text)?.[1]?.toLowerCase();
  if (name !== undefined) return ({ appId }) => appId.toLowerCase() === name;
  const [, field = '', raw = ''] = byField.exec(text) ?? [];
  const key = fields.get(field.toLowerCase());
  if (key !== undefined) {
    const value = raw.replaceAll("''", "'").toLowerCase();
    return (object) => object[key].toLowerCase() === value;
  }
  const prefix = startsWith.exec(text)?.[1]?.replaceAll("''", "'").toLowerCase();
  return prefix === undefined ? undefined : ({ displayName }) => displayName.toLowerCase().startsWith(prefix);
}

async function readIds(request: Request): Promise<z.output<typeof idsBody> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return idsBody.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8'))).data;
  } catch {
    // No JSON: the caller is told what was expected.
    return undefined;
  }
}

function one(object: DirectoryObject | undefined, id: string): Response {
  if (object !== undefined) return Response.json(wire(object));
  return refuse(
    404,
    'Request_ResourceNotFound',
    `Resource '${id.slice(0, 64)}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

function collection(url: string, kind: string, objects: readonly DirectoryObject[]): object {
  const origin = new URL(url).origin;
  return { '@odata.context': `${origin}/v1.0/$metadata#${kind}`, value: objects.map(wire) };
}

function wire({ objectId, appId, displayName, kind }: DirectoryObject): object {
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    id: objectId,
    accountEnabled: true,
    appDisplayName: displayName,
    appId,
    displayName,
    servicePrincipalNames: [appId],
    servicePrincipalType: kind,
  };
}

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
