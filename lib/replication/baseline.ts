export { writeFileDurably } from './durable-file.ts';
export { forgetJob } from './forget-job.ts';
