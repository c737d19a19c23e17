import middy from '@middy/core';
import { type StreamRecord, streamEvents } from '../lib/aws/stream-events.ts';

export const handler = middy<StreamRecord[], object>().handler(streamEvents);
