#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Types are stripped and modules compiled once, which halves the time of a start. Not in the folder for temporary files, where others may write.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled'));
const { main } = await import('../lib/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
