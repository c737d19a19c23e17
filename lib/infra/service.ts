import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FunctionUrlAuthType, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Surroundings } from './allowed.ts';
import { ConnectorRole, connectorRoleName } from './connector-role.ts';
import { deadLettersName } from './dead-letters.ts';
import { WORKFLOW_NAMES } from './definition.ts';
import { EventPublisher, UNPUBLISHED } from './event-publisher.ts';
import { EventSchemas } from './event-schemas.ts';
import { BundledFunction } from './function.ts';
import { LaunchRole } from './launch-role.ts';
import { serviceKey } from './service-key.ts';
import { type RehostProps, type Settings, settingsOf } from './settings.ts';
import { table } from './table.ts';

/** Id of the access key that the stack makes; its secret is in Secrets Manager. */
const ACCESS_KEY_ID = 'REHOSTDEPLOYEDKEY01';

/** The table, the API, the bus and what carries events from one to the other. */
export class Service extends Construct {
  readonly settings: Settings;
  readonly table: TableV2;
  readonly bus: EventBus;
  /** Templates, and scripts of validations. Its name is SMS's. */
  readonly bucket: Bucket;
  /** `{ accessKeyId, secretAccessKey }`, with which SMS clients sign. */
  readonly clientKey: Secret;
  /** Signs page tokens, and the addresses at which launched servers report. */
  readonly tokenSecret: Secret;
  /** Key of the topic, and of everything where `encryptionKey` is given. */
  readonly key: IKey;
  readonly launchRole: LaunchRole;
  readonly publisher: EventPublisher;
  readonly api: BundledFunction;
  /** Where SMS clients and launched servers reach the API; absent without `publicApi`. */
  readonly url?: string;
  readonly surroundings: Surroundings;

  constructor(scope: Construct, id: string, props: RehostProps = {}) {
    super(scope, id);
    this.settings = settingsOf(props);
    const { name } = this.settings;
    this.key = serviceKey(this, this.settings);
    this.table = table(this, this.settings);
    this.bus = new EventBus(this, 'Bus', { eventBusName: name, description: 'The events of Rehost' });
    this.#userRules();
    new EventSchemas(this, 'Schemas', { registryName: name });
    this.bucket = this.#bucket();
    this.tokenSecret = this.#secret('TokenSecret', { description: 'Signs page tokens and addresses of Rehost' });
    this.clientKey = this.#secret('ClientKey', {
      description: 'The access key with which SMS clients call Rehost',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ accessKeyId: ACCESS_KEY_ID }),
        generateStringKey: 'secretAccessKey',
        passwordLength: 40,
        excludePunctuation: true,
      },
    });
    this.launchRole = new LaunchRole(this, 'LaunchRole', this.settings);
    this.surroundings = this.#surroundings();
    this.publisher = new EventPublisher(this, 'Events', {
      ...this.#common(),
      table: this.table,
      environment: { ...this.environment, BUS: this.bus.eventBusName },
    });
    this.#onlyPublisherSpeaksAsUs();
    this.api = this.#api();
    new ConnectorRole(this, 'ConnectorRole', { ...this.#common(), api: this.api.function.role! });
    if (this.settings.publicApi) this.url = this.#url();
    this.#outputs();
  }

  /** What every function has in its environment. */
  get environment(): Record<string, string> {
    const { limits, wireCasing } = this.settings;
    const config = { ...(limits ? { limits } : {}), ...(wireCasing ? { wireCasing } : {}) };
    return { TABLE: this.table.tableName, ACCOUNT: Stack.of(this).account, CONFIG: JSON.stringify(config) };
  }

  #common() {
    return { settings: this.settings, surroundings: this.surroundings };
  }

  #bucket(): Bucket {
    const { account, region } = Stack.of(this);
    const { encryptionKey, removalPolicy } = this.settings;
    const bucket = new Bucket(this, 'Bucket', {
      bucketName: `sms-app-${account}-${region}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      ...(encryptionKey
        ? { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      enforceSSL: true,
      removalPolicy,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'it holds templates that can be made again; who reads them is in CloudTrail if you want it',
    });
    return bucket;
  }

  #secret(id: string, options: ConstructorParameters<typeof Secret>[2]): Secret {
    const { encryptionKey, removalPolicy } = this.settings;
    const secret = new Secret(this, id, { ...options, removalPolicy, ...(encryptionKey ? { encryptionKey } : {}) });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'both ends would have to change at once: docs/runbook.md says how it is replaced',
    });
    return secret;
  }

  #surroundings(): Surroundings {
    const { partition, region, account } = Stack.of(this);
    const { name, scriptBuckets = [], launchRoles = [], diskKeys = [] } = this.settings;
    return {
      partition,
      region,
      account,
      table: this.table.tableArn,
      bucket: this.bucket.bucketArn,
      scriptBuckets: scriptBuckets.map(({ bucketArn }) => bucketArn),
      // By its name: the function's own policy cannot refer to the function.
      api: `arn:${partition}:lambda:${region}:${account}:function:${name}-api`,
      bus: this.bus.eventBusArn,
      // By its name: the queue is made with the publisher, which needs its rights.
      unpublishedEvents: `arn:${partition}:sqs:${region}:${account}:${deadLettersName(name, UNPUBLISHED)}`,
      tokenSecret: this.tokenSecret.secretArn,
      clientKey: this.clientKey.secretArn,
      launchRoles: [this.launchRole.role, ...launchRoles].map(({ roleArn }) => roleArn),
      connectorRole: `arn:${partition}:iam::${account}:role/${connectorRoleName(this.settings)}`,
      diskKeys: diskKeys.map(({ keyArn }) => keyArn),
      workflows: WORKFLOW_NAMES,
    };
  }

  #api(): BundledFunction {
    const { apiConcurrency, publicApi } = this.settings;
    return new BundledFunction(this, 'Api', {
      ...this.#common(),
      description: 'The API of AWS Server Migration Service: all its operations.',
      environment: {
        ...this.environment,
        TOKEN_SECRET: this.tokenSecret.secretArn,
        CLIENT_KEY: this.clientKey.secretArn,
        PUBLIC: String(publicApi),
        CONNECTOR_ROLE: this.surroundings.connectorRole,
      },
      ...(apiConcurrency === undefined ? {} : { options: { reservedConcurrentExecutions: apiConcurrency } }),
    });
  }

  /** Callers sign for SMS, as its clients do, and the API verifies that itself: IAM cannot, for it would expect the service name `lambda`. */
  #url(): string {
    const { url } = this.api.function.addFunctionUrl({
      authType: FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.BUFFERED,
    });
    return url;
  }

  /** Who may put events may ask for migrations, and not say that something happened here: state changes start workflows. */
  #onlyPublisherSpeaksAsUs() {
    const publishers = [this.publisher.function, this.publisher.replayer];
    this.bus.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyThePublisherSpeaksAsRehost',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: {
          'ForAnyValue:StringEquals': { 'events:source': ['rehost', 'rehost.sms'] },
          ArnNotEquals: { 'aws:PrincipalArn': publishers.map(({ function: { role } }) => role!.roleArn) },
        },
      }),
    );
  }

  #userRules() {
    for (const [id, { targets, ...rule }] of Object.entries(this.settings.rules ?? {}))
      new Rule(this, `Rule${id}`, { ...rule, eventBus: this.bus, targets: [...targets] });
  }

  #outputs() {
    if (this.url) new CfnOutput(this, 'Endpoint', { value: this.url, description: 'AWS_ENDPOINT_URL of SMS clients' });
    new CfnOutput(this, 'ClientKeyArn', {
      value: this.clientKey.secretArn,
      description: 'The access key of SMS clients',
    });
    new CfnOutput(this, 'BusName', { value: this.bus.eventBusName, description: 'Where events are, and are sent to' });
  }
}
