import type { Validation } from '../../domain/entities.ts';
import { isDecided } from '../../domain/validation.ts';
import type { Services } from '../../ports.ts';

/** The validations of that launch that are not decided. */
export async function pendingValidations(
  appId: string,
  launchNumber: number,
  { store }: Pick<Services, 'store'>,
): Promise<Validation[]> {
  const { items } = await store.query('Validation', { index: 'byApp', partition: appId });
  return items.filter((validation) => validation.launchNumber === launchNumber && !isDecided(validation));
}
