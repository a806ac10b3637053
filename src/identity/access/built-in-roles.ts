/**
 * The role definitions that every Azure tenant has and that people who build images assign, with Azure's GUIDs.
 * Rights that name providers which do not exist here are kept: clients compare and copy these lists.
 */
export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface BuiltInRole {
  /** GUID. */
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
  readonly permission: RolePermission;
}

/** What nearly every role of one provider has besides its own rights. */
const usual = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Insights/alertRules/*',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  'Microsoft.Support/*',
];

const containers = 'Microsoft.Storage/storageAccounts/blobServices/containers';
const delegationKey = 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action';
const userIdentities = 'Microsoft.ManagedIdentity/userAssignedIdentities';

export const builtInRoles: readonly BuiltInRole[] = [
  role('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', {
    description:
      'Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.',
    actions: ['*'],
  }),
  role('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', {
    description:
      'Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.',
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      'Microsoft.Blueprint/blueprintAssignments/write',
      'Microsoft.Blueprint/blueprintAssignments/delete',
      'Microsoft.Compute/galleries/share/action',
      'Microsoft.Purview/consents/write',
      'Microsoft.Purview/consents/delete',
    ],
  }),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', {
    description: 'View all resources, but does not allow you to make any changes.',
    actions: ['*/read'],
  }),
  role('18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator', {
    description: 'Lets you manage user access to Azure resources.',
    actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
  }),
  role('f58310d9-a9f6-439a-9e8d-f62e7b41a168', 'Role Based Access Control Administrator', {
    description:
      'Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.',
    actions: [
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.Authorization/roleAssignments/delete',
      '*/read',
      'Microsoft.Support/*',
    ],
  }),
  role('f1a07417-d97a-45cb-824c-7a7467783830', 'Managed Identity Operator', {
    description: 'Read and Assign User Assigned Identity',
    actions: [`${userIdentities}/*/read`, `${userIdentities}/*/assign/action`, ...usual],
  }),
  role('e40ec5ca-96e0-45a2-b4ff-59039f2c2b59', 'Managed Identity Contributor', {
    description: 'Create, Read, Update, and Delete User Assigned Identity',
    actions: [
      ...['read', 'write', 'delete'].map((right) => `${userIdentities}/${right}`),
      ...['read', 'write', 'delete'].map(
        (right) => `${userIdentities}/federatedIdentityCredentials/${right}`,
      ),
      `${userIdentities}/revokeTokens/action`,
      ...usual,
    ],
  }),
  role('b7e6dc6d-f1e8-4753-8033-0f276bb0955b', 'Storage Blob Data Owner', {
    description:
      'Allows for full access to Azure Storage blob containers and data, including assigning POSIX access control.',
    actions: [`${containers}/*`, delegationKey],
    dataActions: [`${containers}/blobs/*`],
  }),
  role('ba92f5b4-2d11-453d-a403-e96b0029c9fe', 'Storage Blob Data Contributor', {
    description: 'Allows for read, write and delete access to Azure Storage blob containers and data',
    actions: [...['delete', 'read', 'write'].map((right) => `${containers}/${right}`), delegationKey],
    dataActions: ['delete', 'read', 'write', 'move/action', 'add/action'].map(
      (right) => `${containers}/blobs/${right}`,
    ),
  }),
  role('2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', 'Storage Blob Data Reader', {
    description: 'Allows for read access to Azure Storage blob containers and data',
    actions: [`${containers}/read`, delegationKey],
    dataActions: [`${containers}/blobs/read`],
  }),
  role('17d1049b-9a84-46fb-8f53-869881c3d3ab', 'Storage Account Contributor', {
    description: 'Lets you manage storage accounts, including accessing storage account keys.',
    actions: [
      ...usual,
      'Microsoft.Insights/diagnosticSettings/*',
      'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
      'Microsoft.ResourceHealth/availabilityStatuses/read',
      'Microsoft.Storage/storageAccounts/*',
    ],
  }),
  role('9980e02c-c2be-4d73-94e8-173b1dc7cf3c', 'Virtual Machine Contributor', {
    description:
      'Lets you manage virtual machines, but not access to them, and not the virtual network or storage account they are connected to.',
    actions: [
      ...usual,
      'Microsoft.Compute/availabilitySets/*',
      'Microsoft.Compute/locations/*',
      'Microsoft.Compute/virtualMachines/*',
      'Microsoft.Compute/virtualMachineScaleSets/*',
      'Microsoft.Compute/cloudServices/*',
      ...['write', 'read', 'delete'].map((right) => `Microsoft.Compute/disks/${right}`),
      'Microsoft.DevTestLab/schedules/*',
      'Microsoft.Network/applicationGateways/backendAddressPools/join/action',
      'Microsoft.Network/loadBalancers/backendAddressPools/join/action',
      'Microsoft.Network/loadBalancers/inboundNatPools/join/action',
      'Microsoft.Network/loadBalancers/inboundNatRules/join/action',
      'Microsoft.Network/loadBalancers/probes/join/action',
      'Microsoft.Network/loadBalancers/read',
      'Microsoft.Network/locations/*',
      'Microsoft.Network/networkInterfaces/*',
      'Microsoft.Network/networkSecurityGroups/join/action',
      'Microsoft.Network/networkSecurityGroups/read',
      'Microsoft.Network/publicIPAddresses/join/action',
      'Microsoft.Network/publicIPAddresses/read',
      'Microsoft.Network/virtualNetworks/read',
      'Microsoft.Network/virtualNetworks/subnets/join/action',
      'Microsoft.RecoveryServices/locations/*',
      'Microsoft.ResourceHealth/availabilityStatuses/read',
      'Microsoft.SqlVirtualMachine/*',
      'Microsoft.Storage/storageAccounts/listKeys/action',
      'Microsoft.Storage/storageAccounts/read',
    ],
  }),
  role('4d97b98b-1d4f-4787-a291-c67834d212e7', 'Network Contributor', {
    description: 'Lets you manage networks, but not access to them.',
    actions: [...usual, 'Microsoft.Network/*', 'Microsoft.ResourceHealth/availabilityStatuses/read'],
  }),
];

const byName = new Map(builtInRoles.map((builtIn) => [builtIn.name, builtIn]));

/** The built-in role with that GUID. */
export function builtInRole(guid: string): BuiltInRole | undefined {
  return byName.get(guid.toLowerCase());
}

function role(
  name: string,
  roleName: string,
  parts: { readonly description: string } & Partial<RolePermission>,
): BuiltInRole {
  const { description, actions = [], notActions = [], dataActions = [], notDataActions = [] } = parts;
  return { name, roleName, description, permission: { actions, notActions, dataActions, notDataActions } };
}
