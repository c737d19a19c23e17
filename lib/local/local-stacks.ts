import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Clock } from '../clock.ts';
import { isReplaced } from '../domain/change-set.ts';
import type { Resource, Template } from '../domain/template.ts';
import {
  type Images,
  InvalidTemplateError,
  type StackDescription,
  StackExistsError,
  type StackResource,
  type StackSpec,
  type Stacks,
} from '../ports.ts';
import type { Rows } from './rows.ts';

/** A stack as it is kept: what stands, and what it is on its way to. */
export interface LocalStack extends StackDescription {
  readonly token: string;
}

/** Milliseconds between two steps of a stack, so that its progress can be watched. */
const STEP = 50;

/** The types that can be launched, and how the ids of such resources begin. */
const PHYSICAL_IDS: Readonly<Record<string, string>> = {
  'AWS::EC2::Instance': 'i',
  'AWS::ResourceGroups::Group': 'group',
  'AWS::ApplicationInsights::Application': 'insights',
};

const DEPENDENCY_FIRST = ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'];

/**
 * The stack launcher of one machine. A stack's instances are records: each says which image it runs and bears its tags; no virtual machine is started.
 * Everything before that is as in CloudFormation: the template is checked, its resources are made in the order of their dependencies, a step at a time,
 * and removed in the reverse order. Each step is written before the next, so that a killed launch goes on.
 */
export class LocalStacks implements Stacks {
  readonly #rows: Rows<LocalStack>;
  readonly #services: {
    readonly images: Images;
    readonly clock: Clock;
    newId(prefix: string, hexDigits: number): string;
  };
  readonly #timers = new Map<string, () => void>();

  constructor(
    rows: Rows<LocalStack>,
    services: { images: Images; clock: Clock; newId(prefix: string, hexDigits: number): string },
  ) {
    this.#rows = rows;
    this.#services = services;
  }

  /** Goes on with the stacks that were on their way. */
  start() {
    for (const { stackName } of this.#rows.all()) this.#schedule(stackName);
  }

  stop() {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  async create(spec: StackSpec) {
    const known = this.#rows.get(spec.stackName);
    if (known?.token === spec.token) return { stackId: known.stackId };
    if (known) throw new StackExistsError(`stack ${spec.stackName} exists (${known.status}); delete it or update it`);
    const template = await this.#check(spec.templateBody);
    const stackId = this.#services.newId('stack', 32);
    const resources = inOrder(template).map((logicalId) => planned(logicalId, template, 'CREATE_PENDING'));
    this.#write({
      stackId,
      stackName: spec.stackName,
      status: 'CREATE_IN_PROGRESS',
      templateBody: spec.templateBody,
      resources,
      token: spec.token,
    });
    return { stackId };
  }

  async update(spec: StackSpec) {
    const stack = this.#rows.get(spec.stackName);
    if (!stack) throw new StackExistsError(`there is no stack ${spec.stackName}; create it`);
    if (stack.token === spec.token) return { stackId: stack.stackId };
    const [template, former] = [await this.#check(spec.templateBody), parseTemplate(stack.templateBody)];
    const kept = inOrder(template).map((logicalId) => {
      const known = stack.resources.find((resource) => resource.logicalId === logicalId && resource.physicalId);
      if (!known) return planned(logicalId, template, 'CREATE_PENDING');
      return updated(known, former.Resources[logicalId]!, template.Resources[logicalId]!);
    });
    const removed = stack.resources
      .filter(({ logicalId, physicalId }) => physicalId && !(logicalId in template.Resources))
      .map((resource) => ({ ...resource, status: 'DELETE_PENDING' }));
    const { statusReason: _, ...rest } = stack;
    this.#write({
      ...rest,
      status: 'UPDATE_IN_PROGRESS',
      templateBody: spec.templateBody,
      resources: [...kept, ...removed.reverse()],
      token: spec.token,
    });
    return { stackId: stack.stackId };
  }

  async describe(stackName: string) {
    return this.#rows.get(stackName);
  }

  async delete(stackName: string) {
    const stack = this.#rows.get(stackName);
    if (!stack) return;
    const resources = [...stack.resources].reverse().map((resource) => ({ ...resource, status: 'DELETE_PENDING' }));
    this.#write({ ...stack, status: 'DELETE_IN_PROGRESS', resources });
  }

  #write(stack: LocalStack) {
    this.#rows.put(stack.stackName, stack);
    this.#schedule(stack.stackName);
  }

  #schedule(stackName: string) {
    if (!this.#rows.get(stackName)?.status.endsWith('_IN_PROGRESS')) return;
    this.#timers.get(stackName)?.();
    this.#timers.set(
      stackName,
      this.#services.clock.setTimer(this.#services.clock.now() + STEP, () => this.#step(stackName)),
    );
  }

  /** Makes, changes or removes the next resource; without one, the stack is done. */
  #step(stackName: string) {
    const stack = this.#rows.get(stackName)!;
    const next = stack.resources.findIndex(({ status }) => status.endsWith('_PENDING'));
    if (next >= 0) return this.#write({ ...stack, resources: this.#carriedOut(stack.resources, next) });
    this.#timers.delete(stackName);
    if (stack.status === 'DELETE_IN_PROGRESS') return this.#rows.remove(stackName);
    const status = DEPENDENCY_FIRST.includes(stack.status)
      ? (stack.status.replace('IN_PROGRESS', 'COMPLETE') as LocalStack['status'])
      : stack.status;
    return this.#write({ ...stack, status });
  }

  #carriedOut(resources: readonly StackResource[], index: number): StackResource[] {
    const resource = resources[index]!;
    if (resource.status === 'DELETE_PENDING') return resources.filter((_, position) => position !== index);
    const physicalId = resource.physicalId ?? this.#services.newId(PHYSICAL_IDS[resource.type]!, 17);
    return resources.with(index, { ...resource, physicalId, status: resource.status.replace('PENDING', 'COMPLETE') });
  }

  /** The template, if it can be launched. Throws InvalidTemplateError, which names the resource. */
  async #check(body: string): Promise<Template> {
    const template = parseTemplate(body);
    for (const [logicalId, resource] of Object.entries(template.Resources)) {
      await this.#checkResource(template, { logicalId, resource });
    }
    inOrder(template);
    return template;
  }

  async #checkResource(template: Template, { logicalId, resource }: { logicalId: string; resource: Resource }) {
    if (!(resource.Type in PHYSICAL_IDS))
      throw new InvalidTemplateError(
        `${logicalId}: type ${resource.Type} cannot be launched here; the launcher knows ${Object.keys(PHYSICAL_IDS).join(', ')}`,
      );
    const missing = [...(resource.DependsOn ?? []), ...references(resource.Properties)].find(
      (name) => !(name in template.Resources),
    );
    if (missing) throw new InvalidTemplateError(`${logicalId} refers to ${missing}, which is not in the template`);
    if (resource.Type !== 'AWS::EC2::Instance') return;
    const { ImageId } = resource.Properties;
    if (typeof ImageId !== 'string' || !(await this.#services.images.exists(ImageId))) {
      throw new InvalidTemplateError(
        `${logicalId}: there is no image ${JSON.stringify(ImageId)}; replicate the server again`,
      );
    }
  }
}

/** A resource that stays, or that another takes the place of: an instance of another image is another instance, as in CloudFormation. */
function updated(known: StackResource, before: Resource, after: Resource): StackResource {
  if (isDeepStrictEqual(before.Properties, after.Properties)) return known;
  const { physicalId, ...rest } = known;
  return { ...rest, status: 'UPDATE_PENDING', ...(physicalId && !isReplaced(before, after) ? { physicalId } : {}) };
}

const planned = (logicalId: string, template: Template, status: string): StackResource => ({
  logicalId,
  type: template.Resources[logicalId]!.Type,
  status,
});

function parseTemplate(body: string): Template {
  const template = parse(body) as Template | null;
  if (template && typeof template === 'object' && template.Resources && Object.keys(template.Resources).length > 0)
    return template;
  throw new InvalidTemplateError('the template has no resources');
}

/** The names that `Ref` and `Fn::GetAtt` name; pseudo parameters are always there. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return inner.startsWith('AWS::') ? [] : [inner];
    if (key === 'Fn::GetAtt') return [Array.isArray(inner) ? String(inner[0]) : String(inner).split('.')[0]!];
    return references(inner);
  });
}

/** The resources so that each comes after those it depends on. Throws InvalidTemplateError on a circle. */
function inOrder(template: Template): string[] {
  const ordered: string[] = [];
  const visit = (logicalId: string, above: readonly string[]) => {
    if (above.includes(logicalId))
      throw new InvalidTemplateError(
        `${[...above, logicalId].join(' → ')}: the resources depend on each other in a circle`,
      );
    if (ordered.includes(logicalId)) return;
    const { DependsOn = [], Properties } = template.Resources[logicalId]!;
    for (const dependency of [...DependsOn, ...references(Properties)]) visit(dependency, [...above, logicalId]);
    ordered.push(logicalId);
  };
  for (const logicalId of Object.keys(template.Resources)) visit(logicalId, []);
  return ordered;
}
