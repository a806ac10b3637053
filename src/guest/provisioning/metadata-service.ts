/**
 * What an Azure VM finds at its fixed addresses: the Instance Metadata Service (169.254.169.254:80), the
 * WireServer (168.63.129.16:80) and the HostGAPlugin (168.63.129.16:32526). Each is an HTTP server on a
 * loopback port of its own, which the machine's network maps. Requests come from the guest: hostile.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { buildConfig, buildGoalState, VERSIONS } from './goal-state.ts';
import { parseHealthReport, type HealthReport } from './health-report.ts';
import type { ProvisioningIdentity } from './identity.ts';
import { buildInstanceMetadata, METADATA_API_VERSIONS, pickMetadata } from './instance-metadata.ts';

export interface MetadataServiceOptions {
  readonly identity: ProvisioningIdentity;
  /** cloud-init user data, plain text; empty for none. */
  readonly userData: string;
  readonly onHealthReport: (report: HealthReport) => void;
}

export interface MetadataService extends AsyncDisposable {
  /** Where the guest finds each service, and its port on 127.0.0.1. */
  readonly services: readonly { address: string; port: number; targetPort: number }[];
}

/** waagent posts about 16 KiB of telemetry at a time. */
const MAX_BODY_BYTES = 256 * 1024;
const MAX_CONNECTIONS = 32;

/** Starts the three services. */
export async function startMetadataService(options: MetadataServiceOptions): Promise<MetadataService> {
  await using started = new AsyncDisposableStack();
  const listen = async (
    app: Hono,
    address: string,
    port: number,
  ): Promise<MetadataService['services'][0]> => {
    const server = createAdaptorServer({ fetch: app.fetch, hostname: '127.0.0.1' });
    server.maxConnections = MAX_CONNECTIONS;
    started.defer(() => closeServer(server));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    return { address, port, targetPort: typeof bound === 'object' ? (bound?.port ?? 0) : 0 };
  };
  const services = [
    await listen(instanceMetadataApp(options), '169.254.169.254', 80),
    await listen(wireServerApp(options), '168.63.129.16', 80),
    await listen(hostPluginApp(), '168.63.129.16', 32526),
  ];
  const stack = started.move();
  return { services, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service */
export function instanceMetadataApp(options: MetadataServiceOptions): Hono {
  const document = buildInstanceMetadata(options.identity, options.userData);
  const app = new Hono();
  app.get('/metadata/versions', (c) => c.json({ apiVersions: METADATA_API_VERSIONS }));
  app.get('/metadata/instance/*', (c) => {
    // cloud-init sends "true", waagent "True".
    if (c.req.header('metadata')?.toLowerCase() !== 'true') {
      return c.json({ error: 'Bad request. Required metadata header not specified' }, 400);
    }
    const version = c.req.query('api-version');
    if (version === undefined || !(METADATA_API_VERSIONS as readonly string[]).includes(version)) {
      return c.json(
        {
          error: 'Bad request. api-version is invalid or was not specified in the request.',
          'newest-versions': METADATA_API_VERSIONS.slice(-3).toReversed(),
        },
        400,
      );
    }
    const path = c.req.path
      .split('/')
      .slice(3)
      .filter((name) => name !== '');
    const found = pickMetadata(document, path);
    if (found === undefined) return c.json({ error: 'Not found' }, 404);
    if (typeof found !== 'string') return c.json(found);
    if (c.req.query('format') === 'text') return c.text(found);
    return c.json({ error: 'Bad request. A single value is given as text only: add format=text' }, 400);
  });
  app.notFound((c) => c.json({ error: 'Not found' }, 404));
  return app;
}

/** The WireServer protocol, version 2012-11-30, as cloud-init and waagent speak it. */
export function wireServerApp({ identity, onHealthReport }: MetadataServiceOptions): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
  app.get('/', (c) => (c.req.query('comp') === 'versions' ? xml(c, VERSIONS) : c.notFound()));
  const machine = async (c: Context): Promise<Response> => {
    const what = c.req.query('comp')?.toLowerCase();
    if (c.req.method === 'GET' && what === 'goalstate') return xml(c, buildGoalState(identity));
    if (c.req.method === 'POST' && what === 'health') {
      const agent = c.req.header('user-agent') ?? c.req.header('x-ms-agent-name') ?? '';
      const report = parseHealthReport(await c.req.text(), agent);
      if (report !== undefined) onHealthReport(report);
      return c.body(null, 200);
    }
    if (c.req.method === 'POST' && (what === 'telemetrydata' || what === 'roleproperties')) {
      await c.req.arrayBuffer(); // read so that the connection can be kept, and forgotten
      return c.body(null, 200);
    }
    return c.notFound();
  };
  app.on(['GET', 'POST'], ['/machine', '/machine/'], machine);
  app.get('/machine/:container/:instance', (c) => {
    const config =
      c.req.query('comp') === 'config' ? buildConfig(identity, c.req.query('type') ?? '') : undefined;
    return config === undefined ? c.notFound() : xml(c, config);
  });
  app.post('/HealthService', async (c) => {
    await c.req.arrayBuffer();
    return c.body(null, 200);
  });
  return app;
}

/** The HostGAPlugin: without `vmSettings` waagent falls back to the WireServer's configurations. */
function hostPluginApp(): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
  app.get('/versions', (c) => c.json(['2015-09-01']));
  app.get('/health', (c) => c.body(null, 200));
  app.put('/status', (c) => c.body(null, 200));
  app.notFound((c) => c.body(null, 404));
  return app;
}

function xml(c: Context, document: string): Response {
  return c.body(document, 200, { 'Content-Type': 'text/xml; charset=utf-8' });
}

async function closeServer(server: ServerType): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  if (isHttpServer(server)) server.closeAllConnections();
  await closed;
}

function isHttpServer(server: ServerType): server is Server {
  return 'closeAllConnections' in server;
}
