/** The places of Azure: short names, display names, where they are. A template says `westus2` or `West US 2`. */
import { ArmError } from '../../arm/arm-error.ts';
import { regionName } from '../../arm/wire/template/resource.ts';

export interface Location {
  /** `westus2`. */
  readonly name: string;
  /** `West US 2`. */
  readonly displayName: string;
  readonly geography: string;
  readonly geographyGroup: string;
  /** Degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** Three zones, numbered 1 to 3. */
  readonly zones: boolean;
  /** Other category: listed, but a preview feature must be registered before it can be used. */
  readonly preview?: boolean;
}

/** The one form that is stored and compared: lower case, no blanks. */
export function locationName(text: string): string {
  return regionName(text);
}

/** The location of this name in either form. */
export function findLocation(text: string): Location | undefined {
  return byName.get(locationName(text));
}

/**
 * The stored form of the location that a request names.
 * @throws ArmError 400 `LocationRequired` or `LocationNotAvailableForResourceType`.
 */
export function requireLocation(text: string | undefined, resourceType: string): string {
  if (text === undefined || text.trim() === '') {
    throw new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
  }
  const found = findLocation(text);
  if (found !== undefined) return found.name;
  const available = locations.map(({ name }) => name).join(',');
  throw new ArmError(
    400,
    'LocationNotAvailableForResourceType',
    `The provided location '${text.slice(0, 90)}' is not available for resource type '${resourceType}'. List of available regions for the resource type is '${available}'.`,
  );
}

function place(
  [name, displayName, geography, geographyGroup]: readonly [string, string, string, string],
  [latitude, longitude]: readonly [number, number],
  zones: 'zones' | 'no zones',
): Location {
  return { name, displayName, geography, geographyGroup, latitude, longitude, zones: zones === 'zones' };
}

/** In the order in which Azure lists them: by geography group. */
export const locations: readonly Location[] = [
  place(['eastus', 'East US', 'United States', 'US'], [37.3719, -79.8164], 'zones'),
  place(['southcentralus', 'South Central US', 'United States', 'US'], [29.4167, -98.5], 'zones'),
  place(['westus2', 'West US 2', 'United States', 'US'], [47.233, -119.852], 'zones'),
  place(['westus3', 'West US 3', 'United States', 'US'], [33.448376, -112.074036], 'zones'),
  place(['australiaeast', 'Australia East', 'Australia', 'Asia Pacific'], [-33.86, 151.2094], 'zones'),
  place(['southeastasia', 'Southeast Asia', 'Asia Pacific', 'Asia Pacific'], [1.283, 103.833], 'zones'),
  place(['northeurope', 'North Europe', 'Europe', 'Europe'], [53.3478, -6.2597], 'zones'),
  place(['swedencentral', 'Sweden Central', 'Sweden', 'Europe'], [60.67488, 17.14127], 'zones'),
  place(['uksouth', 'UK South', 'United Kingdom', 'Europe'], [50.941, -0.799], 'zones'),
  place(['westeurope', 'West Europe', 'Europe', 'Europe'], [52.3667, 4.9], 'zones'),
  place(['centralus', 'Central US', 'United States', 'US'], [41.5908, -93.6208], 'zones'),
  place(['southafricanorth', 'South Africa North', 'South Africa', 'Africa'], [-25.73134, 28.21837], 'zones'),
  place(['centralindia', 'Central India', 'India', 'Asia Pacific'], [18.5822, 73.9197], 'zones'),
  place(['eastasia', 'East Asia', 'Asia Pacific', 'Asia Pacific'], [22.267, 114.188], 'zones'),
  place(['japaneast', 'Japan East', 'Japan', 'Asia Pacific'], [35.68, 139.77], 'zones'),
  place(['koreacentral', 'Korea Central', 'Korea', 'Asia Pacific'], [37.5665, 126.978], 'zones'),
  place(['canadacentral', 'Canada Central', 'Canada', 'Canada'], [43.653, -79.383], 'zones'),
  place(['francecentral', 'France Central', 'France', 'Europe'], [46.3772, 2.373], 'zones'),
  place(['germanywestcentral', 'Germany West Central', 'Germany', 'Europe'], [50.110924, 8.682127], 'zones'),
  place(['italynorth', 'Italy North', 'Italy', 'Europe'], [45.46888, 9.18109], 'zones'),
  place(['norwayeast', 'Norway East', 'Norway', 'Europe'], [59.913868, 10.752245], 'zones'),
  place(['polandcentral', 'Poland Central', 'Poland', 'Europe'], [52.23334, 21.01666], 'zones'),
  place(['spaincentral', 'Spain Central', 'Spain', 'Europe'], [40.4259, -3.4209], 'zones'),
  place(['switzerlandnorth', 'Switzerland North', 'Switzerland', 'Europe'], [47.451542, 8.564572], 'zones'),
  place(['mexicocentral', 'Mexico Central', 'Mexico', 'Mexico'], [20.588818, -100.389888], 'zones'),
  place(['uaenorth', 'UAE North', 'UAE', 'Middle East'], [25.266666, 55.316666], 'zones'),
  place(['brazilsouth', 'Brazil South', 'Brazil', 'South America'], [-23.55, -46.633], 'zones'),
  place(['israelcentral', 'Israel Central', 'Israel', 'Middle East'], [31.2655698, 33.4506633], 'zones'),
  place(['qatarcentral', 'Qatar Central', 'Qatar', 'Middle East'], [25.551462, 51.439327], 'zones'),
  place(['eastus2', 'East US 2', 'United States', 'US'], [36.6681, -78.3889], 'zones'),
  place(['northcentralus', 'North Central US', 'United States', 'US'], [41.8819, -87.6278], 'no zones'),
  place(['westus', 'West US', 'United States', 'US'], [37.783, -122.417], 'no zones'),
  place(['westcentralus', 'West Central US', 'United States', 'US'], [40.89, -110.234], 'no zones'),
  place(['japanwest', 'Japan West', 'Japan', 'Asia Pacific'], [34.6939, 135.5022], 'no zones'),
  place(
    ['australiacentral', 'Australia Central', 'Australia', 'Asia Pacific'],
    [-35.3075, 149.1244],
    'no zones',
  ),
  place(
    ['australiasoutheast', 'Australia Southeast', 'Australia', 'Asia Pacific'],
    [-37.8136, 144.9631],
    'no zones',
  ),
  place(['koreasouth', 'Korea South', 'Korea', 'Asia Pacific'], [35.1796, 129.0756], 'no zones'),
  place(['southindia', 'South India', 'India', 'Asia Pacific'], [12.9822, 80.1636], 'no zones'),
  place(['westindia', 'West India', 'India', 'Asia Pacific'], [19.088, 72.868], 'no zones'),
  place(['canadaeast', 'Canada East', 'Canada', 'Canada'], [46.817, -71.217], 'no zones'),
  place(['francesouth', 'France South', 'France', 'Europe'], [43.8345, 2.1972], 'no zones'),
  place(['germanynorth', 'Germany North', 'Germany', 'Europe'], [53.073635, 8.806422], 'no zones'),
  place(['norwaywest', 'Norway West', 'Norway', 'Europe'], [58.969975, 5.733107], 'no zones'),
  place(['switzerlandwest', 'Switzerland West', 'Switzerland', 'Europe'], [46.204391, 6.143158], 'no zones'),
  place(['ukwest', 'UK West', 'United Kingdom', 'Europe'], [53.427, -3.084], 'no zones'),
  place(['uaecentral', 'UAE Central', 'UAE', 'Middle East'], [24.466667, 54.366669], 'no zones'),
  place(
    ['southafricawest', 'South Africa West', 'South Africa', 'Africa'],
    [-34.075691, 18.843266],
    'no zones',
  ),
  {
    ...place(['usgovvirginia', 'USGov Virginia', 'Azure Government', 'US Gov'], [37.3719, -79.8164], 'zones'),
    preview: true,
  },
  {
    ...place(
      ['usgovarizona', 'USGov Arizona', 'Azure Government', 'US Gov'],
      [33.448376, -112.074036],
      'no zones',
    ),
    preview: true,
  },
];

const byName: ReadonlyMap<string, Location> = new Map(locations.map((entry) => [entry.name, entry]));
