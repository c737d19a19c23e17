import { expect, test } from '@jest/globals';
import { answerable, belowBar, type Compared, present, replay, type Script } from './support/recorded.ts';

const whenPresent = present ? test : test.skip;

whenPresent(
  'executions go as they went on AWS',
  async () => {
    const cases = await replay<Compared>('run.mjs', ['--skip-slow']);
    expect(cases.length).toBeGreaterThan(300);
    expect(belowBar(cases)).toEqual([]);
  },
  60_000,
);

whenPresent(
  'calls of the API are answered as AWS answered them',
  async () => {
    const scripts = await replay<Script>('run-api.mjs', ['--await-seconds', '0.2']);
    expect(scripts.filter(({ pass }) => pass).length).toBeGreaterThanOrEqual(95);
    const failed = answerable(scripts).filter(({ pass }) => !pass);
    expect(failed.map(({ id, diffs }) => [id, ...diffs])).toEqual([]);
  },
  60_000,
);
