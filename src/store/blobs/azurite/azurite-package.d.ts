/** The parts of Azurite 3.35 that are used; the package comes without type declarations. */
declare module 'azurite/dist/src/blob/BlobServer.js' {
  interface LokiDatabase {
    saveDatabase(callback: (error?: unknown) => void): void;
  }
  interface AzuriteServer {
    start(): Promise<void>;
    close(): Promise<void>;
    readonly accountDataStore: { refresh(): void };
    readonly extentMetadataStore: { readonly db: LokiDatabase };
    readonly metadataStore: { readonly db: LokiDatabase };
  }
  const module: { readonly default: new (configuration: object) => AzuriteServer };
  export = module;
}

declare module 'azurite/dist/src/blob/BlobConfiguration.js' {
  const module: { readonly default: new (...values: readonly unknown[]) => object };
  export = module;
}
