/** How requests of this process reach a storage service: through one agent, with its CA, once it has started. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  AnonymousCredential,
  newPipeline,
  type HttpOperationResponse,
  type Pipeline,
  type RequestPolicy,
  type StorageSharedKeyCredential,
  type WebResource,
} from '@azure/storage-blob';

export interface ServiceConnection {
  readonly agent: HttpAgent | HttpsAgent;
  /** Awaited before every request. */
  readonly ready: () => Promise<void>;
}

/** @param ca PEM of the authority that the service's certificate comes from; undefined: those that Node trusts. */
export function serviceAgent(url: string, ca: string | undefined): HttpAgent | HttpsAgent {
  if (!url.startsWith('https:')) return new HttpAgent({ keepAlive: true });
  return new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
}

/** A pipeline for clients of Azure's SDK. Without a credential the URL must hold a SAS. */
export function servicePipeline(
  connection: ServiceConnection,
  credential: StorageSharedKeyCredential | undefined,
): Pipeline {
  const pipeline = newPipeline(credential ?? new AnonymousCredential(), {
    // The service is near, or asked again by its callers: no waiting for minutes.
    retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 3000 },
  });
  pipeline.factories.push({ create: (next) => new ConnectionPolicy(next, connection) });
  return pipeline;
}

/** How often one request waits for a service that has gone away and starts again. */
const RESTARTS_OUTLIVED = 2;

class ConnectionPolicy implements RequestPolicy {
  readonly #next: RequestPolicy;
  readonly #connection: ServiceConnection;

  constructor(next: RequestPolicy, connection: ServiceConnection) {
    this.#next = next;
    this.#connection = connection;
  }

  async sendRequest(request: WebResource): Promise<HttpOperationResponse> {
    request.agent = this.#connection.agent;
    for (let left = RESTARTS_OUTLIVED; ; left -= 1) {
      await this.#connection.ready();
      try {
        return await this.#next.sendRequest(request);
      } catch (error) {
        // The SDK's own tries lie within; a service that is starting again takes longer than they do.
        if (left === 0 || !isRefused(error)) throw error;
      }
    }
  }
}

/** Nobody listened, so that the request was not even begun. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}
