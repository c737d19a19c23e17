import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { kebabCase } from '../../lib/infra/function.ts';
import { ServiceStack } from '../../lib/infra/service-stack.ts';
import { definitionOf, functionNamesOf } from '../../lib/infra/workflow.ts';
import { WORKFLOW_NAMES, WorkflowsStack } from '../../lib/infra/workflows-stack.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAMBDAS = readdirSync(join(ROOT, 'lambdas')).filter((file) => file.endsWith('.ts'));

type Resources = Record<string, { Type: string; Properties: Record<string, never> }>;
let service: Template;
let workflows: Template;

beforeAll(() => {
  // The stacks need a bundle to be there, not what it holds: `npm run synth` makes the real ones.
  for (const file of LAMBDAS) {
    const folder = join(ROOT, 'dist', 'lambdas', file.replace('.ts', ''));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '.keep'), '');
  }
  const app = new App();
  const serviceStack = new ServiceStack(app, 'Service');
  const workflowsStack = new WorkflowsStack(app, 'Workflows', { service: serviceStack });
  service = Template.fromStack(serviceStack);
  workflows = Template.fromStack(workflowsStack);
}, 60_000);

const resourcesOf = (template: Template, type: string) => Object.entries(template.findResources(type) as Resources);

describe('the state machines', () => {
  test.each(WORKFLOW_NAMES)('%s has the definition of its file, with a function for each name', (name) => {
    const machine = resourcesOf(workflows, 'AWS::StepFunctions::StateMachine').find(
      ([, { Properties }]) => Properties.StateMachineName === name,
    )![1];
    const { DefinitionString, DefinitionSubstitutions } = machine.Properties as unknown as {
      DefinitionString: string;
      DefinitionSubstitutions: object;
    };
    expect(JSON.parse(DefinitionString)).toEqual(JSON.parse(definitionOf(name)));
    expect(Object.keys(DefinitionSubstitutions).sort()).toEqual(functionNamesOf(definitionOf(name)).sort());
  });

  test('call functions that there are, each with its file of a few lines', () => {
    const names = WORKFLOW_NAMES.flatMap((name) => functionNamesOf(definitionOf(name)));
    const files = [...new Set(names)].map((name) => `${kebabCase(name)}.ts`);
    expect(LAMBDAS.sort()).toEqual([...files, 'api.ts', 'publish-events.ts', 'start-workflow.ts'].sort());
    for (const file of LAMBDAS) {
      const lines = readFileSync(join(ROOT, 'lambdas', file), 'utf8')
        .trim()
        .split('\n').length;
      expect([file, lines >= 3 && lines <= 10]).toEqual([file, true]);
    }
  });
});

describe('the functions', () => {
  const functions = () => [
    ...resourcesOf(service, 'AWS::Lambda::Function'),
    ...resourcesOf(workflows, 'AWS::Lambda::Function'),
  ];

  test('run on Node 24, arm64, each with a role of its own', () => {
    for (const [, { Properties }] of functions())
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    const roles = functions().map(([, { Properties }]) => JSON.stringify(Properties.Role));
    expect(new Set(roles).size).toBe(functions().length);
  });

  test('may do nothing by a wildcard but trace and read the stream', () => {
    // X-Ray knows no resources; the CDK grants the tracing of a function and of a state machine that way.
    const allowed = [
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'dynamodb:ListStreams',
    ];
    // Families of read and write actions on one bucket, as `grantReadWrite` spells them.
    const families = ['s3:GetObject*', 's3:GetBucket*', 's3:List*', 's3:DeleteObject*', 's3:Abort*'];
    for (const template of [service, workflows]) {
      for (const [, { Properties }] of resourcesOf(template, 'AWS::IAM::Policy')) {
        const { Statement } = (
          Properties as unknown as { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } }
        ).PolicyDocument;
        for (const { Action, Resource } of Statement) {
          const actions = [Action].flat();
          expect(actions.filter((action) => action.includes('*') && !families.includes(action))).toEqual([]);
          if (Resource === '*') expect(actions.filter((action) => !allowed.includes(action))).toEqual([]);
        }
      }
    }
  });
});

test('what is written is streamed to the bus, and a rule starts migrations', () => {
  service.hasResourceProperties('AWS::DynamoDB::GlobalTable', { StreamSpecification: { StreamViewType: 'NEW_IMAGE' } });
  const pattern = JSON.stringify({
    eventName: ['INSERT'],
    dynamodb: { Keys: { sk: { S: [{ prefix: 'event#' }] } } },
  });
  service.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    BisectBatchOnFunctionError: true,
    FilterCriteria: { Filters: [{ Pattern: pattern }] },
  });
  service.hasResourceProperties('AWS::Events::EventBus', { Name: 'rehost' });
  workflows.hasResourceProperties('AWS::Events::Rule', { EventPattern: { 'detail-type': ['Migration Requested'] } });
});
