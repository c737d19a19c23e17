import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Objects } from '../../lib/ports.ts';

export interface OpenObjects {
  readonly objects: Objects;
  /** A bucket that may be used, and made. */
  readonly bucket: string;
  close(): Promise<void>;
}

export function objectsContract(open: () => Promise<OpenObjects>) {
  let opened: OpenObjects;
  const at = (key: string) => ({ bucket: opened.bucket, key });

  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  test('answers nothing from a bucket that is not there, and has nothing to remove in it', async () => {
    expect(await opened.objects.get(at('app-1/template.json'))).toBeUndefined();
    await opened.objects.removeAll(at('app-1/'));
  });

  test('makes the bucket with the first object, and answers what was put last', async () => {
    await opened.objects.put(at('app-1/template.json'), '{}');
    await opened.objects.put(at('app-1/template.json'), '{"größe": "∞"}\n');
    expect(await opened.objects.get(at('app-1/template.json'))).toBe('{"größe": "∞"}\n');
    await opened.objects.put(at('empty'), '');
    expect(await opened.objects.get(at('empty'))).toBe('');
  });

  test('answers nothing for a key that is not there, nor for the beginning of one', async () => {
    expect(await opened.objects.get(at('app-2/template.json'))).toBeUndefined();
    expect(await opened.objects.get(at('app-1'))).toBeUndefined();
  });

  test('removes all that begins so, and nothing else', async () => {
    const keys = ['app-1/launch-1.json', 'app-1/deep/er.json', 'app-10/template.json'];
    for (const key of keys) await opened.objects.put(at(key), key);
    await opened.objects.removeAll(at('app-1/'));
    const left = await Promise.all(keys.map((key) => opened.objects.get(at(key))));
    expect(left).toEqual([undefined, undefined, 'app-10/template.json']);
    await opened.objects.removeAll(at(''));
    expect(await opened.objects.get(at('app-10/template.json'))).toBeUndefined();
  });
}
