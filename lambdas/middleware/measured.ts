import middy from '@middy/core';
import { measurementMetrics } from '../../lib/aws/measurement-metrics.ts';
import { metricLines } from '../../lib/aws/metrics.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { traceOf } from '../../lib/aws/trace.ts';
import type { Measurement } from '../../lib/workflows/measure-service.ts';
import type { Task } from '../../lib/workflows/task.ts';
import { prepared } from './prepared.ts';

/** Wraps what measures the service: the figures become metrics. */
export function measured(run: Task<unknown, Measurement>) {
  const services = prepared(() => awsServices(process.env));
  return middy<unknown, Measurement>()
    .onError(({ error }) =>
      console.error({ message: 'the service could not be measured', ...traceOf(), error: String(error) }),
    )
    .handler(async (event) => {
      const measurement = await run(event, await services());
      for (const line of metricLines(measurementMetrics(measurement), Date.now())) process.stdout.write(`${line}\n`);
      return measurement;
    });
}
