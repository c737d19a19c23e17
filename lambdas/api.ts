import { api } from './middleware/api.ts';

export const handler = api();
