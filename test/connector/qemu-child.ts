import { join } from 'node:path';
import { qemuSource } from '../../lib/connector/qemu/qemu-source.ts';

// Run as a process of its own, to be killed: freezes db1, prints the point, and goes on reading it.
const folder = process.argv[2]!;
const source = qemuSource(folder, { scratch: join(folder, 'scratch') });
process.stdout.write('start\n');
const [point] = await source.freeze(['db1'], { quiesce: 'no', name: 'rehost/sms-run-1' });
const [disk] = await point!.disks();
process.stdout.write(`${point!.ref}\n`);
for (;;) await disk!.read(0, Buffer.alloc(disk!.size));
