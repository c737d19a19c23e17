/** How an application is replicated, launched and validated. Members bear SMS's names. */

export type LicenseType = 'AWS' | 'BYOL';

export type ScriptType = 'SHELL_SCRIPT' | 'POWERSHELL_SCRIPT';

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

/** What a job and an application's configuration say of the replication of one server. */
export interface ReplicationParameters {
  readonly frequency?: number;
  readonly runOnce?: boolean;
  readonly licenseType?: LicenseType;
  readonly numberOfRecentAmisToKeep?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

export interface ServerReplicationConfiguration {
  readonly serverId: string;
  readonly parameters: ReplicationParameters & { readonly seedTime?: number };
}

export interface ServerLaunchConfiguration {
  readonly serverId: string;
  readonly logicalId: string;
  readonly vpc?: string;
  readonly subnet?: string;
  readonly securityGroup?: string;
  readonly ec2KeyName?: string;
  readonly userData?: { readonly s3Location: S3Location };
  readonly instanceType?: string;
  readonly associatePublicIpAddress?: boolean;
  readonly iamInstanceProfileName?: string;
  readonly configureScript?: S3Location;
  readonly configureScriptType?: ScriptType;
}

export interface LaunchConfiguration {
  readonly roleName?: string;
  readonly autoLaunch: boolean;
  readonly groups: readonly {
    readonly serverGroupId: string;
    readonly launchOrder: number;
    readonly servers: readonly ServerLaunchConfiguration[];
  }[];
}

/** A script that Systems Manager runs on a managed instance once the application is launched. */
export interface AppValidation {
  readonly validationId: string;
  readonly name: string;
  readonly appValidationStrategy: 'SSM';
  readonly ssmValidationParameters: {
    readonly source: { readonly s3Location: S3Location };
    readonly instanceId: string;
    readonly scriptType: ScriptType;
    /** The command line that runs the script, once it is on the instance. */
    readonly command: string;
    readonly executionTimeoutSeconds: number;
    /** Bucket of the script's output; the service's own unless told. */
    readonly outputS3BucketName?: string;
  };
}

/** A script that a launched server runs from its user data, at its first boot. */
export interface ServerValidation {
  readonly serverGroupId: string;
  readonly serverId: string;
  readonly validationId: string;
  readonly name: string;
  readonly serverValidationStrategy: 'USERDATA';
  readonly userDataValidationParameters: {
    readonly source: { readonly s3Location: S3Location };
    readonly scriptType: ScriptType;
  };
}
