/** `/metadata/endpoints`: what clients ask a cloud they do not know. Each api-version has its own shape. */

export interface CloudMetadata {
  /** `https://localhost:8443`, without a slash at the end. */
  readonly origin: string;
  /** What storage account host names end with. */
  readonly storageSuffix: string;
}

/** The name under which clients list this cloud. */
export const cloudName = 'Goldsmith';

/**
 * The document for `apiVersion`: 2015 for the first Azure Stack clients, a list since 2018, one cloud since 2022.
 * The older two name the `/adfs` authority, because their readers must not ask a public cloud whether they may
 * trust this one; the newest names the plain host, to which its readers append the tenant.
 */
export function cloudMetadata(apiVersion: string, cloud: CloudMetadata): object {
  const { origin } = cloud;
  if (apiVersion < '2018') {
    return {
      galleryEndpoint: `${origin}/`,
      graphEndpoint: `${origin}/`,
      portalEndpoint: `${origin}/`,
      authentication: { loginEndpoint: `${origin}/adfs`, audiences: audiencesOf(origin) },
    };
  }
  if (apiVersion < '2022')
    return [{ ...document(cloud), authentication: authentication(origin, `${origin}/adfs`, 'ADFS') }];
  return { ...document(cloud), authentication: authentication(origin, origin, 'AAD') };
}

/** What `az cloud register --cloud-config` takes. */
export function azureCliCloud({ origin, storageSuffix }: CloudMetadata): object {
  return {
    name: cloudName,
    endpoints: {
      management: `${origin}/`,
      resourceManager: `${origin}/`,
      activeDirectory: `${origin}/adfs`,
      activeDirectoryResourceId: `${origin}/`,
      activeDirectoryGraphResourceId: `${origin}/`,
      microsoftGraphResourceId: `${origin}/`,
      gallery: `${origin}/`,
      portal: origin,
      vmImageAliasDoc: `${origin}${imageAliasesPath}`,
    },
    suffixes: { storageEndpoint: storageSuffix, keyvaultDns: '.vault.localhost' },
  };
}

/** Where `az` finds short names of platform images. */
export const imageAliasesPath = '/metadata/vm-image-aliases.json';

function authentication(origin: string, loginEndpoint: string, identityProvider: 'AAD' | 'ADFS'): object {
  return { loginEndpoint, audiences: audiencesOf(origin), tenant: 'common', identityProvider };
}

function audiencesOf(origin: string): string[] {
  return [`${origin}/`, 'https://management.core.windows.net/', 'https://management.azure.com/'];
}

function document({ origin, storageSuffix }: CloudMetadata): object {
  return {
    name: cloudName,
    portal: origin,
    gallery: `${origin}/`,
    graph: `${origin}/`,
    graphAudience: `${origin}/`,
    microsoftGraphResourceId: `${origin}/`,
    resourceManager: `${origin}/`,
    sqlManagement: `${origin}/`,
    batch: `${origin}/`,
    media: `${origin}/`,
    vmImageAliasDoc: `${origin}${imageAliasesPath}`,
    suffixes: {
      storage: storageSuffix,
      keyVaultDns: 'vault.localhost',
      acrLoginServer: 'azurecr.localhost',
      sqlServerHostname: 'database.localhost',
    },
  };
}
