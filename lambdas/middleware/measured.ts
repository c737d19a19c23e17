import middy from '@middy/core';
import { measurementMetrics } from '../../lib/aws/measurement-metrics.ts';
import { metricLines } from '../../lib/aws/metrics.ts';
import { awsServices } from '../../lib/aws/services.ts';
import type { Measurement } from '../../lib/workflows/measure-service.ts';
import type { Task } from '../../lib/workflows/task.ts';
import { logsFailure } from './logs-failure.ts';
import { prepared } from './prepared.ts';

/** Wraps what measures the service: the figures become metrics. */
export function measured(run: Task<unknown, Measurement>) {
  const services = prepared(() => awsServices(process.env));
  return middy<unknown, Measurement>()
    .onError(logsFailure('the service could not be measured'))
    .handler(async (event) => {
      const measurement = await run(event, await services());
      for (const line of metricLines(measurementMetrics(measurement), Date.now())) process.stdout.write(`${line}\n`);
      return measurement;
    });
}
