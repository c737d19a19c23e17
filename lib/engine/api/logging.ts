import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';

interface Logging {
  readonly level?: string;
  readonly destinations?: readonly { readonly cloudWatchLogsLogGroup?: { readonly logGroupArn?: string } }[];
}

/** Logging is accepted and kept, as it was asked for; the engine writes no CloudWatch logs. */
export function checkLogging(value: Json | undefined) {
  if (value === undefined) return;
  const { level = 'OFF', destinations = [] } = value as Logging;
  if (level === 'OFF' && destinations.length === 0) return;
  if (destinations.length !== 1) throw invalid('Must specify exactly one Log Destination.');
  const arn = destinations[0]!.cloudWatchLogsLogGroup?.logGroupArn ?? '';
  if (!/^arn:[^:]+:logs:[^:]*:\d*:log-group:[^:]+:\*$/.test(arn)) throw invalid('Log Destination not found.');
}

const invalid = (problem: string) =>
  new ApiError('InvalidLoggingConfiguration', `Invalid Logging Configuration: ${problem}`);
