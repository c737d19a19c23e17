import type { LaunchConfiguration, S3Location } from '../../domain/app-configuration.ts';
import type { Services } from '../../ports.ts';

/** Why an application cannot be launched by this configuration; undefined when it can. What is refused outright is not asked for here. */
export async function launchConfigurationProblem(
  { groups }: LaunchConfiguration,
  { objects }: Pick<Services, 'objects'>,
): Promise<string | undefined> {
  const servers = groups.flatMap((group) => group.servers);
  if (servers.length === 0) return 'no server has launch settings; name the servers in PutAppLaunchConfiguration';
  for (const { logicalId, configureScript, userData } of servers) {
    for (const location of [configureScript, userData?.s3Location]) {
      if (location && (await objects.get(location)) === undefined) return missingObject(logicalId, location);
    }
  }
  return undefined;
}

const missingObject = (logicalId: string, { bucket, key }: S3Location) =>
  `${logicalId}: there is no object ${bucket}/${key}; put the script there, then call PutAppLaunchConfiguration again`;
