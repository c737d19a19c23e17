import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { EngineOperation, EngineService } from './service.ts';
import { checkArn } from './service.ts';

/** Tags as they are kept, by their keys. */
export const tagsOf = (tags: Json | undefined): Record<string, string> =>
  Object.fromEntries(((tags ?? []) as { key: string; value?: string }[]).map(({ key, value = '' }) => [key, value]));

function checkResource(arn: string, { store }: EngineService) {
  checkArn(arn, 'stateMachine', 'activity');
  if (!store.get('stateMachine', arn) && !store.get('activity', arn))
    throw new ApiError('ResourceNotFound', `Resource not found: '${arn}'`);
}

export const tagResource: EngineOperation = (input, service) => {
  const arn = input.resourceArn as string;
  checkResource(arn, service);
  service.store.put('tags', arn, { ...service.store.get('tags', arn), ...tagsOf(input.tags) });
  return {};
};

export const untagResource: EngineOperation = (input, service) => {
  const arn = input.resourceArn as string;
  checkResource(arn, service);
  const gone = input.tagKeys as string[];
  const left = Object.entries(service.store.get('tags', arn) ?? {}).filter(([key]) => !gone.includes(key));
  service.store.put('tags', arn, Object.fromEntries(left));
  return {};
};

export const listTagsForResource: EngineOperation = (input, service) => {
  const arn = input.resourceArn as string;
  checkResource(arn, service);
  const tags = Object.entries(service.store.get('tags', arn) ?? {});
  return { tags: tags.map(([key, value]) => ({ key, value })) };
};
