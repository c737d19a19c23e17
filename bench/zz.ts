import { hashShared, sharedBuffer } from '../lib/replication/hash-threads.ts';
console.log((await hashShared(sharedBuffer(1024))).toString('hex').slice(0, 8)); const t = performance.now(); process.on('exit', () => console.log('exit after', performance.now() - t));
