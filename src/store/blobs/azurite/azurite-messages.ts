/** What this process and its Azurite say to each other over the channel between them. */
import { z } from 'zod';

export const azuriteStart = z.object({
  kind: z.literal('start'),
  /** Its database and its data; made by it. */
  folder: z.string(),
  host: z.string(),
  port: z.int(),
  /** PEM files; without them plain HTTP. */
  tls: z.object({ certPath: z.string(), keyPath: z.string() }).optional(),
  /** False: the name of an account is the first part of the path only, never of the host. */
  accountInHost: z.boolean(),
  /** `name:key1:key2;…`, at least one. Azurite falls back to a well-known account when there is none. */
  accounts: z.string().min(1),
});

/** Requests with an id are answered by `done`. */
export const toAzurite = z.discriminatedUnion('kind', [
  azuriteStart,
  z.object({ kind: z.literal('accounts'), id: z.int(), accounts: z.string().min(1) }),
  z.object({ kind: z.literal('flush'), id: z.int() }),
]);

export const fromAzurite = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening') }),
  z.object({ kind: z.literal('done'), id: z.int(), error: z.string().optional() }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);

export type AzuriteStart = z.infer<typeof azuriteStart>;
export type ToAzurite = z.infer<typeof toAzurite>;
export type FromAzurite = z.infer<typeof fromAzurite>;
