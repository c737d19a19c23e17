import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { MigrationsStack } from '../../examples/deploy/migrations-stack.ts';
import { DEFAULT_CONFIG } from '../../lib/config.ts';
import { type EventPattern, matches } from '../../lib/domain/event-pattern.ts';
import { ALARMS } from '../../lib/infra/alarms.ts';
import { definitionOf, functionNamesOf, WORKFLOW_NAMES } from '../../lib/infra/definition.ts';
import { draft4 } from '../../lib/infra/event-schemas.ts';
import { kebabCase } from '../../lib/infra/function.ts';
import { RULES, startOf } from '../../lib/workflows/rules.ts';
import { isWildcard, permissionsDocument } from '../../scripts/permissions/document.ts';
import { reasonOf } from '../../scripts/permissions/reasons.ts';
import { type ResolvedResource, resolved } from '../../scripts/permissions/resolve.ts';
import { type RoleOf, rolesOf } from '../../scripts/permissions/roles.ts';
import { type Template as CfnTemplate, synthesize } from '../../scripts/permissions/templates.ts';
import { isInstalled } from '../support/programs.ts';
import { everyStateChange } from '../support/state-changes.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAMBDAS = readdirSync(join(ROOT, 'lambdas')).filter((file) => file.endsWith('.ts'));
const doc = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8');

let templates: CfnTemplate[];
let resources: ResolvedResource[];
let roles: RoleOf[];
/** What cdk-nag found, by rule. */
const findings: { rule: string; constructs: (string | undefined)[] }[] = [];

beforeAll(() => {
  // cdk-nag reads a property that the CDK calls deprecated.
  process.env.JSII_DEPRECATED = 'quiet';
  templates = synthesize({}, checked);
  resources = resolved(templates);
  roles = rolesOf(resources);
}, 60_000);

/** Has cdk-nag look at the application, without ending the synthesis at what it finds. */
function checked(app: App) {
  const checks = new AwsSolutionsChecks(app);
  const plugin: IPolicyValidationPlugin = {
    name: 'AwsSolutions',
    validate(context) {
      const { violations } = checks.validate(context);
      for (const { ruleName, violatingResources = [] } of violations)
        findings.push({
          rule: ruleName,
          constructs: violatingResources.map(({ resourceLogicalId }) => resourceLogicalId),
        });
      return { success: true, violations: [] };
    },
  };
  Validations.of(app).addPlugins(plugin);
}

interface StartRule {
  readonly EventPattern: EventPattern;
  readonly Targets: readonly { readonly Arn: string }[];
}

const of = (type: string) => resources.filter((resource) => resource.type === type);

describe('the state machines', () => {
  test.each(WORKFLOW_NAMES)('%s has the definition of its file, with a function for each name', (name) => {
    const machine = of('AWS::StepFunctions::StateMachine').find(
      ({ properties }) => properties.StateMachineName === name,
    )!;
    const { DefinitionString, DefinitionSubstitutions } = machine.properties as Record<string, never>;
    const { Comment, ...definition } = JSON.parse(DefinitionString!);
    expect({ Comment, ...definition }).toEqual(JSON.parse(definitionOf(name)));
    expect(Comment).toMatch(/\.$/);
    expect(Object.keys(DefinitionSubstitutions!).sort()).toEqual(functionNamesOf(definitionOf(name)).sort());
    expect(machine.properties).toMatchObject({
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
  });

  test('call functions that there are, each with its file of a few lines', () => {
    const names = WORKFLOW_NAMES.flatMap((name) => functionNamesOf(definitionOf(name)));
    const files = [...new Set(names)].map((name) => `${kebabCase(name)}.ts`);
    const others = ['api.ts', 'measure-service.ts', 'publish-events.ts', 'replay-events.ts', 'start-workflow.ts'];
    expect(LAMBDAS.sort()).toEqual([...files, ...others].sort());
    for (const file of LAMBDAS) {
      const lines = readFileSync(join(ROOT, 'lambdas', file), 'utf8')
        .trim()
        .split('\n').length;
      expect([file, lines >= 3 && lines <= 10]).toEqual([file, true]);
    }
  });
});

describe('the functions', () => {
  test('run on Node 24, arm64, traced, each with a role, a log that ends, and a purpose', () => {
    const functions = of('AWS::Lambda::Function');
    expect(functions).toHaveLength(LAMBDAS.length);
    for (const { properties } of functions)
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        Description: expect.stringMatching(/\w{3}.*\.$/),
        LoggingConfig: { LogFormat: 'JSON', LogGroup: `/aws/lambda/${properties.FunctionName}` },
      });
    expect(new Set(functions.map(({ properties }) => properties.Role)).size).toBe(functions.length);
    for (const { properties } of of('AWS::Logs::LogGroup')) expect(properties.RetentionInDays).toBe(30);
  });
});

describe('permissions', () => {
  test('are written down as they are', () => {
    expect(permissionsDocument(roles)).toBe(doc('permissions.md'));
  });

  test('cdk-nag finds nothing but wildcards, each of which has its reason there', () => {
    const rules = [...new Set(findings.map(({ rule }) => rule.replace(/\[.*/, '')))];
    expect(rules.filter((rule) => !rule.endsWith('AwsSolutions-IAM5'))).toEqual([]);
    expect(findings.length).toBeGreaterThan(50);
    const wildcards = roles.flatMap(({ holder, statements }) =>
      statements.flatMap(({ Action, Resource }) =>
        Resource.filter((resource) => isWildcard(Action, resource)).map((resource) => ({ holder, Action, resource })),
      ),
    );
    for (const { holder, Action, resource } of wildcards)
      expect([holder, Action, resource, Action.some((action) => reasonOf(holder, action, resource))]).toEqual([
        holder,
        Action,
        resource,
        true,
      ]);
  });

  test('of everything on everything there are none', () => {
    for (const { holder, statements } of roles.filter(({ kind }) => kind === 'function'))
      for (const { Action } of statements)
        expect([holder, Action.filter((action) => action.includes('*'))]).toEqual([holder, []]);
  });
});

test('what is written is streamed to the bus, kept, and forgotten at its time', () => {
  const [table] = of('AWS::DynamoDB::GlobalTable');
  expect(table!.properties).toMatchObject({
    StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
    SSESpecification: { SSEEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
  });
  const pattern = JSON.stringify({ eventName: ['INSERT'], dynamodb: { Keys: { sk: { S: [{ prefix: 'event#' }] } } } });
  expect(of('AWS::Lambda::EventSourceMapping').map(({ properties }) => properties)).toContainEqual(
    expect.objectContaining({
      BisectBatchOnFunctionError: true,
      // Before the stream's own day is over: of what it drops nobody is told.
      MaximumRecordAgeInSeconds: 22 * 3_600,
      FilterCriteria: { Filters: [{ Pattern: pattern }] },
      DestinationConfig: { OnFailure: { Destination: expect.stringMatching(/unpublished-events$/) } },
    }),
  );
  expect(of('AWS::Events::EventBus')[0]!.properties).toMatchObject({ Name: 'rehost' });
});

test('nobody but what publishes says that something happened here', () => {
  const [policy] = of('AWS::Events::EventBusPolicy');
  const publishers = ['PublishEvents', 'ReplayEvents'].map((name) => roles.find(({ holder }) => holder === name)!);
  expect(policy!.properties.Statement).toMatchObject({
    Effect: 'Deny',
    Action: 'events:PutEvents',
    Condition: {
      'ForAnyValue:StringEquals': { 'events:source': ['rehost', 'rehost.sms'] },
      ArnNotEquals: { 'aws:PrincipalArn': publishers.map(({ role }) => `arn:aws:iam::123456789012:role/${role}`) },
    },
  });
});

describe('the rules that start workflows', () => {
  const starting = () =>
    of('AWS::Events::Rule')
      .map(({ properties }) => properties as unknown as StartRule)
      .filter(({ Targets }) => Targets.some(({ Arn }) => Arn.endsWith(':rehost-start-workflow')));

  test('match every state change that starts something, from us, and no other', () => {
    const isMatched = (event: object) => starting().some(({ EventPattern }) => matches(EventPattern, event));
    const changes = everyStateChange();
    for (const event of changes) {
      expect([event, isMatched(event)]).toEqual([event, startOf(event, { config: DEFAULT_CONFIG }) !== undefined]);
      expect(isMatched({ ...event, source: 'somebody.else' })).toBe(false);
    }
    expect(changes.filter(isMatched).length).toBeGreaterThan(Object.keys(RULES).length);
    expect(isMatched({ source: 'my.portal', 'detail-type': 'Migration Requested', detail: {} })).toBe(true);
  });

  test('keep what starts nothing, so that it can be started all over', () => {
    expect(starting()).toHaveLength(Object.keys(RULES).length + 1);
    for (const { Targets } of starting())
      expect(Targets).toEqual([
        expect.objectContaining({ DeadLetterConfig: { Arn: expect.stringContaining('unstarted') } }),
      ]);
    expect(of('AWS::Lambda::EventSourceMapping').map(({ properties }) => properties)).toContainEqual(
      expect.objectContaining({ Enabled: false, EventSourceArn: expect.stringMatching(/unstarted-workflows$/) }),
    );
  });
});

test('failures are told to people, with the reason', () => {
  const rules = of('AWS::Events::Rule').map(({ properties }) => JSON.stringify(properties));
  for (const change of ['Replication Run', 'Replication Job', 'Migration', 'App Launch'])
    expect(
      rules.filter((rule) => rule.includes(`"${change} State Change"`) && rule.includes('rehost-failures')),
    ).toHaveLength(1);
  expect(of('AWS::SNS::Topic')[0]!.properties.KmsMasterKeyId).toBeDefined();
});

test('every alarm has its entry in the runbook, and the runbook no other', () => {
  const names = ALARMS.map(({ id }) => `rehost-${id}`).sort();
  expect(
    of('AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties.AlarmName)
      .sort(),
  ).toEqual(names);
  const headings = [...doc('runbook.md').matchAll(/^### ([a-z-]+)$/gm)].map(([, id]) => `rehost-${id}`);
  expect(headings.sort()).toEqual(names);
  for (const { properties } of of('AWS::CloudWatch::Alarm')) expect(properties.AlarmActions).toHaveLength(1);
});

test('the registry has the schemas of the events, in words that it knows', () => {
  const schemas = of('AWS::EventSchemas::Schema');
  const files = readdirSync(join(ROOT, 'lib', 'domain', 'event-schemas'));
  expect(schemas.map(({ properties }) => properties.SchemaName)).toEqual(
    files.map((file) => `rehost.${file.replace('.schema.json', '')}`),
  );
  for (const { properties } of schemas) expect(properties.Content).not.toMatch(/"(const|\$id)"/);
  expect(draft4({ a: [{ const: 1 }] })).toEqual({ a: [{ enum: [1] }] });
});

describe('the example, an application of somebody else', () => {
  let example: CfnTemplate;
  beforeAll(() => {
    example = Template.fromStack(
      new MigrationsStack(new App(), 'Migrations', { env: { region: 'us-east-1' } }),
    ).toJSON() as CfnTemplate;
  }, 60_000);
  const ofExample = (type: string) => Object.values(example.Resources).filter(({ Type }) => Type === type);

  test('has its own names, key, limits and rule', () => {
    const functions = ofExample('AWS::Lambda::Function').filter(({ Properties }) => Properties.FunctionName);
    expect(functions).toHaveLength(LAMBDAS.length);
    for (const { Properties } of functions) {
      expect(Properties.FunctionName).toMatch(/^migrations-/);
      const { CONFIG } = (Properties.Environment as { Variables: { CONFIG: string } }).Variables;
      expect(JSON.parse(CONFIG)).toEqual({
        limits: { replicatingServers: 200, requestsPerSecond: 100, requestBurst: 500 },
      });
    }
    expect(ofExample('AWS::KMS::Key')).toHaveLength(1);
    for (const { Properties } of ofExample('AWS::Logs::LogGroup'))
      expect(Properties).toMatchObject({ RetentionInDays: 90, KmsKeyId: expect.anything() });
    for (const { Properties } of ofExample('AWS::SQS::Queue')) expect(Properties.KmsMasterKeyId).toBeDefined();
    expect(ofExample('AWS::SNS::Subscription')).toHaveLength(1);
    expect(JSON.stringify(ofExample('AWS::Events::Rule'))).toContain('"to":["MIGRATED"]');
  });
});

describe('cfn-lint', () => {
  const found = isInstalled('cfn-lint');
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  (found ? test : test.skip)(
    found ? 'finds nothing' : 'skipped, since there is no cfn-lint (pip install cfn-lint)',
    () => {
      const files = templates.map((template, index) => {
        const file = join(folder, `${index}.json`);
        writeFileSync(file, JSON.stringify(template));
        return file;
      });
      const { stdout, status } = spawnSync(
        'cfn-lint',
        ['--ignore-checks', 'W3005', '--regions', 'us-east-1', '--', ...files],
        { encoding: 'utf8' },
      );
      expect([stdout, status]).toEqual(['', 0]);
    },
    60_000,
  );
});
