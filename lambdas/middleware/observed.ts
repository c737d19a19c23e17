import middy from '@middy/core';
import { idsOf } from '../../lib/aws/ids.ts';
import { sendTrace, traceOf } from '../../lib/aws/trace.ts';

/** A handler that logs its beginning and its failure with the ids of what it works on, and annotates its trace with them. */
export function observed<Input, Output>(task: string, run: (input: Input) => Promise<Output>) {
  return middy<Input, Output>()
    .before(({ event }) => console.info({ message: 'task begins', task, ...idsOf(event), ...traceOf() }))
    .onError(({ event, error }) =>
      console.error({
        message: 'task failed',
        task,
        ...idsOf(event),
        ...traceOf(),
        error: String(error),
        stack: error?.stack,
      }),
    )
    .handler((input) => traced(task, input, run));
}

async function traced<Input, Output>(name: string, input: Input, run: (input: Input) => Promise<Output>) {
  const begin = Date.now();
  let failed = true;
  try {
    const output = await run(input);
    failed = false;
    return output;
  } finally {
    await sendTrace(process.env, { name, annotations: idsOf(input), begin, end: Date.now(), failed });
  }
}
